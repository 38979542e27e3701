"""Export as label tracks of Audacity: a text file for each recording, with start, end and label of each clip."""

from __future__ import annotations

from pathlib import Path

from db.exports.contents import Contents
from db.exports.safe_names import SafeNames


def write_audacity(contents: Contents, folder: Path) -> int:
    """Write one label track for each recording, named after it; returns the number of clips. A missing label is an empty text."""
    names, count = SafeNames(), 0
    tracks: dict[str, tuple[str, list[tuple[float, float, str]]]] = {}
    for row in contents.clips():
        audio = contents.audio(row)
        # With cut audio each clip is a recording; otherwise those of one file are.
        recording = audio if contents.is_cut else row.content_hash
        if recording not in tracks:
            name = audio.removeprefix("audio/") if contents.holds_audio else row.file_name
            tracks[recording] = names.take(name, identity=recording, suffix=".txt"), []
        start, end = (0.0, row.end - row.start) if contents.is_cut else (row.start, row.end)
        tracks[recording][1].append((start, end, row.label or ""))
        count += 1
    for name, clips in tracks.values():
        track = folder / name
        track.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{start:.6f}\t{end:.6f}\t{label}\n" for start, end, label in sorted(clips)]
        track.write_text("".join(lines), encoding="utf-8", newline="\n")
    return count
