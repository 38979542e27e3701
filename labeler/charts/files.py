"""Writes charts to files."""

from __future__ import annotations

from pathlib import Path

import altair as alt

from db.errors import FormatError


def check_chart_file(output: Path) -> None:
    """Check the ending of a chart's file name, before work that takes long.

    Raises:
        FormatError: the ending is not .png, .svg or .html.
    """
    suffix = output.suffix.lower()
    if suffix not in {".png", ".svg", ".html"}:
        raise FormatError(
            f"{output} cannot be drawn: {suffix or 'no ending'} is not one of .png, .svg, .html; choose one of these."
        )


def save_chart(chart: alt.LayerChart, output: Path) -> None:
    """Draw a chart to a .png, .svg or .html file; none of them needs a network to be shown.

    Raises:
        FormatError: the ending is another one, or the file cannot be written.
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
