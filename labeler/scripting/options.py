"""Options as commands and scripts give them: times, names out of a list, and what an export shall hold."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, TypedDict, TypeVar, overload

from db.errors import FormatError
from db.exports.choice import AudioAs, ExportChoice, LabelKind, RowsOf, SplitShares

Time = datetime | str | float
"""A time: ISO 8601 or a datetime, both in UTC if they name no time zone, or seconds since 1970."""
Option = TypeVar("Option", bound=enum.StrEnum)


class ExportOptions(TypedDict, total=False):
    """What may be chosen; the defaults are one row for each labelled clip, without audio unless the format needs it."""

    rows: str
    """`consensus` (one row a clip) or `decisions`."""
    audio: str | None
    """`none`, `copy` (whole files) or `cut` (each clip); None: as the format needs it."""
    splits: str | None
    """Shares of train, dev and test, such as `80/10/10`; no speaker is in two of them."""
    labels: Collection[str]
    """Only clips with one of these labels; empty for all."""
    min_agreement: float | None
    """Only clips of whose labels at least this share agree, 0 to 1."""
    min_confidence: float | None
    """Only labels that are right with at least this probability."""
    since: Time | None
    """Only answers given at this time or later."""
    until: Time | None
    """Only answers given before this time."""
    as_of: Time | None
    """The project as it was then: makes an earlier export again."""
    gold_only: bool
    """Only labels that a reviewer fixed."""
    predicted: bool
    """Add clips that nobody labelled, with the label that the classifier predicts."""
    unlabelled: bool
    """Add clips without any label."""
    safe_for_spreadsheets: bool
    """In csv, an apostrophe before texts that a spreadsheet would run as formulas."""


def export_choice(
    *,
    rows: str = RowsOf.CONSENSUS,
    audio: str | None = None,
    splits: str | None = None,
    labels: Collection[str] = (),
    min_agreement: float | None = None,
    min_confidence: float | None = None,
    since: Time | None = None,
    until: Time | None = None,
    as_of: Time | None = None,
    gold_only: bool = False,
    predicted: bool = False,
    unlabelled: bool = False,
    safe_for_spreadsheets: bool = False,
) -> ExportChoice:
    """What `ExportOptions` choose.

    Raises:
        FormatError: a value cannot be used.
    """
    if isinstance(labels, str):
        raise FormatError(f"The labels of an export cannot be one text ({labels!r}); give a list of labels.")
    kinds = {LabelKind.GOLD} if gold_only else {LabelKind.GOLD, LabelKind.CONSENSUS}
    return ExportChoice(
        rows=option_of("kind of rows", RowsOf, rows) or RowsOf.CONSENSUS,
        audio=option_of("kind of audio", AudioAs, audio),
        splits=None if splits is None else SplitShares.parse(splits),
        labels=frozenset(labels) or None,
        least_agreement=min_agreement,
        least_confidence=min_confidence,
        since=seconds_of(since),
        until=seconds_of(until),
        kinds=frozenset(kinds | ({LabelKind.PREDICTED} if predicted else set()) | ({LabelKind.NONE} if unlabelled else set())),
        as_of=seconds_of(as_of),
        for_spreadsheets=safe_for_spreadsheets,
    )


@overload
def seconds_of(time: Time) -> float: ...
@overload
def seconds_of(time: None) -> None: ...
def seconds_of(time: Time | None) -> float | None:
    """Seconds since 1970.

    Raises:
        FormatError: it is no time.
    """
    if time is None or isinstance(time, int | float):
        return time
    try:
        found = time if isinstance(time, datetime) else datetime.fromisoformat(time)
        # In UTC it may be a year that there is not.
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).timestamp()
    except (ValueError, TypeError, OverflowError) as error:
        raise FormatError(f"{time!r} is no time; write one such as 2026-11-25 or 2026-11-25T18:30:00+01:00.") from error


@overload
def option_of(what: str, known: type[Option], value: str | None) -> Option | None: ...
@overload
def option_of(what: str, known: Mapping[str, Any], value: str | None) -> str | None: ...
def option_of(what: str, known: type[enum.StrEnum] | Mapping[str, Any], value: str | None) -> str | None:
    """One of the known values; None stays None.

    Raises:
        FormatError: it is another one.
    """
    names = [str(name) for name in known]
    if value is not None and value not in names:
        raise FormatError(f"{value!r} is no {what}; use one of: {', '.join(names)}.")
    return known(value) if value is not None and isinstance(known, type) else value
