"""What stands behind a figure: sentences that unfold, and the data of a chart to download."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import altair as alt
import streamlit as st

from db.exports.formats.csv_file import without_formula
from db.records.people.roles import may_view
from labeler.app.pages.entry.required import checked_again
from labeler.app.pages.plain_text import plain

Rows = Sequence[Mapping[str, Any]]


def why(sentences: Iterable[str], *, key: str, title: str = "Why?") -> None:
    """A button that unfolds these sentences; none if there is none."""
    shown = [sentence for sentence in sentences if sentence]
    if not shown:
        return
    with st.popover(title, type="tertiary", key=f"{key}-why"):
        for sentence in shown:
            st.markdown(plain(sentence))


def chart(drawn: alt.Chart | alt.LayerChart, rows: Callable[[], Rows], *, name: str, because: Iterable[str] = ()) -> None:
    """A chart, whose own menu gives it as a picture; below it what it means, and its data.

    Args:
        rows: the data, called when somebody wants it.
        name: of the file, and the key of the chart.
        because: sentences that unfold.
    """
    st.altair_chart(drawn, width="stretch", key=name)
    below_chart(rows, name=name, because=because)


def below_chart(rows: Callable[[], Rows], *, name: str, because: Iterable[str] = ()) -> None:
    """Sentences that unfold, and a button that gives the data of a chart as CSV."""
    with st.container(horizontal=True, gap="small", key=f"{name}-below"):
        why(because, key=name)
        data_of(rows, name=name)


def data_of(rows: Callable[[], Rows], *, name: str) -> None:
    """A button that gives data as CSV."""
    may_still_view = checked_again(may_view)

    def made() -> bytes:
        may_still_view()
        return as_csv(rows())

    st.download_button(
        "Data (CSV)",
        data=made,
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"{name}-csv",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )


def as_csv(rows: Rows) -> bytes:
    """The rows as CSV with a header; nothing in it is a formula to a spreadsheet."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writerow({name: _harmless(name) for name in writer.fieldnames})
    writer.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)
    return text.getvalue().encode("utf-8")


def _harmless(value: Any) -> Any:
    return without_formula(value) if isinstance(value, str) else value
