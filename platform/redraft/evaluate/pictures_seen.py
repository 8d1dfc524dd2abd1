"""The pictures that a leakage check compares: of a run, of a dataset of pairs, or of a folder."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from redraft import world
from redraft.errors import DataError
from redraft.evaluate.leakage import NamedPicture
from redraft.images import FORMATS
from redraft.records import Split
from redraft.runs import RunFolder
from redraft.sources.reading import SUFFIXES as DATA_SUFFIXES
from redraft.sources.reading import Source
from redraft.sources.rows import SourcePair

_MAX_PIXELS = 200_000_000
_PICTURES = (*FORMATS.values(), ".jpeg")


def training_pictures(path: Path) -> Iterator[NamedPicture]:
    """All pictures that a policy may have learned from.

    Args:
        path: a run (its whole pool), preference data as ``redraft train --pairs`` takes it (the pictures of rows that
            can be used), or a folder of pictures.

    Raises:
        DataError: it is none of these, or holds none.
    """
    if (path / "config.yaml").is_file():
        return _of_run(path)
    if path.is_file() or (path.is_dir() and any(_files(path, DATA_SUFFIXES))):
        return _of_dataset(path)
    return folder_pictures(path)


def folder_pictures(path: Path, names: Sequence[str] | None = None) -> Iterator[NamedPicture]:
    """The pictures of a folder and the folders in it, by path; with ``names`` those alone.

    Raises:
        DataError: no such folder, no picture in it, or one of ``names`` is not there.
    """
    if not path.is_dir():
        raise DataError(f"image folder {path} {'is a file, not a folder' if path.exists() else 'does not exist'}")
    files = sorted(_files(path, _PICTURES)) if names is None else [path / name for name in names]
    if not files:
        raise DataError(f"image folder {path} holds no images: put .jpg, .png, .webp, .bmp or .gif files in it")
    return _read_all(path, files)


def _read_all(root: Path, files: Sequence[Path]) -> Iterator[NamedPicture]:
    for file in files:
        name = os.fsencode(file.relative_to(root)).decode("utf-8", "replace")
        try:
            yield NamedPicture(name, file.read_bytes())
        except OSError as e:
            raise DataError(f"image {name} in {root} cannot be read ({e.strerror or e})") from e


def _of_run(path: Path) -> Iterator[NamedPicture]:
    """The pool; pictures of the world that were cleaned away are drawn again."""
    run = RunFolder.open(path)
    blobs = run.blobs()
    with run.store() as store:
        items = store.images(Split.POOL)
    for item in items:
        if blobs.exists(item.blob):
            yield NamedPicture(item.origin, blobs.get(item.blob))
        elif item.origin.startswith("world:"):
            buffer = io.BytesIO()
            world.render(world.scene_of(item.origin)).save(buffer, "PNG", compress_level=1)
            yield NamedPicture(item.origin, buffer.getvalue())
        else:
            raise DataError(f"image {item.origin} of {path} is no longer in its blob store: restore the file")


def _of_dataset(path: Path) -> Iterator[NamedPicture]:
    for row in Source(path, max_pixels=_MAX_PIXELS):
        if isinstance(row, SourcePair):
            yield NamedPicture(row.where, row.image)


def _files(root: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (
            Path(folder) / name for name in files if name.lower().endswith(suffixes) and not name.startswith(".")
        )
