"""Who may open the app, and under which address: the options of `earmark serve`, checked before anything starts."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from db.errors import ProjectError, SettingsError
from labeler.processes.oidc_file import read_oidc_file

_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
_BASE_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")
_NOT_THE_VISITORS = {"host", "origin", "cookie", "connection", "authorization", "earmark-person"}


@dataclass(frozen=True, kw_only=True)
class WaysIn:
    """How people sign in, who leads, and the path under which the app is served."""

    oidc: Path | None = None
    """File with the settings of OIDC."""
    proxy_header: str | None = None
    """Header in which a proxy names the person."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses from which that header counts."""
    leads: tuple[str, ...] = ()
    """Identities of people who lead, whatever role the project gives them."""
    insecure: bool = False
    """Whether the app may be reached from elsewhere without signing in."""
    base_path: str = ""
    """Empty, or a path without a last slash."""

    @property
    def signs_in(self) -> bool:
        """Whether a visitor has to sign in."""
        return self.oidc is not None or self.proxy_header is not None

    def check(self, host: str) -> None:
        """Refuse what cannot work, or would let strangers in.

        Raises:
            ProjectError: the address can be reached from elsewhere and nobody has to sign in, or options contradict each other.
            SettingsError: the file of OIDC cannot be used.
        """
        signs_in = self.signs_in
        if self.oidc is not None and self.proxy_header is not None:
            raise ProjectError("People sign in by --oidc or by --proxy-header, not by both; leave one of them out.")
        if (self.proxy_header is None) != (not self.trusted_proxies):
            raise ProjectError("--proxy-header and --trusted-proxy belong together; give both: only your proxy may name people.")
        self._check_proxy()
        if self.leads and not signs_in:
            raise ProjectError("--lead names somebody who signs in; give --oidc or --proxy-header too, or use the page People.")
        if not signs_in and not self.insecure and not is_loopback(host):
            raise ProjectError(
                f"Whoever reaches {host} could read and change everything, because nobody has to sign in; "
                "give --oidc or --proxy-header, or --insecure if you trust everybody in this network."
            )
        if self.oidc is not None:
            read_oidc_file(self.oidc, base_path=self.base_path)
            if importlib.util.find_spec("authlib") is None:
                raise SettingsError("Signing in by OIDC needs Authlib; run `pip install 'earmark[oidc]'`.")

    def _check_proxy(self) -> None:
        header = self.proxy_header
        if header is not None and (not _HEADER.fullmatch(header) or header.lower() in _NOT_THE_VISITORS):
            raise ProjectError(f"{header!r} cannot be the header of a proxy; give its name, such as X-Forwarded-User.")
        for proxy in self.trusted_proxies:
            try:
                ip_address(proxy)
            except ValueError as error:
                raise ProjectError(f"{proxy!r} is no address; give that of the proxy in numbers, such as 127.0.0.1.") from error

    def arguments(self) -> list[str]:
        """The same for the app's process, without secrets."""
        return [
            *([] if self.oidc is None else [f"--oidc={self.oidc.resolve()}"]),
            *([] if self.proxy_header is None else [f"--proxy-header={self.proxy_header}"]),
            *(f"--trusted-proxy={proxy}" for proxy in self.trusted_proxies),
            *(f"--lead={lead}" for lead in self.leads),
            *([f"--base-path={self.base_path}"] if self.base_path else []),
        ]


def is_loopback(host: str) -> bool:
    """Whether only programs of this computer reach the address."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def checked_base_path(text: str) -> str:
    """The path without a last slash, empty for the root.

    Raises:
        ValueError: it is no path.
    """
    path = text.rstrip("/")
    if path and not path.startswith("/"):
        path = f"/{path}"
    if not _BASE_PATH.fullmatch(path):
        raise ValueError(f"{text!r} cannot be a path of an address; use letters, digits and slashes, such as /earmark.")
    return path
