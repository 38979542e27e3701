"""Hands out clips by the gridful: what the learner listed for a label, or what sounds like a clip.

Ranked before any transaction is open; answers come back by the way of all answers (`labeler.app.api.labelling`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from db.project import OpenProject
from db.records.clips import find_clip
from db.records.labels import label_by_name
from db.records.runs import latest_run_id
from db.serving.grid import free_clips, lease_for_grid
from db.store.engine import Turn
from labeler.app.access.visitors import Visitors
from labeler.app.api.labelling import Labelling
from labeler.app.api.messages import GridRequest
from labeler.app.sign_in.tokens import Ticket, Tokens
from learner.search.likely import read_likely
from learner.search.neighbours import Neighbours

_SPARE = 20
"""Clips looked up beyond those wanted: others may take some in the meantime."""


class GridLabelling:
    """Serves the grids of one project."""

    def __init__(self, project: OpenProject, tokens: Tokens, labelling: Labelling) -> None:
        self._project = project
        self._visitors = Visitors(project, tokens)
        self._labelling = labelling
        self._neighbours = Neighbours(project)

    def grid_clips(self, request: GridRequest) -> dict[str, Any]:
        """Lease the first clips of a ranking that are free, and hand back what is not wanted.

        Each clip is what the player gets of it, with `closeness`: the probability of the label, or the likeness to the clip; None
        where clips are named.
        """
        annotator_id = self._visitors.answering(request.session)
        if request.among is not None:
            # A lead selects clips on the map. For others it would be a way to ask which clips have answers already, and so which
            # of theirs are gold checks.
            self._visitors.require_lead(request.session)
        ranking = self._ranking(request)
        closeness: dict[int, float | None] = {}
        leave_out = frozenset(request.leave_out)

        def ranked() -> Iterator[int]:
            for clip, value in ranking:
                closeness[clip] = value
                yield clip

        with self._project.read() as session:
            free = free_clips(
                session, ranked=ranked(), limit=request.want + _SPARE, annotator_id=annotator_id, leave_out=leave_out
            )
        tabs = self._labelling.tabs
        with self._project.write(Turn.LEASES) as session:
            self._labelling.hand_back(session, annotator_id=annotator_id, tab=request.tab, release=request.release)
            seconds = self._project.settings.lease_seconds
            limit = 0 if tabs.has_left(request.tab) else request.want
            leased = lease_for_grid(session, annotator_id=annotator_id, clips=free, limit=limit, lease_seconds=seconds)
            run_id = latest_run_id(session)
            tabs.holds(request.tab, [clip.lease_id for clip in leased])
        with self._project.read() as session:
            tickets = [Ticket(clip.clip_id, annotator_id, clip.lease_id, run_id) for clip in leased]
            clips = [self._labelling.handed_out(session, ticket) for ticket in tickets]
        return {"clips": [{**clip, "closeness": _rounded(closeness[clip["clip"]])} for clip in clips]}

    def _ranking(self, request: GridRequest) -> Iterator[tuple[int, float | None]]:
        if request.among is not None:
            return iter([(clip, None) for clip in request.among])
        with self._project.read() as session:
            if request.like is not None:
                clip_id = find_clip(session, clip_id=request.like).id
            else:
                label_id = label_by_name(session, request.likely or "").id
        if request.like is not None:
            return self._neighbours.of(clip_id)
        listed = read_likely(self._project.heads_dir)
        return iter(()) if listed is None else listed.of(label_id)


def _rounded(closeness: float | None) -> float | None:
    return None if closeness is None else round(closeness, 3)
