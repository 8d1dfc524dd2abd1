"""Everything that can be wrong is looked at before anything is written."""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

import psutil

from redraft.blobs import local_cache, open_blobs
from redraft.checkpoints import resolve_policy_path
from redraft.config import Config
from redraft.errors import ConfigError, PolicyError, ResourceError
from redraft.plan import PairStatistics, plan_training, read_shape, require_fit
from redraft.pool import read_photographs
from redraft.records import Record
from redraft.store import Store
from redraft_actors.step_log import check_loggers
from redraft_actors.train_storage import TrainStorage


class Checked(Record):
    """One thing that was looked at and found sound."""

    what: str
    found: str


def preflight(config: Config, out: Path) -> list[Checked]:
    """Check model, images, storage, disk, resources and ports; nothing is created.

    Only an S3 store gets an object that is no blob, because there is no other way to know whether it may be written to.

    Raises:
        RedraftError: the first thing that is wrong, in one sentence.
    """
    return [
        _policy(config),
        _images(config),
        _storage(config, out),
        _disk(config, out),
        _ray(config, out),
        _training(config),
        _port(config),
    ]


def _policy(config: Config) -> Checked:
    folder = resolve_policy_path(config.policy.path)
    if not any(folder.glob("*.safetensors")):
        raise PolicyError(f"policy.path: {folder} holds no *.safetensors weights")
    shape = read_shape(folder)
    for needed in ("tokenizer.json", "tokenizer_config.json"):
        if not (folder / needed).is_file():
            raise PolicyError(f"policy.path: {folder} has no {needed}")
    return Checked(
        what="policy", found=f"{shape.name}, {shape.family}, {shape.parameters.total / 1e6:.1f} M parameters"
    )


def _images(config: Config) -> Checked:
    if config.images.source == "world":
        return Checked(what="images", found=f"picture world, {config.images.per_round} a round")
    count = sum(1 for _ in read_photographs(config))
    return Checked(what="images", found=f"{count} photographs in {config.images.path}")


def _storage(config: Config, out: Path) -> Checked:
    database, blobs = "SQLite in the run folder", "files in the run folder"
    if config.storage.blobs_url:
        blobs = open_blobs(config.storage.blobs_url).check()
        storage = TrainStorage.beside_blobs(out, config.storage.blobs_url, f"check-{secrets.token_hex(4)}")
        if storage.bucket:
            storage.check()
    if config.storage.database:
        Store.open(config.storage.database).close()
        database = "database as configured"
    return Checked(what="storage", found=f"{database}, {blobs}")


def _disk(config: Config, out: Path) -> Checked:
    found = _free(out, "no run folder can be made", "--out", config.storage.min_free_gib)
    if cache := local_cache(config.storage.blobs_url or ""):
        found += f", {_free(cache, 'nothing can be copied', 'storage.s3.cache', config.storage.min_free_gib)}"
    return Checked(what="disk", found=found)


def _free(folder: Path, without: str, setting: str, needed: float) -> str:
    existing = next(p for p in [folder.resolve(), *folder.resolve().parents] if p.exists())
    if not existing.is_dir():
        raise ResourceError(f"{existing} is a file, so {without} at {folder}: choose another {setting}")
    free = shutil.disk_usage(existing).free / 2**30
    if free < needed:
        raise ResourceError(
            f"only {free:.2f} GiB are free at {existing}, and storage.min_free_gib asks for {needed:g}: free some "
            f"space or choose another {setting}"
        )
    return f"{free:.1f} GiB free at {existing}"


def _ray(config: Config, out: Path) -> Checked:
    return _local_ray(config) if config.ray.address is None else _standing_ray(config, out)


def _standing_ray(config: Config, out: Path) -> Checked:
    """It is joined, and left again: what it lacks is better known before there is a run folder."""
    from redraft_actors.cluster import ray_cluster

    with ray_cluster(config):
        from redraft_actors.clusters.offered import require_room
        from redraft_actors.clusters.roll_call import call_roll

        offer = require_room(config)
        seen = call_roll(config, out)
    return Checked(what="Ray", found=f"cluster at {config.ray.address}: {offer.words}; {seen}")


def _local_ray(config: Config) -> Checked:
    serving = config.serve.cpus if config.serve.enabled else 0.0
    steps = {
        "sample": config.sample.actors * config.sample.cpus_per_actor,
        "train": config.train.workers * config.train.cpus_per_worker,
        "evaluate": config.evaluate.actors * config.evaluate.cpus_per_actor,
    }
    for section, cpus in steps.items():
        if cpus + serving > config.ray.cpus:
            raise ConfigError(
                f"{section} asks for {cpus:g} CPUs beside {serving:g} for serving, but ray.cpus is {config.ray.cpus}: "
                f"raise ray.cpus, or lower the CPUs or the number of workers in {section}"
            )
    gpus = config.sample.gpus_per_actor + config.train.gpus_per_worker + config.evaluate.gpus_per_actor
    if gpus:
        import torch

        if not torch.cuda.is_available():
            raise ResourceError("the config asks for GPUs, but torch sees none on this machine: set gpus_per_* to 0")
    return Checked(what="Ray", found=f"local, {config.ray.cpus} CPUs")


def _training(config: Config) -> Checked:
    check_loggers(config.train)
    shape = read_shape(resolve_policy_path(config.policy.path))
    statistics = PairStatistics.rlhf_v(image_tokens=round(shape.picture.tokens))
    here = psutil.virtual_memory().total if config.ray.address is None else None
    plan = plan_training(shape, config, statistics, machine=here)
    require_fit(plan)
    return Checked(
        what="training",
        found=f"about {plan.memory.total / 2**30:.1f} GiB for each of {plan.workers} workers on {plan.device.kind}",
    )


def _port(config: Config) -> Checked:
    if not config.serve.enabled:
        return Checked(what="serving", found="off")
    from redraft_actors.ports import check_port_free

    if config.ray.address is None:
        check_port_free(config.serve.host, config.serve.port)
    return Checked(what="serving", found=f"http://{config.serve.host}:{config.serve.port}")
