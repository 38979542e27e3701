"""Who may do what in the app. Commands need no role: whoever runs them can read and change every file of the project anyway."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.errors import RoleError
from db.models import Annotator, Role
from db.records.people.events import record_event


def role_for(own: Role | None, *, signed_in: bool, lead_appointed: bool, named_lead: bool = False) -> Role:
    """The role that counts.

    Args:
        own: what a lead has given this person; None for a person without a role, and for a visitor without a name.
        signed_in: whether people sign in; otherwise a name is only typed, and no name proves anything.
        lead_appointed: whether any person of the project is a lead.
        named_lead: whether the person who started the server named this person as a lead.
    """
    if named_lead:
        return Role.LEAD
    if not signed_in and not lead_appointed:
        # Nobody has shared out the work yet: whoever sits at this computer may do everything.
        return Role.LEAD
    return own or Role.ANNOTATOR


def may_lead(role: Role) -> bool:
    """Whether the role may see and change everything."""
    return role == Role.LEAD


def may_view(role: Role) -> bool:
    """Whether the role may see how the project stands."""
    return role in (Role.LEAD, Role.VIEWER)


def may_answer(role: Role) -> bool:
    """Whether the role may answer clips."""
    return role in (Role.LEAD, Role.ANNOTATOR)


def lead_count(session: Session) -> int:
    """How many people are leads."""
    return session.scalar(select(func.count()).select_from(Annotator).where(Annotator.role == Role.LEAD)) or 0


def give_role(session: Session, *, annotator_id: int, role: Role, by: str | None) -> None:
    """Give a person a role, and record who did it (needs a write session of no special turn, so that two leads cannot
    dismiss each other at once).

    Raises:
        RoleError: there is no such person, or it is the last lead who would lose the role.
    """
    annotator = session.get(Annotator, annotator_id)
    if annotator is None:
        raise RoleError(f"There is no person with the number {annotator_id}; reload the page.")
    if annotator.role == role:
        return
    if annotator.role == Role.LEAD and lead_count(session) == 1:
        raise RoleError(f"{annotator.name!r} is the only lead; make another person a lead first.")
    before = annotator.role
    annotator.role = role
    record_event(
        session,
        "role",
        by=by,
        details={"person": annotator.name, "from": None if before is None else before.value, "to": role.value},
    )
