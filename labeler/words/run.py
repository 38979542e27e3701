"""A run's accuracy in words, for the Progress page and the command line."""

from __future__ import annotations

from db.models import Run


def accuracy_in_words(run: Run) -> str:
    """Such as `UA 0.62 (0.48–0.74) on 23 clips of the random slice from 9 speakers`."""
    interval = "" if run.ua_low is None or run.ua_high is None else f" ({run.ua_low:.2f}–{run.ua_high:.2f})"
    on = f"{counted(run.slice_clips, 'clip')} of the random slice from {counted(run.speakers, 'speaker')}"
    return f"UA {run.ua:.2f}{interval} on {on}"


def speakers_in_words(run: Run) -> str:
    """What the accuracy does not tell where speakers are not known; empty where they are."""
    if run.report.grouped:
        return ""
    return (
        "Of most clips no speaker is known, or there is only one: this may be the accuracy on voices (devices, places) that were "
        "learned from, not on new ones. A column speaker in the manifest tells them apart."
    )


def normalisation_in_words(run: Run) -> list[str]:
    """Whether clips are normalised by speaker and why, and what the head without is worth; nothing for runs that do not tell."""
    report, without = run.report, run.report.plain
    if not report.normalisation_why:
        return []
    done = (
        "Each speaker's clips are normalised by that speaker"
        if report.normalisation == "speaker"
        else "Clips are not normalised by speaker"
    )
    sentences = [f"{done}. {report.normalisation_why}"]
    if without is not None and report.normalised_folds:
        interval = f"({without.ua_low:.2f}–{without.ua_high:.2f})"
        sentences.append(f"Without normalisation, as for new audio of unknown speakers: UA {without.ua:.2f} {interval}.")
    return sentences


def counted(number: int, noun: str) -> str:
    """Such as `1 clip` or `2 clips`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
