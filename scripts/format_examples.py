"""Writes docs/formats.md: for each export format what it holds, and what a small project looks like in it."""

from __future__ import annotations

import random
import shutil
import tempfile
import uuid
from pathlib import Path

import numpy as np
import soundfile

from db.decisions.taking import GivenAnswer, take
from db.exports.choice import RowsOf
from db.exports.registry import DATA_SHEET, EXPORTERS, Exporter
from db.models import Answer, Source, Suggestion
from db.project import OpenProject, create_project
from db.records.clips import NewClip, NewFile, register_clip
from db.records.labels import label_by_name
from db.records.people.annotators import annotator_named
from learner.audio.decoding import content_hash
from learner.handover.export import export_project

_HERE = Path(__file__).resolve().parent
PAGE = _HERE.parent / "docs" / "formats.md"


NOTES = {
    "csv": (
        "For spreadsheets, scripts and `earmark import`. `by_annotator` and `extra` are JSON. With `--safe-for-spreadsheets` "
        "no text can run as a formula."
    ),
    "jsonl": "The same rows as CSV, with types, and with objects in place of texts that hold JSON.",
    "log": (
        "Every answer that was ever given; `replaces` is the UUID of the answer that it takes the place of. `guidelines` is the "
        "number of the version of the guidelines that was in force."
    ),
    "parquet": "The same rows as CSV.",
    "label-studio": "Answers are annotations, predictions are predictions. The config fits the tasks.",
    "audiofolder": (
        '`load_dataset(OUTPUT)` and `load_dataset("audiofolder", data_dir=OUTPUT)` both give the splits train, validation and '
        "test. Labels are texts. A clip without a split, or in one with another name, is in train, and the column `split` "
        "then holds the real names. `answers` is JSON with every answer. Numbers that are not known for all clips are left "
        "out, because `datasets` would not load them."
    ),
    "audformat": (
        "`audformat.Database.load(OUTPUT)` reads it. Tables are Parquet files, because in CSV files audformat takes the "
        "labels `nan` and `NA` for missing ones. Each split has a table; clips without a split are in the table `clips`. With "
        "`--rows decisions`, further tables with a column for each annotator hold labels, kinds of answers, and times. How "
        "long an answer took and why a clip was skipped is not in it."
    ),
    "prodigy": "Of its interface `choice`, for `prodigy db-in`.",
    "kaldi": (
        "`text` holds the label as one word, as recipes for speech emotion expect it. `utt2label` holds it unchanged, "
        "`utt2transcript` what is said and `utt2split` the split, where they are known. Paths are relative to the folder."
    ),
    "audacity": "Open a recording in Audacity, then *File, Import, Labels*.",
    "emonet": (
        "Programs that read CSV with pandas take the labels `nan` and `NA` for missing ones; there, read the file with "
        "`keep_default_na=False`."
    ),
    "ft-w2v2-ser": (
        "Clips without a split are in Train. A split with another name is a section of its own. Such a file is also a manifest: "
        "`import`, `probe`, `simulate` and the page Audio read it, and each set becomes a split. It names files relative to its "
        "own folder; `import --audio-folder FOLDER` takes another one. A file that is listed twice counts where it is first, and "
        "the command reports it."
    ),
}
"""What a reader should know of a format besides its description in the registry. The page has the formats in this order."""

_RECORDINGS: list[tuple[str, float, list[tuple[float, float] | None]]] = [
    ("s1/a.wav", 0.5, [None]),
    ("s2/long.wav", 2.0, [(0.5, 1.25), (1.25, 2.0)]),
]
"""Name, seconds and clips of each; None is the whole file."""
_LINES, _CHARACTERS = 6, 300
WHOLE = (".yaml", ".xml", ".json")
"""Suffixes of files of which all is shown."""
AUDIO = (".wav", ".flac")


