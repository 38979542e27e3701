"""Remarks about clips, as annotators see them; what they write comes in with their answers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from db.decisions.comments import Remark, answered_threads, newest_reply, own_remarks
from db.decisions.guidelines import newest_guidelines
from db.project import OpenProject
from labeler.app.access.visitors import Visitors
from labeler.app.api.messages import RemarksRequest
from labeler.app.sign_in.tokens import Tokens

Document = dict[str, Any]


class Remarks:
    """Serves the annotators of one project."""

    def __init__(self, project: OpenProject, tokens: Tokens) -> None:
        self._project = project
        self._tokens = tokens
        self._visitors = Visitors(project, tokens)

    def of_annotator(self, request: RemarksRequest) -> Document:
        """The annotator's own remarks on the clip on screen, and the threads in which others answered them."""
        annotator_id = self._visitors.known(request.session)
        if annotator_id is None:
            return {"here": [], "threads": [], "newest": 0}
        ticket = None if request.ticket is None else self._tokens.ticket(request.ticket, of=annotator_id)
        with self._project.read() as session:
            here: list[Remark] = []
            if ticket is not None and ticket.annotator_id == annotator_id:
                here = own_remarks(session, clip_id=ticket.clip_id, annotator_id=annotator_id)
            answered = answered_threads(session, annotator_id=annotator_id)
            newest = newest_reply(session, annotator_id=annotator_id)
        return {
            "here": [_shown(remark) for remark in here],
            "threads": [{"file_name": each.file_name, "remarks": [_shown(one) for one in each.remarks]} for each in answered],
            "newest": newest,
        }


def news_for(session: Session, annotator_id: int) -> Document:
    """What the player compares with what the annotator saw last: the version of the guidelines, the newest answer to a remark."""
    return {"guidelines": newest_guidelines(session), "replies": newest_reply(session, annotator_id=annotator_id)}


def _shown(remark: Remark) -> Document:
    return {"who": remark.annotator, "text": remark.text, "at": remark.created_at}
