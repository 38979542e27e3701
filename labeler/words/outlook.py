"""What a run's outlook means for a team lead, in sentences: for the Progress page and the command line alike."""

from __future__ import annotations

from db.reports import AccuracyTarget, Calibration, DataSaved, Horizon, OutlookReport

_AGAINST = {"random": "labels taken at random", "logmel": "hand-made features (log-mel) on labels taken at random"}


def advice_in_words(outlook: OutlookReport | None) -> str:
    """Whether to stop, and why; nothing before there is an outlook."""
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
        return [f"How many more decisions it takes to be better is not yet known: {forecast.why}."]
    if forecast.horizon is None or forecast.ahead is None:
        # Of a run by an earlier version; the next run has both.
        return []
    limit, ahead = _limit(forecast.horizon), forecast.ahead
    numbers = [target for target in forecast.targets if target.decisions is not None]
    # Of those that are out of reach the nearest says it all.
    beyond = [target for target in forecast.targets if target.decisions is None][:1]
    between = f"{ahead.ua_low:.0%}–{ahead.ua_high:.0%}"
    return [
        f"With {ahead.decisions} more decisions UA is likely to be about {ahead.ua:.0%} ({between}).",
        *(_target(target, limit) for target in [*numbers, *beyond]),
    ]


def _limit(horizon: Horizon) -> str:
    if not horizon.all_left:
        return f"{horizon.decisions}"
    if horizon.clips in (None, horizon.decisions):
        return f"the {horizon.decisions} clips left"
    # Clips are answered several times.
    return f"the {horizon.decisions} that the {horizon.clips} clips left will take"


def _target(target: AccuracyTarget, limit: str) -> str:
    to, low, high = f"{target.ua:.0%} UA", target.low, target.high
    if low is None:
        return f"{to} is not likely to be reached with {limit}."
    least = f"at least {low}" if low else "perhaps only a few"
    if target.decisions is None:
        return f"{to} takes {least} more decisions, and most likely more than {limit}."
    if high is None:
        return f"About {target.decisions} more decisions to {to}; {least}, and perhaps more than {limit}."
    return f"About {target.decisions} more decisions to {to} ({low}–{high})."


def saved_in_words(outlook: OutlookReport | None) -> list[str]:
    """How many times less data Earmark's order takes, against each way it was compared with."""
    if outlook is None:
        return []
    compared = {"random": outlook.data_saved.random, "logmel": outlook.data_saved.logmel}
    return [_saved(found, _AGAINST[name]) for name, found in compared.items() if found is not None]


def _saved(found: DataSaved, against: str) -> str:
    if not found.known or None in (found.times, found.low, found.high, found.ua, found.ours, found.theirs):
        return f"Data saved against {against} is not yet known: {found.why}."
    assert found.low is not None
    assert found.high is not None
    interval = f"({found.low:.1f}–{found.high:.1f})"
    at = f"UA {found.ua:.2f} took {found.ours:.0f} labels instead of {found.theirs:.0f}"
    if found.low <= 1 <= found.high:
        return f"{found.times:.1f} times less data {interval} than {against}, which may be chance: {at}."
    return f"{found.times:.1f} times less data {interval} than {against}: {at}."


def more_clips_in_words(outlook: OutlookReport | None) -> str:
    """How many more random clips make the interval narrow; nothing where it is, or for runs that do not report it."""
    more = None if outlook is None else outlook.more_clips
    if more is None or more.clips == 0:
        return ""
    points = f"±{100 * more.wanted:.0f} points"
    if more.clips is None:
        return (
            f"More random clips alone will not bring the interval to {points}: speakers differ too much, it takes more of them."
        )
    left = "" if more.enough_left else ", more than are left"
    return f"About {more.clips} more random clips for {points}{left}."


def calibration_in_words(calibration: Calibration) -> str:
    """Whether confidence can be believed."""
    sure = "too sure" if calibration.temperature > 1 else "not sure enough"
    raw = f"As trained it is {sure}: its confidence is {100 * calibration.ece_raw:.0f} points off on average"
    return f"{raw}, and {100 * calibration.ece:.0f} after a temperature of {calibration.temperature:.2f}."
