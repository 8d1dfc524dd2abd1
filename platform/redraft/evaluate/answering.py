"""Ask a policy, or a server, a suite's questions about images; what is answered is kept as it comes.

items ─► ItemPictures (every image is there?) ─► batches ─► Answerer.answer ─► AnswerLog ─► texts by item id
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from redraft.checkpoints import resolve_policy_path
from redraft.errors import DataError
from redraft.evaluate.answer_lines import AnswerLog
from redraft.evaluate.source import folder_digest
from redraft.evaluate.suite import SuiteItem
from redraft.images import decode_image
from redraft.sources.pictures import Pictures

if TYPE_CHECKING:
    from redraft.policy import Policy

MAX_PIXELS = 50_000_000
"""Larger images are refused; benchmarks hold none."""

_NAMED = 5

Progress = Callable[[int, int], None]
"""Called with how many are answered, and of how many."""


class Answerer(Protocol):
    """Something that answers questions about images."""

    @property
    def says(self) -> str:
        """Who answers and how, in words that change with everything that answers depend on."""

    def answer(self, images: Sequence[bytes], prompts: Sequence[str]) -> list[str]:
        """One text a prompt; ``images`` are encoded."""
        ...


class PictureReader(Protocol):
    """Where the images of items are."""

    def read(self, name: str) -> bytes:
        """The encoded image of an item that calls it ``name``."""
        ...


class ItemPictures:
    """The images of items, below one folder; none is outside, whatever the items say."""

    def __init__(self, folder: Path, items: Sequence[SuiteItem]) -> None:
        """Look whether each is there.

        Raises:
            DataError: naming the first few that are not.
        """
        if not folder.is_dir():
            raise DataError(f"image folder {folder} does not exist: --images takes the folder with the suite's images")
        self.folder = folder
        self._pictures = Pictures(folder, MAX_PIXELS)
        names = dict.fromkeys(item.image for item in items)
        missing = [name for name in names if not _is_there(folder, name)]
        if missing:
            more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
            raise DataError(
                f"{len(missing)} of {len(names)} images are not in {folder}: "
                f"{', '.join(repr(name[:80]) for name in missing[:_NAMED])}{more}"
            )

    def read(self, name: str) -> bytes:
        """The encoded image of an item.

        Raises:
            DataError: it is outside the folder or cannot be read.
        """
        try:
            return self._pictures.at_path(name)
        except DataError as e:
            raise DataError(f"{self.folder}: {e}") from e


class PolicyAnswerer:
    """A checkpoint on this machine, greedy."""

    def __init__(self, path: str, *, max_new_tokens: int, device: str = "auto", dtype: str = "float32") -> None:
        """Only the checkpoint's files are read here; the model is loaded for the first question.

        Raises:
            PolicyError: ``path`` is neither a checkpoint folder nor ``builtin:tiny``.
        """
        self.path = resolve_policy_path(path)
        self.digest = folder_digest(self.path)
        self.says = f"the checkpoint {self.digest}, greedy, {max_new_tokens} tokens at most, in {dtype}"
        self._tokens, self._device, self._dtype = max_new_tokens, device, dtype
        self._loaded: Policy | None = None

    def answer(self, images: Sequence[bytes], prompts: Sequence[str]) -> list[str]:
        """One greedy text a prompt.

        Raises:
            DataError: an image cannot be decoded.
            PolicyError: the checkpoint cannot be loaded.
        """
        from redraft.policy import GenerationSettings, encode_prompts, generate, load_policy

        if self._loaded is None:
            self._loaded = load_policy(self.path, self._device, self._dtype)
        encoded = encode_prompts(self._loaded, [decode_image(data, MAX_PIXELS) for data in images], prompts)
        said = generate(self._loaded, encoded, GenerationSettings(self._tokens), [0] * len(prompts))
        return [one.text for one in said]


def ask(
    answerer: Answerer,
    items: Sequence[SuiteItem],
    pictures: PictureReader,
    *,
    batch_size: int,
    out: Path | None,
    progress: Progress | None = None,
) -> Mapping[str, str]:
    """Every item's answer by its id, in the order of ``items``; those kept in ``out`` are not asked for again.

    Raises:
        DataError: an image is missing or damaged, or ``out`` holds other answers.
        PolicyError: the policy cannot be loaded.
        ResourceError: ``out`` cannot be written, or the server does not answer.
    """
    log = AnswerLog(out, _fingerprint(answerer, items), answerer.says) if out is not None else None
    texts = dict(log.texts) if log is not None else {}
    waiting = [item for item in items if item.id not in texts]
    for start in range(0, len(waiting), batch_size):
        if progress is not None:
            progress(len(texts), len(items))
        batch = waiting[start : start + batch_size]
        said = answerer.answer([_image(pictures, item) for item in batch], [item.prompt for item in batch])
        fresh = {item.id: text for item, text in zip(batch, said, strict=True)}
        if log is not None:
            log.add(fresh)
        texts |= fresh
    if progress is not None:
        progress(len(texts), len(items))
    return {item.id: texts[item.id] for item in items}


def _image(pictures: PictureReader, item: SuiteItem) -> bytes:
    data = pictures.read(item.image)
    try:
        decode_image(data, MAX_PIXELS)
    except DataError as e:
        raise DataError(f"image {item.image[:80]!r} of item {item.id}: {e}") from e
    return data


def _fingerprint(answerer: Answerer, items: Sequence[SuiteItem]) -> str:
    asked = [(item.id, item.image, item.prompt) for item in items]
    return hashlib.sha256(json.dumps([answerer.says, asked]).encode()).hexdigest()


def _is_there(folder: Path, name: str) -> bool:
    return "\0" not in name and (folder / name).is_file()
