"""The page People: who takes part, and what each person may do."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st
from sqlalchemy.orm import Session
from streamlit.delta_generator import DeltaGenerator

from db.decisions.people import KnownPerson, known_people
from db.errors import EarmarkError
from db.models import Role
from db.records.people.annotators import annotator_named, signed_in_annotator
from db.records.people.roles import give_role, lead_count
from labeler.app.opened import Serving, serving
from labeler.app.pages.asked_name import ask_for_name, known_name
from labeler.app.pages.entry.required import require_lead
from labeler.app.pages.plain_text import plain
from labeler.app.sign_in.ways import arranged, checked_identity
from labeler.words.run import counted

_SHOWN = 50
"""People on one page of the list."""
_ROLES = list(Role)
_PROBLEM, _TURN = "people-problem", "people-turn"
_MAY = {
    Role.ANNOTATOR: "answers clips and sees only their own answers.",
    Role.VIEWER: "sees how the project stands and changes nothing.",
    Role.LEAD: "sees and changes everything.",
}


def show_people() -> None:
    """Show the page."""
    require_lead()
    name = known_name()
    if name is None:
        # Whoever gives a role is on record.
        ask_for_name("Who are you?", "Open the page")
        return
    now = serving()
    st.title("People", anchor=False)
    if _PROBLEM in st.session_state:
        st.warning(plain(st.session_state.pop(_PROBLEM)))
    containing = st.text_input("Search", key="people-search", placeholder="Part of a name", max_chars=64, width=320)
    with now.project.read() as session:
        leads = lead_count(session)
        found = known_people(session, containing=containing, limit=_SHOWN + 1)
    if not arranged().needed and leads == 0:
        st.info("Nobody is a lead yet, so everybody may do everything.", icon=":material/info:")
        if st.button("Make me the lead", key="people-first-lead"):
            _give(now, lambda session: annotator_named(session, name).id, Role.LEAD)
    if not found:
        st.text("Nobody of this name takes part." if containing else "Nobody has answered a clip yet.")
    for person in found[:_SHOWN]:
        _row(now, person)
    if len(found) > _SHOWN:
        st.text(f"The first {_SHOWN} people are shown; search for the others.")
    _add(now)
    with st.expander("What may each role do?"):
        for role in Role:
            st.markdown(f"**{_titled(role)}**: {_MAY[role]}")
        if not arranged().needed:
            st.text("Nobody signs in here; a name is all that a person gives. Roles prevent mistakes then, and stop no stranger.")


def _row(now: Serving, person: KnownPerson) -> None:
    who, role = st.columns([3, 1], vertical_alignment="center")
    words = [] if person.identity in (None, person.name) else [plain(person.identity)]
    words.append(counted(person.answers, "answer"))
    if person.last_seen is not None:
        words.append(f"last seen {_ago(time.time() - person.last_seen)}")
    who.markdown(f"{plain(person.name)}  \n:small[:gray[{', '.join(words)}]]")
    if arranged().needed and person.identity in arranged().leads:
        role.text("Lead (serve --lead)")
    else:
        _choice(now, person, role)


def _choice(now: Serving, person: KnownPerson, place: DeltaGenerator) -> None:
    current = person.role or Role.ANNOTATOR
    # Another list after each change, so that a choice that was refused is not made again at once.
    key = f"people-role-{person.id}-{current.value}-{st.session_state.setdefault(_TURN, 0)}"
    chosen = place.selectbox(
        f"Role of {plain(person.name)}",
        _ROLES,
        index=_ROLES.index(current),
        format_func=_titled,
        key=key,
        label_visibility="collapsed",
    )
    if chosen != current:
        _give(now, lambda _session: person.id, chosen)


def _add(now: Serving) -> None:
    """A role for somebody who has not answered anything yet."""
    needed = arranged().needed
    with st.expander("Give a role to somebody who is not in the list"), st.form("people-add", border=False):
        who = st.text_input("Identity, as the sign-in gives it" if needed else "Name", key="people-new", max_chars=255)
        role = st.selectbox("Role", _ROLES, format_func=_titled, key="people-new-role")
        if not st.form_submit_button("Give the role"):
            return
    identity = checked_identity(who)
    if needed and identity is None:
        st.warning("Type the identity of a person, for example an email address.")
        return

    def find(session: Session) -> int:
        if needed and identity is not None:
            return signed_in_annotator(session, identity=identity, name=identity).id
        return annotator_named(session, who).id

    _give(now, find, role)


def _give(now: Serving, find: Callable[[Session], int], role: Role) -> None:
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
    try:
        with now.project.write() as session:
            give_role(session, annotator_id=find(session), role=role, by=known_name())
    except EarmarkError as error:
        st.session_state[_PROBLEM] = str(error)
    st.rerun()


def _titled(role: Role) -> str:
    return role.value.capitalize()


def _ago(seconds: float) -> str:
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
