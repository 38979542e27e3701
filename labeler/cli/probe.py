"""The command that says which encoder, layers and pooling to use."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from db.records.features import newest_feature_set
from labeler.cli.output import json_option, note, opened, progress_bar, say

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
    help="bundled, logmel, egemaps, a hub id or a local folder; as often as you like; default: the project's, bundled, logmel.",
)
@click.option("--output", type=click.Path(path_type=Path), default=None, help="Draw it to a .png, .svg or .html file.")
@json_option
@click.pass_obj
def probe(directory: Path, manifest: Path | None, encoders: tuple[str, ...], output: Path | None, as_json: bool) -> None:
    """Compare encoders, their layers and poolings on the labels of a MANIFEST, or else of the project.

    Each is scored by a classifier that never heard the speakers it is tested on. What encoders say is kept in the project's
    features folder or in ~/.cache/earmark (EARMARK_CACHE names another), so that a second probe takes seconds.

    egemaps needs the extra earmark[egemaps]: openSMILE, which is not Earmark's and whose licence (audEERING) allows research and
    other non-commercial use only.
    """
    from labeler.charts.files import check_chart_file, save_chart
    from labeler.charts.probe import probe_chart
    from learner.probing.probe_report import probe_encoders

    if output is not None:
        check_chart_file(output)
    labelled, cache, names = _asked(directory, manifest, encoders)
    report = probe_encoders(labelled, encoders=names, cache=cache, watch=progress_bar)
    document = report.to_json()
    _note_left_out(report)
    if output is not None:
        save_chart(probe_chart(document["results"], labels=report.labels), output)
    say(document, as_json=as_json, lines=lambda: _lines(document, report))


def _asked(directory: Path, manifest: Path | None, encoders: tuple[str, ...]) -> tuple[LabelledClips, Path, list[str]]:
    """The clips, the folder of the cache, and the encoders."""
    from learner.corpora.clips import manifest_clips, project_clips
    from learner.corpora.vector_cache import cache_folder
    from learner.encoders.base import BUNDLED, LOGMEL

    usual = [BUNDLED, LOGMEL]
    if manifest is not None:
        return manifest_clips(manifest), cache_folder(None), list(encoders or usual)
    with opened(directory) as project:
        with project.read() as session:
            used = newest_feature_set(session)
        usual = list(dict.fromkeys([project.settings.encoder if used is None else used.encoder, *usual]))
        return project_clips(project), cache_folder(project), list(encoders or usual)


def _note_left_out(report: ProbeReport) -> None:
    for clip in report.left_out[:MOST_NOTES]:
        note(f"left out {clip.file_name}: {clip.reason}")
    if len(report.left_out) > MOST_NOTES:
        note(f"left out {len(report.left_out) - MOST_NOTES} more clips.")
    if not report.grouped:
        note(
            "There are no two speakers to hold out, so folds are of clips with labels alike: "
            "expect less from speakers who were not heard. A column `speaker` in the manifest mends that."
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
        f"Take it: {embed_command(document['best'])}",
    ]


def _scored_on(report: ProbeReport) -> str:
    clips = f"{report.clips} clips with {report.labels} labels"
    if report.unlabelled:
        clips += f" ({report.unlabelled} more have none)"
    if not report.grouped:
        return f"{clips}; {report.folds} folds of clips, speakers not known."
    alone = report.folds == report.speakers
    how = "each held out in turn" if alone else f"held out in {report.folds} folds"
    return f"{clips} from {report.speakers} speakers, {how}."


def _best(best: dict[str, Any], *, candidates: int) -> str:
    from labeler.charts.probe import candidate_name

    said = f"Best of {candidates}: {candidate_name(best)}, UA {best['ua']:.3f}"
    if best["nested_ua"] is None:
        return f"{said}, which flatters it; with three speakers or more it could be said by how much."
    low, high = best["nested_ua_low"], best["nested_ua_high"]
    return f"{said}; {best['nested_ua']:.3f} ({low:.3f}-{high:.3f}) when the choice, too, is made without the speakers tested."


def embed_command(best: dict[str, Any]) -> str:
    """The command that makes features as the best candidate has them."""
    options = [("--encoder", best["encoder"]), ("--layers", best["layers"]), ("--pooling", best["pooling"])]
    return shlex.join(["earmark", "embed", *(word for name, value in options if value is not None for word in (name, value))])
