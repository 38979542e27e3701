"""Is each audio file where it was and as it was, and is there anything to hear in it?

All paths are looked at, which is quick. Decoding is not: a sample of clips is decoded, unless all are wanted.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from db.errors import AudioError
from db.project import OpenProject
from db.records.audio_files import FileInUse, audio_of, count_files_in_use, files_in_use, random_clips
from db.records.clips import ClipAudio
from learner.audio.address import is_address
from learner.audio.decoding import content_hash, validate
from learner.audio.elsewhere.local_copy import status_of
from learner.audio.reader import AudioMissing, Validated
from learner.doctor.finding import Finding, Tally
from learner.progress import Progress

CLIPPED = 0.001
"""A clip is clipped if this share of its samples is at full scale: distortion is heard from about there on."""
_BATCH, _FILES = 200, 2000
"""Clips and files that are read from the database at a time."""
_WORKERS = 2
_REMEDIES = {
    "missing": (
        "are not where they were",
        "Bring them back, or let `earmark doctor --relink FOLDER` find them where they are now.",
    ),
    "elsewhere": (
        "cannot be fetched from where they are",
        "Check the network, the credentials, and whether the objects are still there.",
    ),
    "unreadable": ("cannot be read by this user", "Change their permissions, or those of the folders they are in."),
    "changed": (
        "hold other bytes than at their import",
        "Let `earmark doctor --relink FOLDER` find the old files, or import the new ones as new clips.",
    ),
}
_OF_CLIPS = {
    "undecodable": ("cannot be decoded", "Copy or convert their files again, then import them."),
    "silent": ("are silent", "Skip them when they are asked about, or leave them out of the data set."),
    "clipped": (
        "are clipped: samples stand at full scale",
        "Listen to one; if it is distorted, get a recording with a lower level, as no program can mend it.",
    ),
    "too-loud": (
        "have samples far beyond full scale",
        "Scale their files down to between -1 and 1, since players clip them to noise.",
    ),
    "dead-channels": (
        "have channels that carry nothing",
        "Nothing is lost, since Earmark leaves these channels out; check the microphone before the next recording.",
    ),
    "cancelled-channels": (
        "have channels that cancel each other out",
        "Nothing is lost, since Earmark takes the loudest one alone; check the poles of the cable before the next recording.",
    ),
}


@dataclass
class Paths:
    """What became of the files."""

    wants_lost: bool = False
    tallies: dict[str, Tally] = field(default_factory=lambda: {kind: Tally() for kind in _REMEDIES})
    lost: dict[int, list[int]] = field(default_factory=dict)
    """Ids of those that are not as they were, by the size that they had; only if they are wanted, as they may be millions."""
    other_bytes: set[str] = field(default_factory=set)
    """Paths that hold something else now."""

    def add(self, kind: str, file: FileInUse) -> None:
        """A file with this trouble."""
        self.tallies[kind].add(file.path)
        if self.wants_lost:
            self.lost.setdefault(file.size, []).append(file.id)
        if kind == "changed":
            self.other_bytes.add(file.path)

    def findings(self) -> Iterator[Finding]:
        """What was found."""
        for kind, tally in self.tallies.items():
            if tally.count:
                what, remedy = _REMEDIES[kind]
                yield _finding(kind, tally, f"{tally.count} audio files {what}", f"1 audio file {_of_one(what)}", remedy)


def look_at_paths(project: OpenProject, *, wants_lost: bool = False, progress: Progress) -> Paths:
    """Compare all files with what was noted of them when they were imported; only those of another time are read."""
    found, last, done = Paths(wants_lost), 0, 0
    with project.read() as session:
        total = count_files_in_use(session)
    progress(0, total)
    while True:
        # In portions: a transaction of hours would keep the database from cleaning up.
        with project.read() as session:
            files = files_in_use(session, after=last, most=_FILES)
        if not files:
            return found
        for file in files:
            kind = trouble_of(file)
            if kind is not None:
                found.add(kind, file)
            done += 1
            progress(done, max(done, total))
        last = files[-1].id


def trouble_of(file: FileInUse) -> str | None:
    """`missing`, `unreadable`, `elsewhere` (an object that cannot be fetched), `changed`, or None."""
    try:
        status = status_of(file.path)
        if not stat.S_ISREG(status.st_mode):
            return "missing"
        if not is_address(file.path) and not os.access(file.path, os.R_OK):
            return "unreadable"
        if status.st_size != file.size:
            return "changed"
        if status.st_mtime_ns != file.mtime_ns and content_hash(file.path) != file.content_hash:
            return "changed"
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except (OSError, ValueError, AudioMissing):
        return "elsewhere" if is_address(file.path) else "unreadable"
    return None


@dataclass
class Decoded:
    """How many clips were decoded, and what was wrong with them."""

    clips: int = 0
    tallies: dict[str, Tally] = field(default_factory=lambda: {kind: Tally() for kind in _OF_CLIPS})
    others: dict[str, Tally] = field(default_factory=dict)
    """By the sentence of a remark that belongs to no kind."""

    def add(self, clip: ClipAudio, decoded: Validated | AudioError) -> None:
        """What decoding a clip has given."""
        self.clips += 1
        if isinstance(decoded, AudioError):
            self.tallies["undecodable"].add(clip.file_name)
            return
        for kind in _troubles(decoded):
            self.tallies[kind].add(clip.file_name)
        for remark in decoded.others:
            self.others.setdefault(remark, Tally()).add(clip.file_name)

    def findings(self) -> Iterator[Finding]:
        """What was found."""
        of = f"{self.clips} decoded clips" if self.clips != 1 else "1 decoded clip"
        for kind, tally in self.tallies.items():
            if tally.count:
                what, remedy = _OF_CLIPS[kind]
                yield _finding(kind, tally, f"{tally.count} of {of} {what}", f"1 of {of} {_of_one(what)}", remedy)
        for remark, tally in self.others.items():
            clips = "1 clip" if tally.count == 1 else f"{tally.count} clips"
            yield Finding(
                subject="audio",
                kind="remark",
                what=f"Of {clips}: {remark}",
                remedy="Listen to one, and replace the files if that matters.",
                is_problem=False,
                count=tally.count,
                examples=tuple(tally.examples),
            )


def decode_sample(project: OpenProject, count: int | None, *, without: set[str], progress: Progress) -> Decoded:
    """Decode so many clips, drawn at random, or all.

    Args:
        without: paths that need not be tried.
    """
    found = Decoded()
    with project.read() as session:
        clip_ids = random_clips(session, count)
    waiting, done = iter(clip_ids), 0
    progress(0, len(clip_ids))
    with ThreadPoolExecutor(_WORKERS, thread_name_prefix="doctor") as pool:
        while batch := list(islice(waiting, _BATCH)):
            with project.read() as session:
                clips = [clip for clip in audio_of(session, batch) if clip.path not in without]
            for clip, decoded in zip(clips, pool.map(_decoded, clips), strict=True):
                if not isinstance(decoded, AudioMissing):
                    found.add(clip, decoded)
            done += len(batch)
            progress(done, len(clip_ids))
    return found


def _decoded(clip: ClipAudio) -> Validated | AudioError:
    try:
        return validate(clip.path, start=clip.start, end=None if clip.whole else clip.end)
    except AudioError as error:
        return error


def _troubles(decoded: Validated) -> Iterator[str]:
    levels = decoded.levels
    if levels.is_silent:
        yield "silent"
        return
    if levels.is_too_loud:
        yield "too-loud"
    elif levels.clipped >= CLIPPED:
        yield "clipped"
    if levels.mix.cancelled:
        yield "cancelled-channels"
    elif len(levels.mix.used) < levels.mix.channels:
        yield "dead-channels"


def _finding(kind: str, tally: Tally, several: str, one: str, remedy: str) -> Finding:
    what = one if tally.count == 1 else several
    examples = tuple(tally.examples)
    return Finding(subject="audio", kind=kind, what=f"{what}.", remedy=remedy, count=tally.count, examples=examples)


def _of_one(what: str) -> str:
    """The words for one file or clip."""
    verb, _, rest = what.partition(" ")
    rest = rest.replace("where they were", "where it was").replace("at their import", "at its import")
    return f"{ {'are': 'is', 'have': 'has', 'hold': 'holds'}.get(verb, verb) } {rest}"
