"""What a format is given to write: the chosen rows, label names, where audio lies, and a tally for the data sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.orm import Session

from db.errors import FormatError
from db.exports.choice import AudioAs, ExportChoice, LabelKind, RowsOf
from db.exports.clip_rows import NOTHING, Beside, ClipReader
from db.exports.decision_rows import COLUMNS, LOG_COLUMNS, in_iso, log_rows, standing_rows
from db.exports.past import LabelNames
from db.exports.rows import ClipRow, GivenAnswerRow
from db.exports.splits import split_by_group
from db.exports.tally import Tally
from db.models import ClipState

CONSENSUS_COLUMNS = (
    "file_name",
    "path",
    "start",
    "end",
    "speaker",
    "label",
    "kind",
    "agreement",
    "confidence",
    "answers",
    "by_annotator",
    "predicted",
    "predicted_score",
    "predicted_by",
    "answered_at",
    "transcript",
    "split",
    "extra",
)
AUDIO_COLUMN = "audio"
"""Where the audio lies in the export, if it holds audio."""

Moved = Callable[[int, int], None]
"""(done, total): how far the export is."""


class Placed(Protocol):
    """Puts a clip's audio below a folder; returns its path relative to the folder, with slashes."""

    def __call__(self, row: ClipRow, folder: Path, *, flat: bool = False) -> str:
        """With `flat`, all audio lies in one folder."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The accuracy that a run estimated on the random slice: UA with its 95% interval, and WA."""

    run: int
    ua: float
    ua_low: float
    ua_high: float
    wa: float | None
    clips: int
    speakers: int


@dataclass(frozen=True, kw_only=True)
class ProjectFacts:
    """What a data sheet says of the project besides its rows."""

    name: str
    guidelines: str | None = None
    estimate: Estimate | None = None


