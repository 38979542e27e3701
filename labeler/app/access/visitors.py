"""Whom a session token stands for: an annotator, or somebody who has only opened a page and has no row yet."""

from __future__ import annotations

from contextvars import ContextVar

from sqlalchemy.orm import Session

from db.models import Annotator, Role
from db.project import OpenProject
from db.records.people.annotators import annotator_called, annotator_identified, annotator_named, signed_in_annotator
from db.records.people.roles import lead_count, may_answer, may_lead, may_view, role_for
from labeler.app.sign_in.tokens import Newcomer, TokenError, Tokens
from labeler.app.sign_in.ways import Person, arranged

at_the_browser: ContextVar[Person | None] = ContextVar("at_the_browser", default=None)
"""Who has signed in where the request comes from."""


class NotAllowedError(Exception):
    """A person's role does not allow a request; the message is one sentence."""


class Visitors:
    """Looks up people and their roles in one project."""

    def __init__(self, project: OpenProject, tokens: Tokens) -> None:
        self._project = project
        self._tokens = tokens

    def known(self, token: str) -> int | None:
        """The annotator's id, or None for somebody without a row.

        Raises:
            TokenError: the token is no good, or stands for somebody else than has signed in at the browser.
        """
        with self._project.read() as session:
            found = self._row(session, token)
            return None if found is None else found.id

    def annotator(self, token: str) -> int:
        """The annotator's id; somebody without a row gets one. TokenError as in `known`."""
        found = self.known(token)
        if found is not None:
            return found
        newcomer = self._tokens.visitor(token)
        assert isinstance(newcomer, Newcomer)
        # A transaction of no special turn: two requests of a new person must not add two rows.
        with self._project.write() as session:
            return row_of(session, newcomer).id

    def role(self, token: str) -> Role:
        """What the person may do now. TokenError as in `known`."""
        with self._project.read() as session:
            return self._found(session, token)[1]

    def require_lead(self, token: str) -> None:
        """Raise NotAllowedError unless the person is a lead."""
        if not may_lead(self.role(token)):
            raise NotAllowedError("Only a lead may do this; ask a lead of this project.")

    def require_viewer(self, token: str) -> None:
        """Raise NotAllowedError unless the person is a lead or a viewer."""
        if not may_view(self.role(token)):
            raise NotAllowedError("Only a lead or a viewer may see this; ask a lead of this project.")

    def answering(self, token: str) -> int:
        """The annotator's id, as `annotator` gives it; NotAllowedError unless the person may answer clips."""
        with self._project.read() as session:
            found, role = self._found(session, token)
            annotator_id = None if found is None else found.id
        if not may_answer(role):
            raise NotAllowedError("Viewers do not answer clips; ask a lead of this project for the role of an annotator.")
        return self.annotator(token) if annotator_id is None else annotator_id

    def _found(self, session: Session, token: str) -> tuple[Annotator | None, Role]:
        who = self._tokens.visitor(token)
        found = self._row(session, token)
        return found, role_of(session, found, identity=who.identity if isinstance(who, Newcomer) else None)

    def _row(self, session: Session, token: str) -> Annotator | None:
        who = self._tokens.visitor(token)
        found = session.get(Annotator, who) if isinstance(who, int) else found_row(session, who)
        if isinstance(who, int) and found is None:
            raise TokenError("This page is of a person whom this project does not know; reload it.")
        if arranged().needed:
            identity = found.identity if found is not None else who.identity if isinstance(who, Newcomer) else None
            person = at_the_browser.get()
            if person is None or identity != person.identity:
                raise TokenError("Another person has signed in since this page was opened; reload it.")
        return found


def found_row(session: Session, who: Newcomer) -> Annotator | None:
    """The row of somebody who had none when the page was opened, if there is one by now."""
    if who.identity is not None:
        return annotator_identified(session, who.identity)
    return annotator_called(session, who.name)


def row_of(session: Session, who: Newcomer) -> Annotator:
    """The person's row; a new one is added, which needs a write session."""
    if who.identity is not None:
        return signed_in_annotator(session, identity=who.identity, name=who.name)
    return annotator_named(session, who.name)


def role_of(session: Session, annotator: Annotator | None, *, identity: str | None = None) -> Role:
    """What a person may do now.

    Args:
        annotator: the person's row; None for somebody who has none yet, or has not even given a name.
        identity: what the sign-in calls somebody without a row.
    """
    sign_in = arranged()
    who = annotator.identity if annotator is not None else identity
    return role_for(
        None if annotator is None else annotator.role,
        signed_in=sign_in.needed,
        lead_appointed=lead_count(session) > 0,
        named_lead=sign_in.needed and who is not None and who in sign_in.leads,
    )
