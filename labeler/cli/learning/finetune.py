"""The command `finetune`: recipes that train the encoder on labels, beside the frozen head, on the same held-out speakers.

The labels are those of a manifest, or a project's decisions.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from db.finetuned.worth_trying import labelled_now, worth_trying
from labeler.cli.data.set_up import corpus_option
from labeler.cli.learning.known_labels import note_known_labels
from labeler.cli.learning.saved_network import adopted, go_back, project_encoder_name, saved_json, saved_lines
from labeler.cli.output import json_option, note, opened, print_result
from labeler.cli.progress import progress_bar
from labeler.words.run import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from learner.corpora.clips import LabelledClips, LeftOut, ProbeClip
    from learner.finetuning.folds import Fold
    from learner.finetuning.project.scoring import ProjectSettings
    from learner.finetuning.result import FinetuneResult

METHODS = ("frozen", "v-ft", "tapt", "p-tapt")
HEADS = ("recipe", "plain")
_MOST_NOTES = 20


@click.command()
@click.argument("manifest", required=False, type=click.Path(path_type=Path))
@click.option("--method", type=click.Choice(METHODS), default="v-ft", show_default=True)
@click.option(
    "--encoder", default=None, help="bundled, a hub id or a local folder; default: bundled, or on a project the project's."
)
@click.option(
    "--folds",
    default=None,
    metavar="speaker|COLUMN|N",
    help="What is held out in turn: each speaker (the default), each value of a column (session, for example), or N groups of "
    "speakers. A project has its own folds.",
)
@click.option("--runs", type=click.IntRange(min=1), default=1, show_default=True, help="Trainings per fold, with other seeds.")
@click.option("--epochs", type=click.IntRange(min=1), default=None, help="Epochs of V-FT; default: those of the recipe.")
@click.option("--per-class", type=click.IntRange(min=1), default=None, help="Learn from so many labels of each class only.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), default=None, help="Folder for what is finished.")
@click.option(
    "--head",
    type=click.Choice(HEADS),
    default=HEADS[0],
    show_default=True,
    help="plain: mean over time and a linear layer, which transformers can compute; otherwise that of the recipe.",
)
@click.option(
    "--save",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=None,
    help="Then train a network on all labels, and write it to this folder, for `predict --model` and for transformers.",
)
@click.option(
    "--adopt",
    type=click.Choice(["encoder", "classifier", "none"]),
    default=None,
    help="On a project: then train a network that becomes its encoder, or the classifier of `predict`; none goes back.",
)
@click.option("--device", default=None, help="A torch device; default: a GPU if there is one.")
@click.option("--plot", type=click.Path(path_type=Path), default=None, help="Draw the confusions to this .png, .svg or .html.")
@corpus_option
@json_option
@click.pass_obj
def finetune(
    directory: Path,
    manifest: Path | None,
    method: str,
    encoder: str | None,
    folds: str | None,
    runs: int,
    epochs: int | None,
    per_class: int | None,
    seed: int,
    output: Path | None,
    head: str,
    save: Path | None,
    adopt: str | None,
    device: str | None,
    plot: Path | None,
    corpus: str | None,
    as_json: bool,
) -> None:
    """Fine-tune an encoder on the labels of a MANIFEST, or else of the project, and score it on speakers that were held out.

    frozen is the head that Earmark ships with, on features that stay as they are. v-ft trains the transformer on labels. tapt
    first continues the encoder's own pre-training on the fold's training clips, p-tapt first predicts clusters of their frames
    (Chen & Rudnicky 2021). With --corpus, MANIFEST is the folder of that corpus. A MANIFEST may be a
    label file of the form {"Train": {file: label}, "Val": {}, "Test": {}}. See docs/fine-tuning.md.

    Without a MANIFEST it learns from the project's decisions. It is then scored on the random slice, in the same folds as the
    project's own classifier and beside it, and `earmark status` shows the result.

    You can interrupt it: the same command goes on where it was. What is finished is kept in --output, by default in
    ~/.cache/earmark (EARMARK_CACHE names another folder), and that of a project in the project.

    With --save or --adopt no network normalises by speaker, since the speakers of new audio are unknown: what is scored is what
    is saved. An encoder that is adopted learns from no clip of the random slice.
    """
    from labeler.charts.files import check_chart_file
    from learner.corpora.vector_cache import cache_folder
    from learner.encoders.base import BUNDLED
    from learner.finetuning.experiment import FinetuneSettings
    from learner.finetuning.experiment import finetune as train
    from learner.finetuning.folds import SPEAKER
    from learner.finetuning.model.saving import finetune_and_save
    from learner.finetuning.project.scoring import ProjectSettings
    from learner.finetuning.recipe import recipe_for

    if save is not None and per_class is not None:
        raise click.UsageError("--save trains on all labels, so the score must be that of all; leave --per-class out.")
    if head != HEADS[0] and method == METHODS[0]:
        raise click.UsageError("--head is that of a network, and frozen trains none; leave it out.")
    if plot is not None:
        check_chart_file(plot)
    if manifest is None:
        _refuse_on_project({"--folds": folds, "--per-class": per_class, "--output": output, "--corpus": corpus})
        asked = ProjectSettings(method=method, encoder=encoder, runs=runs, seed=seed, epochs=epochs)
        if adopt == "none":
            if save is not None:
                raise click.UsageError("--adopt none trains nothing that --save could write; leave one of them out.")
            go_back(directory, as_json=as_json)
            return
        if head != HEADS[0]:
            asked = replace(asked, recipe=recipe_for(encoder or project_encoder_name(directory)).with_head(head))
        if adopt is None and save is None:
            _on_project(directory, asked, device=device, plot=plot, as_json=as_json)
        else:
            document, result = adopted(directory, asked, adopt=adopt, save=save, device=device)
            _print(document, result, plot=plot, as_json=as_json)
        return
    if adopt is not None:
        raise click.UsageError("--adopt changes a project, so it takes the project's decisions; leave MANIFEST out.")
    encoder, folds = encoder or BUNDLED, folds or SPEAKER
    labelled, folds_of = _clips(manifest, corpus=corpus, folds=folds)
    note_known_labels(encoder, labelled.clips)
    recipe = recipe_for(encoder).with_epochs(epochs)
    settings = FinetuneSettings(
        method=method, encoder=encoder, folds=folds, runs=runs, per_class=per_class, seed=seed,
        recipe=recipe if head == HEADS[0] else recipe.with_head(head),
    )  # fmt: skip
    how: dict[str, Any] = {
        "settings": settings, "output": output, "cache": cache_folder(None), "folds_of": folds_of, "device": device,
        "watch": progress_bar,
    }  # fmt: skip
    if save is None:
        result = train(labelled, **how)
        document = result.to_json()
    else:
        result, facts = finetune_and_save(labelled, save, **how)
        document = result.to_json() | {"saved": saved_json(save, facts)}
    _print(document, result, plot=plot, as_json=as_json)


def _refuse_on_project(options: dict[str, Any]) -> None:
    for name, value in options.items():
        if value is not None:
            raise click.UsageError(f"{name} goes with a MANIFEST; leave it out, or name one.")


def _on_project(directory: Path, settings: ProjectSettings, *, device: str | None, plot: Path | None, as_json: bool) -> None:
    from learner.finetuning.project.scoring import finetune_project

    with opened(directory) as project:
        with project.read() as session:
            answer = worth_trying(labelled_now(session))
        if settings.method != METHODS[0] and answer.possible and not answer.worth:
            note(answer.sentence)
        found = finetune_project(project, settings=settings, device=device, watch=progress_bar)
    _print(found.to_json(), found.result, plot=plot, as_json=as_json)


def _print(document: dict[str, Any], result: FinetuneResult, *, plot: Path | None, as_json: bool) -> None:
    from labeler.charts.files import save_chart

    _note_left_out(result.left_out)
    for remark in (*([document["variant"]] if document["variant"] else []), *document["remarks"]):
        note(remark)
    if plot is not None:
        save_chart(_confusions(document), plot)
    print_result(
        document,
        as_json=as_json,
        lines=lambda: [*_lines(document, clips=len(result.y)), *saved_lines(document)],
    )


def _clips(
    manifest: Path, *, corpus: str | None, folds: str
) -> tuple[LabelledClips, Callable[[Sequence[ProbeClip]], list[Fold]] | None]:
    """The clips, and how folds are made of them where that is not by speaker."""
    from learner.corpora.clips import manifest_clips
    from learner.finetuning.folds import SPEAKER, folds_of_clips
    from learner.finetuning.label_files import fold_of_parts, parts_of

    labelled = manifest_clips(manifest, corpus=corpus)
    for sentence in labelled.notes:
        note(sentence)
    part_of = parts_of(manifest) if corpus is None else None
    if part_of is not None:
        return labelled, lambda clips: fold_of_parts(clips, part_of)
    if folds == SPEAKER or folds.isdecimal():
        return labelled, None
    by_column = manifest_clips(manifest, corpus=corpus, speaker_from=folds)
    groups = {(clip.path, clip.start, clip.end): clip.speaker for clip in by_column.clips}
    return labelled, lambda clips: folds_of_clips([groups.get((clip.path, clip.start, clip.end)) for clip in clips], asked=folds)


def _note_left_out(left_out: list[LeftOut]) -> None:
    for clip in left_out[:_MOST_NOTES]:
        note(f"left out {clip.file_name}: {clip.reason}")
    if len(left_out) > _MOST_NOTES:
        note(f"left out {counted(len(left_out) - _MOST_NOTES, 'more clip')}.")


def _confusions(document: dict[str, Any]) -> Any:
    from db.reports import Confusion
    from labeler.charts.confusion import confusion_chart

    return confusion_chart(Confusion(**document["confusion"]))


def _lines(document: dict[str, Any], *, clips: int) -> list[str]:
    names = document["confusion"]["labels"]
    rows = [("held out", "clips", "UA by run", "WA", "F1", *names)]
    for fold in document["folds"]:
        runs = fold["runs"]
        recalls = [_mean([run["recall"][name] for run in runs if name in run["recall"]]) for name in names]
        held_out = ", ".join(fold["held_out"])
        rows.append(
            (
                held_out if len(held_out) <= 40 else f"{len(fold['held_out'])} speakers",
                str(fold["clips"]),
                " ".join(f"{run['ua']:.3f}" for run in runs),
                _mean([run["wa"] for run in runs]),
                _mean([run["f1"] for run in runs]),
                *recalls,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        f"{counted(clips, 'clip')}, {document['labels_per_fold']} labels to learn from in a fold; "
        f"{document['method']} of {document['encoder']}, {counted(len(document['folds'][0]['runs']), 'run')} per fold.",
        "",
        *("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows),
        "",
        f"UA {document['ua']:.3f} ({document['ua_low']:.3f}-{document['ua_high']:.3f}); median of folds and runs "
        f"{document['ua_median']:.3f}; deviation of folds {document['ua_fold_std']:.3f}, of runs {document['ua_run_std']:.3f}; "
        f"{document['seconds']:.0f} s.",
        *_beside_the_head(document),
    ]


def _beside_the_head(document: dict[str, Any]) -> list[str]:
    """On a project: the comparison in one line."""
    project = document.get("project")
    return [] if project is None else ["", f"{project['sentence'][:1].upper()}{project['sentence'][1:]}."]


def _mean(values: list[float]) -> str:
    return f"{sum(values) / len(values):.3f}" if values else ""
