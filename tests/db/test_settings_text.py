"""Changing values in a settings file keeps everything else."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from db.errors import SettingsError
from db.settings_text import with_changes

COMMENTED = '# Settings.\n# encoder = "bundled"\n# layers =\n# random_share = 0.2\n# skip_reasons = ["noise"]\n'


@pytest.mark.parametrize(
    ("text", "changes", "after"),
    [
        (COMMENTED, {"random_share": 0.3}, COMMENTED.replace("# random_share = 0.2", "random_share = 0.3")),
        (COMMENTED, {"layers": "5"}, COMMENTED.replace("# layers =", 'layers = "5"')),
        ("queue_size = 7  # small\n", {"queue_size": 9}, "queue_size = 9  # small\n"),
        ("# queue_size = 7  # small\n", {"queue_size": 9}, "queue_size = 9  # small\n"),
        ("queue_size = 7\r\n# end\r\n", {"queue_size": 9}, "queue_size = 9\r\n# end\r\n"),
        ('layers = "5" # best\nhead_c = 1.0\n', {"layers": None}, '# layers = "5" # best\nhead_c = 1.0\n'),
        (
            "# random_share = how much is random\n",
            {"random_share": 0.3},
            "# random_share = how much is random\nrandom_share = 0.3\n",
        ),
        ("suggestions = true\n", {"suggestions": True}, "suggestions = true\n"),
        (
            'head_c = 1.0\n\n[label_keys] # ours\nangry = "a" # easy to reach\n',
            {"label_keys": {"angry": "a", "sad": "d"}, "queue_size": 5},
            'head_c = 1.0\nqueue_size = 5\n\n[label_keys] # ours\nangry = "a" # easy to reach\nsad = "d"\n',
        ),
        (
            'shown_columns = [\n  "mic", # which\n  "room",\n]\n',
            {"shown_columns": ["mic", "day"]},
            'shown_columns = [\n  "mic", # which\n  "day",\n]\n',
        ),
        ("# label_keys = {}\n", {"label_keys": {"ö": "x"}}, 'label_keys = {"ö" = "x"}\n'),
    ],
)
def test_a_change_touches_its_own_line_only(text: str, changes: dict[str, Any], after: str) -> None:
    assert with_changes(text, changes) == after


def test_a_line_inside_of_a_text_is_not_taken_for_a_setting() -> None:
    text = 'encoder = """\n# head_c = 1.0\n"""\n'
    changed = with_changes(text, {"head_c": 2.0})
    assert changed == text + "head_c = 2.0\n"


@pytest.mark.parametrize("value", ['"', "\\", "a\nb", "' # \"", "\U0001f600", "\x7f", "", "]"])
def test_every_text_comes_back_as_it_was_given(value: str) -> None:
    text = with_changes(COMMENTED, {"skip_reasons": [value], "label_keys": {value: value}, "encoder": value})
    assert tomllib.loads(text) == {"encoder": value, "skip_reasons": [value], "label_keys": {value: value}}


def test_a_file_that_is_no_toml_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"earmark\.toml cannot be read \(.*\); correct the file first"):
        with_changes("head_c = = 1\n", {"head_c": 2.0})
