"""What model cards have in common."""

from __future__ import annotations

import pytest

from learner.prediction.card_parts import place_in_commands


@pytest.mark.parametrize("name", ["a$(id)", 'a"b', "a`id`", "a\\b", "a\nb", "a!b"])
def test_a_name_that_a_shell_or_python_would_run_is_not_in_a_command(name: str) -> None:
    assert place_in_commands(name) == "the_folder"
    assert place_in_commands("voices of 2026") == "voices of 2026"
