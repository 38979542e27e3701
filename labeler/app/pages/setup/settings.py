"""The page Settings: every key of the settings file, with one button that saves what was changed."""

from __future__ import annotations

from typing import Any

import streamlit as st

from db.browsing.columns import SPLIT, manifest_columns
from db.errors import SettingsError
from db.records.labels import active_labels, by_present_name
from db.settings import SETTINGS_FILE, Settings
from db.settings_file import change_settings, overridden_by
from labeler.app.opened import Serving, serving
from labeler.app.pages.asked_name import known_name
from labeler.app.pages.entry.required import require_lead
from labeler.app.pages.plain_text import plain
from labeler.app.pages.setup.setting_fields import Known, bounds, field, shown
from labeler.app.pages.setup.setting_words import STORING, groups, title_of, why
from labeler.app.pages.theme import THEME
from labeler.player.label_keys import check_label_keys

_STYLE = f"""<style>
div:has(> .st-key-save-bar) {{ position: sticky; bottom: 0; z-index: 1; }}
.st-key-save-bar {{
  padding: 0.75rem 0;
  background: light-dark({THEME["theme.light.backgroundColor"]}, {THEME["theme.dark.backgroundColor"]});
  border-top: 1px solid light-dark({THEME["theme.light.borderColor"]}, {THEME["theme.dark.borderColor"]});
}}
</style>"""
"""Keeps what will change, and the button, in view."""
_SHORT = 14
_REFUSED, _SAVED = "settings-refused", "settings-saved"


def show_settings() -> None:
    """Show the page."""
    require_lead()
    now = serving()
    st.title("Settings", anchor=False)
    settings, problem = _with_present_names(now, now.project.settings), now.project.settings_problem
    _tell_of_file(now, problem)
    if st.session_state.pop(_SAVED, False):
        st.toast("Saved.", icon=":material/check:")
    with now.project.read() as session:
        columns = [column for column in manifest_columns(session) if column != SPLIT]
        known = Known([label.name for label in active_labels(session)], columns)
    changes: dict[str, Any] = {}
    for group, keys in groups().items():
        st.subheader(group, anchor=False)
        for key in keys:
            before = getattr(settings, key)
            after = _row(key, before, known=known, is_fixed=group == STORING or overridden_by(key) is not None)
            if after != before:
                changes[key] = after
    _save(now, settings, changes, is_sound=problem is None)


def _with_present_names(now: Serving, settings: Settings) -> Settings:
    """The settings with keys under the names that labels have now; the file may still have older ones."""
    given = settings.label_keys
    with now.project.read() as session:
        names = by_present_name(session, {name: name for name in given})
    others = {name: key for name, key in given.items() if name not in names.values()}
    return settings.model_copy(update={"label_keys": {name: given[old] for name, old in names.items()} | others})


def _tell_of_file(now: Serving, problem: str | None) -> None:
    """What is wrong in the file, or with the keys of labels: only somebody on this page can put it right."""
    if problem is not None:
        st.error(plain(problem))
    try:
        check_label_keys(now.project)
    except SettingsError as error:
        st.warning(plain(f"{str(error).rstrip('.')}. Annotators get another key meanwhile."))


def _row(key: str, value: Any, *, known: Known, is_fixed: bool) -> Any:
    """A setting with its default and, where asked for, its explanation; what the widget holds."""
    shown_in, about = st.columns([5, 3], vertical_alignment="bottom")
    with shown_in:
        after = field(key, value, known=known, is_fixed=is_fixed)
    with about.container(horizontal=True, vertical_alignment="center", gap="small", key=f"about-{key}"):
        st.caption(plain(_beside(key)))
        with st.popover("Why?", type="tertiary", key=f"why-{key}"):
            for sentence in [*why(key), f"In {SETTINGS_FILE}: {' · '.join(_facts(key))}"]:
                st.markdown(plain(sentence))
    refused = st.session_state.get(_REFUSED)
    if refused is not None and (refused[0], refused[1]) == (key, after):
        st.error(plain(refused[2]))
    return after


def _beside(key: str) -> str:
    variable = overridden_by(key)
    if variable is not None:
        return f"fixed by {variable}"
    default = _default(key)
    return f"default: {default if len(default) <= _SHORT else f'{default[:_SHORT]}…'}"


def _facts(key: str) -> list[str]:
    return [fact for fact in (key, f"default: {_default(key)}", bounds(key)) if fact]


def _default(key: str) -> str:
    return shown(key, Settings.model_fields[key].get_default(call_default_factory=True))


def _save(now: Serving, settings: Settings, changes: dict[str, Any], *, is_sound: bool) -> None:
    """What will change, and the button that changes it."""
    st.html(_STYLE)
    with st.container(key="save-bar", gap="xsmall"):
        for key, after in changes.items():
            st.markdown(plain(f"{title_of(key)}: {shown(key, getattr(settings, key))} → {shown(key, after)}"))
        refused = st.session_state.get(_REFUSED)
        if refused is not None and refused[0] not in changes:
            st.error(plain(refused[2]))
        elif refused is not None and refused[1] == changes[refused[0]]:
            st.error(plain(f"Nothing is saved: see {title_of(refused[0])}."))
        if not changes:
            st.caption(f"What is saved stands in {plain(SETTINGS_FILE)} and counts at once.")
        pressed = st.button("Save", icon=":material/save:", disabled=not changes, key="save-settings")
    if not pressed:
        return
    st.session_state.pop(_REFUSED, None)
    try:
        if "label_keys" in changes:
            check_label_keys(now.project, changes["label_keys"])
        seen = {key: getattr(now.project.settings, key) for key in changes} if is_sound else None
        change_settings(now.project.directory, changes, by=known_name(), seen=seen)
    except SettingsError as error:
        st.session_state[_REFUSED] = (error.key, changes.get(error.key or ""), str(error))
    else:
        st.session_state[_SAVED] = True
    st.rerun()
