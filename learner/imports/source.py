"""Imports audio into a project: the files of a manifest or a folder are hashed and decoded once, then registered as clips.

Clips are registered in short transactions during the work. So killing an import loses nothing that was registered, and running it
again continues it: a file whose path, size and time of change are known is not read again.
"""

from __future__ import annotations

import os
import random
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db.decisions.log import live_query
from db.decisions.taking import GivenAnswer, take
from db.errors import ClipError
from db.imports.handed_over import HandedOverRow
from db.imports.manifest import BadRow, SourceRow
from db.imports.remarks import Remarks
from db.imports.text_lines import storable
from db.imports.times import TimesIn
from db.models import Answer, Clip, Decision, ProjectInfo, Rejection, Source
from db.project import OpenProject
from db.records.clip_details import Details, fill_details
from db.records.clips import register_clip
from db.records.known_clips import known_of
from db.records.labels import active_labels, answer_names
from db.records.people.annotators import annotator_named
from learner.audio.address import checked_address, is_address
from learner.audio.reader import shown
from learner.imports.handed_answers import HandedAnswers
from learner.imports.import_report import ImportReport
from learner.imports.inspection import Inspected, Inspector
from learner.imports.made_uuids import made_uuid
from learner.imports.rejections import key_of, record_rejections
from learner.imports.rows import AnyRow, clip_of, count_of, rows_of
from learner.imports.segmenting.cut_rows import cut_rows
from learner.imports.segmenting.segmentation import Segmentation
from learner.imports.time_units import refuse_other_units
from learner.imports.tools import ToolOptions

BATCH = 200
"""Rows in a transaction, at most."""
_COMMIT_SECONDS = 1.0
_WORKERS, _WORKERS_ELSEWHERE = 2, 8
AS_THE_FILES_SAY = ToolOptions()


def import_source(
    project: OpenProject,
    source: Path | str,
    *,
    labels_from_folders: bool = False,
    labels_as: str | None = None,
    times_in: TimesIn | None = None,
    corpus: str | None = None,
    speaker_from: str | None = None,
    columns: Mapping[str, str] | None = None,
    tools: ToolOptions = AS_THE_FILES_SAY,
    segment: Segmentation | None = None,
    progress: Callable[[int, int], None] | None = None,
    seed: int | None = None,
) -> ImportReport:
    """Register the clips of a manifest (CSV, TSV, JSONL), of a folder of audio files, or of another tool's files.

    What Earmark itself, Label Studio, Prodigy, audformat and audiofolders hand over comes with its answers, under the names of
    their annotators and with their times; predictions become suggestions.

    Args:
        source: the manifest or folder, or an address of audio elsewhere, such as `s3://bucket/prefix`.
        labels_from_folders: in a folder, the name of the folder a file lies in is its label.
        labels_as: record the labels in the source as decisions of the annotator of this name, with source `imported`; an answer
            of this annotator for the same clip that stands, or was taken back, is left as it is.
        times_in: what the manifest's `start` and `end` are given in; None for seconds, where other units are noticed and refused.
        corpus: name of a known corpus whose folder this is; it then gives labels, speakers and texts.
        speaker_from: a column that is taken as the speaker, such as `session`.
        columns: which column of a manifest holds what, as `db.imports.column_choice.chosen_columns` gives it.
        tools: how the files of another tool are read.
        segment: how recordings are cut into clips; None: each is one clip.
        progress: called with rows done and rows in all.
        seed: for reproducible slice keys, in tests and the demo; by default nobody can predict them.

    Raises:
        FormatError: the whole source cannot be read, or its times look like another unit; single rows that cannot be used are in
            the report.
        DecisionError: `labels_as` cannot be an annotator's name.
    """
    source = checked_address(source) if is_address(source) else Path(os.path.abspath(source))
    rng = random.SystemRandom() if seed is None else random.Random(seed)
    remarks = Remarks()
    importer = _Importer(project, source, labels_as=labels_as, rng=rng, remarks=remarks)
    rows = rows_of(
        source,
        labels_from_folders=labels_from_folders,
        times_in=times_in,
        corpus=corpus,
        speaker_from=speaker_from,
        columns=columns or {},
        by_name=labels_as is None,
        tools=tools,
        remarks=remarks,
    )
    first = list(islice(rows, BATCH))
    if times_in is None:
        refuse_other_units(source, [clip_of(row) for row in first])
    rows = chain(first, rows)
    total = count_of(source) if progress and isinstance(source, Path) else 0

    def cut_into(clips: int) -> None:
        nonlocal total
        total += clips - 1

    if segment is not None:
        rows = cut_rows(rows, segment, remarks=remarks, cut_into=cut_into)
    importer.begin()
    done = 0
    workers = _WORKERS if isinstance(source, Path) else _WORKERS_ELSEWHERE
    pool = ThreadPoolExecutor(workers, thread_name_prefix="import")
    try:
        while batch := list(islice(rows, BATCH)):
            for written in importer.take(batch, pool):
                done += written
                if progress:
                    progress(done, max(total, done))
    finally:
        # Not waited for: when Ctrl-C comes, a file that is being decoded may take a minute more.
        pool.shutdown(wait=False, cancel_futures=True)
    if progress:
        progress(done, done)
    return importer.finished()


