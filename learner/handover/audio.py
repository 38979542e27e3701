"""Audio of an export: each clip's file copied byte for byte, or the clip cut out of it, under a name that is safe everywhere."""

from __future__ import annotations

from pathlib import Path

from db.exports.rows import ClipRow


class AudioPlacer:
    """Puts audio below a folder, each file once."""

    def __init__(self, *, cut: bool) -> None:
        self._cut = cut

    def __call__(self, row: ClipRow, folder: Path) -> str:
        """The path of the clip's audio relative to the folder, with slashes."""
        raise NotImplementedError
