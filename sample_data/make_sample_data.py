"""Make the sample clips: short sentences spoken by espeak-ng in four styles by ten voices, so that the demo needs no recordings.

A style is a distribution over rate, pitch, pitch range, level, gaps between words and spectral tilt. The distributions overlap.
Every speaker has their own pitch, pace and level, and shows styles more or less strongly. The words agree with the style in seven
clips out of ten. So the styles can be learnt, but not from a few clips and not from a single measurement.

Needs espeak-ng on the PATH. The same seed and the same release of espeak-ng give the same files, byte for byte.

    python sample_data/make_sample_data.py            # writes clips/ and manifest.csv beside this file
    python sample_data/make_sample_data.py --output /tmp/other --clips 20
"""

from __future__ import annotations

import argparse
import csv
import random
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

ESPEAK_NG = "1.51"
"""The release that spoke the clips in the repository."""
SEED = 4
CLIPS = 300
SAMPLING_RATE = 16_000
SHORTEST = 1
"""Seconds; shorter clips get silence at their end."""
CHOSEN_SHARE = 0.6
"""Share of clips whose sentence is chosen for their style; the others get any sentence, and one in four agrees by chance."""
QUANTUM = 16 / 32768
"""Samples are multiples of this: 12 bits are plenty for a synthetic voice and make the files a quarter smaller."""

Signal = NDArray[np.float64]


@dataclass(frozen=True)
class Style:
    """Means of one speaking style; `SPREAD` holds their standard deviations over clips."""

    rate: float
    """Words a minute, relative to the speaker's own."""
    pitch: float
    """Steps of espeak-ng's pitch scale (0 to 99), relative to the speaker's own."""
    pitch_range: float
    """Per cent of the voice's natural range."""
    level: float
    """Decibels, relative to the speaker's own."""
    gap: float
    """Pause between words, in units of 10 ms."""
    tilt: float
    """Share of the high frequencies added (above 0) or taken away (below)."""


SPREAD = Style(rate=13, pitch=5, pitch_range=18, level=1.5, gap=0.6, tilt=0.09)

STYLES = {
    "angry": Style(rate=28, pitch=6, pitch_range=120, level=5.0, gap=0.0, tilt=0.42),
    "happy": Style(rate=14, pitch=24, pitch_range=150, level=2.5, gap=0.3, tilt=0.12),
    "neutral": Style(rate=0, pitch=0, pitch_range=85, level=0.0, gap=0.4, tilt=0.0),
    "sad": Style(rate=-26, pitch=-10, pitch_range=45, level=-4.0, gap=1.8, tilt=-0.26),
}

SENTENCES = {
    "angry": (
        "I told you not to touch that.",
        "This is the third time today.",
        "Who left the door open again?",
        "Stop doing that right now.",
        "You never listen to me.",
        "I have had enough of this.",
        "That is not what we agreed.",
        "Give me back my keys.",
        "Nobody asked you to do that.",
        "They broke it and just left.",
    ),
    "happy": (
        "We finally won the game.",
        "I got the job this morning.",
        "What a lovely surprise!",
        "The holidays start tomorrow.",
        "She said yes, of course.",
        "I love this song so much.",
        "Look, it is snowing at last!",
        "Dinner was wonderful, thank you.",
        "All my friends are coming.",
        "It worked the very first time.",
    ),
    "neutral": (
        "The train leaves at seven.",
        "The bus stops at the corner.",
        "Please take a number and wait.",
        "The shop closes at half past six.",
        "There are ten chairs in the room.",
        "Turn left after the bridge.",
        "The report has twelve pages.",
        "Tuesday will be partly cloudy.",
        "The key is under the mat.",
        "Lunch is served at noon.",
    ),
    "sad": (
        "I miss the old house.",
        "She did not say goodbye.",
        "Nobody came to the party.",
        "We lost him last winter.",
        "It will never be the same.",
        "I waited, but he was gone.",
        "There is nothing left to do.",
        "My best friend moved away.",
        "I could not help her.",
        "The garden is empty now.",
    ),
}


@dataclass(frozen=True)
class Speaker:
    """One voice, and how it differs from the others."""

    name: str
    voice: str
    """What `espeak-ng -v` takes."""
    rate: float
    pitch: float
    level: float
    expression: float
    """How strongly this speaker shows a style: 1 as in `STYLES`, less for a flat speaker."""


SPEAKERS = (
    Speaker("ada", "en-us+f2", rate=172, pitch=48, level=0.0, expression=1.1),
    Speaker("bert", "en-us+m3", rate=165, pitch=42, level=1.0, expression=0.9),
    Speaker("clare", "en-us+Annie", rate=178, pitch=40, level=-1.0, expression=1.0),
    Speaker("dev", "en-029+m5", rate=168, pitch=46, level=1.0, expression=1.2),
    Speaker("esme", "en-029+f3", rate=176, pitch=44, level=-0.5, expression=0.8),
    Speaker("finlay", "en-gb-scotland+m4", rate=160, pitch=48, level=0.5, expression=1.0),
    Speaker("greer", "en-gb-scotland+f1", rate=170, pitch=45, level=-1.0, expression=1.2),
    Speaker("hugh", "en-gb-x-rp+m2", rate=158, pitch=44, level=0.5, expression=0.8),
    Speaker("iris", "en-gb-x-rp+f5", rate=174, pitch=42, level=0.0, expression=0.9),
    Speaker("jack", "en-gb-x-gbclan+m6", rate=170, pitch=47, level=-0.5, expression=1.1),
)


