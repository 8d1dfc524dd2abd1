"""The promoted policy over HTTP, by Ray Serve; a promotion swaps it in place without a failed request."""

# No deferred annotations here: Serve rebuilds the routes where FastAPI could not resolve their names.
import asyncio
import base64
import binascii
import os
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field
from ray import serve

from redraft.config import Config
from redraft.errors import DataError, ResourceError
from redraft.images import decode_image
from redraft.policy import GenerationSettings, Policy, encode_prompts, generate, load_policy
from redraft_actors.cluster import WORKER_ENV

APPLICATION = "redraft"
MAX_IMAGE_BYTES = 20_000_000
MAX_PIXELS = 50_000_000

api = FastAPI(title="Redraft policy")


class GenerateRequest(BaseModel):
    """An image as base64 of its encoded bytes, and a prompt; temperature 0 is greedy."""

    image: str = Field(max_length=MAX_IMAGE_BYTES * 4 // 3)
    prompt: str = Field("Describe this image in detail.", min_length=1, max_length=4000)
    max_new_tokens: int = Field(128, ge=1, le=1024)
    temperature: float = Field(0.0, ge=0, le=5)
    seed: int = Field(0, ge=0)


class GenerateResponse(BaseModel):
    """What the policy said, which version said it, and how sure it was of each token (nats)."""

    text: str
    policy: str
    finished: bool
    logprobs: list[float]


class PolicyReplica:
    """Holds one policy version; ``reconfigure`` loads the next one beside it and then swaps the reference."""

    def __init__(self) -> None:
        self.current: tuple[str, Policy] | None = None

    async def reconfigure(self, settings: dict[str, Any]) -> None:
        """Load ``settings["path"]`` off the event loop; requests go on with the old version until it is ready."""
        policy = await asyncio.to_thread(load_policy, settings["path"], settings["device"], settings["dtype"])
        self.current = (settings["policy"], policy)

    async def generate(self, request: GenerateRequest) -> GenerateResponse:
        """One response; a request is answered by one version from start to end."""
        if self.current is None:
            raise HTTPException(503, "no policy is loaded yet; try again in a moment")
        version, policy = self.current
        return await asyncio.to_thread(self._generate, version, policy, request)

    def _generate(self, version: str, policy: Policy, request: GenerateRequest) -> GenerateResponse:
        try:
            image = decode_image(base64.b64decode(request.image, validate=True), MAX_PIXELS)
        except (binascii.Error, DataError) as e:
            raise HTTPException(422, f"image is not base64 of a sound picture: {e}") from e
        prompts = encode_prompts(policy, [image], [request.prompt])
        settings = GenerationSettings(request.max_new_tokens, temperature=request.temperature)
        answer = generate(policy, prompts, settings, [request.seed])[0]
        return GenerateResponse(
            text=answer.text, policy=version, finished=answer.finished, logprobs=list(answer.trace.logprobs)
        )


@serve.deployment(name="policy", max_ongoing_requests=32, graceful_shutdown_timeout_s=20)
@serve.ingress(api)
class PolicyService(PolicyReplica):
    """The replica behind HTTP."""

    @api.post("/generate")
    async def post_generate(self, request: GenerateRequest) -> GenerateResponse:
        """Describe or answer about one image."""
        return await self.generate(request)

    @api.get("/version")
    async def get_version(self) -> dict[str, str]:
        """The policy version that answers now."""
        return {"policy": self.current[0] if self.current else ""}


application = PolicyService.bind()  # type: ignore[attr-defined]


def serve_policy(config: Config, dashboard: str, policy_id: str, path: str) -> None:
    """Ask Ray Serve to serve ``policy_id``; returns once the request is accepted, the swap follows within seconds.

    Only ``user_config`` changes between versions, so that replicas reconfigure in place.

    Raises:
        ResourceError: if Serve refuses.
    """
    settings = {"policy": policy_id, "path": path, "device": config.policy.device, "dtype": config.policy.dtype}
    schema = {
        "http_options": {"host": config.serve.host, "port": config.serve.port},
        "proxy_location": "HeadOnly",
        "applications": [
            {
                "name": APPLICATION,
                "route_prefix": "/",
                "import_path": f"{__name__}:application",
                "runtime_env": {"env_vars": WORKER_ENV} if config.ray.address else {},
                "deployments": [
                    {
                        "name": "policy",
                        "user_config": settings,
                        "ray_actor_options": {"num_cpus": config.serve.cpus, "num_gpus": config.serve.gpus},
                    }
                ],
            }
        ],
    }
    token = _ray_token()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = dashboard if dashboard.startswith("http") else f"http://{dashboard}"
    try:
        answer = httpx.put(f"{url}/api/serve/applications/", json=schema, headers=headers, timeout=60)
    except httpx.HTTPError as e:
        raise ResourceError(f"Ray Serve at {url} does not answer: {e}") from e
    if answer.status_code != 200:
        raise ResourceError(f"Ray Serve at {url} refused the policy: {answer.text[:300]}")


def _ray_token() -> str | None:
    """The token that Ray's own clients send: from the environment, or from the file that Ray keeps it in."""
    if token := os.environ.get("RAY_AUTH_TOKEN"):
        return token
    path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH", Path.home() / ".ray" / "auth_token"))
    return path.read_text().strip() if path.is_file() else None
