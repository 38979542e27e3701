"""The page Export: labels and decisions as a file, in a format that the visitor chooses."""

from __future__ import annotations

import html
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import streamlit as st

from db.decisions.log import decision_counts
from db.errors import EarmarkError, FormatError
from db.exports.choice import AudioAs, ExportChoice, LabelKind, RowsOf, SplitShares
from db.exports.registry import EXPORTERS, Exporter
from db.records.audio_files import answered_bytes
from db.store.failures import STORE_ERRORS, failure_of
from labeler.app.opened import Serving, serving
from labeler.app.pages.entry.required import checked_again, require_lead
from labeler.app.pages.failing import in_one_sentence
from labeler.app.pages.keeping.backup import show_backup
from labeler.app.pages.plain_text import plain
from labeler.app.pages.setup.still_empty import is_still_empty
from labeler.words.run import counted
from learner.handover.export import export_project, first_rows

PREVIEWED = 5
_MOST_BYTES = 2**29
"""Of audio in a download."""
_LOOK_AGAIN = 1.0
"""Seconds until the page looks again whether a download has failed."""
_LONGEST = 60
"""Characters of a cell in the preview."""
_ROWS = {RowsOf.CONSENSUS: "One row a clip, with the label that all answers give", RowsOf.DECISIONS: "Every answer that stands"}


def show_export() -> None:
    """Show the page."""
    require_lead()
    now = serving()
    st.title("Export", anchor=False)
    if is_still_empty(now):
        return
    with now.project.read() as session:
        standing = decision_counts(session)
    st.text(f"The project holds {counted(standing, 'answer')}.")
    _download(now, standing)
    st.divider()
    show_backup(now)


def _download(now: Serving, standing: int) -> None:
    """What the visitor chooses, the first rows of it, and the button; `standing` answers count today."""
    names = list(EXPORTERS)
    format = st.selectbox("Format", names, format_func=lambda name: f"{name}: {EXPORTERS[name].description}", key="format")
    exporter = EXPORTERS[format]
    # Two places that stay, however many choices there are: else the preview moves, and while that run goes on it is shown twice.
    choices, preview = st.container(), st.container()
    try:
        with choices:
            choice = _choice(exporter)
        with preview:
            is_empty = not _preview(now, format, choice)
        if choice.audio != AudioAs.NONE:
            _refuse_too_much_audio(now, format)
    except EarmarkError as error:
        st.warning(plain(str(error)))
        return
    if st.session_state.get("export-of") != (format, choice):
        # Why another export failed is of no use here.
        st.session_state["export-of"], st.session_state["export-failed"] = (format, choice), []
    failed: list[str] = st.session_state["export-failed"]
    may_still_lead = checked_again()
    st.download_button(
        "Download",
        data=lambda: _exported(now, exporter, choice, failed, may_still_lead),
        file_name=_file_name(now, exporter, choice),
        mime="application/octet-stream",
        icon=":material/download:",
        on_click="ignore",
        disabled=standing == 0 and is_empty,
        key="download",
    )
    _show_failure(failed)
    if choice.for_spreadsheets:
        st.caption("In this file such texts have an apostrophe in front. It is not for importing.")


@st.fragment(run_every=_LOOK_AGAIN)
def _show_failure(failed: list[str]) -> None:
    """Say why the last download failed: it is made outside of the page, and Streamlit says nothing of it."""
    if failed:
        with in_one_sentence():
            require_lead()
            st.error(plain(failed[-1]))


def _choice(exporter: Exporter) -> ExportChoice:
    """What the visitor chooses, of what the format can hold."""
    options = [rows for rows in _ROWS if rows in exporter.rows]
    rows = options[0] if len(options) == 1 else st.radio("Rows", options, format_func=_ROWS.__getitem__, key="rows")
    kinds = {LabelKind.GOLD, LabelKind.CONSENSUS}
    if rows == RowsOf.CONSENSUS and st.checkbox("Add clips without answers, as the classifier predicts them", key="predicted"):
        kinds.add(LabelKind.PREDICTED)
    if exporter.is_log:
        return ExportChoice(rows=rows)
    with_audio = st.checkbox("With the audio", value=exporter.audio != AudioAs.NONE, key=f"audio-{exporter.name}")
    shares = st.text_input(
        "Splits", placeholder="80/10/10", key="splits", help="Shares of train, dev and test. No speaker is in two splits."
    )
    return ExportChoice(
        rows=rows,
        audio=AudioAs.NONE if not with_audio else AudioAs.CUT if exporter.audio == AudioAs.NONE else exporter.audio,
        kinds=frozenset(kinds),
        splits=SplitShares.parse(shares) if shares.strip() else None,
        for_spreadsheets=exporter.for_spreadsheets and _asked_for_spreadsheets(),
    )


