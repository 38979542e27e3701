"""The large figures: how good, how sure, how much is done, how much more, and whether to stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from db.dashboard import DashboardFacts
from db.models import Run
from db.reports import OutlookReport
from db.serving.random_slice import Waiting
from labeler.app.pages.dashboard.explained import why
from labeler.app.pages.moments import today_or_moment
from labeler.app.pages.plain_text import plain
from labeler.words.outlook import (
    advice_in_words,
    forecast_in_words,
    more_clips_in_words,
    more_points,
    more_points_in_words,
    saved_in_words,
)
from labeler.words.run import (
    accuracy_in_words,
    counted,
    new_speakers_in_words,
    normalisation_in_words,
    speakers_in_words,
    words_in_words,
)

_UNKNOWN = "Not known yet"
_POINTS = (2, 1)
"""Points of accuracy that the forecast is shown for: the first of them within reach, or the first of all."""
_IN_WORDS = {True: "You can stop", False: "Go on", None: _UNKNOWN}


@dataclass(frozen=True)
class _Figure:
    """A card: what it answers, the answer in a word or number, and what that rests on."""

    key: str
    title: str
    value: str
    below: str
    why: Sequence[str]


def headline(facts: DashboardFacts) -> None:
    """Show the figures, and below them what is newer than they are."""
    run = facts.run
    outlook = None if run is None else run.report.outlook
    figures = [_good(run), _sure(run, outlook, facts.waiting), _done(facts), _more(outlook), _stop(outlook)]
    for column, figure in zip(st.columns(len(figures)), figures, strict=True):
        with column, st.container(border=True, height="stretch", gap="xxsmall", key=f"figure-{figure.key}"):
            st.metric(plain(figure.title), plain(figure.value), width="stretch")
            st.caption(plain(figure.below))
            why(figure.why, key=figure.key)
    for sentence in (_age(facts), _waiting(run, facts.waiting), facts.encoder_knows):
        if sentence:
            st.caption(plain(sentence))


def _good(run: Run | None) -> _Figure:
    title = "How good"
    if run is None or run.ua is None:
        how = "Accuracy is not known yet. It is measured on the random slice as soon as the first of its clips have labels."
        return _Figure("good", title, _UNKNOWN, "Accuracy is not known yet: label clips", [how])
    interval = "" if run.ua_low is None or run.ua_high is None else f", 95%: {run.ua_low:.0%}–{run.ua_high:.0%}"
    missing = ", ".join(run.report.missing_labels)
    what = "UA is the mean recall of the labels: each label counts the same, however rare it is."
    sentences = [
        accuracy_in_words(run) + ".",
        what,
        f"Labels with no clip in the random slice yet, so the interval is wide: {missing}." if missing else "",
        *_on_new_speakers(run),
        f"Run {run.id} was trained on {counted(run.decisions, 'answer')} in {run.seconds:.1f} s.",
        *normalisation_in_words(run),
        *words_in_words(run),
    ]
    new = run.report.new_speakers
    low, high = (None, None) if new is None else (new.ua_low, new.ua_high)
    others = "" if low is None or high is None else f"; new speakers: {low:.0%}–{high:.0%}"
    return _Figure("good", title, f"{run.ua:.0%}", f"UA{interval}{others}", sentences)


def _on_new_speakers(run: Run) -> list[str]:
    """The accuracy on speakers who are not in the project, and why its interval is another one."""
    new = run.report.new_speakers
    if new is None or not new.known:
        return [speakers_in_words(run) or new_speakers_in_words(new)]
    spread = f"Speakers differ by {100 * (new.spread or 0.0):.0f} points (standard deviation)."
    how = "The first interval is about the speakers of this project, the second about others, a quarter as many."
    return [new_speakers_in_words(new), f"{how} {spread}"]


def _sure(run: Run | None, outlook: OutlookReport | None, waiting: Waiting | None) -> _Figure:
    title = "How sure"
    if run is None or run.ua_low is None or run.ua_high is None:
        return _Figure("sure", title, _UNKNOWN, "It takes labels of random clips", [])
    half = 100 * (run.ua_high - run.ua_low) / 2
    below = f"on {counted(run.slice_clips, 'random clip')}, {counted(run.speakers, 'speaker')}"
    how = "The interval holds the true accuracy in 95 of 100 cases. It narrows with more clips of the random slice."
    return _Figure("sure", title, f"±{half:.0f} points", below, [more_clips_in_words(outlook), how, _waiting(run, waiting)])


def _done(facts: DashboardFacts) -> _Figure:
    now = facts.now
    left = f"of {counted(now.clips, 'clip')} labelled"
    others = [f"{number} {what}" for number, what in ((now.skipped, "skipped"), (now.unsure, "unsure")) if number]
    sentences = [
        f"{now.labelled} of {counted(now.clips, 'clip')} labelled; {counted(now.answers, 'answer')} by "
        f"{counted(now.annotators, 'annotator')}.",
        f"Clips somebody was unsure about: {now.unsure}; skipped: {now.skipped}; flagged: {now.flagged}.",
    ]
    return _Figure("done", "Labels done", f"{now.labelled}", "; ".join([left, *others]), sentences)


def _more(outlook: OutlookReport | None) -> _Figure:
    """How many labels bring two points."""
    title = "How much more"
    forecast = None if outlook is None else outlook.forecast
    if forecast is None or not forecast.known or forecast.now is None or forecast.horizon is None:
        because = "It takes more random clips first" if forecast is None else "Too little is measured yet"
        return _Figure("more", title, _UNKNOWN, because, forecast_in_words(outlook))
    now = forecast.now
    points = next((few for few in _POINTS if forecast.to_reach(more_points(now, few)).decisions is not None), _POINTS[0])
    sentences = [more_points_in_words(forecast, points=points), *forecast_in_words(outlook)]
    goal = more_points(now, points)
    if goal > 1:
        return _Figure("more", title, "Nothing", f"It is within {points} points of 100%", sentences)
    for_points = f"decisions for {counted(points, 'point')} more ({now:.0%} to {goal:.0%})"
    needed = forecast.to_reach(goal).decisions
    if needed is None:
        return _Figure("more", title, f"over {forecast.horizon.decisions}", f"{for_points}, if at all", sentences)
    return _Figure("more", title, f"about {needed}", for_points, sentences)


def _stop(outlook: OutlookReport | None) -> _Figure:
    title = "Stop?"
    advice = None if outlook is None else outlook.stop
    if advice is None:
        return _Figure("stop", title, _UNKNOWN, "It is decided by accuracy and forecast", [])
    signs = [sign for sign in advice.signs if sign.met]
    known = [sign for sign in advice.signs if sign.met is not None]
    below = f"{len(signs)} of {counted(len(advice.signs), 'sign')} to stop" if known else "The signs are not known yet"
    sentences = [advice_in_words(outlook), *(sign.why for sign in advice.signs), *saved_in_words(outlook)]
    return _Figure("stop", title, _IN_WORDS[advice.stop], below if advice.signs else "", sentences)


def _age(facts: DashboardFacts) -> str:
    """Where the figures are older than the newest answer: how old they are, and that newer ones are on their way."""
    run, since = facts.run, facts.since
    if run is None:
        return "" if since.run_id is None else "The accuracy is being measured for the first time."
    if not since.answers and since.run_id is None:
        # A line here, too: the page below it does not jump when one is needed.
        return f"Measured at {today_or_moment(run.evaluated_at or run.created_at)}, with all answers."
    parts = [f"Measured as of {today_or_moment(run.evaluated_at or run.created_at)}"]
    if since.answers:
        parts.append(f"{counted(since.answers, 'answer')} ago")
    return ", ".join(parts) + ("; measuring anew." if since.run_id is not None else ".")


def _waiting(run: Run | None, waiting: Waiting | None) -> str:
    """What keeps answers of the random slice from counting."""
    if waiting is None or not waiting.answered_behind:
        return ""
    clip = waiting.clips[0]
    place = (
        "is in nobody's hands and is served next"
        if clip.held_by is None
        else f"is open with {clip.held_by}"
        + ("" if clip.until is None else f" until {today_or_moment(clip.until)} at the latest")
    )
    counts = 0 if run is None else run.slice_clips
    all_of_them = counts + waiting.answered_behind
    return f"{counts} of the {all_of_them} random answers count: {clip.file_name} {place}."
