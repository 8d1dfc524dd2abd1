"""Seals on a checkpoint that training goes on from: what a rank wrote, and proof that it was this job.

DeepSpeed's shards are pickles, and whoever can change one of them can run code on the trainers. So each rank lists the
hashes of its files and signs the list (HMAC-SHA256) with a key that only the job knows; nothing else is loaded.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

from pydantic import ValidationError

from redraft.blobs.manifest import sha256_of
from redraft.errors import StorageError
from redraft.records import Record

_PATTERN = "seal-*.json"
_ANEW = "remove ray-train/ from the folder of the run, so that the job begins anew"


class Seal(Record):
    """The files of one rank with their SHA-256, and the signature of the list."""

    files: dict[str, str]
    signature: str

    @classmethod
    def of(cls, files: dict[str, str], key: bytes) -> Seal:
        """A signed list."""
        return cls(files=files, signature=_sign(files, key))

    def holds(self, key: bytes) -> bool:
        """Whether the list was signed with this key, and is as it was."""
        return hmac.compare_digest(self.signature, _sign(self.files, key))


def seal(folder: Path, key: bytes, rank: int) -> None:
    """Sign all that one rank has written into a folder."""
    sealed = Seal.of({name: sha256_of(folder / name) for name in _files(folder)}, key)
    (folder / f"seal-{rank}.json").write_text(sealed.model_dump_json(indent=1), encoding="utf-8")


def check_seals(folder: Path, key: bytes, *, whole: bool = True) -> None:
    """See that a checkpoint is what the job's ranks wrote.

    Args:
        whole: whether all their files must be there, or only those that are must be theirs.

    Raises:
        StorageError: a file is another, is missing, or was written by somebody else.
    """
    sealed = [_read(path, key) for path in sorted(folder.glob(_PATTERN))]
    known = {(name, digest) for one in sealed for name, digest in one.files.items()}
    there = _files(folder)
    missing = {name for name, _ in known} - set(there) if whole else set()
    wrong = [name for name in there if (name, sha256_of(folder / name)) not in known]
    if wrong or missing or not sealed:
        name = min([*wrong, *missing], default="seal-0.json")
        raise StorageError(
            f"checkpoint {folder.name} of training is not what its workers wrote ({name} is "
            f"{'another' if name in wrong else 'missing'}): {_ANEW}"
        )


def _read(path: Path, key: bytes) -> Seal:
    try:
        found = Seal.model_validate_json(path.read_bytes())
    except ValidationError as e:
        raise StorageError(f"{path.name} of a training checkpoint is damaged: {_ANEW}") from e
    if not found.holds(key):
        raise StorageError(
            f"{path.name} of a training checkpoint was not signed by this job: see who may write where it lies, "
            f"and {_ANEW}"
        )
    return found


def _sign(files: dict[str, str], key: bytes) -> str:
    return hmac.new(key, json.dumps(files, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def _files(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not (path.parent == folder and path.match(_PATTERN))
    )