def _refuse_too_much_audio(now: Serving, format: str) -> None:
    """A download lies in memory while it is made."""
    with now.project.read() as session:
        size = answered_bytes(session)
    if size > _MOST_BYTES:
        raise FormatError(
            f"The audio takes {size / 2**30:.1f} GiB, too much for a download; run `earmark export {format} FOLDER` on the "
            "server, or leave the audio out."
        )


def _preview(now: Serving, format: str, choice: ExportChoice) -> bool:
    """Show the first rows; whether there are any."""
    rows = first_rows(now.project, format, choice=choice, count=PREVIEWED)
    if not rows:
        st.text("None of the first clips has a label yet that this export would hold.")
        return False
    st.text("The first rows. What follows from all rows, such as confidence and splits, comes with the download:")
    # Not st.table, which reads Markdown in texts, and not st.dataframe, whose own download holds these rows only.
    st.html(f'<div style="overflow-x: auto" data-testid="preview"><table>{_cells(rows[0], "th")}{_lines(rows)}</table></div>')
    return True


def _lines(rows: list[dict[str, object]]) -> str:
    return "".join(_cells(row.values(), "td") for row in rows)


def _cells(values: Iterable[object], kind: str) -> str:
    cells = "".join(f'<{kind} style="padding: 0 1em 0 0; white-space: nowrap">{_shown(value)}</{kind}>' for value in values)
    return f"<tr>{cells}</tr>"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        value = ", ".join(f"{name}: {each}" for name, each in value.items())
    text = "" if value is None else str(value)
    return html.escape(text if len(text) <= _LONGEST else text[:_LONGEST] + "…")


def _asked_for_spreadsheets() -> bool:
    asked = st.checkbox("Safe for spreadsheets", key="for-spreadsheets")
    st.caption(
        "A spreadsheet runs a text that begins with =, +, - or @ as a formula. Such texts may come from file names, transcripts "
        "or annotators' names."
    )
    return asked


def _file_name(now: Serving, exporter: Exporter, choice: ExportChoice) -> str:
    """A name that says what is in the file: two formats may have the same ending."""
    what = exporter.name if len(exporter.rows) == 1 else f"{exporter.name}-{choice.rows.value}"
    is_folder = exporter.is_folder or choice.audio != AudioAs.NONE
    return f"{now.project.directory.name}-{time.strftime('%Y-%m-%d')}-{what}{'.zip' if is_folder else exporter.suffix}"


def _exported(
    now: Serving, exporter: Exporter, choice: ExportChoice, failed: list[str], may_still_lead: Callable[[], None]
) -> bytes:
    """The bytes of the file, written when the button is pressed, so that it holds the newest answers; a folder as a ZIP.

    Args:
        failed: takes the sentence of an error, which is raised, too.
        may_still_lead: raises RoleError if whoever opened the page is no lead any more.
    """
    failed.clear()
    try:
        may_still_lead()
        return _bytes_of(now, exporter, choice)
    except (EarmarkError, *STORE_ERRORS) as error:
        failed.append(str(error) if isinstance(error, EarmarkError) else failure_of(error, place=now.project.directory).sentence)
        raise


def _bytes_of(now: Serving, exporter: Exporter, choice: ExportChoice) -> bytes:
    with tempfile.TemporaryDirectory(dir=now.project.cache_dir) as temporary:
        path = Path(temporary) / "export"
        export_project(now.project, exporter.name, path, choice=choice)
        if path.is_file():
            return path.read_bytes()
        packed = Path(temporary) / "export.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for inside in sorted(path.rglob("*")):
                archive.write(inside, inside.relative_to(path))
        return packed.read_bytes()
