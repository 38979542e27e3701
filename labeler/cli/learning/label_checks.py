"""Commands about the quality of labels: `suspects` and `agreement`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from labeler.cli.output import json_option, print_result
from labeler.cli.progress import progress_bar
from labeler.project import Project
from labeler.words.run import counted


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The most labels to list.")
@json_option
@click.pass_obj
def suspects(directory: Path, limit: int, as_json: bool) -> None:
    """List the labels that are probably wrong, most suspicious first.

    Each label is judged by classifiers that were trained without the clip and its speaker. Clips whose label a reviewer has fixed
    are left out. The JSON also lists the clips that should be answered again, and how good each annotator is.
    """
    with Project.open(directory) as project, progress_bar("suspects", "head") as moved:
        report = project.suspects(limit=limit, progress=moved)
    print_result(report, as_json=as_json, lines=lambda: _suspect_lines(report))


def _suspect_lines(report: dict[str, Any]) -> list[str]:
    if report["judged"] and not report["suspects"]:
        none = f"None of {counted(report['judged'], 'label')} that no reviewer fixed is contradicted"
        return [f"{none} by a classifier that was trained without the clip."]
    if not report["suspects"]:
        return ["Labels cannot be judged yet: this needs features and 20 labelled clips with two or more different labels."]
    rows = [
        f"{each['clip']:>7}  {each['score']:.3f}  {each['label']:<14} {each['likely']:<14} {each['file_name']}"
        for each in report["suspects"]
    ]
    return [f"{'clip':>7}  {'score':<5}  {'label':<14} {'likely':<14} file", *rows]


@click.command()
@click.option(
    "--within",
    type=click.FloatRange(0.005, 0.5),
    default=0.05,
    show_default=True,
    help="How surely alpha should be known, on both sides: then so many clips are needed.",
)
@json_option
@click.pass_obj
def agreement(directory: Path, within: float, as_json: bool) -> None:
    """Report how well annotators agree beyond chance, on the clips that several of them labelled.

    The last line says how many clips they must share to know it better.
    """
    with Project.open(directory) as project, progress_bar("agreement", "sample") as moved:
        report = project.agreement(within=within, progress=moved)
    print_result(report, as_json=as_json, lines=lambda: _agreement_lines(report))


def _agreement_lines(report: dict[str, Any]) -> list[str]:
    if not report["clips"]:
        return ["No clip has labels from two annotators yet.", *_plan_lines(report)]
    alpha = _number(report["alpha"])
    if report["alpha"] is not None:
        alpha += f" (95%: {report['alpha_low']:.3f} to {report['alpha_high']:.3f})"
    head = f"{counted(report['clips'], 'clip')} with labels of several annotators.", f"Krippendorff's alpha: {alpha}"
    pairs = [
        f"{' and '.join(pair['annotators'])}: {counted(pair['clips'], 'clip')}, {pair['agreed']:.0%} alike, "
        f"Cohen's kappa {_number(pair['kappa'])}"
        for pair in report["pairs"]
    ]
    return [*head, f"Fleiss' kappa: {_number(report['fleiss'])}", *pairs, *_plan_lines(report)]


def _plan_lines(report: dict[str, Any]) -> list[str]:
    plan = report["plan"]
    ways = " or ".join(f"{counted(way['clips'], 'clip')} by {way['annotators']}" for way in plan["needed"][:2])
    basis = "as often as now" if report["clips"] else f"on {plan['agreed']:.0%} of pairs"
    return [f"To know alpha to within {plan['within']:g}, if people agree {basis}: {ways} annotators each."]


def _number(value: float | None) -> str:
    return "undefined (only one label was given)" if value is None else f"{value:.3f}"
