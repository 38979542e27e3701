"""The password of the database in a file of its own: none stands in the settings of a project, or in a command."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.errors import ProjectError
from db.store.engine import FILE_VARIABLE, connect

ADDRESS = "postgresql+psycopg://earmark@database.invalid/earmark"


def test_an_address_without_a_password_gets_it_from_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "password"
    file.write_text("p@ss/word%41\n")
    monkeypatch.setenv(FILE_VARIABLE, str(file))
    engine = connect(ADDRESS)
    assert engine.url.password == "p@ss/word%41"
    assert "p@ss" not in str(engine.url)
    assert connect(ADDRESS.replace("earmark@", "earmark:own@")).url.password == "own"
    assert connect("sqlite://").url.password is None


@pytest.mark.parametrize(("text", "reason"), [(None, "cannot be read"), ("\n", "is empty")])
def test_a_file_without_a_password_is_one_sentence(
    text: str | None, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "password"
    if text is not None:
        file.write_text(text)
    monkeypatch.setenv(FILE_VARIABLE, str(file))
    with pytest.raises(ProjectError, match=f"{FILE_VARIABLE} names .*password, which {reason}; "):
        connect(ADDRESS)