class _Importer:
    """One import: inspects rows in several threads, and writes in the calling thread."""

    def __init__(
        self, project: OpenProject, source: Path | str, *, labels_as: str | None, rng: random.Random, remarks: Remarks
    ) -> None:
        self.report = ImportReport(of_lines=not (is_address(source) or os.path.isdir(source)))
        self._project, self._source, self._rng, self._remarks = project, source, rng, remarks
        self._labels_as = labels_as
        self._accepted: dict[str, str] = {}
        self._annotator_id = 0
        self._namespace = uuid.UUID(int=0)
        self._secret = b""
        self._inspector = Inspector()
        self._rejected: set[tuple[str, str]] = set()
        self._labelled = 0
        self._label_of: dict[int, str] = {}
        self._handed = HandedAnswers(labels_as=labels_as, secret=b"")

    def begin(self) -> None:
        """Check what can be checked before work starts; earlier rejections of lines of this manifest are dropped."""
        with self._project.write() as session:
            session.execute(delete(Rejection).where(Rejection.path == storable(str(self._source))))
            info = session.scalars(select(ProjectInfo)).one()
            self._namespace, self._secret = uuid.UUID(info.uuid), info.secret.encode()
            self._handed = HandedAnswers(labels_as=self._labels_as, secret=self._secret)
            self._handed.begin(session)
            self.report.label_set = [label.name for label in active_labels(session)]
            if self._labels_as is not None:
                self._accepted = answer_names(session)
                self._annotator_id = annotator_named(session, self._labels_as).id

    def finished(self) -> ImportReport:
        """The report, with notes on the source as a whole."""
        notes = self._remarks.sentences()
        if not self.report.added + self.report.known + len(self.report.rejected):
            notes.append(f"No audio was found in {shown(self._source)}.")
        if self._labels_as is None and self._labelled:
            clips = "1 clip has a label" if self._labelled == 1 else f"{self._labelled} clips have labels"
            notes.append(f"{clips} in the source, and none was recorded; --labels-as ANNOTATOR records them as decisions.")
        if self.report.of_nobody:
            count = self.report.of_nobody
            answers = "1 answer names no annotator" if count == 1 else f"{count} answers name no annotator"
            notes.append(f"{answers} and none was recorded; --labels-as ANNOTATOR records them as decisions.")
        if self._labels_as is not None and not self._labelled and not self.report.fitting_labels:
            how = "their column must be called label" if self.report.of_lines else "--labels-from-folders makes them of folders"
            notes.append(f"The source has no labels for {self._labels_as}; {how}.")
        self.report.notes = notes
        return self.report

    def take(self, batch: list[AnyRow], pool: ThreadPoolExecutor) -> Iterator[int]:
        """Inspect and write a batch; yields how many rows each transaction wrote."""
        with self._project.read() as session:
            known = known_of(session, [clip.path for row in batch if isinstance(clip := clip_of(row), SourceRow)])
        waiting: list[Inspected] = []
        began = time.monotonic()
        futures = [pool.submit(self._inspector.inspect, row, known) for row in batch]
        try:
            for future in futures:
                waiting.append(future.result())
                if time.monotonic() - began > _COMMIT_SECONDS:
                    self._write(waiting)
                    yield len(waiting)
                    waiting, began = [], time.monotonic()
        finally:
            # So that an interrupted import ends soon.
            for future in futures:
                future.cancel()
        self._write(waiting)
        yield len(waiting)

    def _write(self, inspected: list[Inspected]) -> None:
        """Register clips, labels and rejections in one transaction; the report counts them once they are durable."""
        report = ImportReport(of_lines=self.report.of_lines)
        rejected: dict[tuple[str, str], str] = {}
        labelled: list[tuple[int, SourceRow]] = []
        handed: list[tuple[int, HandedOverRow]] = []
        again: dict[int, SourceRow] = {}
        with self._project.write() as session:
            for found in inspected:
                if found.reason is not None:
                    _reject(found.row, found.reason, rejected, report, kind=found.kind)
                    continue
                assert isinstance(found.row, SourceRow)
                try:
                    clip_id, is_known = self._register(session, found, report)
                except ClipError as error:
                    report.reject(found.row, str(error))  # reported, and not stored: the names are those of a person who is gone
                    continue
                if is_known:
                    again.setdefault(clip_id, found.row)
                if found.handed is not None:
                    handed.append((clip_id, found.handed))
                if found.row.label is not None:
                    labelled.append((clip_id, found.row))
            self._labelled += len(labelled)
            if self._labels_as is None:
                labelled.clear()
            self._fill(session, again, report)
            self._record_labels(session, labelled, report)
            self._handed.record(session, handed, report)
            record_rejections(session, [found.row for found in inspected], rejected, before=self._rejected)
        self._rejected.update(rejected)
        self.report.take(report)

    def _register(self, session: Session, found: Inspected, report: ImportReport) -> tuple[int, bool]:
        """Id of the clip, and whether it was known under this path."""
        if found.known_id is not None:
            report.known += 1
            return found.known_id, True
        assert found.clip is not None
        for remark in found.remarks:
            report.warn(found.clip, remark)
        registered = register_clip(session, found.clip, rng=self._rng)
        if registered.outcome in ("added", "renewed"):
            report.added += 1
            return registered.clip_id, False
        report.known += 1
        clip = session.get_one(Clip, registered.clip_id)
        same_path = clip.file.path == found.clip.file.path
        if not same_path:
            report.aliases.append({"file_name": found.clip.file_name, "alias_of": clip.file_name})
        return registered.clip_id, same_path

    def _fill(self, session: Session, again: dict[int, SourceRow], report: ImportReport) -> None:
        """Fill gaps of known clips from their lines."""
        if not again:
            return
        details = {
            clip_id: Details(speaker=row.speaker, transcript=row.transcript, split=row.split, extra=row.extra)
            for clip_id, row in again.items()
        }
        for clip_id, speaker in fill_details(session, details).items():
            row = again[clip_id]
            report.warn(
                row, f"The clip is known and its speaker stays {speaker!r}: an import fills gaps and changes nothing else."
            )

    def _record_labels(
        self,
        session: Session,
        labelled: list[tuple[int, SourceRow]],
        report: ImportReport,
    ) -> None:
        clip_ids = {clip_id for clip_id, _ in labelled}
        theirs = live_query().where(Decision.annotator_id == self._annotator_id, Decision.clip_id.in_(clip_ids))
        answered = set(session.scalars(theirs.with_only_columns(Decision.clip_id))) if clip_ids else set()
        made = {(clip_id, row.label): self._uuid(clip_id, row.label) for clip_id, row in labelled}
        before = self._imported_before(session, made)
        for clip_id, row in labelled:
            assert row.label is not None
            if row.label not in self._accepted:
                report.leave_label(row.label, row.file_name)
                continue
            report.fitting_labels += 1
            if self._label_of.setdefault(clip_id, row.label) != row.label:
                reason = (
                    f"Imported without its label {row.label!r}: the same audio is labelled {self._label_of[clip_id]!r} above; "
                    "keep one of them."
                )
                report.warn(row, reason)
            elif clip_id not in answered and (clip_id, row.label) not in before:
                given = GivenAnswer(
                    uuid=made[clip_id, row.label],
                    clip_id=clip_id,
                    annotator_id=self._annotator_id,
                    answer=Answer.LABEL,
                    label=row.label,
                    source=Source.IMPORTED,
                )
                take(session, given)
                answered.add(clip_id)
                report.labels += 1

    def _imported_before(self, session: Session, made: dict[tuple[int, str | None], str]) -> set[tuple[int, str | None]]:
        """Those labels that an import of this annotator recorded already, whether or not they were taken back since.

        Only an import's own decisions count. The UUIDs of older imports could be foreseen, and somebody may have given one to a
        decision of their own.
        """
        by_uuid = {own: key for key, own in made.items()} | {self._older_uuid(*key): key for key in made}
        query = select(Decision.uuid).where(
            Decision.uuid.in_(by_uuid), Decision.source == Source.IMPORTED, Decision.annotator_id == self._annotator_id
        )
        return {by_uuid[found] for found in session.scalars(query)}

    def _uuid(self, clip_id: int, label: str | None) -> str:
        """Always the same for the same label."""
        return made_uuid(self._secret, self._named(clip_id, label))

    def _older_uuid(self, clip_id: int, label: str | None) -> str:
        """What earlier imports used: made from the project's UUID, which every visitor's browser knows."""
        return str(uuid.uuid5(self._namespace, self._named(clip_id, label)))

    def _named(self, clip_id: int, label: str | None) -> str:
        return f"imported {clip_id} {self._annotator_id} {label}"


def _reject(
    row: SourceRow | BadRow,
    reason: str,
    rejected: dict[tuple[str, str], str],
    report: ImportReport,
    *,
    kind: str | None = None,
) -> None:
    rejected[key_of(row)] = reason
    report.reject(row, reason, kind)
