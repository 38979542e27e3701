"""Make speech to train an encoder on: made-up sentences spoken by espeak-ng in many languages, voices and manners.

    python -m scripts.synthesise_speech FOLDER [--clips 3000]

Needs espeak-ng on the PATH. The words mean nothing, so that every voice can say every sentence in every manner. The same seed and
the same release of espeak-ng give the same clips.
"""

from __future__ import annotations

import argparse
import io
import random
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import soundfile
import soxr

LANGUAGES = [
    "en-us",
    "en-gb",
    "de",
    "fr-fr",
    "es",
    "it",
    "pt",
    "nl",
    "sv",
    "pl",
    "cs",
    "tr",
    "hu",
    "fi",
    "ro",
    "da",
    "nb",
    "sk",
    "hr",
]
VARIANTS = ["m1", "m2", "m3", "m4", "m5", "m6", "m7", "f1", "f2", "f3", "f4", "f5"]
SAMPLING_RATE = 16_000
_ONSETS = ["b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "br", "tr", "kl", "st", "fl", "gr", "pl", "sn"]
_VOWELS = ["a", "e", "i", "o", "u", "ai", "au", "ei"]
_CODAS = ["", "", "", "n", "r", "l", "s", "t", "m", "k"]


def sentence(rng: random.Random) -> str:
    """Four to ten made-up words, sometimes with a comma between two of them."""
    words = [
        "".join(rng.choice(_ONSETS) + rng.choice(_VOWELS) + rng.choice(_CODAS) for _ in range(rng.choice((1, 1, 2, 2, 3))))
        for _ in range(rng.randint(4, 10))
    ]
    middle = rng.randrange(1, len(words))
    if rng.random() < 0.4:
        words[middle] += ","
    return " ".join(words) + rng.choice(".!?")


def speak(folder: Path, number: int) -> None:
    """Write one clip."""
    rng = random.Random(number)
    voice = f"{rng.choice(LANGUAGES)}+{rng.choice(VARIANTS)}"
    prosody = f'<prosody range="{rng.choice((20, 50, 80, 100, 150, 200))}%">{sentence(rng)}</prosody>'
    numbers = {
        "-s": rng.randint(105, 270),
        "-p": rng.randint(5, 95),
        "-a": rng.randint(40, 160),
        "-g": rng.choice((0, 0, 0, 1, 3, 6)),
    }
    options = [str(part) for pair in numbers.items() for part in pair]
    spoken = subprocess.run(
        ["espeak-ng", "-v", voice, *options, "-m", "--stdout", prosody], capture_output=True, check=True
    ).stdout
    samples, rate = soundfile.read(io.BytesIO(spoken), dtype="float32")
    resampled = soxr.resample(samples, rate, SAMPLING_RATE)
    soundfile.write(folder / f"{number:05d}.flac", resampled, SAMPLING_RATE, subtype="PCM_16")


def main() -> None:
    """Write the number of clips that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=3000)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(lambda number: speak(options.folder, number), range(options.clips)))


if __name__ == "__main__":
    main()
