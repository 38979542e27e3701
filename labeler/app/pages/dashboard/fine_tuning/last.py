"""What the last fine-tuning gave, beside the usual classifier."""

from __future__ import annotations

import streamlit as st

from db.dashboard import DashboardFacts
from db.finetuned.document import Finetuned
from labeler.app.pages.dashboard.explained import chart
from labeler.app.pages.moments import today_or_moment
from labeler.app.pages.plain_text import plain
from labeler.app.tuning.jobs import METHODS
from labeler.charts.finetuned import finetuned_chart, finetuned_rows
from labeler.words.run import counted
from labeler.words.time_left import duration

VERDICTS = {
    "better": "Better than the usual classifier",
    "worse": "Worse than the usual classifier",
    "level": "Not shown to be better",
}
_MOST_REMARKS = 5


def show_last(found: Finetuned, facts: DashboardFacts) -> None:
    """The verdict in words, both accuracies as a chart, and what they depend on."""
    st.markdown(f"**{VERDICTS[found.verdict]}**: {plain(difference_in_words(found))}.")
    chart(
        finetuned_chart(found, width="container"),
        lambda: finetuned_rows(found),
        name="fine-tuned",
        because=[
            "Both classifiers learn from the same labels and are scored on the same clips of the random slice, each clip by one "
            "that has not seen its speaker.",
            "The interval of the difference takes the same speakers for both. If it holds 0, the difference can be chance.",
            f"Trained on {counted(found.folds, 'fold')}, with {counted(found.runs, 'run')} of each.",
            *found.remarks[:_MOST_REMARKS],
        ],
    )
    st.caption(plain(_of_what(found, facts)))


def difference_in_words(found: Finetuned) -> str:
    """For example `+3.0 points (−1.0 to +7.0)`."""
    points = [
        f"{100 * value:+.1f}".replace("-", "−") for value in (found.difference, found.difference_low, found.difference_high)
    ]
    return f"{points[0]} points of UA ({points[1]} to {points[2]})"


def _of_what(found: Finetuned, facts: DashboardFacts) -> str:
    encoder = found.encoder if found.encoder == found.frozen_encoder else f"{found.encoder}, beside {found.frozen_encoder}"
    encoder = f"the model {encoder}" if found.is_of_corpora else encoder
    now = facts.now.labelled
    since = "" if now == found.labels else f" Now {now} are labelled."
    learned = counted(found.labels, "labelled clip")
    return (
        f"{METHODS.get(found.method, found.method)} of {encoder}, {today_or_moment(found.at)}: learned from {learned}, "
        f"scored on {counted(found.slice_clips, 'clip')}, took {duration(found.seconds)}.{since}"
    )
