"""Options of `serve` that say who may open the app, and under which address."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def _base_path(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    from labeler.processes.ways_in import checked_base_path

    try:
        return checked_base_path(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


_OPTIONS = [
    click.option(
        "--oidc",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        help="People sign in by OpenID Connect. The TOML file holds server_metadata_url, client_id, client_secret, cookie_secret "
        "and redirect_uri; only you may read it.",
    ),
    click.option(
        "--proxy-header",
        metavar="NAME",
        help="People sign in at a proxy, which names them in this header, for example X-Forwarded-User. Needs --trusted-proxy.",
    ),
    click.option(
        "--trusted-proxy",
        "trusted_proxies",
        multiple=True,
        metavar="ADDRESS",
        help="Address of the proxy whose header counts; everybody else is refused. Give the option once for each address.",
    ),
    click.option(
        "--lead",
        "leads",
        multiple=True,
        metavar="IDENTITY",
        help="A person who signs in and is a lead, for example by email address; give the option once for each person.",
    ),
    click.option(
        "--insecure",
        is_flag=True,
        help="Allow an address that other machines reach although nobody has to sign in.",
    ),
    click.option(
        "--base-path",
        default="",
        metavar="PATH",
        callback=_base_path,
        help="Serve under a path, for example /earmark, as behind a proxy that serves other things too.",
    ),
]


def access_options(command: Command) -> Command:
    """Add the options; the command gets them as one `WaysIn`, called `ways_in`."""

    @functools.wraps(command)
    def with_ways_in(
        *args: Any,
        oidc: Path | None,
        proxy_header: str | None,
        trusted_proxies: tuple[str, ...],
        leads: tuple[str, ...],
        insecure: bool,
        base_path: str,
        **others: Any,
    ) -> Any:
        from labeler.processes.ways_in import WaysIn

        ways_in = WaysIn(
            oidc=oidc,
            proxy_header=proxy_header,
            trusted_proxies=trusted_proxies,
            leads=leads,
            insecure=insecure,
            base_path=base_path,
        )
        return command(*args, ways_in=ways_in, **others)

    wrapped: Any = with_ways_in
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[no-any-return]
