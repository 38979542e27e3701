"""What formats with one label for each clip, or one clip for each file, have in common: what they cannot hold is refused."""

from __future__ import annotations

from collections.abc import Iterator

from db.errors import FormatError
from db.exports.contents import Contents
from db.exports.rows import ClipRow


def labelled(contents: Contents, *, format: str) -> Iterator[tuple[ClipRow, str]]:
    """The chosen clips, each with its label.

    Raises:
        FormatError: while the caller iterates: a clip has none.
    """
    for row in contents.clips():
        if row.label is None:
            raise FormatError(
                f"{format} has a label for each clip, and clip {row.clip_id} has none; leave clips without a label out."
            )
        yield row, row.label


def file_of_its_own(contents: Contents, row: ClipRow, *, format: str) -> str:
    """Where a clip's audio lies, for a format that knows no spans (see `Contents.audio`).

    Raises:
        FormatError: the clip is a part of its file.
    """
    if not (row.whole or contents.is_cut):
        raise FormatError(
            f"{format} has one label for each file, and clip {row.clip_id} is a part of {row.file_name!r}; export with audio cut."
        )
    return contents.audio(row)
