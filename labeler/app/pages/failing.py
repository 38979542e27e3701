"""What a page shows where it fails: one sentence. Streamlit would show a box with the error's class and its traceback."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from db.errors import EarmarkError
from db.store.failures import STORE_ERRORS, failure_of
from labeler.app.pages.plain_text import plain

LOG = logging.getLogger("earmark.app")


@contextmanager
def in_one_sentence() -> Iterator[None]:
    """Show a failure of the block in place of what was still to come.

    A fragment needs a block of its own: what it raises, Streamlit shows before whoever called it sees it.
    """
    try:
        yield
    except EarmarkError as error:
        st.error(plain(str(error)))
    except STORE_ERRORS as error:
        # The database answers each page; without it no page has anything to show.
        failure = failure_of(error)
        LOG.error("a page failed: %s", failure.sentence, exc_info=not failure.is_known)
        st.error(plain(failure.for_page))
