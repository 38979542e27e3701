"""Charts written to files."""

from __future__ import annotations

from pathlib import Path

import altair as alt

from db.errors import FormatError


def check_chart_file(output: Path) -> None:
    """Make sure of the ending before long work.

    Raises:
        FormatError: it is none that a chart can be drawn to.
    """
    suffix = output.suffix.lower()
    if suffix not in {".png", ".svg", ".html"}:
        raise FormatError(f"{output} cannot be drawn: {suffix or 'no ending'} is not one of .png, .svg, .html.")


def save_chart(chart: alt.LayerChart, output: Path) -> None:
    """Draw a chart to a .png, .svg or .html file; none of them needs a network to be shown.

    Raises:
        FormatError: the file's ending is another, or it cannot be written.
    """
    check_chart_file(output)
    suffix = output.suffix.lower()
    try:
        if suffix == ".html":
            chart.save(str(output), format="html", inline=True)
        elif suffix == ".png":
            chart.save(str(output), format="png", scale_factor=2)
        else:
            chart.save(str(output), format="svg")
    except OSError as error:
        raise FormatError(f"{output} cannot be written ({error.strerror}); choose another place.") from error
