"""Commands that change the label set after the start: `earmark labels list`, `add`, `rename`, `merge`, `retire`, `restore`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from db.changes.label_set import add_label, merge_label, rename_label, restore_label, retire_label
from db.decisions.log import answers_by_label
from db.models import Label
from db.records.label_history import labels_as_of
from db.records.people.annotators import checked_name
from labeler.cli.output import json_option, opened, print_result
from labeler.words.run import counted

by_option = click.option("--by", metavar="NAME", default=None, help="Who changes it; kept with the change.")


@click.group()
def labels() -> None:
    """List and change the labels. Answers stay in the log whatever becomes of their labels."""


@labels.command("list")
@json_option
@click.pass_obj
def list_(directory: Path, as_json: bool) -> None:
    """List all labels, with the number of their answers; also those that are not in use any more."""
    with opened(directory) as project, project.read() as session:
        found, answers = labels_as_of(session), answers_by_label(session)
    names = {label.id: label.name for label in found}
    document = [
        {
            "id": label.id,
            "name": label.name,
            "active": label.active,
            "merged_into": None if label.merged_into_id is None else names[label.merged_into_id],
            "answers": answers.get(label.id, 0),
        }
        for label in found
    ]
    print_result(document, as_json=as_json, lines=lambda: [_line(row) for row in document])


@labels.command()
@click.argument("name")
@by_option
@json_option
@click.pass_obj
def add(directory: Path, name: str, by: str | None, as_json: bool) -> None:
    """Add the label NAME behind the others."""
    _change(directory, lambda session, who: add_label(session, name, by=who), by, as_json, "The label {name} is offered now.")


@labels.command()
@click.argument("name")
@click.argument("new_name")
@by_option
@json_option
@click.pass_obj
def rename(directory: Path, name: str, new_name: str, by: str | None, as_json: bool) -> None:
    """Call the label NAME from now on NEW_NAME. Its answers stay with it."""
    said = f"The label {name} is called {{name}} now; its answers stay with it."
    _change(directory, lambda session, who: rename_label(session, name, new_name, by=who), by, as_json, said)


@labels.command()
@click.argument("name")
@click.argument("into")
@by_option
@json_option
@click.pass_obj
def merge(directory: Path, name: str, into: str, by: str | None, as_json: bool) -> None:
    """Let the answers of the label NAME count as those of the label INTO, and offer NAME no more."""
    said = f"The label {{name}} is part of {into} now: its answers count as {into}."
    _change(directory, lambda session, who: merge_label(session, name, into=into, by=who), by, as_json, said)


@labels.command()
@click.argument("name")
@by_option
@json_option
@click.pass_obj
def retire(directory: Path, name: str, by: str | None, as_json: bool) -> None:
    """Offer the label NAME no more. Its answers stay in the log but count no longer, and their clips are asked again."""
    said = "The label {name} is retired: its answers stay in the log but count no longer, and their clips are asked again."
    _change(directory, lambda session, who: retire_label(session, name, by=who), by, as_json, said)


@labels.command()
@click.argument("name")
@by_option
@json_option
@click.pass_obj
def restore(directory: Path, name: str, by: str | None, as_json: bool) -> None:
    """Offer the label NAME again, which was retired or merged. Its answers count again, under its own name."""
    said = "The label {name} is offered again, and its answers count as its own."
    _change(directory, lambda session, who: restore_label(session, name, by=who), by, as_json, said)


def _change(
    directory: Path, change: Callable[[Session, str | None], Label], by: str | None, as_json: bool, sentence: str
) -> None:
    who = None if by is None else checked_name(by)
    with opened(directory) as project:
        with project.write() as session:
            changed = change(session, who)
        with project.read() as session:
            found = labels_as_of(session)
    names = {label.id: label.name for label in found}
    now = next(label for label in found if label.id == changed.id)
    in_use = [label.name for label in found if label.active]
    document = {
        "id": now.id,
        "name": now.name,
        "active": now.active,
        "merged_into": None if now.merged_into_id is None else names[now.merged_into_id],
        "labels": in_use,
    }
    print_result(
        document,
        as_json=as_json,
        # Replaced, not formatted: the names of labels may hold braces.
        lines=lambda: [
            sentence.replace("{name}", now.name),
            f"In use: {', '.join(in_use)}.",
            "An open page shows the change after it is reloaded; the learner trains anew when it runs (`earmark learn --once`).",
        ],
    )


def _line(row: dict[str, Any]) -> str:
    answers = counted(row["answers"], "answer")
    if row["active"]:
        return f"{row['name']}  ({answers})"
    if row["merged_into"] is not None:
        return f"{row['name']}  (merged into {row['merged_into']}: {answers})"
    return f"{row['name']}  (retired: {answers} that count no longer)"
