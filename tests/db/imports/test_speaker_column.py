"""Another column as the speaker: its values are held out together, and the speaker that the source names is kept."""

from __future__ import annotations

from collections.abc import Iterator

from db.imports.manifest import BadRow, SourceRow
from db.imports.remarks import Remarks
from db.imports.speaker_column import speakers_from


def rows(*values: object, speaker: str | None = "anna") -> Iterator[SourceRow | BadRow]:
    for number, value in enumerate(values):
        yield SourceRow(
            number=number, file_name=f"{number}.wav", path=f"/{number}.wav", speaker=speaker, extra={"session": value}
        )


def test_the_column_becomes_the_speaker_and_the_speaker_is_kept() -> None:
    found = list(speakers_from("session", rows("Ses01", 2, " x "), remarks=Remarks()))
    assert [(row.speaker, row.extra["speaker"]) for row in found if isinstance(row, SourceRow)] == [
        ("Ses01", "anna"), ("2", "anna"), ("x", "anna"),
    ]  # fmt: skip
    (alone,) = speakers_from("session", rows("Ses01", speaker=None), remarks=Remarks())
    assert isinstance(alone, SourceRow)
    assert alone.extra == {"session": "Ses01"}


def test_rows_without_a_value_have_no_speaker_and_are_counted() -> None:
    remarks = Remarks()
    found = list(speakers_from("session", rows("", None, ["a"], "Ses01"), remarks=remarks))
    assert [row.speaker for row in found if isinstance(row, SourceRow)] == [None, None, None, "Ses01"]
    assert remarks.sentences() == ["3 clips have no value in the column 'session', and so no known speaker."]


def test_a_value_longer_than_an_index_is_rejected() -> None:
    (found,) = speakers_from("session", rows("s" * 3000), remarks=Remarks())
    assert isinstance(found, BadRow)
    assert found.reason == "Its 'session', which is taken as the speaker, has more than 1200 bytes; shorten it."


def test_bad_rows_stay_as_they_are() -> None:
    bad = BadRow(number=1, file_name="a.wav", path="/a.wav", reason="It is broken.")
    assert list(speakers_from("session", iter([bad]), remarks=Remarks())) == [bad]
