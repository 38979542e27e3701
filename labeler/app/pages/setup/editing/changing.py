"""How pages change the label set: in one transaction, with a sentence where it is refused."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from sqlalchemy.orm import Session

from db.errors import EarmarkError
from labeler.app.opened import Serving
from labeler.app.pages.asked_name import known_name
from labeler.app.pages.plain_text import plain
from labeler.app.pages.setup.editing.guideline_versions import guidelines_changed

Change = Callable[[Session, str | None], object]


def change_labels(now: Serving, change: Change) -> bool:
    """Make a change, which gets a write session and the name of the person; whether it was taken. If not, the page says why."""
    by = known_name()
    try:
        with now.project.write() as session:
            change(session, by)
            session.flush()
            guidelines_changed(session, now.project.directory, by=by)
    except EarmarkError as error:
        st.error(plain(str(error)))
        return False
    return True