@dataclass(kw_only=True)
class Contents:
    """The rows of one export. Each method may be called more than once, and reads anew."""

    session: Session
    choice: ExportChoice
    facts: ProjectFacts
    time: float
    """The project is exported as it was at this time (seconds since 1970)."""
    audio_as: AudioAs = AudioAs.NONE
    folder: Path | None = None
    """Where an export that is a folder is made."""
    beside: Beside = NOTHING
    place: Placed | None = None
    moved: Moved | None = None
    most_looked_at: int | None = None
    """Look at no more clips than this: for a preview, which must not search a million clips for a row."""
    tally: Tally = field(default_factory=Tally)
    """What was written; filled by the last of `clips`, `flat_rows` and `log` that was read to its end."""

    def __post_init__(self) -> None:
        self.labels = LabelNames(self.session, self.choice.as_of)
        self._refuse_unknown_labels()
        self._reader = ClipReader(self.session, as_of=self.choice.as_of, labels=self.labels, beside=self.beside)
        self._split_of: dict[str, str] | None = None
        self.left_out: set[int] = set()
        """Clips that were chosen, but whose audio was replaced by other audio or is broken; filled while rows are read."""

    def clips(self) -> Iterator[ClipRow]:
        """The chosen clips by number, with their splits.

        In an export of decisions a clip has the chosen answers only, and is left out if none of its answers is chosen.
        """
        self.tally.clear()
        if self.choice.rows == RowsOf.CONSENSUS:
            for row in self._chosen(self.moved):
                self.tally.add_clip(row)
                yield row
            return
        for row in self._chosen(self.moved):
            answers = tuple(answer for answer in row.answers if self._wants_answer(answer))
            if answers or not row.answers:
                self.tally.add_answers(row, answers)
                yield row if len(answers) == len(row.answers) else replace(row, answers=answers)

    @property
    def columns(self) -> tuple[str, ...]:
        """The keys of `flat_rows`."""
        columns = COLUMNS if self.choice.rows == RowsOf.DECISIONS else CONSENSUS_COLUMNS
        return (*columns, AUDIO_COLUMN) if self.holds_audio else columns

    def flat_rows(self) -> Iterator[dict[str, Any]]:
        """The chosen clips, or their decisions, as rows with the keys of `columns`; `extra` and `by_annotator` are dicts."""
        if self.choice.rows == RowsOf.CONSENSUS:
            yield from (self.flat(row) for row in self.clips())
            return
        self.tally.clear()
        chosen = self._chosen_answered() if self._needs_clips else None
        for row in standing_rows(self.session, as_of=self.choice.as_of, labels=self.labels):
            if (chosen is None or row["clip"] in chosen) and self._wants_decision(row):
                found = {name: row[name] for name in COLUMNS}
                if chosen is not None:
                    split, clip = chosen[row["clip"]]
                    found |= {"split": split} if clip is None else {"split": split, AUDIO_COLUMN: self.audio(clip)}
                self.tally.add_decision(found)
                yield found

    def log(self) -> Iterator[dict[str, Any]]:
        """Every row of the decision log, with the keys of `LOG_COLUMNS`."""
        self.tally.clear()
        for row in log_rows(self.session, as_of=self.choice.as_of, labels=self.labels):
            self.tally.add_decision(row)
            yield {name: row[name] for name in LOG_COLUMNS}

    def audio(self, row: ClipRow, *, below: str = "", flat: bool = False) -> str:
        """Where the clip's audio lies: relative to the export's folder, or its absolute path if the export holds no audio.

        Args:
            below: the folder in that of the export that the audio is put into, and that the path is relative to.
            flat: put all audio into one folder.

        Raises:
            OSError, AudioError: it cannot be copied or cut.
        """
        if not self.holds_audio or self.place is None or self.folder is None:
            return row.path
        return self.place(row, self.folder / below, flat=flat)

    @property
    def holds_audio(self) -> bool:
        """Whether the export is a folder with audio."""
        return self.audio_as != AudioAs.NONE

    @property
    def is_cut(self) -> bool:
        """Whether the audio of the export is the clip itself, so that its span is the whole file."""
        return self.audio_as == AudioAs.CUT

    @property
    def _needs_clips(self) -> bool:
        return self.choice.narrows_clips or self.choice.splits is not None or self.holds_audio

    def _chosen_answered(self) -> dict[int, tuple[str | None, ClipRow | None]]:
        """The split of each chosen clip that has answers; and where its audio is exported, the clip, without the answers."""
        rows = (row for row in self._chosen(None) if row.answers)
        return {row.clip_id: (row.split, replace(row, answers=()) if self.holds_audio else None) for row in rows}

    def _chosen(self, moved: Moved | None) -> Iterator[ClipRow]:
        if self.choice.splits is not None and self._split_of is None:
            self._split_of = split_by_group(self._read(None), self.choice.splits)
        rows = self._read(moved)
        if self._split_of is None:
            return rows
        return (_with_split(row, self._split_of[row.group]) for row in rows)

    def _read(self, moved: Moved | None) -> Iterator[ClipRow]:
        answered = not self.choice.kinds & {LabelKind.PREDICTED, LabelKind.NONE}
        total = 0 if moved is None else self._reader.count(answered=answered)
        for done, row in enumerate(islice(self._reader.rows(answered=answered), self.most_looked_at), start=1):
            if moved is not None and done % 500 == 0:
                moved(done, total)
            if self._wants(row):
                if self._lacks_audio(row):
                    self.left_out.add(row.clip_id)
                else:
                    yield row
        if moved is not None:
            moved(total, total)

    def _refuse_unknown_labels(self) -> None:
        names = [label.name for label in self.labels.states]
        unknown = sorted((self.choice.labels or frozenset()).difference(names))
        if unknown:
            then = "" if self.choice.as_of is None else " then"
            raise FormatError(f"There is no label {unknown[0]!r}{then}; use one of: {', '.join(names)}.")

    def _lacks_audio(self, row: ClipRow) -> bool:
        """Whether the clip's audio is not what people answered, where a row stands for this audio: the answers alone are kept."""
        if row.state == ClipState.REPLACED:
            return self.holds_audio or self.choice.rows == RowsOf.CONSENSUS
        return row.state == ClipState.BROKEN and self.holds_audio

    def _wants(self, row: ClipRow) -> bool:
        choice = self.choice
        if choice.rows == RowsOf.CONSENSUS and row.kind not in choice.kinds:
            return False
        if choice.rows == RowsOf.DECISIONS and not row.answers:
            return bool(choice.kinds & {LabelKind.PREDICTED, LabelKind.NONE}) and row.kind in choice.kinds
        return (
            (choice.labels is None or choice.rows == RowsOf.DECISIONS or row.label in choice.labels)
            and (choice.least_agreement is None or (row.agreement is not None and row.agreement >= choice.least_agreement))
            and (choice.least_confidence is None or (row.confidence is not None and row.confidence >= choice.least_confidence))
            and (choice.rows == RowsOf.DECISIONS or self._in_time(row))
        )

    def _in_time(self, row: ClipRow) -> bool:
        if self.choice.since is None and self.choice.until is None:
            return True
        newest = _newest(row)
        return newest is not None and self._is_between(newest)

    def _is_between(self, answered_at: float) -> bool:
        # To the microsecond, as times are written: the time that a row shows is a border that has the row on the right side.
        time, since, until = round(answered_at, 6), self.choice.since, self.choice.until
        return (since is None or time >= round(since, 6)) and (until is None or time < round(until, 6))

    def _wants_decision(self, row: dict[str, Any]) -> bool:
        choice, time = self.choice, row["created_at"]
        return (
            (choice.labels is None or row["label"] in choice.labels)
            and (row["gold"] or not choice.gold_only)
            and (choice.since is None or time >= in_iso(choice.since))
            and (choice.until is None or time < in_iso(choice.until))
        )

    def _wants_answer(self, answer: GivenAnswerRow) -> bool:
        choice = self.choice
        return (
            (choice.labels is None or answer.label in choice.labels)
            and (answer.gold or not choice.gold_only)
            and self._is_between(answer.answered_at)
        )

    def flat(self, row: ClipRow) -> dict[str, Any]:
        """A clip as a row with the keys of `columns`."""
        newest = _newest(row)
        found = {
            "file_name": row.file_name,
            "path": row.path,
            "start": row.start,
            "end": row.end,
            "speaker": row.speaker,
            "label": row.label,
            "kind": row.kind.value,
            "agreement": row.agreement,
            "confidence": row.confidence,
            "answers": len(row.answers),
            "by_annotator": {answer.annotator: _given(answer) for answer in row.answers},
            "predicted": None if row.predicted is None else row.predicted.label,
            "predicted_score": None if row.predicted is None else row.predicted.score,
            "predicted_by": None if row.predicted is None else row.predicted.origin,
            "answered_at": None if newest is None else in_iso(newest),
            "transcript": row.transcript,
            "split": row.split,
            "extra": row.extra,
        }
        return {**found, AUDIO_COLUMN: self.audio(row)} if self.holds_audio else found


def _newest(row: ClipRow) -> float | None:
    """When the clip was last answered."""
    return max(answer.answered_at for answer in row.answers) if row.answers else None


def _given(answer: GivenAnswerRow) -> str | dict[str, Any]:
    """A label, or an object where it is none or more than that: a label may be called `skip`, too."""
    if answer.label is None:
        return {"answer": answer.answer.value, "gold": True} if answer.gold else {"answer": answer.answer.value}
    return {"label": answer.label, "gold": True} if answer.gold else answer.label


def _with_split(row: ClipRow, split: str) -> ClipRow:
    # dataclasses.replace copies by name, one field after another: too slow for a million rows.
    object.__setattr__(row, "split", split)
    return row
