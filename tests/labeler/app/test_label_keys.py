"""Which key gives which label."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from db.errors import SettingsError
from labeler.app.pages.label_keys import RESERVED, label_keys

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


def test_the_page_reserves_the_same_letters() -> None:
    letters = re.search(r"const LETTERS = \{(.*?)\};", KEYS_JS.read_text(encoding="utf-8"), re.DOTALL)
    assert letters is not None
    assert set(re.findall(r"\"?([a-z?,])\"?: \"", letters[1])) == set(RESERVED)
