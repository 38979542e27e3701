"""Sentences that show a team lead what a run's outlook means, for pages and the command line.

Whatever is stated about more labels is read from the course of one forecast, so that no two sentences contradict each other.
"""

from __future__ import annotations

from db.reports import AccuracyTarget, Calibration, DataSaved, Forecast, Horizon, OutlookReport
from labeler.words.run import counted

OFF = 0.01
"""A measured accuracy that is farther from the curve than this is mentioned."""
_AGAINST = {"random": "random order", "logmel": "random order with hand-made features (log-mel)"}


def advice_in_words(outlook: OutlookReport | None) -> str:
    """Whether to stop labelling, and why; empty as long as there is no outlook."""
    if outlook is None or outlook.stop is None:
        return ""
    stop = outlook.stop.stop
    advice = "" if stop is None else "You can stop labelling. " if stop else "Go on labelling. "
    return f"{advice}{outlook.stop.why}"


def forecast_in_words(outlook: OutlookReport | None) -> list[str]:
    """How many more decisions the next accuracies will take."""
    forecast = None if outlook is None else outlook.forecast
    if forecast is None:
        return []
    if not forecast.known:
        return [f"The number of decisions to the next accuracies is not known yet: {forecast.why}."]
    if forecast.horizon is None or forecast.ahead is None:
        # A run of an earlier version lacks both; the next run has them.
        return []
    limit, ahead = _limit(forecast.horizon), forecast.ahead
    numbers = [target for target in forecast.targets if target.decisions is not None]
    # Of the accuracies that are out of reach, only the nearest is of interest.
    beyond = [target for target in forecast.targets if target.decisions is None][:1]
    between = f"{ahead.ua_low:.0%}–{ahead.ua_high:.0%}"
    return [
        *_where_the_curve_stands(forecast),
        f"With {counted(ahead.decisions, 'more decision')}, UA is likely to be about {ahead.ua:.0%} ({between}).",
        *(_target(target, limit) for target in [*numbers, *beyond]),
    ]


def goal_in_words(forecast: Forecast | None, goal: float) -> str:
    """How many more decisions an accuracy will take, for any goal from 0 to 1.

    Args:
        forecast: of the run that the goal is compared with; None if there is none yet.
        goal: the UA that is wished for.
    """
    to = f"{_percent(goal)} UA"
    if not 0 < goal <= 1:
        return "UA is between 0% and 100%; give a goal between them."
    unknown = _unknown(forecast)
    if unknown or forecast is None or forecast.now is None or forecast.horizon is None:
        return f"How many more decisions {to} takes is not known yet: {unknown}."
    measured, now = forecast.measured, forecast.now
    if goal <= now:
        below = measured is not None and measured < goal
        reached = f"{to} is reached already: the curve of all runs stands at {_percent(now)}"
        return f"{reached}, though {_percent(measured or 0)} was measured last." if below else f"{reached}."
    answer = _target(forecast.to_reach(goal), _limit(forecast.horizon))
    if measured is None or measured < goal:
        return " ".join([answer, *_where_the_curve_stands(forecast)])
    return f"{_percent(measured)} was measured last, but the curve of all runs stands at {_percent(now)}. To stay there: {answer}"


def more_points_in_words(forecast: Forecast | None, *, points: int = 2) -> str:
    """How many more decisions it takes for so many points more than where the curve stands now."""
    more = f"{counted(points, 'point')} more"
    unknown = _unknown(forecast)
    if unknown or forecast is None or forecast.now is None or forecast.horizon is None:
        return f"How many more decisions {more} take is not known yet: {unknown}."
    goal, stands = more_points(forecast.now, points), f"the curve of all runs stands at {forecast.now:.0%}"
    if goal > 1:
        return f"{more} are not possible, since {stands}."
    answer = _target(forecast.to_reach(goal), _limit(forecast.horizon))
    return f"{more} are {_percent(goal)}, since {stands}. {answer}"


def more_points(now: float, points: int) -> float:
    """The UA that lies so many points above where the curve stands; a whole percentage, as it can be typed as a goal."""
    return round(round(now, 2) + points / 100, 2)


