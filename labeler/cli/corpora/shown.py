"""What several commands of `earmark corpora` print: epochs, clips that are left out, and scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from labeler.cli.output import note
from labeler.words.run import counted

if TYPE_CHECKING:
    from learner.corpora.clips import LeftOut
    from learner.many_corpora.train import Trained

MOST_NOTES = 20


def note_epoch(entry: dict[str, Any]) -> None:
    """One line for an epoch, with the validation UAR of each corpus."""
    loss = "no loss that is a number" if entry["loss"] is None else f"loss {entry['loss']:.3f}"
    uar = ", ".join(f"{name} {value:.3f}" for name, value in entry["uar"].items())
    stage = entry["stage"]
    what = "shared filters" if stage == "shared" else "head" if stage.endswith("-head") else "own layers"
    note(f"run {entry['run']}, {what}, rate {entry['rate']:g}, epoch {entry['epoch']}: {loss}; UAR {uar}")


def note_left_out(left_out: Sequence[LeftOut], *, corpus: str = "") -> None:
    """A line for each clip that is left out; of many the first."""
    of = f"{corpus}: " if corpus else ""
    for clip in left_out[:MOST_NOTES]:
        note(f"{of}left out {clip.file_name}: {clip.reason}")
    if len(left_out) > MOST_NOTES:
        note(f"{of}left out {counted(len(left_out) - MOST_NOTES, 'more clip')}.")


def note_read(trained: Trained) -> None:
    """What was remarked on and left out while corpora were read."""
    for name, reason in trained.read.refused.items():
        note(f"{name} is left out: {reason}")
    for name, clips in trained.read.left_out.items():
        note_left_out(clips, corpus=name)
    for corpus in trained.read.corpora:
        for remark in corpus.remarks:
            note(remark)


def trained_document(trained: Trained, **more: Any) -> dict[str, Any]:
    """What was trained, for --json."""
    corpora = {
        corpus.name: {**corpus.as_json(), "remarks": corpus.remarks, "results": trained.results[corpus.name]}
        for corpus in trained.read.corpora
    }
    return {**more, "corpora": corpora, "left_out": trained.read.refused}


def trained_lines(document: dict[str, Any]) -> list[str]:
    """The same as a table."""
    rows = [("corpus", "labels", "clips", "tested", "UA by run", "WA by run", "F1 by run")]
    for name, facts in document["corpora"].items():
        runs = facts["results"]
        by_run = (" ".join(f"{run[key]:.3f}" for run in runs) for key in ("ua", "wa", "f1"))
        rows.append((name, str(len(facts["labels"])), str(facts["clips"]), str(facts["test"]), *by_run))
    return table(rows)


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows with their columns below each other."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
