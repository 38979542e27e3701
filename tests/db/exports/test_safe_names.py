"""Names in an export: kept where they are safe, readable where they are not, and never the same twice on any file system."""

from __future__ import annotations

import unicodedata

import pytest

from db.exports.safe_names import MOST_BYTES, SafeNames, folded


def taken(*names: str, **options: bool) -> list[str]:
    given = SafeNames()
    return [given.take(name, identity=f"hash {number}", **options) for number, name in enumerate(names)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    ["a.wav", "s1/take 2/a.wav", "a#b.wav", "%41.wav", "train_01.wav", "Ä ö.wav", "007", "日本語.flac", "-a.wav", "a;b'c.wav"],
)
def test_a_safe_name_stays_as_it_is(name: str) -> None:
    assert taken(name) == [name]


@pytest.mark.parametrize(
    ("name", "begins", "ends"),
    [
        ("../x.wav", "x-", ".wav"),
        ("/home/ann/x.wav", "x-", ".wav"),
        ("a/../../x.wav", "x-", ".wav"),
        ("C:\\Users\\ann\\x.wav", "x-", ".wav"),
        ("https://example.org/x.wav", "x-", ".wav"),
        ("two\nlines.wav", "two_lines-", ".wav"),
        ("\u202egpj.wav", "_gpj-", ".wav"),
        ("a:b?.wav", "a_b_-", ".wav"),
        ("a\\b.wav", "a_b-", ".wav"),
        ("a.wav. ", "a-", ".wav"),
        ("NUL.wav", "_NUL-", ".wav"),
        ("com1", "_com1-", ""),
        ("CON/a.wav", "_CON/a-", ".wav"),
        (".hidden.wav", "_.hidden-", ".wav"),
        ("__pycache__/a.wav", "pycache__/a-", ".wav"),
        ("x" * 300 + ".wav", "x" * 100, ".wav"),
        ("ö" * 300 + ".wav", "ö" * 50, ".wav"),
        ("x." + "y" * 300, "x.yyy", ""),
        ("\udcff.wav", "_-", ".wav"),
        ("..", "clip-", ""),
        ("/", "clip-", ""),
        ("...", "clip-", ""),
    ],
)
def test_any_other_becomes_readable_and_gets_a_hash(name: str, begins: str, ends: str) -> None:
    (found,) = taken(name)
    assert found.startswith(begins)
    assert found.endswith(ends)
    assert all(len(part.encode()) <= MOST_BYTES for part in found.split("/"))
    assert found.isprintable()
    assert taken("other.wav", name)[1] != found, "the hash tells what lies there, not where the name came from"
    assert taken(name) == [found], "the same again"


def test_no_two_are_the_same_whatever_a_file_system_folds() -> None:
    composed, decomposed = "ä.wav", unicodedata.normalize("NFD", "ä.wav")
    found = taken("a.wav", "A.wav", "a.WAV", composed, decomposed, "straße.wav", "STRASSE.wav", "a.wav")
    assert found[0] == "a.wav"
    assert found[3] == composed
    assert len({folded(name) for name in found}) == len(found)


def test_a_file_is_never_the_folder_of_another() -> None:
    assert taken("a.wav", "a.wav/b.wav")[1].startswith("b-")
    assert taken("a.wav/b.wav", "a.wav")[1].startswith("a-")


def test_a_name_depends_on_others_only_where_it_is_taken() -> None:
    names = SafeNames()
    assert names.take("b.wav", identity="2") == "b.wav"
    assert names.take("x/../a.wav", identity="1") == SafeNames().take("x/../a.wav", identity="1")


def test_without_folders_their_names_become_a_part_of_the_files() -> None:
    assert taken("validation/x.wav", "y.wav", flat=True) == ["validation__x.wav", "y.wav"]
    first, second = taken("a/b.wav", "a__b.wav", flat=True)
    assert first == "a__b.wav"
    assert second.startswith("a__b-")


def test_a_span_goes_before_the_suffix() -> None:
    names = SafeNames()
    assert names.take("a.mp3", identity="1", addition="_0.500-1.000", suffix=".wav") == "a_0.500-1.000.wav"
    assert names.take("a.m4a", identity="2", addition="_0.500-1.000", suffix=".wav").startswith("a_0.500-1.000-")
