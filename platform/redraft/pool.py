"""Which images a round samples, which are held out, and what the policy is asked about each."""

from __future__ import annotations

import io
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

from redraft import world
from redraft.blobs import Blobs
from redraft.config import Config
from redraft.errors import DataError
from redraft.images import LoadedImage, load_encoded, read_coco, read_folder, register_images
from redraft.records import ImageItem, Record, Split, stable_id
from redraft.store import Store

_REFILLS_FROM = 100_000
"""Batch of the picture world from which refills are drawn, beyond those of any round."""


class Request(Record):
    """One image to be described or asked about; ``seed`` fixes the samples drawn."""

    image_id: str
    blob: str
    origin: str
    split: Split
    prompt: str
    seed: int


def register_pool(config: Config, store: Store, blobs: Blobs) -> None:
    """Take the user's own photographs into the store; the picture world needs no such step.

    Raises:
        DataError: naming every file that is no sound image, before any is taken.
    """
    if config.images.source != "world":
        register_images(store, blobs, read_photographs(config), Split.POOL)


def read_photographs(config: Config) -> Iterator[LoadedImage]:
    """All photographs that the config points to, checked."""
    path = config.images.path
    if path is None:
        raise DataError("images.path is not set; give a folder of photographs")
    read = read_coco if config.images.source == "coco" else read_folder
    return iter(read(Path(path), config.images.max_pixels))


def round_requests(config: Config, store: Store, blobs: Blobs, number: int, refill: int = 0) -> list[Request]:
    """Fresh images for round ``number``, or for one of its refills; the same ones until their tasks exist."""
    if config.images.source == "world":
        batch = number - 1 if not refill else _REFILLS_FROM + 100 * number + refill
        first = batch * config.images.per_round
        items = _world_items(config, store, blobs, Split.POOL, range(first, first + config.images.per_round))
    else:
        used = store.used_images()
        items = [item for item in store.images(Split.POOL) if item.id not in used][: config.images.per_round]
    rng = random.Random(f"prompts:{config.seed}:{number}" + (f":{refill}" if refill else ""))
    requests = []
    for item in items:
        asks = config.images.source == "world" and rng.random() < config.prompts.question_share
        prompt = _question(item, rng.randrange(1 << 30)) if asks else config.prompts.describe
        requests.append(_request(item, prompt, config.seed, number))
    return sorted(requests, key=lambda r: (r.prompt != config.prompts.describe, r.image_id))


def evaluation_requests(config: Config, store: Store, blobs: Blobs, split: Split) -> list[Request]:
    """The held-out images of ``split``: a description of each, and questions about the first few."""
    count = config.evaluate.dev_images if split == Split.DEV else config.evaluate.test_images
    items = _world_items(config, store, blobs, split, range(count))
    described = [_request(item, config.prompts.describe, 0, 0) for item in items]
    asked = [_request(item, _question(item, i), 0, 0) for i, item in enumerate(items[: config.evaluate.questions])]
    return described + asked


def _request(item: ImageItem, prompt: str, seed: int, number: int) -> Request:
    return Request(
        image_id=item.id,
        blob=item.blob,
        origin=item.origin,
        split=item.split,
        prompt=prompt,
        seed=int(stable_id(seed, number, item.id, prompt)[:12], 16),
    )


def _question(item: ImageItem, seed: int) -> str:
    return world.question_for(world.scene_of(item.origin), seed)


def _world_items(config: Config, store: Store, blobs: Blobs, split: Split, indices: Iterable[int]) -> list[ImageItem]:
    wanted = [world.origin(config.seed, split, index) for index in indices]
    known = {item.origin: item for item in store.images(split)}
    fresh = [_drawn(origin) for origin in wanted if origin not in known]
    known |= {item.origin: item for item in register_images(store, blobs, fresh, split)}
    return [known[origin] for origin in wanted]


def _drawn(origin: str) -> LoadedImage:
    buffer = io.BytesIO()
    world.render(world.scene_of(origin)).save(buffer, "PNG", compress_level=1)
    return load_encoded(origin, buffer.getvalue())
