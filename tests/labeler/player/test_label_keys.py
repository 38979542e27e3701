"""Which key gives which label."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from db.changes.label_set import retire_label
from db.errors import SettingsError
from db.project import OpenProject
from db.records.labels import active_labels
from db.settings import Settings
from labeler.player.label_keys import RESERVED, check_label_keys, label_keys, project_keys

KEYS_JS = Path(__file__).resolve().parents[3] / "labeler" / "player" / "label" / "keys.js"


def test_digits_come_first_then_letters_without_another_meaning() -> None:
    labels = [f"label {number}" for number in range(30)]
    keys = label_keys(labels, {})
    assert keys[:11] == [*"1234567890", "a"]
    assert not set(RESERVED) & {key for key in keys if key}
    assert keys[-1] is None, "there are fewer keys than labels"


def test_a_chosen_key_stays_with_its_label_and_the_others_take_what_is_left() -> None:
    assert label_keys(["angry", "happy", "sad"], {"sad": "1", "angry": "A"}) == ["a", "2", "1"]


@pytest.mark.parametrize(
    ("labels", "keys"),
    [
        (list("01234"), "01234"),
        (list("210"), "210"),
        (["-1", "0", "1"], "201"),
        ([str(number) for number in range(1, 13)], "1234567890ab"),
        (["0 none", "1: mild", "2_moderate", "3-severe"], "0123"),
        (["3 moderate", "calm", "3"], "123"),
        (["0.5", "1.0", "1.5"], "123"),
        (["3d", "10", "2"], "132"),
        (["\N{ARABIC-INDIC DIGIT THREE}", "calm"], "31"),
    ],
)
def test_a_label_that_is_a_digit_has_that_key(labels: list[str], keys: str) -> None:
    assert label_keys(labels, {}) == list(keys)


def test_the_settings_may_give_a_digit_to_another_label() -> None:
    assert label_keys(["1", "calm", "2"], {"calm": "1"}) == ["3", "1", "2"]


def test_no_letter_is_the_key_of_one_label_and_the_name_of_another() -> None:
    labels = list("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    keys = dict(zip(labels, label_keys(labels, {}), strict=True))
    assert [keys[label] for label in labels[:10]] == [*"1234567890"]
    assert {label: key for label, key in keys.items() if key and key.isalpha()} == {
        label: label.lower() for label in labels[10:] if label.lower() not in RESERVED
    }


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        ({"calm": "k"}, "names 'calm', which is not a label; use one of: angry, happy"),
        ({"angry": "z"}, "gives 'angry' the key 'z'; use one character other than"),
        ({"angry": "ab"}, "the key 'ab'"),
        ({"angry": " "}, "the key ' '"),
        ({"angry": "k", "happy": "K"}, "gives the key 'k' twice"),
    ],
)
def test_a_key_that_cannot_be_used_is_named(chosen: dict[str, str], complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        label_keys(["angry", "happy"], chosen)


def test_a_key_that_cannot_be_used_is_left_out_for_annotators_and_refused_for_the_lead(project: OpenProject) -> None:
    project.settings = Settings(label_keys={"angry": "z", "calm": "k", "happy": "x", "sad": "X"})
    with project.read() as session:
        labels = [label.name for label in active_labels(session)]
    assert dict(zip(labels, project_keys(project, labels), strict=True)) == {"angry": "1", "happy": "x", "sad": "2"}
    with pytest.raises(SettingsError, match="'angry' the key 'z'") as refused:
        check_label_keys(project)
    assert refused.value.key == "label_keys"
    check_label_keys(project, {"angry": "x"})


def test_a_key_of_a_retired_label_waits_until_the_label_is_back(project: OpenProject) -> None:
    with project.write() as session:
        retire_label(session, "sad")
    check_label_keys(project, {"sad": "x", "happy": "x"})


def test_the_page_reserves_the_same_letters() -> None:
    letters = re.search(r"const LETTERS = \{(.*?)\};", KEYS_JS.read_text(encoding="utf-8"), re.DOTALL)
    assert letters is not None
    assert set(re.findall(r"\"?([a-z?,./])\"?: \"", letters[1])) == set(RESERVED)
