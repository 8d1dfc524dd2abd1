"""A small OpenID Connect provider for tests: it vouches for whoever it is told to, and checks what clients send.

Code flow with PKCE (S256), a nonce and RS256; one client. Runs in a thread of this process.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

import uvicorn
from joserfc import jwk, jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID, CLIENT_SECRET = "redraft-tests", "a secret of the tests alone"


@dataclass
class OidcProvider:
    """``claims`` are what it says about whoever comes; ``asked`` counts how often it was asked."""

    url: str
    claims: dict[str, Any] = field(default_factory=lambda: {"email": "ada@example.org", "email_verified": True})
    age: float = 0.0
    asked: int = 0
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _key: jwk.RSAKey = field(
        default_factory=lambda: jwk.RSAKey.generate_key(2048, {"kid": "k", "use": "sig", "alg": "RS256"})
    )

    @property
    def metadata_url(self) -> str:
        return f"{self.url}/.well-known/openid-configuration"

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._metadata),
                Route("/jwks", self._keys),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/logout", self._logout),
            ]
        )

    async def _metadata(self, request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/jwks",
                "end_session_endpoint": f"{self.url}/logout",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def _keys(self, request: Request) -> Response:
        return JSONResponse({"keys": [self._key.as_dict(private=False)]})

    async def _authorize(self, request: Request) -> Response:
        self.asked += 1
        sent = dict(request.query_params)
        assert sent["client_id"] == CLIENT_ID and sent["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = sent
        return RedirectResponse(f"{sent['redirect_uri']}?{urlencode({'code': code, 'state': sent['state']})}", 302)

    async def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        sent = self._codes.pop(form["code"], None)
        name, _, password = base64.b64decode(request.headers["authorization"][6:]).decode().partition(":")
        known = name == CLIENT_ID and password.replace("+", " ").replace("%20", " ") == CLIENT_SECRET
        proof = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if sent is None or not known or sent["redirect_uri"] != form["redirect_uri"] or sent["code_challenge"] != proof:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time() - self.age)
        claims = {"iss": self.url, "aud": CLIENT_ID, "sub": "1", "iat": now, "exp": now + 3600, "nonce": sent["nonce"]}
        token = jwt.encode({"alg": "RS256", "kid": "k"}, claims | self.claims, self._key)
        return JSONResponse({"access_token": "none", "token_type": "Bearer", "expires_in": 300, "id_token": token})

    async def _logout(self, request: Request) -> Response:
        return RedirectResponse(request.query_params["post_logout_redirect_uri"], 302)


@contextmanager
def oidc_provider() -> Iterator[OidcProvider]:
    """A provider on a free port of this machine, until the block ends."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        provider = OidcProvider(f"http://127.0.0.1:{listening.getsockname()[1]}")
        server = uvicorn.Server(uvicorn.Config(provider.app(), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield provider
        finally:
            server.should_exit = True
            thread.join()
