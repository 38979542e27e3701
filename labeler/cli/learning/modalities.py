"""The command `modalities`: accuracy against labels for sound, words and both."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from db.records.features import newest_feature_set
from labeler.cli.data.set_up import corpus_option, speaker_option
from labeler.cli.learning.known_labels import note_known_labels
from labeler.cli.output import json_option, note, opened, print_result
from labeler.cli.progress import progress_bar
from labeler.words.run import counted

if TYPE_CHECKING:
    from learner.corpora.clips import LabelledClips

MOST_NOTES = 20


@click.command()
@click.argument("manifest", required=False, type=click.Path(path_type=Path))
@click.option(
    "--encoder",
    default=None,
    help="Of the sound: bundled, whisper, logmel, a hub id or a local folder; default: the project's, or else bundled.",
)
@click.option(
    "--text-encoder",
    default="minilm",
    show_default=True,
    help="Of the words: minilm (extra earmark[text]), a hub id or a local folder of a checkpoint like BERT.",
)
@click.option(
    "--text-layers", default=None, help="Hidden layers of the text encoder, such as 5, 0,3,6, mean or all; default: the last."
)
@click.option(
    "--runs", type=click.IntRange(1), default=3, show_default=True, help="How often folds and labelled clips are drawn anew."
)
@click.option(
    "--budget",
    "budgets",
    type=click.IntRange(2),
    multiple=True,
    help="A number of labels; as often as you like; default: 125, 250, … up to all, and fewer for a small corpus.",
)
@click.option("--without-attention", is_flag=True, help="Leave out the attention network, which takes most of the time.")
@click.option("--plot", type=click.Path(path_type=Path), default=None, help="Draw the chart to a .png, .svg or .html file.")
@corpus_option
@speaker_option
@json_option
@click.pass_obj
def modalities(
    directory: Path,
    manifest: Path | None,
    encoder: str | None,
    text_encoder: str,
    text_layers: str | None,
    corpus: str | None,
    speaker_from: str | None,
    runs: int,
    budgets: tuple[int, ...],
    without_attention: bool,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Compare sound, words and both on the labels and transcripts of a MANIFEST, or else of the project.

    With --corpus, MANIFEST is the folder of that corpus.

    The accuracy (UA) is measured at several numbers of labels on speakers that were held out: of the linear head on sound, on
    words and on both side by side, and of an attention network that aligns words with sound. Hand-made (log-mel) features stand
    beside them. Vectors are kept in ~/.cache/earmark (EARMARK_CACHE names another folder).
    """
    from labeler.charts.files import check_chart_file, save_chart
    from labeler.charts.modalities import modalities_chart
    from learner.modalities.report import compare_modalities
    from learner.text_encoders.registry import text_encoder_named

    if plot is not None:
        check_chart_file(plot)
    if manifest is None and (corpus is not None or speaker_from is not None):
        raise click.UsageError("--corpus and --speaker-from read files: name a MANIFEST or the folder of the corpus.")
    labelled, cache, encoder = _inputs(directory, manifest, encoder, corpus=corpus, speaker_from=speaker_from)
    for sentence in labelled.notes:
        note(sentence)
    note_known_labels(encoder, labelled.clips)
    words = any((clip.transcript or "").strip() for clip in labelled.clips)
    found = compare_modalities(
        labelled,
        encoder=encoder,
        text_encoder=text_encoder_named(text_encoder, layers=text_layers) if words else None,
        attention=not without_attention,
        cache=cache,
        watch=progress_bar,
        runs=runs,
        budgets=budgets,
    )
    document = {**found, "encoder": encoder, "text_encoder": text_encoder if words else None}
    _note_what_is_missing(document, attention=not without_attention)
    if plot is not None:
        save_chart(modalities_chart(document), plot)
    print_result(document, as_json=as_json, lines=lambda: _lines(document))


def _inputs(
    directory: Path, manifest: Path | None, encoder: str | None, *, corpus: str | None, speaker_from: str | None
) -> tuple[LabelledClips, Path, str]:
    """The clips, the folder of the cache, and the encoder of the sound."""
    from learner.corpora.clips import manifest_clips, project_clips
    from learner.corpora.vector_cache import cache_folder
    from learner.encoders.base import BUNDLED

    if manifest is not None:
        return manifest_clips(manifest, corpus=corpus, speaker_from=speaker_from), cache_folder(None), encoder or BUNDLED
    with opened(directory) as project:
        with project.read() as session:
            used = newest_feature_set(session)
            # Read here: once the session is closed, the row cannot be.
            usual = project.settings.encoder if used is None else used.encoder
        return project_clips(project), cache_folder(project), encoder or usual


