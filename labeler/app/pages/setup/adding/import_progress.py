"""An import on the page that has started it, or on any that is opened later: how far it is, and what became of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import streamlit as st

from db.records.labels import active_labels
from labeler.app.commands.job import JobState
from labeler.app.incoming.job import ImportJob
from labeler.app.incoming.jobs import jobs_of
from labeler.app.opened import Serving
from labeler.app.pages.entry.required import require_lead
from labeler.app.pages.failing import in_one_sentence
from labeler.app.pages.job_progress import show_job_progress
from labeler.app.pages.plain_text import plain
from labeler.app.pages.setup.adding.tables import show_table
from labeler.words.import_labels import lines_of_labels_not_taken
from labeler.words.import_warnings import warning_lines
from labeler.words.run import counted

_LOOK_SECONDS = 1
MOST_REASONS, MOST_LINES = 200, 10


def show_import(now: Serving) -> None:
    """Show the newest import, if there is one; while it runs, this part of the page looks again by itself.

    When it ends, the page does not run anew: where that takes longer than the time between two looks, it would never end.
    """
    job = jobs_of(now.project.directory).newest
    if job is not None:
        st.fragment(_shown, run_every=_LOOK_SECONDS if job.is_running else None)(now, job)


def _shown(now: Serving, job: ImportJob) -> None:
    with in_one_sentence():
        # It runs again by itself, without its page.
        require_lead()
        with st.container(border=True, key="audio-import"):
            _job(now, job)


def _job(now: Serving, job: ImportJob) -> None:
    if job.is_running:
        _progress(job)
        return
    if job.document is not None:
        _result(now, job, job.document)
    elif job.state == JobState.CANCELLED:
        st.text("Cancelled. Clips that were added stay; add the same again to go on.")
    else:
        st.error(plain(job.error))
    if st.button("Close", key="audio-import-close", type="tertiary"):
        jobs_of(now.project.directory).forget()
        st.rerun()


def _progress(job: ImportJob) -> None:
    what = "Checking" if job.request.is_trial else "Adding"
    rate = "" if job.rate is None else f", {job.rate:.1f} a second"
    words = f"{what} {plain(job.request.source.name)}: {job.done} of {job.total or '…'}{rate}"
    show_job_progress(job, words, key="audio-import-cancel")


def _result(now: Serving, job: ImportJob, document: dict[str, Any]) -> None:
    would = "would be " if job.request.is_trial else ""
    rejected = document["rejected"]
    added, known = counted(document["added"], "clip"), document["known"]
    st.markdown(
        f"**{added} {would}added**, {known} known already, {len(rejected)} {would}rejected."
        + (f" {counted(document['labels'], 'label')} {would}recorded." if document["labels"] else "")
    )
    with now.project.read() as session:
        label_set = [label.name for label in active_labels(session)]
    lines = [*lines_of_labels_not_taken(document["labels_not_taken"], label_set=label_set), *document["notes"]]
    lines += warning_lines(document["warnings"])
    for line in lines[:MOST_LINES]:
        st.caption(plain(line))
    if len(lines) > MOST_LINES:
        st.caption(f"And {len(lines) - MOST_LINES} more remarks.")
    if rejected:
        with st.expander(f"Why {len(rejected)} {would or 'were '}rejected", key="audio-rejected"):
            for reason, count in Counter(_without_line(row["reason"]) for row in rejected).most_common(MOST_LINES):
                if count > 1:
                    st.caption(plain(f"{count} times: {reason}"))
            show_table(
                ["File", "Reason"], [(row["file_name"], row["reason"]) for row in rejected[:MOST_REASONS]], name="rejected"
            )
            if len(rejected) > MOST_REASONS:
                st.caption(f"And {len(rejected) - MOST_REASONS} more; `earmark validate` lists all of them.")


def _without_line(reason: str) -> str:
    """Reasons of different lines as one, where they are the same."""
    line, colon, rest = reason.partition(": ")
    return rest if colon and line.startswith("Line ") else reason
