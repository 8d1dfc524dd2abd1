"""Does a run's config fit on the nodes? Phases follow each other; the served policy alone stays beside all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from redraft.config import Config
from redraft_actors.clusters.finding import Finding, error, warning
from redraft_actors.clusters.nodes import NodeKind

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def placement_findings(kinds: Sequence[NodeKind], config: Config) -> Iterator[Finding]:
    """Training, sampling, evaluation and serving, each against what may be up at most."""
    if not any(kind.cpus or kind.gpus for kind in kinds):
        yield warning(
            "metadata", "what the hosts have is not said, so nobody can tell whether a config fits: add metadata.head"
        )
        return
    yield from _head(kinds, config)
    yield from room_findings(kinds, config)
    yield from _doors(config)


def room_findings(kinds: Sequence[NodeKind], config: Config) -> Iterator[Finding]:
    """What would wait for ever: more workers, or larger ones, than the nodes hold."""
    yield from _training(kinds, config)
    yield from _sampling(kinds, config)
    yield from _evaluation(kinds, config)
    yield from _serving(kinds, config)


def _head(kinds: Sequence[NodeKind], config: Config) -> Iterator[Finding]:
    head = kinds[0]
    if config.ray.address is None:
        yield error("config:ray.address", "a run without it starts a Ray of its own on the head: set it to auto")
    if head.gpus and len(kinds) > 1:
        yield warning(head.where, "controller and pages need no GPU, and the head is always up: take one without")
    if head.cpus < 1:
        yield error(head.where, "small tasks of Ray Data run on the head, and it offers no CPU: give it CPU: 2 or more")


def _training(kinds: Sequence[NodeKind], config: Config) -> Iterator[Finding]:
    train = config.train
    size = (train.cpus_per_worker, train.gpus_per_worker)
    wanted = train.accelerator
    right = [kind for kind in kinds if wanted in (None, kind.accelerator)]
    room, left = _room(right, *size), _room(right, *size, beside=config, all_kinds=kinds)
    on = f" on {wanted}" if wanted else ""
    if room < train.workers:
        yield error(
            "config:train.workers",
            f"{train.workers} training workers of {_size(*size)} do not fit{on}: there is room for {room}; allow more "
            "such nodes, or lower train.workers or train.cpus_per_worker",
        )
    elif left < train.workers:
        yield error(
            "config:serve.gpus",
            f"the served policy keeps what training needs, which would wait for ever: set serve.enabled to false, or "
            f"train.workers to at most {left}",
        )
    elif max(kind.slots(*size) for kind in right) < train.workers and train.gpus_per_worker:
        yield warning(
            "config:train.workers",
            f"no node holds all {train.workers} workers, so gradients cross the network: take larger nodes",
        )


def _sampling(kinds: Sequence[NodeKind], config: Config) -> Iterator[Finding]:
    sample = config.sample
    size = (sample.cpus_per_actor, sample.gpus_per_actor)
    able = [kind for kind in kinds if sample.accelerator_type in (None, kind.accelerator)]
    room = _room(able, *size, beside=config, all_kinds=kinds)
    if room < sample.actors:
        on = f" on {sample.accelerator_type}" if sample.accelerator_type else ""
        beside = " beside the served policy" if _served_on(kinds, config) in able else ""
        yield error(
            "config:sample.actors",
            f"{sample.actors} samplers of {_size(*size)} do not fit{on}{beside}: there is room for {room}; allow more "
            "such nodes, or lower sample.actors",
        )


def _evaluation(kinds: Sequence[NodeKind], config: Config) -> Iterator[Finding]:
    evaluate = config.evaluate
    size = (evaluate.cpus_per_actor, evaluate.gpus_per_actor)
    room = _room(kinds, *size, beside=config, all_kinds=kinds)
    if room < evaluate.actors:
        yield error(
            "config:evaluate.actors",
            f"{evaluate.actors} evaluators of {_size(*size)} do not fit: there is room for {room}; allow more nodes or "
            "lower evaluate.actors",
        )


def _serving(kinds: Sequence[NodeKind], config: Config) -> Iterator[Finding]:
    serve = config.serve
    if serve.enabled and _served_on(kinds, config) is None:
        size = _size(serve.cpus, serve.gpus)
        on, kind = (f" on {serve.accelerator_type}", ", or name another kind") if serve.accelerator_type else ("", "")
        yield error(
            "config:serve.gpus", f"no node has {size}{on} for the served policy: lower serve.gpus or serve.cpus{kind}"
        )


def _doors(config: Config) -> Iterator[Finding]:
    serve = config.serve
    if not serve.enabled:
        return
    if serve.host in LOOPBACK and serve.open_on_loopback:
        yield error("config:serve.open_on_loopback", "who comes through a proxy needs no token: set it to false")
    if serve.host not in LOOPBACK:
        yield warning("config:serve.host", "Serve speaks without TLS: set it to 127.0.0.1 and put a proxy before it")


def _room(
    able: Sequence[NodeKind],
    cpus: float,
    gpus: float,
    *,
    beside: Config | None = None,
    all_kinds: Sequence[NodeKind] = (),
) -> int:
    """Workers of that size that fit on all nodes of some kinds, ``beside`` the policy that a config has served."""
    served = _served_on(all_kinds, beside) if beside is not None else None
    room = sum(kind.most * kind.slots(cpus, gpus) for kind in able)
    if beside is None or served is None or served not in able:
        return room
    left = served.without(beside.serve.cpus, beside.serve.gpus)
    return room - served.slots(cpus, gpus) + left.slots(cpus, gpus)


def _served_on(kinds: Sequence[NodeKind], config: Config) -> NodeKind | None:
    """Where the served policy is taken to be: on the smallest nodes that hold it, which is where it comes up first."""
    serve = config.serve
    right = [kind for kind in kinds if serve.accelerator_type in (None, kind.accelerator)] if serve.enabled else []
    able = [kind for kind in right if kind.most and kind.slots(serve.cpus, serve.gpus)]
    return min(able, key=lambda kind: (kind.gpus, kind.cpus), default=None)


def _size(cpus: float, gpus: float) -> str:
    return f"{cpus:g} CPUs and {gpus:g} GPUs"