def format_examples() -> str:
    """The whole page, as Markdown."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary).resolve()
        project = _small_project(folder)
        try:
            parts = [_section(project, EXPORTERS[name], folder) for name in sorted(EXPORTERS, key=list(NOTES).index)]
        finally:
            project.close()
    start, end = ((_HERE / f"formats_page_{part}.md").read_text(encoding="utf-8") for part in ("start", "end"))
    return start + "".join(parts) + end


def _small_project(folder: Path) -> OpenProject:
    """Nothing in it depends on when or where it is made, but for paths."""
    project = create_project(folder / "emotions", labels=["angry", "happy", "sad"])
    rng = random.Random(0)
    for number, (name, seconds, spans) in enumerate(_RECORDINGS):
        path = folder / "recordings" / name
        path.parent.mkdir(parents=True)
        soundfile.write(path, np.sin(np.arange(round(seconds * 16_000)) * (number + 1) / 20) / 2, 16_000)
        for span in spans:
            start, end = span or (0.0, seconds)
            file = NewFile(
                path=str(path),
                content_hash=content_hash(path),
                size=path.stat().st_size,
                mtime_ns=0,
                sampling_rate=16_000,
                channels=1,
                duration=seconds,
            )
            clip = NewClip(
                file=file,
                file_name=name,
                start=start,
                end=end,
                speaker=name[:2],
                transcript="Of course" if span is None else None,
                split="train" if span is None else "test",
                extra={"room": "12"},
            )
            with project.write() as session:
                register_clip(session, clip, rng=rng)
    for clip_id, annotator, label in (
        (1, "Ann", "happy"),
        (1, "Bob", "happy"),
        (2, "Ann", "sad"),
        (2, "Bob", "angry"),
        (2, "Rev", "sad"),
    ):
        _answer(project, clip_id, annotator, label)
    with project.write() as session:
        suggested = label_by_name(session, "happy").id
        session.add(Suggestion(clip_id=3, label_id=suggested, score=0.75, origin="another model", created_at=1_767_225_600.0))
    return project


def _answer(project: OpenProject, clip_id: int, annotator: str, label: str) -> None:
    with project.write() as session:
        given = GivenAnswer(
            uuid=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{clip_id} {annotator}")),
            clip_id=clip_id,
            annotator_id=annotator_named(session, annotator).id,
            answer=Answer.LABEL,
            label=label,
            source=Source.REVIEW if annotator == "Rev" else Source.RANDOM,
            gold=annotator == "Rev",
            seconds=2.5,
            plays=1,
            answered_at=1_767_225_600.0 + 60 * clip_id + len(annotator + label),
        )
        take(session, given)


def _section(project: OpenProject, exporter: Exporter, folder: Path) -> str:
    output = folder / "OUTPUT"
    export_project(project, exporter.name, output)
    lines = ["", f"## {exporter.name}", "", f"{exporter.description} {NOTES[exporter.name]}", ""]
    lines += [f"{_rows(exporter)} Audio: `{exporter.audio.value}` unless you choose.{_back(exporter)}", ""]
    files = [output] if output.is_file() else sorted(path for path in output.rglob("*") if path.is_file())
    if output.is_dir():
        lines += ["```", "OUTPUT/", *(f"  {path.relative_to(output)}" for path in files), "```", ""]
    for path in files:
        if shown := _shown(path, folder):
            name = "OUTPUT" if path == output else str(path.relative_to(output))
            lines += [f"`{name}`:", "", "```", *shown, "```", ""]
    _remove(output)
    return "\n".join(lines)


def _rows(exporter: Exporter) -> str:
    if len(exporter.rows) > 1:
        return "A row is a clip or an answer."
    return "A row is a clip." if exporter.rows == {RowsOf.CONSENSUS} else "A row is an answer."


def _back(exporter: Exporter) -> str:
    return " Earmark reads it back." if exporter.importable else ""


def _shown(path: Path, folder: Path) -> list[str]:
    """The first lines of a file, as far as it has lines that are worth showing, as if the project lay in `/data`."""
    if _is_parquet(path):
        return [line.replace(str(folder), "/data") for line in _of_parquet(path)]
    if path.suffix in AUDIO:
        return []
    # Without the slash, too: Label Studio's addresses have none.
    text = path.read_text(encoding="utf-8").replace(str(folder), "/data").replace(str(folder).removeprefix("/"), "data")
    lines = text.splitlines()
    if path.name == DATA_SHEET:
        # All folders have a data sheet; what is shown is the card above it.
        return lines[: lines.index("---", 1) + 1] if lines[0] == "---" else []
    count = len(lines) if path.suffix in WHOLE else _LINES
    shown = [line if len(line) <= _CHARACTERS else line[:_CHARACTERS] + "…" for line in lines[:count]]
    return shown if len(lines) <= count else [*shown, "…"]


def _is_parquet(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(4) == b"PAR1"


def _of_parquet(path: Path) -> list[str]:
    """Name, type and first value of each column."""
    from pyarrow import parquet

    table = parquet.read_table(path)
    return [f"{field.name}: {field.type} = {table.column(field.name)[0]}" for field in table.schema]


def _remove(output: Path) -> None:
    if output.is_dir():
        shutil.rmtree(output)
    else:
        output.unlink()


if __name__ == "__main__":
    PAGE.write_text(format_examples(), encoding="utf-8")
