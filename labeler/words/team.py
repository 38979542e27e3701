"""Sentences about the team: whose answers are often wrong, who has become worse, who disagrees with whom.

Nothing is claimed that may be chance: where the intervals of what is compared overlap, there is no sentence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from db.reports import AnnotatorPair, AnnotatorQuality, DriftPoint, TeamReport

HALF = 0.5
_Z = 1.96
"""Of a 95% interval."""


def team_in_words(team: TeamReport | None, names: Mapping[int, str], *, labels: int) -> list[str]:
    """What a lead should know, most urgent first; one sentence that nothing stands out if so.

    Args:
        team: of the run; None if it does not report it.
        names: of the annotators, by id.
        labels: how many there are to choose from.
    """
    if team is None:
        return []
    known = [each for each in team.annotators if each.reliability is not None]
    if not known and not team.pairs:
        return ["How reliable the answers are is not known yet: it takes clips that several people answer, or gold clips."]
    # Of two alone nobody can tell who is wrong.
    apart = [each for each in known if len(known) > 2 or each.measured_on == "gold"]
    found = [*_often_wrong(apart, names, labels), *_changed(apart, names), *_disagreeing(team.pairs, names)]
    return found or ["Nobody's answers stand out: differences between the annotators may be due to chance."]


def reliability_in_words(quality: AnnotatorQuality) -> str:
    """How often one annotator is right, with the interval, and what it was compared with."""
    if quality.reliability is None:
        return "not known yet: too few of these clips have a gold answer or answers of others"
    on = "gold clips" if quality.measured_on == "gold" else "clips that others answered too"
    return f"right on about {quality.reliability:.0%} of clips ({quality.low:.0%}–{quality.high:.0%}), by {quality.clips} {on}"


def _often_wrong(known: Sequence[AnnotatorQuality], names: Mapping[int, str], labels: int) -> list[str]:
    """Those who are right no more often than by chance, less often than not, or clearly less often than all others."""
    found = []
    for each in sorted(known, key=lambda quality: quality.reliability or 0.0):
        others = [other.low for other in known if other is not each]
        about = f"{names.get(each.annotator, '?')} is {reliability_in_words(each)}"
        if each.low <= 1 / max(labels, 1):
            found.append(f"{about}: that may be no better than chance.")
        elif each.high < HALF:
            found.append(f"{about}: more often wrong than right.")
        elif others and each.high < min(others):
            found.append(f"{about}: less often than everybody else.")
    return found


def _changed(known: Sequence[AnnotatorQuality], names: Mapping[int, str]) -> list[str]:
    """Those whose newest answers are beyond chance worse than some earlier ones, and then those whose answers became better."""
    worse, better = [], []
    for each in known:
        if len(each.drift) < 2:
            continue
        *before, last = each.drift
        best, worst = max(before, key=lambda point: point.low), min(before, key=lambda point: point.high)
        name = names.get(each.annotator, "?")
        if last.high < best.low:
            worse.append(f"{name} has become worse: {_from_to(best, last)}.")
        elif last.low > worst.high:
            better.append(f"{name} has become better: {_from_to(worst, last)}.")
    return worse + better


def _from_to(before: DriftPoint, last: DriftPoint) -> str:
    return f"right on {before.reliability:.0%} of clips earlier, and on {last.reliability:.0%} of the last {last.clips}"


def _disagreeing(pairs: Sequence[AnnotatorPair], names: Mapping[int, str]) -> list[str]:
    """The pair that agrees least, if it does so clearly less often than all others together; a pair alone always."""
    if not pairs:
        return []
    least = min(pairs, key=lambda pair: (pair.agreement, -pair.clips))
    others = [pair for pair in pairs if pair is not least]
    both = f"{names.get(least.first, '?')} and {names.get(least.second, '?')}"
    same = f"the same label to {least.agreement:.0%} of the {least.clips} clips that both answered"
    if not others:
        low, high = _interval(least.agreement, least.clips)
        return [f"{both} gave {same} ({low:.0%}–{high:.0%})."]
    clips = sum(pair.clips for pair in others)
    usual = sum(pair.agreement * pair.clips for pair in others) / clips
    if _interval(least.agreement, least.clips)[1] >= _interval(usual, clips)[0]:
        return []
    return [f"{both} disagree most: they gave {same}; for other pairs it is {usual:.0%}."]


def _interval(share: float, count: int) -> tuple[float, float]:
    """Wilson's 95% interval."""
    centre, spread = share + _Z**2 / (2 * count), _Z * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return (centre - spread) / (1 + _Z**2 / count), (centre + spread) / (1 + _Z**2 / count)
