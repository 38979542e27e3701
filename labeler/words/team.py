"""Stand-in until the branch dashdata is merged."""

from __future__ import annotations

from collections.abc import Mapping

from db.reports import TeamReport


def team_in_words(team: TeamReport | None, names: Mapping[int, str]) -> list[str]:
    """Stand-in."""
    return [] if team is None or team.alpha is None else [f"Krippendorff's alpha {team.alpha:.2f} on {team.clips} clips."]
