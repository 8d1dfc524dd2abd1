"""`redraft serve` and `redraft compare`: what versions of the policy say, to programs and to people."""

from __future__ import annotations

import time
from pathlib import Path

from PIL import Image
from rich.console import Console

from redraft.errors import ConfigError, DataError, RunError
from redraft.images import decode_image
from redraft.records import PolicyStatus
from redraft.runs import RunFolder
from redraft_actors.context import RunContext

FOLLOW_SECONDS = 2.0
"""How often `redraft serve` looks whether another version was promoted."""


def serve_promoted(folder: RunFolder, candidate: str | None, canary: float | None, console: Console) -> None:
    """Serve whatever is promoted, and a candidate beside it, until interrupted."""
    from redraft.serving import ServedVersion
    from redraft_actors.cluster import ray_cluster
    from redraft_actors.ports import check_port_free
    from redraft_actors.serving import serve_policy

    if canary is not None and candidate is None:
        raise ConfigError("--canary is the share of a candidate: name one with --candidate")
    run = RunContext.open(folder.root)
    serve = run.config.serve
    share = serve.canary_share if canary is None else canary
    line_up = _line_up(run, candidate)
    if candidate is not None and line_up[1] is None:
        raise ConfigError(f"{candidate} is promoted or was rejected: as a candidate, name another version")
    check_port_free(serve.host, serve.port)
    with ray_cluster(run.config.model_copy(update={"serve": serve.model_copy(update={"enabled": True})})) as dashboard:
        served = None
        while True:
            if line_up != served:
                promoted, beside = line_up
                serve_policy(
                    run.config,
                    dashboard,
                    promoted,
                    run.policy_address(promoted),
                    run=folder.root,
                    candidate=ServedVersion(id=beside, path=run.policy_address(beside)) if beside else None,
                    share=share if beside else 0.0,
                )
                also = f", and {beside} for {share:.0%} of the requests," if beside else ""
                _say(console, f"{promoted}{also} at http://{serve.host}:{serve.port}/v1 (Ctrl-C ends it)")
                served = line_up
            time.sleep(FOLLOW_SECONDS)
            line_up = _line_up(run, candidate)


def compare(folder: RunFolder, image: str, versions: str | None, prompt: str | None, console: Console) -> None:
    """Print what two versions answer, greedily, with the words that differ marked as wdiff marks them."""
    from redraft.policy import GenerationSettings, encode_prompts, generate, load_policy
    from redraft.serving.comparing import marked

    run = RunContext.open(folder.root)
    picture = _picture(run, image)
    asked, config = prompt or run.config.prompts.describe, run.config.policy
    names, texts = _versions(run, versions), []
    for name in names:
        policy = load_policy(run.policy_path(name), config.device, config.dtype)
        encoded = encode_prompts(policy, [picture], [asked])
        texts.append(generate(policy, encoded, GenerationSettings(config.max_new_tokens), [run.config.seed])[0].text)
    _say(console, f"Asked: {asked}")
    for name, text in zip(names, marked(*texts), strict=True):
        _say(console, f"\n{name}:\n{_printable(text)}")
    _say(console, "\nBoth answers are the same." if texts[0] == texts[1] else "")


def _line_up(run: RunContext, candidate: str | None) -> tuple[str, str | None]:
    """The promoted version, and the candidate unless it is that one by now, or was rejected."""
    promoted = run.store.promoted()
    if promoted is None:
        raise RunError(f"{run.folder.root} has no promoted policy yet: let its first round finish")
    if candidate is None or candidate == promoted.id or run.store.policy(candidate).status is PolicyStatus.REJECTED:
        return promoted.id, None
    return promoted.id, candidate


def _picture(run: RunContext, image: str) -> Image.Image:
    from redraft.serving.pictures import STORED, from_store

    if image.startswith(STORED):
        data = from_store(run.store, run.blobs)(image.removeprefix(STORED))
    else:
        try:
            data = Path(image).read_bytes()
        except OSError as e:
            raise DataError(f"{image} cannot be read ({e.strerror}): name a picture's file") from e
    try:
        return decode_image(data, run.config.images.max_pixels)
    except DataError as e:
        raise DataError(f"{image} {e}: name another picture") from e


def _versions(run: RunContext, versions: str | None) -> tuple[str, str]:
    """The two that are named, or the promoted one's parent and the promoted one."""
    if versions is not None:
        one, comma, two = (part.strip() for part in versions.partition(","))
        if not (one and comma and two) or "," in two:
            raise ConfigError(f"--versions {versions}: name two versions as A,B; `redraft policies list` shows them")
        return run.store.policy(one).id, run.store.policy(two).id
    promoted = run.store.promoted()
    if promoted is None or promoted.parent is None:
        raise RunError(
            f"{run.folder.root} has promoted no version beyond its first: name two with --versions A,B, "
            f"as `redraft policies list {run.folder.root}` shows them"
        )
    return promoted.parent, promoted.id


def _printable(text: str) -> str:
    """A model's text without what a terminal would obey."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "\ufffd" for sign in text)


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
