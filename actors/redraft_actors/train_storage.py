"""Where Ray Train keeps what a job goes on from: beside the run, or in the bucket that holds the run's blobs.

RUN/ray-train/JOB.key                      what the job's checkpoints are sealed with; never leaves the folder
RUN/ray-train/JOB/…                        checkpoints, where blobs are in a folder
s3://BUCKET/PREFIX/.ray-train/RUN/JOB/…    checkpoints, where blobs are in a bucket
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import ray.train
from pyarrow.fs import FileSelector, FileSystem, FileType, LocalFileSystem, copy_files

from redraft.blobs import is_remote
from redraft.blobs.arrow import BucketFileSystem, arrow_refusals_explained
from redraft.blobs.location import S3Location
from redraft.train.seals import check_seals

FOLDER = "ray-train"


@dataclass(frozen=True)
class TrainStorage:
    """A folder that all machines see, for keys, and the path of the checkpoints: below it, or in ``bucket``."""

    folder: Path
    path: str
    bucket: S3Location | None = None

    @classmethod
    def in_folder(cls, root: Path) -> TrainStorage:
        """All of it below ``root``."""
        folder = root.resolve() / FOLDER
        return cls(folder, str(folder))

    @classmethod
    def beside_blobs(cls, root: Path, blobs_url: str, run: str) -> TrainStorage:
        """Keys below ``root``; checkpoints in the bucket of the blobs, if that is where they are."""
        if not is_remote(blobs_url):
            return cls.in_folder(root)
        bucket = S3Location.parse(blobs_url)
        path = "/".join(filter(None, [bucket.bucket, bucket.prefix, f".{FOLDER}", run]))
        return cls(root.resolve() / FOLDER, path, bucket)

    @property
    def filesystem(self) -> FileSystem:
        """What Ray Train reads and writes with."""
        return BucketFileSystem(self.bucket) if self.bucket else LocalFileSystem()

    @property
    def name(self) -> str:
        """For people."""
        return f"s3://{self.path}" if self.bucket else self.path

    def explained(self) -> AbstractContextManager[None]:
        """A bucket's refusals as sentences."""
        return arrow_refusals_explained(self.bucket)

    def begin(self, job: str) -> Path:
        """The file with a job's key. A job without one is new, and what lies under its name is somebody else's.

        Raises:
            StorageError, Outage: the bucket refuses, or does not answer.
        """
        key = self.folder / f"{job}.key"
        if key.exists():
            with self.explained():
                self.filesystem.get_file_info(self.path)
            return key
        self._remove(f"{self.path}/{job}")
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / f".{job}.key"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(secrets.token_hex(32))
        fresh.rename(key)
        return key

    def check(self) -> None:
        """Write below the path, read and delete again; errors as ``begin``."""
        with self.explained():
            filesystem = self.filesystem
            filesystem.create_dir(self.path)
            with filesystem.open_output_stream(f"{self.path}/probe") as out:
                out.write(b"Ray Train may write here.\n")
            with filesystem.open_input_stream(f"{self.path}/probe") as back:
                back.read()
            filesystem.delete_dir(self.path)

    def clear(self) -> None:
        """Remove every job, and its key; errors as ``begin``."""
        if self.folder.exists():
            self._remove(self.path)
            shutil.rmtree(self.folder, ignore_errors=True)

    def _remove(self, path: str) -> None:
        with self.explained():
            filesystem = self.filesystem
            if filesystem.get_file_info(path).type != FileType.NotFound:
                filesystem.delete_dir(path)


def read_key(file: Path) -> bytes:
    """A job's key, for those who seal and check."""
    return bytes.fromhex(file.read_text(encoding="ascii"))


@contextmanager
def parts_of_checkpoint(
    checkpoint: ray.train.Checkpoint, names: tuple[str, ...], key: bytes, beside: Path
) -> Iterator[Path]:
    """Some entries of a checkpoint, checked, without the shards of optimisers; gone after the block.

    Args:
        beside: the copies are made in the folder of this path, so that renaming them to it costs nothing.
    """
    with tempfile.TemporaryDirectory(dir=beside.parent, prefix=f".{beside.name}-") as scratch:
        filesystem: FileSystem = checkpoint.filesystem
        for entry in filesystem.get_file_info(FileSelector(checkpoint.path)):
            if entry.base_name in names or entry.base_name.startswith("seal-"):
                to = Path(scratch) / entry.base_name
                if not entry.is_file:
                    to.mkdir()
                copy_files(entry.path, str(to), source_filesystem=filesystem)
        check_seals(Path(scratch), key, whole=False)
        yield Path(scratch)
