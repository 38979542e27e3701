"""The label set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.errors import LabelError
from db.models import Label
from db.records.label_history import name_meanings

MOST_CHARACTERS = 100
Value = TypeVar("Value")


def checked_labels(labels: Sequence[str]) -> list[str]:
    """The labels without surrounding space, in order.

    Raises:
        LabelError: there is no label, or one is blank, too long, unprintable or given twice.
    """
    names = [label.strip() for label in labels]
    if not names:
        raise LabelError("A project needs at least one label; give them as --labels a,b,c.")
    given = Counter(names)
    for name in names:
        if not name or len(name) > MOST_CHARACTERS or not name.isprintable():
            raise LabelError(f"{name!r} cannot be a label; use 1 to {MOST_CHARACTERS} printable characters.")
        if given[name] > 1:
            raise LabelError(f"The label {name!r} is given twice; give each label once.")
    return names


def add_labels(session: Session, names: Sequence[str]) -> None:
    """Append labels to the label set."""
    first = len(session.scalars(select(Label.id)).all())
    session.add_all(Label(name=name, position=first + offset) for offset, name in enumerate(names))


def active_labels(session: Session) -> list[Label]:
    """The labels in use, in the order of their keys."""
    return list(session.scalars(select(Label).where(Label.active).order_by(Label.position)))


def label_name(session: Session, label_id: int | None) -> str | None:
    """The name of a label, in use or not; None where there is none."""
    label = None if label_id is None else session.get(Label, label_id)
    return None if label is None else label.name


def label_id_of(session: Session, name: str) -> int | None:
    """The id of the label that a name means today, in use or not; None for a name that no label has or had."""
    meant = name_meanings(session).get(name)
    return None if meant is None else meant.id


def answer_names(session: Session) -> dict[str, str]:
    """By every name that an answer may use: the name of the label in use that it counts as.

    These are the names in use, names that labels had before, and those of merged labels.
    """
    return {name: meant.name for name, meant in name_meanings(session).items() if meant.active}


def by_present_name(session: Session, given: Mapping[str, Value]) -> dict[str, Value]:
    """Values by label, given by names that may be older: by the names that the labels have now; none of retired labels.

    A label's own name counts more than a name it had, or that of a label merged into it. A name that never was one stays.
    """
    meanings = name_meanings(session)
    present = {name: name if name not in meanings else meanings[name].name for name in given}
    kept = [name for name in given if name not in meanings or meanings[name].active]
    return {present[name]: given[name] for name in sorted(kept, key=lambda name: present[name] == name)}


def label_by_name(session: Session, name: str) -> Label:
    """The label in use that is called `name`, or was called so before it was renamed or merged.

    Raises:
        LabelError: there is no such label, or it was retired; the message lists the labels in use.
    """
    label = session.scalars(select(Label).where(Label.active, Label.name == name)).first()
    if label is not None:
        return label
    meant = name_meanings(session).get(name)
    if meant is not None and meant.active:
        return session.get_one(Label, meant.id)
    known = ", ".join(row.name for row in active_labels(session))
    why = "is not in the label set" if meant is None else "is a label that was retired"
    raise LabelError(f"{name!r} {why}; use one of: {known}.")
