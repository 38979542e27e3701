"""Options of `serve` and `learn` for those who watch them: figures for Prometheus, and a log that programs read."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

from labeler.cli.output import note
from labeler.monitoring.log_lines import STYLES, TEXT, is_json
from labeler.processes import lifeline

if TYPE_CHECKING:
    from labeler.monitoring.metrics_address import MetricsAddress

LOG = logging.getLogger("earmark.command")
Command = TypeVar("Command", bound=Callable[..., Any])


def _metrics(_context: click.Context, _parameter: click.Parameter, text: str | None) -> MetricsAddress | None:
    from labeler.monitoring.metrics_address import metrics_address

    try:
        address = None if text is None else metrics_address(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    if address is not None:
        address.check()
    return address


class OneSentence(click.ClickException):
    """An error of a command: a line for a person, or one of JSON in a log of JSON.

    Below `earmark serve` it stays a line for a person: the supervisor finds the reason in it, and makes the JSON.
    """

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it on stderr."""
        if is_json() and os.environ.get(lifeline.VARIABLE) != "1":
            LOG.error("%s", self.format_message())
        else:
            super().show(file)


def say(message: str) -> None:
    """Print a line for a person on stderr, or write it to the log in JSON."""
    if is_json():
        LOG.info("message", extra={"fields": {"text": message}})
    else:
        note(message)


def monitoring_options(command: Command) -> Command:
    """Add the options; the command gets `metrics`, an address or None, and `log_format`."""
    metrics = click.option(
        "--metrics",
        metavar="[ADDRESS:]PORT",
        callback=_metrics,
        help="Answer Prometheus here (extra `metrics`): on 127.0.0.1, unless an address in numbers is given. Nobody signs in "
        "there. The learner that `serve` starts takes the next port.",
    )
    log_format = click.option(
        "--log-format",
        type=click.Choice(STYLES),
        default=TEXT,
        show_default=True,
        help="How the log on stderr is written: text for people, or json, one line an event.",
    )
    return metrics(log_format(command))
