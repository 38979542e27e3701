"""Columns of clips, read for all of them at once: texts to search, columns of the manifest, and orders that the database knows.

Texts are compared here and not by the database: SQLite takes Ä and ä for different letters, and macOS writes either as two
characters in names of files.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, select, type_coerce
from sqlalchemy.orm import Session

from db.browsing.choice import ClipChoice, Order
from db.models import Clip, ClipAlias, ClipChange, ClipState, Comment, Decision, Flag

_EVERY = 50
"""Of the clips, one in so many is looked at to learn which columns there are."""
_AT_THE_ENDS = 500
"""Clips looked at from the beginning and from the end."""
MOST_COLUMNS = 200
SPLIT = "split"
"""A column of the manifest that has one of its own in the database."""


BY_DATABASE = frozenset({Order.IMPORTED, Order.FILE_NAME, Order.SPEAKER, Order.SECONDS})
"""Orders by columns of the database."""


def clips_version(session: Session) -> tuple[object, ...]:
    """Numbers that change whenever a clip is added, changed, set aside or withdrawn."""
    states = session.execute(select(Clip.state, func.count(), func.max(Clip.id)).group_by(Clip.state).order_by(Clip.state))
    changes = session.scalar(select(func.max(ClipChange.id)))
    aliases = session.scalar(select(func.max(ClipAlias.id)))
    return (*map(tuple, states), changes, aliases)


def notes_version(session: Session) -> tuple[object, ...]:
    """Numbers that change whenever somebody has noted something of a clip."""
    return tuple(session.scalar(select(func.max(table.id))) for table in (Flag, Comment, Decision))


def in_order(session: Session, choice: ClipChoice) -> list[int]:
    """The clips that have the state, speaker and length that are chosen, in one of the orders of `BY_DATABASE`."""
    seconds = Clip.end - Clip.start
    query = select(Clip.id).where(Clip.state == choice.state)
    if choice.speaker is not None:
        query = query.where(Clip.speaker == choice.speaker)
    if choice.shortest is not None:
        query = query.where(seconds >= choice.shortest)
    if choice.longest is not None:
        query = query.where(seconds <= choice.longest)
    by = {Order.FILE_NAME: Clip.file_name, Order.SPEAKER: Clip.speaker, Order.SECONDS: seconds}
    order = by.get(Order(choice.order), Clip.id)
    ordered = order.desc() if choice.descending else order.asc()
    return list(session.scalars(query.order_by(ordered.nulls_last(), Clip.id)))


def searched_texts(session: Session, *, state: ClipState) -> dict[int, str]:
    """File name, transcript, and other names under which it was imported, folded, by clip; a line for each."""
    names = session.execute(select(Clip.id, Clip.file_name, Clip.transcript).where(Clip.state == state))
    found = {clip: folded(f"{name}\n{spoken}" if spoken else name) for clip, name, spoken in names}
    for clip, name in session.execute(select(ClipAlias.clip_id, ClipAlias.file_name)):
        if clip in found:
            found[clip] += f"\n{folded(name)}"
    return found


def clips_noted(session: Session, search: str) -> set[int]:
    """The clips of which somebody noted the text: with a flag, in a comment, or as the reason for an answer."""
    wanted = folded(search)
    notes = (
        select(Flag.clip_id, Flag.note).where(Flag.note != ""),
        select(Comment.clip_id, Comment.text),
        select(Decision.clip_id, Decision.reason).where(Decision.reason.is_not(None)),
    )
    return {clip for query in notes for clip, text in session.execute(query) if wanted in folded(text or "")}


def column_values(session: Session, column: str, *, state: ClipState) -> dict[int, str]:
    """What a column of the manifest holds, as text, by clip; clips without a value are left out."""
    if column == SPLIT:
        splits = select(Clip.id, Clip.split).where(Clip.state == state, Clip.split.is_not(None))
        return {clip: split for clip, split in session.execute(splits) if split}
    rows = session.execute(select(Clip.id, _as_text()).where(Clip.state == state))
    # Most texts are like others: `json` is asked only about those that name the column.
    name = json.dumps(column)
    found = ((clip, json.loads(text).get(column)) for clip, text in rows if text and name in text)
    return {clip: shown(value) for clip, value in found if value is not None and value != ""}


def manifest_columns(session: Session) -> list[str]:
    """The names of the manifest's columns that clips have, sorted; found in a part of a large project."""
    split = session.scalars(select(Clip.id).where(Clip.split.is_not(None)).limit(1)).first()
    names: dict[str, None] = {} if split is None else {SPLIT: None}
    for extra in _some(session):
        if len(names) >= MOST_COLUMNS:
            break
        names.update(dict.fromkeys(extra))
    return sorted(names)[:MOST_COLUMNS]


def _some(session: Session) -> Iterator[dict[str, Any]]:
    query = select(Clip.extra).where(Clip.state != ClipState.WITHDRAWN)
    for part in (
        query.order_by(Clip.id).limit(_AT_THE_ENDS),
        query.order_by(Clip.id.desc()).limit(_AT_THE_ENDS),
        query.where(Clip.id % _EVERY == 0),
    ):
        yield from (extra for extra in session.scalars(part) if extra)


def _as_text() -> ColumnElement[str]:
    """The JSON as it is stored: SQLAlchemy would read each row's."""
    return cast(type_coerce(Clip.extra, Text), Text)


def shown(value: Any) -> str:
    """A value of a manifest as text: yes and no as JSON writes them."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def folded(text: str) -> str:
    """The same text for writings that differ only in case or in Unicode form."""
    return text.casefold() if text.isascii() else unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
