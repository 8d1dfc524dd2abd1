"""What every blob store promises: whole or not there, never changed, and nothing outside of it touched."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from redraft.blobs import Blobs, content_key, open_blobs
from redraft.errors import StorageError


@pytest.fixture(params=["folder", "moto", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    """A store of each kind; S3 twice, as imitated by a library and as a server answers."""
    if request.param == "folder":
        return open_blobs(str(tmp_path / "blobs"))
    return open_blobs(request.getfixturevalue(f"new_{request.param}_url")())


@pytest.fixture
def folder_blobs(tmp_path: Path) -> Blobs:
    return open_blobs(str(tmp_path / "blobs"))


def test_bytes_come_back_and_never_change(blobs: Blobs) -> None:
    data = bytes(range(256))
    key = content_key("images", data, ".png")
    assert key == f"images/{hashlib.sha256(data).hexdigest()[:2]}/{hashlib.sha256(data).hexdigest()}.png"
    assert not blobs.exists(key)
    blobs.put(key, data)
    blobs.put(key, b"something else")
    assert blobs.get(key) == data == blobs.path(key).read_bytes()
    assert blobs.list() == [key]


def test_a_folder_is_published_whole_and_once(blobs: Blobs) -> None:
    for text in ("first", "second"):
        folder = blobs.scratch_folder()
        (folder / "part-0.parquet").write_text(text)
        (folder / "deep").mkdir()
        (folder / "deep" / "model.safetensors").write_text(text)
        assert blobs.list() == (
            [] if text == "first" else ["datasets/a/deep/model.safetensors", "datasets/a/part-0.parquet"]
        )
        blobs.publish_folder("datasets/a", folder)
        assert not folder.exists()
    assert blobs.get("datasets/a/part-0.parquet") == b"first"
    assert blobs.exists("datasets/a") and blobs.path("datasets/a").is_dir()
    assert blobs.list("datasets/a/deep") == blobs.list("datasets/a/deep/") == ["datasets/a/deep/model.safetensors"]
    assert blobs.list("datasets/nothing") == []


def test_a_folder_on_another_file_system_is_copied_first(
    folder_blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a").write_text("a")
    rename = Path.rename

    def rename_within_blobs(path: Path, target: Path) -> Path:
        if path == source:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", rename_within_blobs)
    folder_blobs.publish_folder("policies/p", source)
    assert folder_blobs.get("policies/p/a") == b"a"
    assert not source.exists()


def test_publishing_what_is_no_folder_is_refused(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path)
    for source in ("file", "link", "missing"):
        with pytest.raises(StorageError, match="is not a folder"):
            blobs.publish_folder("policies/p", tmp_path / source)
    assert blobs.list() == []


def test_writers_of_one_key_do_not_disturb_each_other(blobs: Blobs) -> None:
    def publish(number: int) -> None:
        blobs.put("images/a", b"x" * 100_000)
        folder = blobs.scratch_folder()
        for part in range(3):
            (folder / f"{part}").write_text(str(number))
        blobs.publish_folder("datasets/d", folder)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(publish, range(24)))
    assert blobs.get("images/a") == b"x" * 100_000
    assert len({blobs.get(key) for key in blobs.list("datasets/d")}) == 1
    assert blobs.list() == ["datasets/d/0", "datasets/d/1", "datasets/d/2", "images/a"]


def test_what_is_not_there_is_named(blobs: Blobs) -> None:
    for read in (blobs.get, blobs.path):
        with pytest.raises(StorageError, match="holds no images/none"):
            read("images/none")


def test_a_key_below_a_file_is_one_sentence(blobs: Blobs) -> None:
    blobs.put("images/a", b"x")
    with pytest.raises(StorageError, match="cannot be used"):
        blobs.put("images/a/b", b"y")
    with pytest.raises(StorageError, match="images is a folder"):
        blobs.put("images", b"y")


def test_parts_of_a_folder_are_there_and_nothing_is_put_over_them(blobs: Blobs) -> None:
    folder = blobs.scratch_folder()
    (folder / "deep").mkdir()
    (folder / "deep" / "weights").write_text("w")
    (folder / "tokenizer.json").write_text("{}")
    blobs.publish_folder("policies/p", folder)
    blobs.put("policies/p/tokenizer.json", b"other")
    assert blobs.get("policies/p/tokenizer.json") == b"{}"
    assert sorted(p.name for p in blobs.path("policies/p/deep").iterdir()) == ["weights"]
    assert blobs.path("policies/p/deep/weights").read_text() == "w"
    for key in ("policies", "policies/p", "policies/p/deep", "policies/p/deep/weights"):
        assert blobs.exists(key)
    for key in ("policy", "policies/p/dee", "policies/p/deep/w", "policies/q"):
        assert not blobs.exists(key)
    with pytest.raises(StorageError):
        blobs.get("policies/p")


def test_an_empty_folder_is_there(blobs: Blobs) -> None:
    blobs.publish_folder("samples/none", blobs.scratch_folder())
    assert blobs.exists("samples/none") and blobs.list() == []
    assert list(blobs.path("samples/none").iterdir()) == []


def test_a_url_and_an_address_are_enough_for_another_process(blobs: Blobs) -> None:
    blobs.put("images/a", b"1")
    folder = blobs.scratch_folder()
    (folder / "config.json").write_text("{}")
    blobs.publish_folder("policies/p", folder)
    code = (
        "import sys; from redraft.blobs import fetch, open_blobs; "
        "print(open_blobs(sys.argv[1]).get('images/a'), (fetch(sys.argv[2]) / 'config.json').read_text())"
    )
    line = [sys.executable, "-c", code, blobs.url, blobs.address("policies/p")]
    assert subprocess.run(line, check=True, capture_output=True, text=True).stdout == "b'1' {}\n"
    with pytest.raises(StorageError, match="holds no policies/q"):
        blobs.address("policies/q")


def test_a_store_can_be_checked_before_it_is_used(blobs: Blobs) -> None:
    assert str(blobs.check()) == str(blobs.check())
    assert blobs.list() == []


def test_a_folder_can_be_named_in_several_ways(
    folder_blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder_blobs.put("a", b"1")
    monkeypatch.chdir(tmp_path)
    for url in (folder_blobs.url, "blobs", f"file://{tmp_path}/blobs", f"file://localhost{tmp_path}/blobs"):
        assert open_blobs(url).get("a") == b"1"
    spaced = open_blobs(f"file://{tmp_path}/my%20blobs")
    assert Path(spaced.url).name == "my blobs"


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("gs://bucket", "gs:// blob stores are not supported"),
        ("file://elsewhere/folder", "names no local folder"),
        ("", "needs a folder"),
        ("a\x00b", "needs a folder"),
        ("/proc/blobs", "cannot be used"),
        ("/etc/passwd", "cannot be used"),
    ],
)
def test_a_store_that_cannot_be_is_one_sentence(url: str, says: str) -> None:
    with pytest.raises(StorageError, match=says):
        open_blobs(url)


def test_a_full_disk_is_one_sentence_and_leaves_nothing(folder_blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_half(path: Path, data: bytes) -> int:
        with path.open("wb") as f:
            f.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(Path, "write_bytes", write_half)
        with pytest.raises(StorageError, match="the disk is full"):
            folder_blobs.put("images/a", b"1234")
    assert not folder_blobs.exists("images/a")
    assert [p for p in Path(folder_blobs.url).rglob("*") if p.is_file()] == []


PARTS = st.sampled_from(
    ["..", ".", "", "a", "b.png", ".partial", "/", "\\", "\x00", "~", "a b", "..a", "%2e%2e", "\u2025"]
)


@given(key=st.one_of(st.lists(PARTS, max_size=5).map("/".join), st.text(max_size=40)))
@example(key="../outside")
@example(key="a/../../outside")
@example(key="/etc/passwd")
@example(key="a\x00b")
@example(key=".partial/x")
@example(key="a/\n")
@example(key="x" * 600)
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_key_leads_outside(tmp_path: Path, key: str) -> None:
    root = Path(tempfile.mkdtemp(dir=tmp_path)) / "store" / "blobs"
    blobs = open_blobs(str(root))
    try:
        blobs.put(key, b"x")
    except StorageError as e:
        assert "\x00" not in str(e) and "\n" not in str(e)
    else:
        assert blobs.path(key).resolve().is_relative_to(root.resolve())
        assert blobs.get(key) == b"x"
        assert key in blobs.list()
    assert os.listdir(root.parents[1]) == ["store"] and os.listdir(root.parent) == ["blobs"]
    for operation in (blobs.exists, blobs.path, blobs.get):
        if ".." in key.split("/"):
            with pytest.raises(StorageError, match="is not a blob key"):
                operation(key)


@given(key=st.lists(PARTS, max_size=5).map("/".join))
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_key_leads_outside_a_prefix(new_moto_url: Callable[[], str], key: str) -> None:
    blobs = open_blobs(new_moto_url())
    try:
        blobs.put(key, b"x")
    except StorageError as e:
        assert "\x00" not in str(e) and "\n" not in str(e)
    else:
        assert blobs.get(key) == b"x" and blobs.list() == [key]
