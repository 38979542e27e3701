"""Who may see a page: each page for leads or viewers calls one of these first, and so does each of its fragments.

The navigation shows only pages of the visitor's role. But a page can be asked for by its address or by a message, so it checks by
itself. A fragment and a callback run without their page.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from db.errors import EarmarkError, RoleError
from db.models import Role
from db.records.people.roles import may_answer, may_lead, may_view
from db.store.failures import STORE_ERRORS
from labeler.app.access.visitors import found_row, role_of
from labeler.app.opened import serving
from labeler.app.pages.asked_name import ask_for_name, known_name, visitor_called
from labeler.app.pages.entry.sign_in import sign_out_button
from labeler.app.sign_in.tokens import Newcomer
from labeler.app.sign_in.ways import arranged


def role_for_navigation() -> Role:
    """What the person at this browser may do now; without a name, what anybody may do. It only decides what is offered."""
    try:
        return _role(known_name(quiet=True))
    except (EarmarkError, *STORE_ERRORS):
        # The page itself says what is wrong.
        return Role.LEAD


def require_lead() -> None:
    """Go on only for a lead; otherwise ask for a name, or refuse in one sentence, and stop the page."""
    _require(may_lead, "This page is for leads; ask a lead of this project if you need it.")


def require_viewer() -> None:
    """Go on only for a lead or a viewer; otherwise as `require_lead`."""
    _require(may_view, "This page is for leads and viewers; ask a lead of this project if you need it.")


def require_annotator() -> None:
    """Go on only for somebody who may answer clips; viewers get one sentence."""
    _require(may_answer, "Viewers do not answer clips; ask a lead of this project for the role of an annotator.")


def checked_again(may: Callable[[Role], bool] = may_lead) -> Callable[[], None]:
    """What checks outside of the page, as when a download is made, that the person at this browser still may do this.

    It raises RoleError if they may not.
    """
    name = known_name()
    who = None if name is None else visitor_called(name)

    def check() -> None:
        if not may(_role_of(who)):
            raise RoleError(f"You {'are no lead' if may is may_lead else 'may not see this'} any more; reload the page.")

    return check


def _role(name: str | None) -> Role:
    return _role_of(None if name is None else visitor_called(name))


def _role_of(who: Newcomer | None) -> Role:
    with serving().project.read() as session:
        annotator = None if who is None else found_row(session, who)
        return role_of(session, annotator, identity=None if who is None else who.identity)


def _require(may: Callable[[Role], bool], refusal: str) -> None:
    name = known_name(quiet=True)
    if may(_role(name)):
        return
    if name is None and not arranged().needed:
        ask_for_name("Who are you?", "Open the page")
    else:
        st.warning(refusal, icon=":material/lock:")
        # Perhaps they have another account.
        sign_out_button()
    st.stop()
