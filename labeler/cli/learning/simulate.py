"""The command that measures how many labels a strategy would have saved on a corpus whose labels are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from labeler.cli.data.set_up import corpus_option, speaker_option
from labeler.cli.learning.known_labels import note_known_labels
from labeler.cli.output import json_option, note, print_result
from labeler.cli.progress import progress_bar
from labeler.words.run import counted

share = click.FloatRange(0, 1, max_open=True)


@click.command()
@click.argument("manifest", type=click.Path(path_type=Path))
@click.option(
    "--encoder", default="bundled", show_default=True, help="bundled, whisper, logmel, egemaps, a hub id or a local folder."
)
@click.option("--layers", default=None, help="Of the encoder, as `embed` takes them.")
@click.option("--pooling", default=None, help="mean or mean+std.")
@click.option(
    "--strategy",
    "strategies",
    multiple=True,
    help="A name or an import path; as often as you like; default: default, margin. Random is always there to compare with.",
)
@click.option(
    "--seeds", type=click.IntRange(1), default=10, show_default=True, help="Repetitions, each with other speakers held out."
)
@click.option("--budget", type=click.IntRange(1), default=300, show_default=True, help="Labels, or all clips if they are fewer.")
@click.option("--batch", type=click.IntRange(1), default=10, show_default=True, help="Labels between two rankings.")
@click.option("--noise", type=share, default=0.0, show_default=True, help="Share of wrong answers.")
@click.option("--random-share", type=share, default=0.2, show_default=True, help="Share served for the random slice.")
@click.option(
    "--held-out", type=click.FloatRange(0.05, 0.8), default=0.2, show_default=True, help="Share of clips for the true score."
)
@click.option("--annotators", type=click.IntRange(1), default=1, show_default=True, help="How many label at the same time.")
@click.option(
    "--slow", type=click.FloatRange(1), default=1.0, show_default=True, help="How many times as long the last one takes."
)
@click.option("--estimates", is_flag=True, help="Also what the learner would have shown as its accuracy; takes long.")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--plot", type=click.Path(path_type=Path), default=None, help="Draw it to a .png, .svg or .html file.")
@corpus_option
@speaker_option
@json_option
def simulate(
    manifest: Path,
    corpus: str | None,
    speaker_from: str | None,
    encoder: str,
    layers: str | None,
    pooling: str | None,
    plot: Path | None,
    as_json: bool,
    jobs: int,
    **options: Any,
) -> None:
    """Replay the labels of a MANIFEST through the learner, and count how many it would have needed.

    With --corpus, MANIFEST is the folder of that corpus.

    The labels answer instead of an annotator; everything else is what the learner does with a project. The accuracy is measured
    on speakers that were held out. Whatever was simulated is kept in ~/.cache/earmark (EARMARK_CACHE names another), so that a
    stopped simulation goes on and a repeated one takes seconds.
    """
    from labeler.charts.files import check_chart_file, save_chart
    from labeler.charts.simulation import simulation_chart
    from learner.corpora.clips import manifest_clips
    from learner.corpora.encoded_corpus import encoded_corpus
    from learner.corpora.vector_cache import cache_folder
    from learner.simulation.comparison import compare_strategies

    if plot is not None:
        check_chart_file(plot)
    cache = cache_folder(None)
    clips = manifest_clips(manifest, corpus=corpus, speaker_from=speaker_from)
    for sentence in clips.notes:
        note(sentence)
    note_known_labels(encoder, clips.clips, layers=layers, pooling=pooling)
    encoded, left_out = encoded_corpus(clips, encoder=encoder, layers=layers, pooling=pooling, cache=cache, watch=progress_bar)
    for clip in left_out[:20]:
        note(f"left out {clip.file_name}: {clip.reason}")
    found = compare_strategies(encoded, _plan(options), cache=cache.parent / "simulate", jobs=jobs, watch=progress_bar)
    document = {**found, "manifest": str(manifest), "encoder": encoder, "left_out": len(left_out)}
    if plot is not None:
        save_chart(simulation_chart(document), plot)
    print_result(document, as_json=as_json, lines=lambda: _lines(document))


def _plan(options: dict[str, Any]) -> Any:
    from learner.simulation.comparison import STRATEGIES, Plan
    from learner.simulation.replay import Annotating

    strategies, seeds = options.pop("strategies"), options.pop("seeds")
    held_out, estimates = options.pop("held_out"), options.pop("estimates")
    return Plan(Annotating(**options), strategies or STRATEGIES, seeds=seeds, held_out=held_out, estimates=estimates)


def _lines(document: dict[str, Any]) -> list[str]:
    table = [("strategy", "AULC", "to 90%", "to 95%", "to 99%", "5 of each", "against random"), *map(_row, _best_first(document))]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return [
        f"{counted(document['clips'], 'clip')} with {counted(len(document['labels']), 'label')}, "
        f"{document['pool']} of them to label; "
        f"{counted(document['seeds'], 'seed')}, {document['random_share']:.0%} of the labels at random.",
        f"With all labels: UA {document['full_ua']:.3f} ({document['full_ua_low']:.3f}-{document['full_ua_high']:.3f}) "
        "on speakers held out.",
        "",
        *("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in table),
        "",
        "AULC: mean UA along the curve. Columns with % count labels until the mean over seeds stays above that share of the UA "
        "with all labels.",
    ]


def _best_first(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return sorted(document["strategies"].items(), key=lambda item: -item[1]["aulc"])


def _row(item: tuple[str, dict[str, Any]]) -> tuple[str, ...]:
    name, figures = item
    counts = [f"{figures[f'labels_to_{part}']}" if part in figures["reached"] else "not reached" for part in (90, 95, 99)]
    found = f"{figures['labels_to_five_each']:.0f}" + ("+" if figures["five_each_never"] else "")
    return name, f"{figures['aulc']:.3f}", *counts, found, _against(figures)


def _against(figures: dict[str, Any]) -> str:
    if "verdict" not in figures:
        return ""
    p = "" if figures["p"] is None else f", p = {figures['p']:.2g}"
    return f"{figures['verdict']}: {figures['wins']} won, {figures['losses']} lost{p}"