@dataclass(frozen=True)
class Clip:
    """One clip to be spoken: what is said, by whom, and how."""

    file_name: str
    label: str
    speaker: Speaker
    transcript: str
    rate: int
    pitch: int
    pitch_range: int
    level: float
    gap: int
    tilt: float


def plan_clips(*, clips: int = CLIPS, seed: int = SEED) -> Iterator[Clip]:
    """The clips to speak, in an order that reveals neither speaker nor style."""
    rng = random.Random(seed)
    labels, texts = list(STYLES), [text for sentences in SENTENCES.values() for text in sentences]
    casting = [(speaker, labels[turn % len(labels)]) for turn in range(-(-clips // len(SPEAKERS))) for speaker in SPEAKERS]
    rng.shuffle(casting)
    for number, (speaker, label) in enumerate(casting[:clips], start=1):
        transcript = rng.choice(SENTENCES[label] if rng.random() < CHOSEN_SHARE else texts)
        style = STYLES[label]

        def drawn(quality: str, *, base: float = 0.0, style: Style = style, strength: float = speaker.expression) -> float:
            plain: float = getattr(STYLES["neutral"], quality)
            mean: float = getattr(style, quality)
            return base + plain + strength * (mean - plain) + rng.gauss(0, getattr(SPREAD, quality))

        yield Clip(
            file_name=f"clips/clip-{number:04}.flac",
            label=label,
            speaker=speaker,
            transcript=transcript,
            rate=max(134, round(drawn("rate", base=speaker.rate))),
            pitch=min(99, max(0, round(drawn("pitch", base=speaker.pitch)))),
            pitch_range=max(10, round(drawn("pitch_range"))),
            level=round(drawn("level", base=speaker.level), 2),
            gap=max(0, round(drawn("gap"))),
            tilt=round(min(0.8, max(-0.45, drawn("tilt"))), 2),
        )


def speak(clip: Clip, *, folder: Path) -> Signal:
    """The clip as espeak-ng speaks it, at `SAMPLING_RATE`, before level and tilt."""
    spoken = folder / "spoken.wav"
    markup = f'<speak><prosody range="{clip.pitch_range}%">{clip.transcript}</prosody></speak>'
    manner = ["-v", clip.speaker.voice, "-s", str(clip.rate), "-p", str(clip.pitch), "-g", str(clip.gap), "-a", "80"]
    subprocess.run(["espeak-ng", *manner, "-m", "-w", str(spoken), markup], check=True, capture_output=True)
    signal, rate = soundfile.read(spoken, dtype="float64")
    audible = np.flatnonzero(np.abs(signal) > 0.01)
    margin = rate // 20
    signal = signal[max(0, audible[0] - margin) : audible[-1] + 2 * margin]
    signal = np.pad(signal, (0, max(0, SHORTEST * rate - len(signal))))
    return np.asarray(soxr.resample(signal, rate, SAMPLING_RATE), dtype=np.float64)


def coloured(signal: Signal, clip: Clip) -> Signal:
    """The signal with the clip's tilt and level. The level is measured where there is speech only, so pauses do not count."""
    step = np.diff(signal, prepend=0.0)
    low = signal - 0.5 * step
    tilted = low + (0.5 + clip.tilt) * step
    loud = tilted[np.abs(tilted) > 0.01 * np.abs(tilted).max()]
    wanted = 0.045 * 10 ** (clip.level / 20)
    levelled = np.clip(tilted * (wanted / np.sqrt(np.mean(loud**2))), -0.98, 0.98)
    return np.asarray(np.round(levelled / QUANTUM) * QUANTUM)


def make_sample_data(output: Path, *, clips: int = CLIPS, seed: int = SEED) -> list[Clip]:
    """Write the clips and `manifest.csv` under `output`."""
    (output / "clips").mkdir(parents=True, exist_ok=True)
    planned = list(plan_clips(clips=clips, seed=seed))
    with tempfile.TemporaryDirectory() as folder:
        for clip in planned:
            signal = coloured(speak(clip, folder=Path(folder)), clip)
            soundfile.write(
                output / clip.file_name, signal, SAMPLING_RATE, subtype="PCM_16", format="FLAC", compression_level=1.0
            )
    with (output / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        rows: Any = csv.writer(file, lineterminator="\n")
        rows.writerow(["file_name", "label", "speaker", "transcript"])
        rows.writerows([clip.file_name, clip.label, clip.speaker.name, clip.transcript] for clip in planned)
    return planned


def main() -> None:
    """Make the sample data from the command line."""
    parser = argparse.ArgumentParser(description="Make the sample clips and their manifest.")
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--seed", type=int, default=SEED)
    chosen = parser.parse_args()
    made = make_sample_data(chosen.output, clips=chosen.clips, seed=chosen.seed)
    size = sum((chosen.output / clip.file_name).stat().st_size for clip in made)
    print(f"{len(made)} clips, {size / 1e6:.1f} MB, in {chosen.output}")


if __name__ == "__main__":
    main()
