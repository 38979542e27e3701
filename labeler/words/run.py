"""Sentences about a run's accuracy, for the Dashboard and the command line."""

from __future__ import annotations

from db.models import Run
from db.reports import NewSpeakers


def accuracy_in_words(run: Run) -> str:
    """For example `UA 0.62 (0.48–0.74) on 23 clips of the random slice from 9 speakers`."""
    interval = "" if run.ua_low is None or run.ua_high is None else f" ({run.ua_low:.2f}–{run.ua_high:.2f})"
    on = f"{counted(run.slice_clips, 'clip')} of the random slice from {counted(run.speakers, 'speaker')}"
    return f"UA {run.ua:.2f}{interval} on {on}"


def speakers_in_words(run: Run) -> str:
    """What the accuracy does not cover if speakers are unknown; empty if they are known."""
    if run.report.grouped:
        return ""
    return (
        "Most clips have no known speaker, or there is only one speaker: this may be the accuracy on voices (devices, places) "
        "that the classifier was trained on, not on new ones. To separate them, add a column speaker to the manifest."
    )


def new_speakers_in_words(found: NewSpeakers | None) -> str:
    """The accuracy on speakers who are not in the project, or why it is not known; empty if the run does not report it."""
    if found is None:
        return ""
    if not found.known or found.speakers is None or found.ua_low is None or found.ua_high is None:
        return f"The accuracy on new speakers is not known: {found.why}."
    who = "a new speaker" if found.speakers == 1 else f"a group of {found.speakers} new speakers"
    return f"On {who}: UA {found.ua_low:.2f}–{found.ua_high:.2f} (95%), if they are like those of the project."


def normalisation_in_words(run: Run) -> list[str]:
    """Whether clips are normalised by speaker, why, and the accuracy without it; empty if the run does not report it."""
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
        what = "normalisation and words" if report.worded_folds else "normalisation"
        sentences.append(f"Without {what}, as for new audio of unknown speakers: UA {without.ua:.2f} {interval}.")
    return sentences


def words_in_words(run: Run) -> list[str]:
    """Whether words are used beside sound, why, and the accuracy of sound alone; empty where the project has no words."""
    report, sound = run.report, run.report.sound
    if not report.words_why:
        return []
    done = "Words are used beside sound" if report.words else "Words are not used beside sound"
    sentences = [f"{done}. {report.words_why}"]
    if sound is not None and run.ua is not None:
        interval = f"({sound.ua_low:.2f}–{sound.ua_high:.2f})"
        sentences.append(f"With words: UA {run.ua:.2f}, with sound alone: {sound.ua:.2f} {interval}.")
    return sentences


def clips_with_words(with_words: int, without: int) -> str:
    """For example `240 clips with words, 12 without a transcript`."""
    return f"{counted(with_words, 'clip')} with words, {without} without a transcript"


def counted(number: int, noun: str) -> str:
    """For example `1 clip` or `2 clips`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
