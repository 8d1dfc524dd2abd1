"""Copies of remote blobs: made once, whole, shared, and gone when they are many and old."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from redraft.blobs.cache import BlobCache, Copy
from redraft.blobs.manifest import StoredFile
from redraft.errors import StorageError


def copier(key: str, data: bytes, made: list[str] | None = None) -> Callable[[Path], Copy]:
    def make(to: Path) -> Copy:
        to.write_bytes(data)
        if made is not None:
            made.append(key)
            time.sleep(0.05)
        file = StoredFile(name=to.name, size=len(data), sha256=hashlib.sha256(data).hexdigest())
        return Copy(key=key, folder=False, files=(file,))

    return make


def add(cache: BlobCache, key: str, *, age: float = 0.0, size: int = 100) -> Path:
    """A copy that was last asked for so many seconds ago."""
    path, _ = cache.obtain(key, copier(key, b"x" * size))
    then = time.time() - age
    os.utime(path.parent / ".copy.json", (then, then))
    return path


def test_a_copy_is_made_once_for_all(tmp_path: Path) -> None:
    made: list[str] = []
    with ThreadPoolExecutor(8) as pool:
        caches = [BlobCache(tmp_path, "store", 1 << 20) for _ in range(16)]
        paths = list(
            pool.map(lambda cache: cache.obtain("images/a.png", copier("images/a.png", b"1", made))[0], caches)
        )
    assert made == ["images/a.png"]
    assert len(set(paths)) == 1 and paths[0].name == "a.png" and paths[0].read_bytes() == b"1"
    other = BlobCache(tmp_path, "another store", 1 << 20)
    assert other.obtain("images/a.png", copier("images/a.png", b"2"))[0].read_bytes() == b"2"


def test_what_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def fail(to: Path) -> Copy:
        to.write_bytes(b"half")
        raise StorageError("the server broke")

    cache = BlobCache(tmp_path, "store", 1 << 20)
    with pytest.raises(StorageError, match="the server broke"):
        cache.obtain("a", fail)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and ".locks" not in path.parts] == []
    assert cache.obtain("a", copier("a", b"1"))[0].read_bytes() == b"1"


def test_the_oldest_go_and_what_was_just_handed_out_stays(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path, "store", 250, keep_seconds=60)
    oldest, older = add(cache, "oldest", age=300), add(cache, "older", age=200)
    fresh = [add(cache, f"fresh-{number}") for number in range(4)]
    cache.sweep()
    assert not oldest.exists() and not older.exists()
    assert all(path.exists() for path in fresh), "400 bytes are beyond the limit, but somebody uses them"


def test_only_as_much_goes_as_must(tmp_path: Path) -> None:
    paths = [add(BlobCache(tmp_path, "store", 1 << 20), f"blob-{age}", age=age) for age in (400, 300, 200)]
    cache = BlobCache(tmp_path, "store", 250, keep_seconds=60)
    assert cache.obtain("blob-400", copier("blob-400", b""))[0] == paths[0], "being asked for makes it the newest"
    cache.sweep()
    assert [path.exists() for path in paths] == [True, False, True]


def test_a_shared_folder_is_bounded_for_all_its_stores(tmp_path: Path) -> None:
    one, other = (BlobCache(tmp_path, name, 150, keep_seconds=60) for name in ("one", "other"))
    first, second = add(one, "a", age=300), add(other, "a", age=200)
    other.sweep()
    assert not first.exists() and second.exists()


def test_leftovers_of_dead_processes_go(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path, "store", 1 << 20)
    old, new = (tmp_path / ".partial" / name for name in ("old", "new"))
    for left in (old, new):
        left.mkdir()
    os.utime(old, (time.time() - 200_000, time.time() - 200_000))
    path = add(cache, "a")
    (path.parent / ".copy.json").write_text("{")
    cache.sweep()
    assert not old.exists() and new.exists()
    assert cache.obtain("a", copier("a", b"again"))[0].read_bytes() == b"again"


def test_a_folder_that_cannot_hold_copies_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match=r"blob cache .*file cannot be used"):
        BlobCache(tmp_path / "file", "store", 1)
