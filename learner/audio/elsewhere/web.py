"""How https addresses are fetched: a server may not send Earmark on to another host."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def web_options() -> dict[str, Any]:
    """Options of fsspec's file system for the web. Imports aiohttp."""
    import aiohttp

    traces = aiohttp.TraceConfig()
    traces.on_request_redirect.append(_refuse_other_hosts)
    return {"client_kwargs": {"trace_configs": [traces], "timeout": aiohttp.ClientTimeout(sock_connect=10, sock_read=60)}}


async def _refuse_other_hosts(_session: Any, _context: Any, redirect: Any) -> None:
    # The address is one that somebody typed; what a server answers must not lead into the network of this machine.
    url = redirect.url
    to = url.join(type(url)(redirect.response.headers.get("Location", "")))
    if (to.host, to.scheme) not in ((url.host, url.scheme), (url.host, "https")):
        raise PermissionError("The server sends on to another host.")
