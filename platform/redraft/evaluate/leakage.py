"""Whether a policy was trained on what it is evaluated on: equal files, and pictures that look alike.

training pictures (a stream) ──► hashes, some thousand at a time ──┐
evaluation pictures ──► hashes ────────────────────────────────────┴──► Leakage: which is which, how far apart
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from redraft.errors import DataError
from redraft.evaluate.perceptual import Bits, distances, perceptual_hash
from redraft.images import decode_image
from redraft.records import Record

NEAR = 40
"""Differing bits of 256 up to which pictures count as near-duplicates; docs/evaluation.md says what was measured."""

_CHUNK = 4096
_MAX_PIXELS = 200_000_000

Progress = Callable[[int], None]
"""Called with how many training pictures have been looked at."""


@dataclass(frozen=True)
class NamedPicture:
    """An encoded picture, and what to call it in a report."""

    name: str
    data: bytes


class Leak(Record):
    """An evaluation picture found in the training data: the same bytes, or ``distance`` bits of 256 apart.

    ``mirrored`` where it is the mirror image that is near.
    """

    evaluation: str
    training: str
    same_bytes: bool
    distance: int
    mirrored: bool


class Leakage(Record):
    """What was compared and what was found; ``undecoded`` training pictures were compared by their bytes alone."""

    training: int
    evaluation: int
    near: int
    undecoded: int
    leaks: tuple[Leak, ...]

    def sentence(self) -> str:
        """The finding in words, for a result's notes."""
        looked = f"{self.evaluation} evaluation images against {self.training} training images"
        method = f"by SHA-256 and by perceptual hash up to {self.near} of 256 bits"
        blind = f"; {self.undecoded} could not be decoded and were compared by SHA-256 alone" if self.undecoded else ""
        if not self.leaks:
            return f"no leakage found: {looked}, {method}{blind}"
        hit = len({leak.evaluation for leak in self.leaks})
        first = self.leaks[0]
        return (
            f"LEAKAGE: {hit} of {self.evaluation} evaluation images are among {self.training} training images, "
            f"{method}, the first being {first.evaluation} as {first.training}{blind}"
        )


def find_leaks(
    training: Iterable[NamedPicture],
    evaluation: Iterable[NamedPicture],
    *,
    near: int = NEAR,
    progress: Progress | None = None,
) -> Leakage:
    """Every evaluation picture that is among the training pictures, nearest first.

    ``training`` is read once and may be long; memory is bounded by ``evaluation``.

    Raises:
        DataError: an evaluation picture cannot be decoded, or there is none.
    """
    held = _Hashed.of(list(evaluation), strict=True)
    if not held.names:
        raise DataError("there is no evaluation image to look for: name a folder with images")
    leaks: list[Leak] = []
    seen = undecoded = 0
    for chunk in _chunks(training):
        found = _Hashed.of(chunk, strict=False)
        leaks += _compare(held, found, near)
        undecoded += found.undecoded
        seen += len(chunk)
        if progress is not None:
            progress(seen)
    leaks.sort(key=lambda leak: (not leak.same_bytes, leak.distance, leak.evaluation, leak.training))
    return Leakage(training=seen, evaluation=len(held.names), near=near, undecoded=undecoded, leaks=tuple(leaks))


@dataclass(frozen=True)
class _Hashed:
    """Pictures by SHA-256, and those that have a perceptual hash by their places: ``bits`` [n, 2, 4] of ``rows``."""

    names: Sequence[str]
    digests: Sequence[str]
    rows: Sequence[int]
    bits: Bits
    undecoded: int

    @classmethod
    def of(cls, pictures: Sequence[NamedPicture], *, strict: bool) -> _Hashed:
        """Hash all; with ``strict`` one that is no picture is an error, else it has no perceptual hash."""
        rows, bits, undecoded = [], [], 0
        for row, picture in enumerate(pictures):
            try:
                found = perceptual_hash(decode_image(picture.data, _MAX_PIXELS))
            except DataError as e:
                if strict:
                    raise DataError(f"evaluation image {picture.name} {e}") from e
                undecoded += 1
                continue
            if found is not None:
                rows.append(row)
                bits.append(found)
        stacked = np.stack(bits) if bits else np.empty((0, 2, 4), dtype=np.uint64)
        digests = [hashlib.sha256(picture.data).hexdigest() for picture in pictures]
        return cls([picture.name for picture in pictures], digests, rows, stacked, undecoded)


def _compare(held: _Hashed, found: _Hashed, near: int) -> Iterator[Leak]:
    same: dict[str, list[int]] = {}
    for row, digest in enumerate(found.digests):
        same.setdefault(digest, []).append(row)
    equal = {(mine, theirs) for mine, digest in enumerate(held.digests) for theirs in same.get(digest, ())}
    for mine, theirs in sorted(equal):
        yield Leak(
            evaluation=held.names[mine], training=found.names[theirs], same_bytes=True, distance=0, mirrored=False
        )
    upright = distances(found.bits[:, 0], held.bits[:, 0])
    mirrored = distances(found.bits[:, 0], held.bits[:, 1])
    for there, here in np.argwhere(np.minimum(upright, mirrored) <= near):
        mine, theirs = held.rows[here], found.rows[there]
        if (mine, theirs) not in equal:
            yield Leak(
                evaluation=held.names[mine],
                training=found.names[theirs],
                same_bytes=False,
                distance=int(min(upright[there, here], mirrored[there, here])),
                mirrored=bool(mirrored[there, here] < upright[there, here]),
            )


def _chunks(pictures: Iterable[NamedPicture]) -> Iterator[list[NamedPicture]]:
    left = iter(pictures)
    while chunk := list(islice(left, _CHUNK)):
        yield chunk