def _note_what_is_missing(document: dict[str, Any], *, attention: bool) -> None:
    left_out = document["left_out"]
    for clip in left_out[:MOST_NOTES]:
        note(f"left out {clip['file_name']}: {clip['reason']}")
    if len(left_out) > MOST_NOTES:
        note(f"left out {counted(len(left_out) - MOST_NOTES, 'more clip')}.")
    measured = {result["modality"] for result in document["results"]}
    if document["without_words"] == document["clips"]:
        note("No clip has a transcript, so only the sound is measured; give the manifest a column `transcript`.")
    elif document["without_words"]:
        note(f"{counted(document['without_words'], 'clip')} without a transcript: the words of these are masked.")
    if attention and "text" in measured and "attention" not in measured:
        note(f"The attention network is left out: encoder {document['encoder']!r} gives no frames in time.")
    if not document["speakers_held_out"]:
        note(
            "There are no two speakers to hold out, so clips are held out instead: expect a lower accuracy on new speakers. "
            "To measure it, add a column `speaker` to the manifest."
        )


def _lines(document: dict[str, Any]) -> list[str]:
    from labeler.charts.modalities import MODALITY_NAMES

    curves = {result["modality"]: result["points"] for result in document["results"]}
    curves["handmade"] = document["handmade"]["points"]
    budgets = [str(point["labels"]) for point in document["handmade"]["points"]]
    rows = [(MODALITY_NAMES[name], *map(_point, points)) for name, points in curves.items()]
    held_out = "speakers" if document["speakers_held_out"] else "clips"
    clips = f"{counted(document['clips'], 'clip')} with {counted(len(document['labels']), 'label')}"
    folds = f"{document['folds']} folds of {held_out}, {counted(document['runs'], 'run')}"
    return [
        f"{clips} from {counted(document['speakers'], 'speaker')}; {folds}.",
        "UA with its 95% interval, by the number of labels:",
        "",
        *_table([("", *budgets), *rows]),
        "",
        *_differences(document["differences"]),
        *_savings(document["saved"]),
    ]


def _point(point: dict[str, Any]) -> str:
    return f"{point['ua']:.3f} ({point['ua_low']:.3f}-{point['ua_high']:.3f})"


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _differences(differences: list[dict[str, Any]]) -> list[str]:
    """One line for each pair, at the largest number of labels."""
    from labeler.charts.modalities import MODALITY_NAMES

    last = {(found["first"], found["second"]): found for found in differences}
    lines = []
    for (first, second), found in last.items():
        named = f"{MODALITY_NAMES[first]} against {MODALITY_NAMES[second]}, {found['labels']} labels: {found['difference']:+.3f}"
        if found["low"] is None:
            lines.append(f"{named}; there are too few speakers for an interval.")
            continue
        shown = {"better": "better", "worse": "worse", "level": "not shown to differ"}[found["verdict"]]
        lines.append(f"{named} ({found['low']:+.3f} to {found['high']:+.3f}): {shown}.")
    return lines


def _savings(savings: list[dict[str, Any]]) -> list[str]:
    from labeler.charts.modalities import MODALITY_NAMES

    lines = []
    for found in savings:
        first, second = MODALITY_NAMES[found["first"]], MODALITY_NAMES[found["second"]]
        if not found["known"] and found["at_least"] is not None:
            lines.append(f"{first} needs at least {found['at_least']:.1f} times less data than {second} ({found['why']}).")
            continue
        if not found["known"]:
            lines.append(f"{first} against {second}: how many times less data it needs is not known ({found['why']}).")
            continue
        lines.append(
            f"{first} needs {found['times']:.1f} times less data than {second} ({found['low']:.1f}-{found['high']:.1f}): "
            f"{found['first_labels']:.0f} labels in place of {found['second_labels']:.0f} for a UA of {found['ua']:.3f}."
        )
    return lines
