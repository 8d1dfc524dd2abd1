"""The server in a replica of Ray Serve."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from ray import serve
from ray.exceptions import TaskCancelledError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from redraft.logs import run_logs
from redraft.runs import RunFolder
from redraft.serving import PolicyServer, ServeSettings, build_app


class Disconnects:
    """Of a client that closed the connection, Ray Serve cancels the task that receives; ASGI has a message for it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As the application, to which receiving raises nothing."""

        async def received() -> Message:
            try:
                return await receive()
            except TaskCancelledError:
                return {"type": "http.disconnect"}

        await self.app(scope, received, send)


@serve.deployment(name="policy", graceful_shutdown_timeout_s=20)
@serve.ingress()
class PolicyService:
    """``PolicyServer`` behind HTTP; a change of ``user_config`` reaches it in place."""

    def __init__(self) -> None:
        self.server = PolicyServer()
        self.logs = ExitStack()
        self.logs_of: str | None = None

    def __serve_build_asgi_app__(self) -> FastAPI:
        app = build_app(self.server)
        app.add_middleware(Disconnects)
        return app

    async def reconfigure(self, user_config: dict[str, Any]) -> None:
        """Take what ``serve_policy`` sent."""
        settings = ServeSettings.model_validate(user_config)
        self._log_into(settings.terms.run)
        await self.server.reconfigure(settings)

    async def tally(self) -> dict[str, Any]:
        """A ``ServerTally``, as JSON has it."""
        return self.server.tally().model_dump(mode="json")

    def _log_into(self, run: str | None) -> None:
        if run != self.logs_of:
            self.logs.close()
            if run is not None:
                folder = RunFolder.open(Path(run))
                self.logs.enter_context(run_logs(folder.root, folder.info().name, "replica"))
            self.logs_of = run


application = PolicyService.bind()  # type: ignore[attr-defined]
