"""Cuts the recordings of a source into clips: one row becomes several, with a start and an end each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from db.errors import AudioError
from db.imports.handed_over import HandedOverRow
from db.imports.manifest import BadRow, SourceRow
from db.imports.remarks import Remarks
from learner.audio.decoding import audio_info, decode_blocks
from learner.audio.reader import shown
from learner.imports.rows import AnyRow
from learner.imports.segmenting.segmentation import Segmentation
from learner.imports.segmenting.spans import Span, pieces, windows
from learner.imports.segmenting.speech import RATE, Detector, silero, stretches

MOST_PIECES = 1_000_000
"""Of one recording: a damaged header may state a length of years."""


@dataclass
class _Tally:
    """Seconds of all recordings that were cut at pauses, and of the clips made of them."""

    seconds: float = 0.0
    kept: float = 0.0

    def sentence(self, _count: int) -> str:
        """What was left out."""
        kept, whole, left = _lengths(self.kept, self.seconds, self.seconds - self.kept)
        return f"{kept} of {whole} are speech; {left} were left out."


def cut_rows(
    rows: Iterable[AnyRow],
    segmentation: Segmentation,
    *,
    remarks: Remarks,
    detector: Detector | None = None,
    cut_into: Callable[[int], None] = lambda _clips: None,
) -> Iterator[AnyRow]:
    """The rows, those of long recordings cut.

    A row with a start, an end, a label or answers stays as it is: what is known of the whole is not known of its parts. So does a
    recording that is not longer than a piece may be. Pieces have the speaker and the columns of the whole, and no transcript.

    Args:
        remarks: takes what was not cut, and how much is speech.
        detector: in place of the extra's.
        cut_into: called with the number of clips that a recording becomes.

    Raises:
        FormatError: the extra that finds speech is not installed.
    """
    finds = detector or silero() if segmentation.at_pauses else None
    return _cut(rows, segmentation, remarks, finds, cut_into)


def _cut(
    rows: Iterable[AnyRow],
    how: Segmentation,
    remarks: Remarks,
    detector: Detector | None,
    cut_into: Callable[[int], None],
) -> Iterator[AnyRow]:
    tally = _Tally()
    for row in rows:
        if isinstance(row, BadRow) or _has_times(row, remarks):
            yield row
            continue
        try:
            duration = audio_info(_clip(row).path).duration
            if duration <= how.longest or _has_label(row, remarks):
                spans = None
            elif duration / how.longest > MOST_PIECES:
                yield _bad(_clip(row), f"would become more than {MOST_PIECES} clips; give --segment longer windows.")
                continue
            elif detector is None:
                spans = windows(duration, seconds=how.longest, shortest=how.shortest)
            else:
                spans = _spoken(_clip(row), duration, how, detector)
                tally.seconds += duration
                tally.kept += sum(end - start for start, end in spans)
                remarks.add("speech", tally.sentence)
        except (AudioError, OSError, ValueError):
            # Its inspection finds the same, and reports it.
            spans = None
        if spans is None or spans == [(0.0, duration)]:
            yield row
        elif not spans:
            yield _bad(_clip(row), "holds no speech that can be found; cut it with --segment windows:SECONDS, or leave it out.")
        else:
            cut_into(len(spans))
            yield from _rows_of(_clip(row), spans, remarks)


def _clip(row: SourceRow | HandedOverRow) -> SourceRow:
    return row.clip if isinstance(row, HandedOverRow) else row


def _has_times(row: SourceRow | HandedOverRow, remarks: Remarks) -> bool:
    if _clip(row).start is None and _clip(row).end is None:
        return False
    remarks.add("has-times", lambda count: f"{_rows(count)} start or end in the source and {_was(count)} not cut again.")
    return True


def _has_label(row: SourceRow | HandedOverRow, remarks: Remarks) -> bool:
    if isinstance(row, SourceRow) and row.label is None:
        return False
    remarks.add(
        "has-label",
        lambda count: (
            f"{_rows(count)} a label or an answer and {_was(count)} not cut, since a label of the whole is not the label of its "
            "parts; leave the labels out of the source to cut them."
        ),
    )
    return True


def _spoken(row: SourceRow, duration: float, how: Segmentation, detector: Detector) -> list[Span]:
    speech = stretches(detector(decode_blocks(row.path, sampling_rate=RATE)))
    return pieces(speech, duration=duration, longest=how.longest, shortest=how.shortest)


def _rows_of(row: SourceRow, spans: list[Span], remarks: Remarks) -> Iterator[SourceRow]:
    if row.transcript is not None:
        remarks.add("transcript", lambda count: f"{_rows(count)} a transcript of the whole, which the pieces did not get.")
    for start, end in spans:
        yield replace(row, start=start, end=end, transcript=None)


def _bad(row: SourceRow, reason: str) -> BadRow:
    return BadRow(number=row.number, file_name=row.file_name, path=row.path, reason=f"{shown(row.path)} {reason}")


def _rows(count: int) -> str:
    return "1 recording has" if count == 1 else f"{count} recordings have"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _lengths(*seconds: float) -> list[str]:
    """Lengths in the unit that suits the longest of them."""
    in_minutes = max(seconds) >= 120
    return [f"{each / 60:.0f} min" if in_minutes else f"{each:.0f} s" for each in seconds]
