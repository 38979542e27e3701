"""Commands that show what is in a project: `status` and `curve`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from db.records.runs import latest_evaluated_run
from db.reports import NewSpeakers, OutlookReport
from labeler.cli.output import json_option, opened, print_result
from labeler.project import Project
from labeler.words.better_features import WHAT_STAYS
from labeler.words.outlook import advice_in_words, forecast_in_words, more_clips_in_words, saved_in_words
from labeler.words.run import clips_with_words, counted, new_speakers_in_words, speakers_in_words


@click.command()
@json_option
@click.pass_obj
def status(directory: Path, as_json: bool) -> None:
    """Show the project in numbers."""
    with Project.open(directory) as project:
        document = project.status()
    print_result(document, as_json=as_json, lines=lambda: _status_lines(document, _outlook_of(document)))


def _status_lines(document: dict[str, Any], outlook: OutlookReport | None) -> list[str]:
    lines = [
        f"{counted(document['clips'], 'clip')}, {document['embedded']} embedded"
        + (f" with {document['encoder']}" if document["encoder"] else ""),
        *_word_lines(document["words"]),
        *_files_that_are_no_clips(document),
        f"{counted(document['decisions'], 'decision')} by {counted(document['annotators'], 'annotator')}; "
        f"{counted(document['labeled'], 'clip')} labelled: "
        + ", ".join(f"{label} {count}" for label, count in document["per_label"].items()),
    ]
    better = [_offer_line(offer) for offer in document["better_features"]]
    better += [WHAT_STAYS] if better else []
    finetuned = [] if document["finetuned"] is None else [document["finetuned"]["line"]]
    knows = [document["encoder_knows"]] if document["encoder_knows"] else []
    return [*lines, *_run_lines(document, outlook), *knows, *finetuned, *better]


def _word_lines(words: dict[str, Any] | None) -> list[str]:
    if words is None:
        return []
    there = f"Words ({words['text_encoder']}): {clips_with_words(words['with_words'], words['without'])}."
    return [" ".join([there, *(words["sentences"] or ["The learner has not decided yet whether it uses them."])])]


def _offer_line(offer: dict[str, Any]) -> str:
    commands = ", then ".join(command for command in (offer["install"], offer["command"]) if command)
    sentences = [offer["what"], offer["gain"], *offer["costs"], f"To have them, run: {commands}"]
    return " ".join(sentence for sentence in sentences if sentence)


def _run_lines(document: dict[str, Any], outlook: OutlookReport | None) -> list[str]:
    run = document["run"]
    if run is None:
        return ["No run yet."]
    if run["ua"] is None:
        return [f"Run {run['id']} on {counted(run['decisions'], 'decision')}; its accuracy is not known yet."]
    scores = f"UA {run['ua']:.3f} ({run['ua_low']:.3f}-{run['ua_high']:.3f}), WA {run['wa']:.3f}"
    decisions, queue = counted(run["decisions"], "decision"), counted(document["queue"], "clip")
    new_speakers = new_speakers_in_words(_new_speakers_of(run))
    return [
        f"Run {run['id']} on {decisions}: {scores}; {queue} in the queue.",
        *([new_speakers] if new_speakers else []),
        *_outlook_lines(outlook),
    ]


def _new_speakers_of(run: dict[str, Any]) -> NewSpeakers | None:
    return None if run["new_speakers"] is None else NewSpeakers.model_validate(run["new_speakers"])


def _files_that_are_no_clips(document: dict[str, Any]) -> list[str]:
    same, rejected = document["aliases"], document["rejected"]
    found = [
        f"{counted(same, 'more file')} with the same audio as another" if same else "",
        f"{counted(rejected, 'file')} rejected",
    ]
    return [", ".join(part for part in found if part) + "."] if same or rejected else []


def _outlook_of(document: dict[str, Any]) -> OutlookReport | None:
    return None if document["outlook"] is None else OutlookReport.model_validate(document["outlook"])


def _outlook_lines(outlook: OutlookReport | None) -> list[str]:
    sentences = [more_clips_in_words(outlook), advice_in_words(outlook), *forecast_in_words(outlook), *saved_in_words(outlook)]
    return [sentence for sentence in sentences if sentence]


@click.command()
@click.option("--output", type=click.Path(path_type=Path), default=None, help="Draw a chart to this .png, .svg or .html file.")
@json_option
@click.pass_obj
def curve(directory: Path, output: Path | None, as_json: bool) -> None:
    """Show accuracy against examples per class. Every point is scored on today's random slice."""
    with opened(directory) as project:
        document = Project(project).curve(output=output)
        with project.read() as session:
            run = latest_evaluated_run(session)
            caveat = "" if run is None else speakers_in_words(run)
    print_result(
        document,
        as_json=as_json,
        lines=lambda: [
            *_curve_lines(document["points"], slice_clips=document["slice_clips"], speakers=document["speakers"]),
            *([caveat] if caveat and document["points"] else []),
            *_outlook_lines(_outlook_of(document)),
        ],
    )


def _curve_lines(points: list[dict[str, Any]], *, slice_clips: int, speakers: int) -> list[str]:
    if not points:
        return ["No curve yet: it starts with the first labels and `earmark learn --once`."]
    scored_on = f"Scored on {counted(slice_clips, 'clip')} of the random slice from {counted(speakers, 'speaker')}."
    head = scored_on, "decisions  per class  smallest  UA"
    rows = [
        f"{point['decisions']:>9}  {point['examples_per_class']:>9.1f}  {point['smallest_class']:>8}  "
        + ("not known" if point["ua"] is None else f"{point['ua']:.3f} ({point['ua_low']:.3f}-{point['ua_high']:.3f})")
        for point in points
    ]
    return [*head, *rows]
