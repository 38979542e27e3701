"""Times that are not in seconds are noticed before anything is imported: by the colons of clock times, and by the files' lengths.

Taken for seconds, milliseconds and numbers of samples lie beyond the end of nearly every file. In a long recording some do not,
and would become wrong clips.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from db.errors import AudioError, FormatError
from db.imports.manifest import CLOCK_TIME, BadRow, SourceRow
from db.imports.times import TimesIn
from learner.audio.decoding import audio_info
from learner.audio.reader import END_TOLERANCE, AudioInfo, shown

_MOST_ROWS, _MOST_FILES = 100, 20
_FITTING = 0.9
"""Share of the rows that must make sense in another unit."""
_LEAST_SECONDS = 0.1
"""Shorter spans make no sense: nobody labels them."""
_LEAST_IN_SAMPLES = 0.25
"""Times that make sense as milliseconds, too, are not samples if most of their spans would be shorter than this."""


@dataclass(frozen=True)
class _Timed:
    """A row that has a start or an end, with the header of its file."""

    row: SourceRow
    info: AudioInfo

    @property
    def is_outside(self) -> bool:
        """Whether it lies beyond the end of the file, if it is in seconds."""
        return (self.row.end or self.row.start or 0.0) > self.info.duration + END_TOLERANCE

    def seconds(self, unit: TimesIn) -> float:
        """Length of the span if it is in this unit; 0 where it is not in the file."""
        a_second = 1000 if unit == TimesIn.MILLISECONDS else self.info.sampling_rate
        start = (self.row.start or 0.0) / a_second
        end = self.info.duration if self.row.end is None else self.row.end / a_second
        is_whole = all(time is None or time.is_integer() for time in (self.row.start, self.row.end))
        return max(end - start, 0.0) if is_whole and end <= self.info.duration + END_TOLERANCE else 0.0


def refuse_other_units(source: Path | str, rows: Sequence[SourceRow | BadRow]) -> None:
    """Raise FormatError if `start` and `end` look like another unit than seconds.

    Args:
        source: the manifest.
        rows: its first rows, read as seconds.
    """
    timed = [row for row in rows if isinstance(row, SourceRow) and (row.start is not None or row.end is not None)]
    clock = [row for row in rows if isinstance(row, BadRow) and row.kind == CLOCK_TIME]
    if clock and len(clock) >= len(timed):
        raise FormatError(
            f"{shown(source)}: start and end look like clock times (first on line {clock[0].number}); "
            f"import it with --times-in {TimesIn.CLOCK}."
        )
    known = _with_headers(timed)
    outside = [each for each in known if each.is_outside]
    if not outside or 2 * len(outside) < len(known):
        return
    units = _fitting(known)
    if units:
        first = outside[0]
        time = first.row.end if first.row.end is not None else first.row.start
        options = " or ".join(f"--times-in {unit}" for unit in units)
        raise FormatError(
            f"{shown(source)}: start and end look like {' or '.join(units)}, not like seconds (line {first.row.number} reaches "
            f"{time:.10g}, and its file lasts {first.info.duration:.2f} s); import it with {options}, "
            f"or with --times-in {TimesIn.SECONDS} if they are seconds."
        )


def _with_headers(rows: Sequence[SourceRow]) -> list[_Timed]:
    infos: dict[str, AudioInfo | None] = {}
    for row in rows[:_MOST_ROWS]:
        if row.path not in infos and len(infos) < _MOST_FILES:
            try:
                infos[row.path] = audio_info(row.path)
            except AudioError:
                infos[row.path] = None
    return [_Timed(row, info) for row in rows[:_MOST_ROWS] if (info := infos.get(row.path)) is not None]


def _fitting(rows: Sequence[_Timed]) -> list[TimesIn]:
    """The units in which the times make sense."""
    lengths = {unit: [each.seconds(unit) for each in rows] for unit in (TimesIn.MILLISECONDS, TimesIn.SAMPLES)}
    units = [unit for unit, found in lengths.items() if sum(each >= _LEAST_SECONDS for each in found) >= _FITTING * len(rows)]
    if len(units) > 1 and median(lengths[TimesIn.SAMPLES]) < _LEAST_IN_SAMPLES:
        units.remove(TimesIn.SAMPLES)
    return units
