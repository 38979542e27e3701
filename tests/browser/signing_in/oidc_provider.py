"""A small OpenID Connect provider that signs in whoever comes, as the person that a test chooses."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.supervised_processes import free_port, is_listened_on, wait_for

CLIENT, SECRET = "earmark-tests", "a secret of the client that is in no log"


@dataclass
class Provider:
    """What it says of whoever comes next."""

    address: str
    claims: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """The paths that were asked for."""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "1"}))
    _nonces: dict[str, str] = field(default_factory=dict)

    @property
    def metadata_url(self) -> str:
        """What a client needs to know of it."""
        return f"{self.address}/.well-known/openid-configuration"

    async def metadata(self, _request: Request) -> Response:
        """The addresses of the other routes."""
        return JSONResponse(
            {
                "issuer": self.address,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "jwks_uri": f"{self.address}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def authorize(self, request: Request) -> Response:
        """Send the browser back at once: the person has signed in."""
        asked = request.query_params
        self.asked.append(request.url.path)
        self._nonces["a-code"] = asked.get("nonce", "")
        return RedirectResponse(f"{asked['redirect_uri']}?code=a-code&state={asked['state']}")

    async def token(self, request: Request) -> Response:
        """The identity token for a code."""
        form = dict(pair.split("=", 1) for pair in (await request.body()).decode().split("&"))
        self.asked.append(request.url.path)
        now = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": self._nonces[form["code"]]}
        signed = jwt.encode({"alg": "RS256", "kid": "1"}, {**claims, **self.claims}, self.key)
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "expires_in": 300, "id_token": signed})

    async def jwks(self, _request: Request) -> Response:
        """The key with which tokens can be checked."""
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})


@contextmanager
def provider() -> Iterator[Provider]:
    """Run it in a thread."""
    port = free_port()
    running = Provider(f"http://127.0.0.1:{port}")
    routes = [
        Route("/.well-known/openid-configuration", running.metadata),
        Route("/authorize", running.authorize),
        Route("/token", running.token, methods=["POST"]),
        Route("/jwks", running.jwks),
    ]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_for(lambda: is_listened_on(port), what="the provider to answer")
        yield running
    finally:
        server.should_exit = True
        thread.join()
