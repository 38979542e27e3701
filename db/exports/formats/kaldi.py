"""Export as a data folder of Kaldi, which ESPnet and other toolkits read too."""

from __future__ import annotations

import hashlib
import re
import shlex
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from db.errors import FormatError
from db.exports.contents import Contents
from db.exports.formats.labelled import labelled
from db.exports.rows import ClipRow


@dataclass(frozen=True)
class _Utterance:
    id: str
    recording: str
    audio: str
    speaker: str
    label: str
    start: float
    end: float
    is_part: bool
    """Whether it is a part of its recording."""
    transcript: str
    split: str


def write_kaldi(contents: Contents, folder: Path) -> int:
    """Write wav.scp, utt2spk, spk2utt, text and utt2label; returns the number of clips.

    Where clips are parts of files there is segments, and where it is known utt2transcript and utt2split.

    `text` holds the label as one word, as recipes for speech emotion expect it; `utt2label` holds it as it is. All files are
    sorted by bytes, as `LC_ALL=C sort` does. An utterance begins with its speaker and a hyphen, and names hold no other hyphens:
    so the order of utterances is that of speakers, too, which Kaldi checks. A clip without a known speaker is its own speaker.

    Raises:
        FormatError: a clip has no label, or a path cannot be written in a line.
    """
    names = _Names()
    found = [_utterance(contents, row, label, names) for row, label in labelled(contents, format="kaldi")]
    found.sort(key=lambda each: each.id)
    if any(each.is_part for each in found):
        recordings = {each.recording: _command(each.audio) for each in found}
        _write(folder / "wav.scp", (f"{name} {recordings[name]}" for name in sorted(recordings)))
        _write(folder / "segments", (f"{each.id} {each.recording} {each.start:.6f} {each.end:.6f}" for each in found))
    else:
        _write(folder / "wav.scp", (f"{each.id} {_command(each.audio)}" for each in found))
    _write(folder / "utt2spk", (f"{each.id} {each.speaker}" for each in found))
    _write(folder / "utt2label", (f"{each.id} {each.label}" for each in found))
    _write(folder / "text", (f"{each.id} {'_'.join(each.label.split())}" for each in found))
    if any(each.transcript for each in found):
        _write(folder / "utt2transcript", (f"{each.id} {each.transcript}" for each in found if each.transcript))
    if any(each.split for each in found):
        _write(folder / "utt2split", (f"{each.id} {each.split}" for each in found if each.split))
    speakers: dict[str, list[str]] = defaultdict(list)
    for each in found:
        speakers[each.speaker].append(each.id)
    _write(folder / "spk2utt", (f"{speaker} {' '.join(speakers[speaker])}" for speaker in sorted(speakers)))
    return len(found)


def _write(path: Path, lines: Iterable[str]) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)


def _utterance(contents: Contents, row: ClipRow, label: str, names: _Names) -> _Utterance:
    audio = contents.audio(row)
    if not audio.isprintable():
        raise FormatError(
            f"kaldi cannot hold the path {audio!r}, which has a line break or such in it; export with audio copied."
        )
    is_part = not (row.whole or contents.is_cut)
    recording = names.take("recording", key=audio, text=audio.removeprefix("audio/") if contents.holds_audio else row.file_name)
    span = f"_{round(row.start * 1000):08d}_{round(row.end * 1000):08d}" if is_part else ""
    name = names.take("utterance", key=f"clip {row.clip_id}", text=recording + span)
    if row.speaker is None:
        utterance = speaker = names.take("speaker", key=f"clip {row.clip_id}", text=name)
    else:
        speaker = names.take("speaker", key=f"speaker {row.speaker}", text=row.speaker)
        utterance = f"{speaker}-{name}"
    return _Utterance(
        id=utterance,
        recording=recording,
        audio=audio,
        speaker=speaker,
        label=label,
        start=row.start,
        end=row.end,
        is_part=is_part,
        transcript=" ".join((row.transcript or "").split()),
        split=" ".join((row.split or "").split()),
    )


def _command(audio: str) -> str:
    """How Kaldi is to read a file: WAV as it is, anything else through ffmpeg."""
    if audio.lower().endswith(".wav"):
        return audio
    return f"ffmpeg -nostdin -loglevel error -i {shlex.quote(audio)} -f wav -c:a pcm_s16le - |"


class _Names:
    """Names without spaces and hyphens, no two the same within a kind."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, str], str] = {}
        self._taken: set[tuple[str, str]] = set()

    def take(self, kind: str, *, key: str, text: str) -> str:
        """The name for a key, readable as `text`; the same key always has the same name."""
        if (kind, key) not in self._given:
            stem = text.rpartition(".")[0] if kind == "recording" else ""
            readable = re.sub(r"[^\w.]", "_", unicodedata.normalize("NFC", stem or text))
            if (kind, readable) in self._taken:
                readable += "_" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:8]
            self._taken.add((kind, readable))
            self._given[kind, key] = readable
        return self._given[kind, key]
