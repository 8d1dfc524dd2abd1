"""An identity provider (OpenID Connect): what is configured, and for how long its word is taken.

    st.login ──► provider ──► st.user has an address ──user_by_email──► one-time code ──POST /join──► session cookie

The provider says who somebody is; what they may do stands in our own table. No account is made for a stranger.
"""

from __future__ import annotations

import secrets
import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from redraft.errors import ConfigError
from redraft.records import Record
from redraft_ui.access.site import Site

FRESH_SECONDS = 180.0
"""A provider's word opens a session for so long after it was given, by its clock; afterwards it is asked again."""

CODE_SECONDS = 60.0
"""The one-time code of the exchange is good for so long."""


class Provider(Record):
    """The ``[auth]`` table that Streamlit's ``st.login`` takes, but for what follows from the app's own address."""

    client_id: str = Field(min_length=1)
    client_secret: str = Field(min_length=1, repr=False)
    server_metadata_url: str = Field(pattern=r"^https?://")
    client_kwargs: dict[str, str] = Field(default_factory=dict)

    def secrets(self, site: Site) -> dict[str, Any]:
        """What Streamlit is given. Its cookies need not outlive this process: the session is our own."""
        own = {"redirect_uri": f"{site.url}/oauth2callback", "cookie_secret": secrets.token_urlsafe(32)}
        return {"auth": self.model_dump() | own}


def read_provider(path: Path) -> Provider:
    """The provider that a TOML file with an ``[auth]`` table names.

    Raises:
        ConfigError: the file cannot be read, is no TOML, or a value is missing or will not do; no value is shown.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as e:
        raise ConfigError(f"cannot read {path}: {e.strerror}") from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise ConfigError(f"{path} is no TOML: {str(e).splitlines()[0]}") from e
    try:
        return Provider.model_validate(tables.get("auth", {}))
    except ValidationError as e:
        first = e.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}, [auth] {where}: {first['msg'].lower()}") from None


def vouched_address(claims: dict[str, Any], now: float) -> str | None:
    """The address that a provider has just vouched for; None if its word is too old.

    Raises:
        ConfigError: the provider tells no address, or says that it has not been verified.
    """
    issued = claims.get("iat")
    if not isinstance(issued, int | float) or now - issued > FRESH_SECONDS:
        return None
    address = claims.get("email")
    if not isinstance(address, str) or not address:
        raise ConfigError("the identity provider told no e-mail address: let it release the claim email")
    if claims.get("email_verified") is False:
        raise ConfigError("the identity provider has not verified your e-mail address: confirm it there first")
    return address
