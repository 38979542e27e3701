"""The Settings page: every key is there, and one button saves what was changed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from db.changes.label_set import rename_label
from db.models import Clip, Event
from db.project import OpenProject
from db.settings import SETTINGS_FILE, STRATEGIES, Settings
from db.settings_file import change_settings
from labeler.app.opened import VARIABLE
from labeler.app.pages.setup.setting_fields import bounds, shown
from labeler.app.pages.setup.setting_words import groups, title_of, why
from learner.query.strategies import NAMES
from tests.filled_projects import add_clips

Opens = Callable[[], AppTest]


def settings_page() -> None:
    """The script of a page."""
    from labeler.app.pages.setup.settings import show_settings

    show_settings()


@pytest.fixture
def opens(project: OpenProject, monkeypatch: pytest.MonkeyPatch) -> Opens:
    """Opens the page as Ada."""
    # It makes its script the main module, where processes that other tests start would look for what they run.
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    monkeypatch.setenv(VARIABLE, str(project.directory))

    def opened() -> AppTest:
        page = AppTest.from_function(settings_page, default_timeout=60)
        page.query_params["annotator"] = "Ada"
        return page.run()

    return opened


def labelled(widgets: Iterable[Any], label: str) -> Any:
    """The widget with this label."""
    return next(widget for widget in widgets if widget.label == label)


def save(page: AppTest) -> None:
    page.button(key="save-settings").click().run()
    assert not page.exception


def texts(page: AppTest) -> str:
    """What is shown, without the escapes of Markdown and without what keeps stretches apart."""
    shown = [*page.markdown, *page.caption, *page.error, *page.warning]
    return "\n".join(each.value for each in shown).replace("\\", "").replace(":small[]", "")


def test_every_setting_is_on_the_page_with_its_default(opens: Opens) -> None:
    page = opens()
    assert not page.exception
    assert [key for keys in groups().values() for key in keys if key not in Settings.model_fields] == []
    seen = texts(page)
    widgets = [*page.number_input, *page.text_input, *page.selectbox, *page.multiselect, *page.toggle]
    titles = {widget.label.replace("\\", "").replace(":small[]", "") for widget in widgets}
    for key, field in Settings.model_fields.items():
        default = shown(key, field.get_default(call_default_factory=True))
        assert f"In earmark.toml: {key} · default: {default}" in seen
        assert title_of(key) in titles or title_of(key) in seen
        assert (field.description or "").split("\n")[0] in seen
    assert page.button(key="save-settings").disabled


def test_a_setting_that_the_page_has_no_words_for_gets_a_widget_all_the_same() -> None:
    assert title_of("a_new_share") == "A new share"
    assert (bounds("random_share"), bounds("queue_size"), bounds("encoder")) == ("more than 0 to 1", "1 to 1000000", "")
    assert all(len(why(key)) >= 2 for key in Settings.model_fields)


def test_the_built_in_strategies_are_offered() -> None:
    assert sorted(STRATEGIES) == sorted(NAMES)


def test_what_is_changed_is_listed_saved_and_recorded(opens: Opens, project: OpenProject) -> None:
    clips = add_clips(project, 2)
    with project.write() as session:
        session.get_one(Clip, clips[0]).extra = {"room": "hall"}
    page = opens()
    labelled(page.number_input, "Share of random clips").set_value(0.35)
    labelled(page.toggle, "Show the expected label").set_value(True)
    columns = labelled(page.multiselect, "Columns of the manifest to show")
    assert columns.options == ["room"]
    columns.set_value(["room"])
    labelled(page.selectbox, "Order of the queue").set_value("margin")
    labelled(page.text_input, "Layers of the encoder").set_value("5")
    labelled(page.text_input, "happy").set_value("h")
    page.run()
    assert "Share of random clips: 0.2 → 0.35" in texts(page)
    assert "Keys of labels: none → happy: h" in texts(page)
    save(page)
    now = project.settings
    assert (now.random_share, now.suggestions, now.shown_columns, now.strategy) == (0.35, True, ["room"], "margin")
    assert (now.layers, now.label_keys) == ("5", {"happy": "h"})
    with project.read() as session:
        events = session.scalars(select(Event)).all()
        assert {event.done_by for event in events} == {"Ada"}
        assert {event.details["key"] for event in events} >= {"random_share", "label_keys", "layers"}
    assert page.button(key="save-settings").disabled
    labelled(page.text_input, "Layers of the encoder").set_value("").run()
    save(page)
    assert project.settings.layers is None
    assert '# layers = "5"' in (project.directory / SETTINGS_FILE).read_text(encoding="utf-8")


def test_a_value_that_cannot_be_used_is_one_sentence_at_its_key(opens: Opens, project: OpenProject) -> None:
    page = opens()
    labelled(page.number_input, "Share of random clips").set_value(0.0)
    labelled(page.number_input, "Clips in the queue").set_value(50).run()
    save(page)
    assert "random_share cannot be used: input should be greater than 0." in texts(page)
    assert project.settings.queue_size == 2000
    labelled(page.number_input, "Share of random clips").set_value(0.1).run()
    assert "cannot be used" not in texts(page)
    save(page)
    assert (project.settings.random_share, project.settings.queue_size) == (0.1, 50)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"happy": "z"}, "gives 'happy' the key 'z'; use one character other than"),
        ({"happy": "ab"}, "gives 'happy' the key 'ab'; use one character other than"),
        ({"happy": "x", "sad": "X"}, "gives the key 'x' twice; give 'sad' another one"),
    ],
)
def test_a_key_that_the_player_cannot_use_is_refused(
    opens: Opens, project: OpenProject, keys: dict[str, str], sentence: str
) -> None:
    page = opens()
    for label, key in keys.items():
        labelled(page.text_input, label).set_value(key)
    page.run()
    save(page)
    assert sentence in texts(page)
    assert project.settings.label_keys == {}


def test_a_bad_key_in_the_file_is_stated_and_can_be_taken_away(opens: Opens, project: OpenProject) -> None:
    change_settings(project.directory, {"label_keys": {"happy": "h", "calm": "k"}}, by=None)
    with project.write() as session:
        rename_label(session, "happy", "joyful")
    page = opens()
    assert "label_keys in the settings names 'calm', which is not a label" in texts(page)
    assert labelled(page.text_input, "joyful").value == "h"
    labelled(page.text_input, "calm \\(no label in use\\)").set_value("").run()
    save(page)
    assert project.settings.label_keys == {"joyful": "h"}


def test_what_others_change_meanwhile_is_shown_and_kept(opens: Opens, project: OpenProject) -> None:
    page = opens()
    labelled(page.number_input, "Clips in the queue").set_value(50).run()
    change_settings(project.directory, {"random_share": 0.6}, by="Bob")
    save(page)
    assert (project.settings.random_share, project.settings.queue_size) == (0.6, 50)
    assert labelled(page.number_input, "Share of random clips").value == 0.6


def test_a_wrong_file_is_one_sentence_and_what_the_environment_fixes_cannot_be_changed(
    opens: Opens, project: OpenProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARMARK_HEAD_C", "0.5")
    page = opens()
    fixed = labelled(page.number_input, "Regularisation of the classifier (C)")
    assert (fixed.value, fixed.disabled) == (0.5, True)
    assert "fixed by EARMARK_HEAD_C" in texts(page)
    (project.directory / SETTINGS_FILE).write_text("random_share = 9\n", encoding="utf-8")
    page.run()
    assert not page.exception
    assert "random_share in " in texts(page)
    assert "the settings that were read before stay in use" in texts(page)


def test_no_password_is_shown(opens: Opens, project: OpenProject) -> None:
    assert shown("database_url", "postgresql+psycopg://ada:secret@db.example/emo?password=secret") == (
        "postgresql: emo on db.example"
    )
    assert "secret" not in shown("database_url", "secret")
