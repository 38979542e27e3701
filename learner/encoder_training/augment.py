"""Distortions that make a few hours of speech sound like many hours: other voices, manners, rooms and microphones.

Every distortion keeps the crop's length and is drawn from the generator it is given, so that the same seed gives the same crop.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, spline_filter1d

from learner.arrays import Float64Array, Waveform

SAMPLING_RATE = 16_000
SLOWEST, FASTEST = 0.72, 1.5
"""Speed (and with it pitch and formants) relative to the recording."""
SLOWEST_VOICE, FASTEST_VOICE = 0.8, 1.25
"""That of another voice, which a person could have."""
_SHORTEST = 1_000
"""Samples of a clip in another voice, at least."""


def distorted(source: Waveform, length: int, rng: np.random.Generator) -> Waveform:
    """A crop of `length` samples made from `source`, which is at least `FASTEST` times 1.15 as long for full effect."""
    crop = _bent(source, length, rng)
    if rng.random() < 0.5:
        crop = _formants_warped(crop, float(np.exp(rng.uniform(-0.18, 0.18))))
    crop, loudness = _gain_curve(crop, rng)
    crop = _filtered(crop, _response(length, loudness, rng))
    if rng.random() < 0.5:
        crop = _with_noise(crop, rng)
    return levelled(crop, rng, coupled=loudness)


def as_another_voice(source: Waveform, seed: Sequence[int]) -> Waveform:
    """The whole clip in another voice, manner, room and microphone, all of which follow from the seed, at its own loudness.

    Clips of one speaker that get the same seed stay those of one speaker: what differs between them still does.
    """
    rng = np.random.default_rng(seed)
    # The first draw is the speed: the clip shall be as long as that makes it.
    speed = float(np.exp(np.random.default_rng(seed).uniform(np.log(SLOWEST_VOICE), np.log(FASTEST_VOICE))))
    length = max(int(len(source) / (speed * 1.03)), _SHORTEST)
    voice = _bent(source, length, rng, slowest=SLOWEST_VOICE, fastest=FASTEST_VOICE)
    rng = np.random.default_rng([*seed, 1])
    voice = _formants_warped(voice, float(np.exp(rng.uniform(-0.15, 0.15))))
    voice = _filtered(voice, _response(length, 0.0, np.random.default_rng([*seed, 2])))
    power, now = (float(np.mean(np.square(each, dtype=np.float64))) for each in (source, voice))
    found: Waveform = (voice * np.float32(np.sqrt(power / max(now, 1e-12)))).astype(np.float32)
    return found


def levelled(crop: Waveform, rng: np.random.Generator, *, coupled: float = 0.0) -> Waveform:
    """The crop at a level drawn around what recordings have; `coupled` (nepers) is added to it."""
    rms = max(float(np.sqrt(np.mean(np.square(crop, dtype=np.float64)))), 1e-5)
    target = float(np.exp(rng.normal(np.log(0.04), 0.5) + coupled))
    # Digital silence makes many frames exactly alike, whose gradients add up to spikes; recordings have a floor.
    floor = rng.standard_normal(len(crop), dtype=np.float32) * np.float32(np.exp(rng.uniform(np.log(1e-5), np.log(1e-3))))
    return np.clip(crop * np.float32(target / rms) + floor, -1.0, 1.0).astype(np.float32)


def _bent(
    source: Waveform, length: int, rng: np.random.Generator, *, slowest: float = SLOWEST, fastest: float = FASTEST
) -> Waveform:
    """Played at another speed that also wavers: pitch, formants, tempo and intonation change together."""
    speed = float(np.exp(rng.uniform(np.log(slowest), np.log(fastest))))
    knots = rng.normal(0.0, 0.06 * rng.random(), 8)
    contour = np.exp(np.interp(np.linspace(0, 7, length), np.arange(8), knots)) * speed
    position = np.cumsum(contour) - contour[0]
    room = len(source) - 2 - position[-1]
    if room < 0:
        position *= (len(source) - 2) / position[-1]
        room = 0.0
    coefficients = spline_filter1d(source.astype(np.float64), order=3)
    return map_coordinates(
        coefficients, [position + rng.uniform(0, max(room, 1e-9))], order=3, prefilter=False, mode="nearest"
    ).astype(np.float32)


def _formants_warped(crop: Waveform, factor: float) -> Waveform:
    """Spectral envelope stretched by `factor` while the pitch stays (cepstral smoothing, overlap-add)."""
    size, hop = 512, 128
    padded = np.pad(crop, (size, size + hop))
    taper = np.hanning(size + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * taper
    spectrum = np.fft.rfft(frames, axis=1)
    cepstrum = np.fft.irfft(np.log(np.abs(spectrum) + 1e-5), axis=1)
    cepstrum[:, 30:-29] = 0
    envelope = np.fft.rfft(cepstrum, axis=1).real
    bins = np.arange(envelope.shape[1])
    warped = np.clip(bins / factor, 0, bins[-1])
    low = np.floor(warped).astype(int)
    high, part = np.minimum(low + 1, bins[-1]), warped - low
    moved = envelope[:, low] * (1 - part) + envelope[:, high] * part
    gain = np.exp(np.clip(moved - envelope, -3.0, 3.0))
    changed = np.fft.irfft(spectrum * gain, axis=1).astype(np.float32) * taper
    out = np.zeros(len(padded), np.float32)
    for part_number in range(size // hop):
        rows = changed[part_number :: size // hop]
        flat = rows.reshape(-1)
        out[part_number * hop : part_number * hop + len(flat)] += flat[: len(out) - part_number * hop]
    return out[size : size + len(crop)] / 1.5


def _gain_curve(crop: Waveform, rng: np.random.Generator) -> tuple[Waveform, float]:
    """Slow swells, and an overall loudness (nepers) that the tilt of the spectrum follows, as vocal effort does."""
    loudness = float(rng.normal(0.0, 0.5))
    knots = rng.normal(0.0, 0.5 * rng.random(), 6)
    curve = np.exp(np.interp(np.linspace(0, 5, len(crop)), np.arange(6), knots)).astype(np.float32)
    return crop * curve, loudness


def _response(length: int, loudness: float, rng: np.random.Generator) -> NDArray[np.complex128]:
    """Frequency response of voice effort, microphone and room together, for crops padded to twice their length."""
    size = 1 << (2 * length - 1).bit_length()
    hertz = np.fft.rfftfreq(size, 1 / SAMPLING_RATE)
    octaves = np.log2(np.maximum(hertz, 50.0) / 1000.0)
    decibels = octaves * (2.5 * loudness + rng.normal(0.0, 1.0))
    if rng.random() < 0.6:
        decibels = decibels + np.interp(octaves, np.linspace(-4.5, 3, 9), rng.normal(0.0, 3.0, 9))
    if rng.random() < 0.25:
        decibels = decibels - 30.0 * np.clip(np.log2(np.maximum(hertz, 1.0) / rng.uniform(3000, 7000)), 0, 2)
    if rng.random() < 0.25:
        decibels = decibels - 24.0 * np.clip(np.log2(rng.uniform(80, 350) / np.maximum(hertz, 20.0)), 0, 3)
    response: NDArray[np.complex128] = 10 ** (decibels / 20) + 0j
    if rng.random() < 0.4:
        response = response * np.fft.rfft(_room(rng), n=size)
    return response


def _room(rng: np.random.Generator) -> Float64Array:
    """Impulse response of a made-up room: the direct sound and an exponentially dying noise."""
    seconds = float(np.exp(rng.uniform(np.log(0.1), np.log(0.9))))
    time = np.arange(int(SAMPLING_RATE * min(seconds, 0.6))) / SAMPLING_RATE
    tail = rng.normal(size=len(time)) * np.exp(-6.9 * time / seconds)
    tail *= np.sqrt(10 ** (rng.uniform(-18, 0) / 10) / np.square(tail).sum())
    tail[0] = 1.0
    return tail


def _filtered(crop: Waveform, response: NDArray[np.complex128]) -> Waveform:
    size = 2 * (len(response) - 1)
    return np.fft.irfft(np.fft.rfft(crop, n=size) * response, n=size)[: len(crop)].astype(np.float32)


def _with_noise(crop: Waveform, rng: np.random.Generator) -> Waveform:
    """Steady noise of a random colour, 5 to 40 dB below the speech."""
    white = np.fft.rfft(rng.normal(size=len(crop)))
    hertz = np.fft.rfftfreq(len(crop), 1 / SAMPLING_RATE)
    noise = np.fft.irfft(white / np.maximum(hertz, 40.0) ** rng.uniform(0.0, 1.0), n=len(crop))
    below = rng.uniform(5.0, 40.0)
    level = float(np.sqrt(np.mean(np.square(crop, dtype=np.float64)))) * 10 ** (-below / 20)
    return (crop + noise * (level / max(float(noise.std()), 1e-12))).astype(np.float32)
