"""A fine-tuning that a lead starts, watches and cancels."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from db.errors import EarmarkError
from db.finetuned.worth_trying import WorthTrying
from db.project import OpenProject
from labeler.app.commands.job import JobState
from labeler.app.opened import Serving
from labeler.app.pages.entry.required import require_lead
from labeler.app.pages.failing import in_one_sentence
from labeler.app.pages.job_progress import show_job_progress
from labeler.app.pages.plain_text import plain
from labeler.app.tuning.jobs import AFTERWARDS, GO_BACK, METHODS, TuningJob, TuningRequest, tunings_of

_LOOK_SECONDS = 2.0
_BUNDLED = "bundled"
_SEEN = "fine-tuning-seen"
"""The fine-tuning whose result this visitor has on the page."""


def show_started(now: Serving, answer: WorthTrying) -> None:
    """What starts one, or the one that runs; while it runs, this part of the page looks again by itself."""
    job = tunings_of(now.project.directory).newest
    st.fragment(_started, run_every=_LOOK_SECONDS if job is not None and job.is_running else None)(now, answer, job)


def _started(now: Serving, answer: WorthTrying, job: TuningJob | None) -> None:
    with in_one_sentence():
        # It runs again by itself, without its page.
        require_lead()
        with st.container(border=True, key="fine-tuning"):
            if job is not None and job.is_running:
                _progress(job)
                return
            if job is not None and job.state == JobState.DONE and st.session_state.get(_SEEN) is not job:
                # The result stands beside this part, which alone has looked again.
                st.session_state[_SEEN] = job
                st.rerun()
            _form(now, answer)
            if job is not None:
                _ended(job)


def _form(now: Serving, answer: WorthTrying) -> None:
    method = st.selectbox("Method", list(METHODS), format_func=METHODS.__getitem__, key="fine-tuning-method")
    encoder = None
    if now.project.settings.encoder != _BUNDLED:
        encoder = st.selectbox("Encoder", [now.project.settings.encoder, _BUNDLED], key="fine-tuning-encoder")
    afterwards = st.selectbox("Afterwards", list(AFTERWARDS), format_func=AFTERWARDS.__getitem__, key="fine-tuning-afterwards")
    request = TuningRequest(method=method, encoder=encoder, adopt=afterwards)
    if st.button("Fine-tune", key="fine-tuning-start", icon=":material/model_training:", disabled=not answer.possible):
        _start(now, request)
    adopted = _adopted(now.project)
    if adopted:
        st.caption(f"A fine-tuned network is {adopted}.")
        if st.button("Go back to the usual one", key="fine-tuning-back", type="tertiary", icon=":material/undo:"):
            _start(now, TuningRequest(method=method, adopt=GO_BACK))


def _start(now: Serving, request: TuningRequest) -> None:
    try:
        tunings_of(now.project.directory).start(request)
    except EarmarkError as error:
        st.warning(plain(str(error)))
        return
    st.rerun()


def _adopted(project: OpenProject) -> str:
    """What fine-tuned networks are used as; an empty text for none."""
    encoder = Path(project.settings.encoder)
    used = {
        "the encoder": encoder.is_absolute() and encoder.is_relative_to(project.networks_dir),
        "what `earmark predict` uses": (project.networks_dir / "classifier").is_dir(),
    }
    return " and ".join(name for name, is_used in used.items() if is_used)


def _progress(job: TuningJob) -> None:
    far = f"{job.done} of {job.total}" if job.total else "starting"
    show_job_progress(job, f"{METHODS[job.request.method]}: {far}", key="fine-tuning-cancel")


def _ended(job: TuningJob) -> None:
    if job.state == JobState.CANCELLED:
        st.caption("Cancelled. Folds that are finished are kept: start the same again to go on.")
    elif job.state == JobState.FAILED:
        st.error(plain(job.error))
