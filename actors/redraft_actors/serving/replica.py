"""The server in a replica of Ray Serve."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from ray import serve

from redraft.serving import PolicyServer, ServeSettings, build_app


@serve.deployment(name="policy", graceful_shutdown_timeout_s=20)
@serve.ingress()
class PolicyService:
    """``PolicyServer`` behind HTTP; a change of ``user_config`` reaches it in place."""

    def __init__(self) -> None:
        self.server = PolicyServer()

    def __serve_build_asgi_app__(self) -> FastAPI:
        return build_app(self.server)

    async def reconfigure(self, user_config: dict[str, Any]) -> None:
        """Take what ``serve_policy`` sent."""
        await self.server.reconfigure(ServeSettings.model_validate(user_config))


application = PolicyService.bind()  # type: ignore[attr-defined]
