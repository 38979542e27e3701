"""How far a command is that a page has started, and the button that cancels it."""

from __future__ import annotations

import streamlit as st

from labeler.app.commands.job import CommandJob
from labeler.words.time_left import time_left


def show_job_progress(job: CommandJob, words: str, *, key: str) -> None:
    """Show it.

    Args:
        words: what stands above the bar.
        key: of the button.
    """
    st.progress(min(job.done / job.total, 1.0) if job.total else 0.0, text=words)
    if job.is_ending:
        st.caption("Ending …")
        return
    if job.seconds_left is not None:
        st.caption(time_left(job.seconds_left))
    if st.button("Cancel", key=key, type="tertiary"):
        job.cancel()
