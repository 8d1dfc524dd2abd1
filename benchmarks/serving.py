"""The served policy under a steady load while its version is swapped again and again.

    python benchmarks/serving.py [--seconds 60] [--rate 20] [--swap-seconds 5] [--tokens 40] [--json]

Requests of OpenAI's client begin at fixed times, whether or not earlier ones are answered; every second one streams.
Latencies are from that time on, so waiting counts. Two versions that say different things take turns; an answer is
mixed if it is not, word for word, what the version that it names says to the question.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import socket
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import httpx
import numpy as np
import openai
import torch
from PIL import Image

from redraft.config import Config, RayConfig, ServeConfig
from redraft.policy import GenerationSettings, encode_prompts, generate, load_policy, save_policy
from redraft.records import Split
from redraft.serving import MODEL_ALIAS
from redraft.world import builtin_policy, render, scene_at
from redraft_actors.cluster import ray_cluster
from redraft_actors.serving import serve_policy

PROMPT = "Describe this image in detail."
FINGERS = 64
"""Threads that ask; a request that finds none free waits, and that counts."""


@dataclass(frozen=True)
class Asked:
    """One request: which version answered and with what, or why none did, and how long that took."""

    seconds: float
    version: str | None = None
    text: str = ""
    failure: str = ""


def main() -> None:
    """Serve, ask, swap, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=20.0, help="requests a second")
    parser.add_argument("--swap-seconds", type=float, default=5.0)
    parser.add_argument("--tokens", type=int, default=40)
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        paths = {"a": str(builtin_policy()), "b": str(another(Path(scratch)))}
        said = {version: says(path, arguments.tokens) for version, path in paths.items()}
        asked, swaps = load(paths, arguments)
    figures = count(asked, said, swaps)
    for name, figure in figures.items():
        print(f"{name:12} {figure}")
    if arguments.json:
        print(json.dumps(figures))


def load(paths: dict[str, str], arguments: argparse.Namespace) -> tuple[list[Asked], int]:
    """What became of every request, and how many swaps there were."""
    config = Config(serve=ServeConfig(port=free_port(), cpus=0.5), ray=RayConfig(cpus=2, object_store_mib=150))
    url = f"http://{config.serve.host}:{config.serve.port}"
    with ray_cluster(config) as dashboard, ThreadPoolExecutor(FINGERS) as pool:
        serve_policy(config, dashboard, "a", paths["a"])
        wait_for(url, "a")
        with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
            began, swaps = time.perf_counter(), 0
            pending = []
            for number in range(int(arguments.seconds * arguments.rate)):
                due = began + number / arguments.rate
                time.sleep(max(0.0, due - time.perf_counter()))
                if due - began >= (swaps + 1) * arguments.swap_seconds:
                    swaps += 1
                    version = "ab"[swaps % 2]
                    pool.submit(serve_policy, config, dashboard, version, paths[version])
                pending.append(pool.submit(ask, client, due, arguments.tokens, stream=number % 2 == 1))
            return [future.result() for future in pending], swaps


def ask(client: openai.OpenAI, due: float, tokens: int, *, stream: bool) -> Asked:
    """Ask once."""
    how: dict[str, Any] = {"model": MODEL_ALIAS, "messages": MESSAGES, "max_tokens": tokens, "temperature": 0}
    try:
        if stream:
            chunks = list(client.chat.completions.create(**how, stream=True))
            versions = {chunk.model for chunk in chunks}
            text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        else:
            answer = client.chat.completions.create(**how)
            versions, text = {answer.model}, answer.choices[0].message.content or ""
    except openai.OpenAIError as e:
        return Asked(time.perf_counter() - due, failure=f"{type(e).__name__}: {e}"[:120])
    return Asked(time.perf_counter() - due, version="+".join(sorted(versions)), text=text)


def count(asked: list[Asked], said: dict[str, str], swaps: int) -> dict[str, Any]:
    """The figures."""
    answered = [one for one in asked if one.version is not None]
    seconds = np.array([one.seconds for one in answered])
    return {
        "requests": len(asked),
        "failures": dict(Counter(one.failure for one in asked if one.failure)),
        "mixed": sum(one.text != said.get(one.version or "") for one in answered),
        "versions": dict(Counter(one.version for one in answered)),
        "swaps": swaps,
        "p50_ms": round(1000 * float(np.percentile(seconds, 50)), 1),
        "p99_ms": round(1000 * float(np.percentile(seconds, 99)), 1),
        "worst_ms": round(1000 * float(seconds.max()), 1),
    }


def another(scratch: Path) -> Path:
    """A checkpoint that says something else than the shipped one."""
    policy = load_policy(builtin_policy(), device="cpu")
    with torch.no_grad():
        for parameter in policy.model.parameters():
            parameter.mul_(0.8)
    save_policy(policy, scratch / "policy")
    return scratch / "policy"


def says(path: str, tokens: int) -> str:
    """What a checkpoint answers, greedily."""
    policy = load_policy(path, device="cpu")
    return generate(policy, encode_prompts(policy, [picture()], [PROMPT]), GenerationSettings(tokens), [0])[0].text


def picture() -> Image.Image:
    """What is asked about."""
    return render(scene_at(0, Split.POOL, 3))


def messages() -> list[dict[str, Any]]:
    """The question."""
    buffer = io.BytesIO()
    picture().save(buffer, "PNG")
    uri = f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    content = [{"type": "image_url", "image_url": {"url": uri}}, {"type": "text", "text": PROMPT}]
    return [{"role": "user", "content": content}]


def wait_for(url: str, version: str) -> None:
    """Until that version answers."""
    while True:
        try:
            if httpx.get(f"{url}/ready", timeout=5).json().get("policy") == version:
                return
        except (httpx.TransportError, ValueError):
            pass
        time.sleep(0.2)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


MESSAGES = messages()

if __name__ == "__main__":
    main()
