"""The command `corpora compare`: which of several models is significantly better, corpus by corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from labeler.cli.output import json_option, note, print_result
from labeler.cli.progress import progress_bar
from labeler.words.run import counted

TESTS = {"mcnemar": "McNemar's test", "aso": "Almost Stochastic Order", "ua": "Difference in UA"}
_SIGNS = {"better": "+", "worse": "-", "no difference": "="}
_MANY_RUNS = 10
_MOST_NOTES = 20


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN_A RUN_B…", type=click.Path(path_type=Path))
@click.option(
    "--threshold",
    type=click.FloatRange(0, 0.5, min_open=True),
    default=0.2,
    show_default=True,
    help="Almost Stochastic Order names a model better if eps_min is below it; its paper has 0.5.",
)
@click.option("--mid-p", is_flag=True, help="McNemar's mid-p test, which is less cautious than the exact one.")
@click.option("--plot", type=click.Path(path_type=Path), default=None, help="Draw the differences to a .png, .svg or .html file.")
@json_option
def compare(runs: tuple[Path, ...], threshold: float, mid_p: bool, plot: Path | None, as_json: bool) -> None:
    """Compare models on the held-out clips of every corpus: RUN_B, and each further one, against RUN_A.

    Each RUN is a folder that `earmark corpora train --output` wrote. Three tests answer: McNemar's exact test on the clips,
    Almost Stochastic Order over the runs, and the difference in UA with its interval over speakers. All are corrected for the
    number of corpora. See docs/many-corpora.md.
    """
    from labeler.charts.files import check_chart_file, save_chart
    from labeler.charts.run_comparison import run_comparison_chart
    from learner.run_comparison.compare import compare_run_folders

    if plot is not None:
        check_chart_file(plot)
    document = compare_run_folders(runs, threshold=threshold, mid_p=mid_p, watch=progress_bar)
    for found in document["comparisons"]:
        for left_out in found["left_out"][:_MOST_NOTES]:
            note(f"left out {left_out['corpus']}: {left_out['reason']}")
    if plot is not None:
        save_chart(run_comparison_chart(document), plot)
    print_result(document, as_json=as_json, lines=lambda: _lines(document))


def _lines(document: dict[str, Any]) -> list[str]:
    first = document["first"]
    lines: list[str] = []
    for found in document["comparisons"]:
        lines += [
            f"{_title(found)} against {_title(first)}; {_number_of_runs(found, first)}.",
            "",
            *_table(found),
            "",
            *(f"{name}: {found['counts'][test]['sentence']}." for test, name in TESTS.items()),
            *_warnings(found, first),
            "",
        ]
    return [
        *lines,
        f"+ better, - worse, = no difference; p below {document['sure_below']:g} after Holm's correction, or eps_min below "
        f"{document['aso_threshold']:g}.",
    ]


def _title(found: dict[str, Any]) -> str:
    return f"{found['mode']} ({found['backbone']}) of {found['folder']}"


def _number_of_runs(found: dict[str, Any], first: dict[str, Any]) -> str:
    if found["runs"] == first["runs"]:
        return f"{counted(found['runs'], 'run')} of each"
    return f"{counted(found['runs'], 'run')} against {first['runs']}"


def _table(found: dict[str, Any]) -> list[str]:
    head = (
        "corpus",
        "clips",
        "speakers",
        "UA",
        "of first",
        "difference (95%)",
        "p",
        "right in this/first only",
        "McNemar p",
        "eps_min",
    )
    rows = [head, *map(_row, found["corpora"])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(corpus: dict[str, Any]) -> tuple[str, ...]:
    difference, clips, order = corpus["ua"], corpus["mcnemar"], corpus["aso"]
    return (
        _short(corpus["corpus"]),
        str(corpus["clips"]),
        str(corpus["speakers"] or "-"),
        f"{corpus['ua_mean']:.3f}",
        f"{corpus['ua_mean_of_first']:.3f}",
        f"{difference['difference']:+.3f} ({_interval(difference)})",
        _with_sign(difference["p_holm"], difference["verdict"]),
        f"{clips['only_this']:.3g}/{clips['only_first']:.3g}",
        _with_sign(clips["p_holm"], clips["verdict"]),
        _with_sign(order["eps_min"], order["verdict"], form=".2f"),
    )


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:11]}…{name[-12:]}"


def _interval(difference: dict[str, Any]) -> str:
    return "too few speakers" if difference["why_not"] else f"{difference['low']:+.3f} to {difference['high']:+.3f}"


def _with_sign(value: float | None, verdict: str, *, form: str = ".2g") -> str:
    return "-" if value is None else f"{value:{form}} {_SIGNS[verdict]}"


def _warnings(found: dict[str, Any], first: dict[str, Any]) -> list[str]:
    """What these results cannot show."""
    lines = []
    by_chance = [corpus["aso"]["complete_by_chance"] for corpus in found["corpora"] if corpus["aso"]["complete_by_chance"]]
    if min(found["runs"], first["runs"]) < _MANY_RUNS and by_chance:
        lines.append(
            f"Almost Stochastic Order knows few runs: where nothing differs, all runs of one model win in {by_chance[0]:.0%} "
            "of the cases, and eps_min is then 0."
        )
    if not by_chance:
        lines.append("Almost Stochastic Order needs at least two runs of each model, and scores that differ.")
    return lines