def _unknown(forecast: Forecast | None) -> str:
    """Why there is no forecast; empty if there is one."""
    if forecast is not None and not forecast.known:
        return forecast.why or "there is no forecast"
    return "the next run makes a forecast" if forecast is None or not forecast.course else ""


def _where_the_curve_stands(forecast: Forecast) -> list[str]:
    """Where forecasts start, if the newest measured accuracy is somewhere else."""
    now, measured = forecast.now, forecast.measured
    if now is None or measured is None or abs(now - measured) < OFF:
        return []
    side = "below" if measured < now else "above"
    return [f"{_percent(measured)} was measured last; that is {side} the curve of all runs, which stands at {_percent(now)}."]


def _percent(share: float) -> str:
    """In whole percent, or with one digit where that says more."""
    return f"{share:.0%}" if abs(100 * share - round(100 * share)) < 0.05 else f"{share:.1%}"


def _limit(horizon: Horizon) -> str:
    if not horizon.all_left:
        return counted(horizon.decisions, "decision")
    if horizon.clips is None or horizon.clips == horizon.decisions:
        return f"the {counted(horizon.decisions, 'clip')} left"
    # Clips are answered several times.
    return f"the {horizon.decisions} decisions for the {counted(horizon.clips, 'clip')} left"


def _target(target: AccuracyTarget, limit: str) -> str:
    to, low, high = f"{_percent(target.ua)} UA", target.low, target.high
    if low is None:
        return f"{to} is not likely to be reached with {limit}."
    if target.decisions is None:
        least = f"at least {counted(low, 'more decision')}" if low else "perhaps only a few more decisions"
        return f"{to} takes {least}, but most likely more than {limit}."
    about = f"{to} takes about {counted(target.decisions, 'more decision')}"
    if high is None:
        least = f"at least {low}" if low else "perhaps only a few"
        return f"{about}: {least}, perhaps more than {limit}."
    return f"{about} ({low}–{high})."


def saved_in_words(outlook: OutlookReport | None) -> list[str]:
    """How many labels Earmark's order needs, and how many each alternative needs for the same accuracy."""
    if outlook is None:
        return []
    compared = {"random": outlook.data_saved.random, "logmel": outlook.data_saved.logmel}
    return [_saved(found, _AGAINST[name]) for name, found in compared.items() if found is not None]


def _saved(found: DataSaved, against: str) -> str:
    if not found.known or None in (found.times, found.low, found.high, found.ua, found.ours, found.theirs):
        return f"How Earmark's order compares with {against} is not known yet: {found.why}."
    assert found.low is not None
    assert found.high is not None
    ours, theirs = counted(round(found.ours or 0), "label"), f"{found.theirs:.0f}"
    factor = f"{found.times:.1f} times as many (95%: {found.low:.1f}–{found.high:.1f})"
    chance = " The difference may be due to chance." if found.low <= 1 <= found.high else ""
    return f"Earmark's order needed {ours} for UA {found.ua:.2f}; {against} needed {theirs}, {factor}.{chance}"


def more_clips_in_words(outlook: OutlookReport | None) -> str:
    """How many more random clips would make the interval narrow; empty if it is narrow, or if the run does not report it."""
    more = None if outlook is None else outlook.more_clips
    if more is None or more.clips == 0:
        return ""
    points = f"±{100 * more.wanted:.0f} points"
    if more.clips is None:
        return (
            f"More random clips alone will not narrow the interval to {points}: speakers differ too much. It takes more speakers."
        )
    left = "" if more.enough_left else ", but fewer are left"
    return f"About {counted(more.clips, 'more random clip')} would narrow the interval to {points}{left}."


def calibration_in_words(calibration: Calibration) -> str:
    """Whether the classifier's confidence is reliable."""
    sure = "too confident" if calibration.temperature > 1 else "not confident enough"
    raw = f"As trained, the classifier is {sure}: its confidence is wrong by {100 * calibration.ece_raw:.0f} points on average"
    return f"{raw}, and by {100 * calibration.ece:.0f} after scaling with a temperature of {calibration.temperature:.2f}."
