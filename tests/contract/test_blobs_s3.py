"""What an S3 blob store does beyond the contract of all: hashes, copies, encryption, links, and a server that fails."""

from __future__ import annotations

import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from redraft.blobs import Blobs, LinkedBlobs, open_blobs
from redraft.blobs.bucket import connect
from redraft.blobs.location import S3Location
from redraft.blobs.manifest import Manifest, StoredFile
from redraft.errors import Outage, StorageError

from .s3_server import KMS_KEY, S3Server, S3User, free_port
from .unsteady_proxy import UnsteadyProxy, unsteady_proxy

NewUrl = Callable[..., str]


class Raw:
    """What somebody with the server's own tools does to a store."""

    def __init__(self, server: S3Server, blobs: Blobs) -> None:
        self.client, self.bucket = server.client(), server.bucket
        self.prefix = S3Location.parse(blobs.url).prefix

    def names(self) -> list[str]:
        listed = self.client.list_objects_v2(Bucket=self.bucket, Prefix=f"{self.prefix}/").get("Contents", [])
        return [entry["Key"].removeprefix(f"{self.prefix}/") for entry in listed]

    def overwrite(self, name: str, data: bytes, **more: object) -> None:
        """Other bytes under the same name, with the metadata of those before."""
        metadata = self.head(name)["Metadata"]
        self.client.put_object(**self._at(name), Body=data, **({"Metadata": metadata} | more))

    def delete(self, name: str) -> None:
        self.client.delete_object(**self._at(name))

    def head(self, name: str) -> dict:
        return self.client.head_object(**self._at(name))

    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": f"{self.prefix}/{name}"}


@pytest.fixture
def blobs(new_s3_url: NewUrl) -> Blobs:
    return open_blobs(new_s3_url())


@pytest.fixture
def raw(s3_server: S3Server, blobs: Blobs) -> Raw:
    return Raw(s3_server, blobs)


@pytest.fixture
def proxy(s3_server: S3Server) -> Iterator[UnsteadyProxy]:
    with unsteady_proxy(s3_server.url) as started:
        yield started


def filled(blobs: Blobs, **files: bytes) -> Path:
    """A folder that is ready to be published."""
    folder = blobs.scratch_folder()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def elsewhere(blobs: Blobs, tmp_path: Path) -> Blobs:
    """The same store as another machine sees it, which has no copies yet."""
    location = S3Location.parse(blobs.url)
    settings = location.settings.model_copy(update={"cache": tmp_path / "elsewhere"})
    return open_blobs(location.model_copy(update={"settings": settings}).url)


def test_a_large_file_travels_in_pieces(blobs: Blobs, raw: Raw, tmp_path: Path) -> None:
    weights = os.urandom(40 << 20)
    blobs.publish_folder("policies/p", filled(blobs, weights=weights, config=b"{}"))
    parts = {name.rpartition("/")[2]: name for name in raw.names()}
    assert raw.head(parts["weights"])["ETag"].strip('"').endswith("-3")
    copy = elsewhere(blobs, tmp_path).path("policies/p")
    assert (copy / "weights").read_bytes() == weights and (copy / "config").read_bytes() == b"{}"


def test_a_folder_is_there_when_its_manifest_is_and_an_upload_goes_on_where_it_ended(blobs: Blobs, raw: Raw) -> None:
    source = filled(blobs, a=b"1", b=b"2")
    kept = shutil.copytree(source, f"{source}-kept")
    blobs.publish_folder("datasets/d", source)
    raw.delete("datasets/d/.manifest.json")
    uploaded = {name: raw.head(name)["LastModified"] for name in raw.names()}
    assert len(uploaded) == 2
    half = open_blobs(blobs.url)
    assert not half.exists("datasets/d") and not half.exists("datasets/d/a") and half.list() == []
    with pytest.raises(StorageError, match="holds no datasets/d/a"):
        half.get("datasets/d/a")
    half.publish_folder("datasets/d", Path(kept))
    assert half.list() == ["datasets/d/a", "datasets/d/b"]
    assert {name: raw.head(name)["LastModified"] for name in uploaded} == uploaded


def test_other_bytes_than_were_stored_are_refused_by_key(blobs: Blobs, raw: Raw) -> None:
    blobs.put("images/a", b"right")
    raw.overwrite("images/a", b"wrong")
    blobs.publish_folder("policies/p", filled(blobs, weights=b"right"))
    weights = next(name for name in raw.names() if name.endswith("/weights"))
    raw.overwrite(weights, b"wrong")
    for read in (lambda: blobs.get("images/a"), lambda: blobs.path("images/a")):
        with pytest.raises(StorageError, match="the bytes of images/a are not those that were stored"):
            read()
    with pytest.raises(StorageError, match=r"the bytes of policies/p/\S+/weights are not"):
        blobs.path("policies/p")
    raw.delete(weights)
    with pytest.raises(StorageError, match="policies/p/weights was published and is gone"):
        blobs.path("policies/p")


def test_what_redraft_did_not_write_is_refused(blobs: Blobs, raw: Raw) -> None:
    blobs.put("images/a", b"right")
    raw.overwrite("images/a", b"wrong", Metadata={})
    with pytest.raises(StorageError, match="images/a has no SHA-256 in its metadata"):
        blobs.get("images/a")


def test_a_manifest_leads_nowhere_else(blobs: Blobs, raw: Raw, tmp_path: Path) -> None:
    good = StoredFile(name="a", size=1, sha256="0" * 64)
    for name in ("../../../../out", "/out", "a/../../out", ""):
        evil = good.model_copy(update={"name": name})
        manifest = Manifest.model_construct(version=1, upload="0" * 16, files=(evil,))
        key = f"policies/{len(name)}"
        blobs.put(key, manifest.model_dump_json().encode())  # an object with a right hash, to be moved into place
        source = {"Bucket": raw.bucket, "Key": f"{raw.prefix}/{key}"}
        raw.client.copy_object(Bucket=raw.bucket, Key=f"{raw.prefix}/{key}-x/.manifest.json", CopySource=source)
        with pytest.raises(StorageError, match="is no manifest of Redraft's"):
            blobs.path(f"{key}-x")
    assert not list(tmp_path.rglob("out"))


def test_a_copy_asks_nobody_and_a_damaged_one_is_made_again(blobs: Blobs, raw: Raw) -> None:
    blobs.put("images/a", b"right")
    blobs.publish_folder("policies/p", filled(blobs, weights=b"right"))
    blobs.path("images/a").write_bytes(b"wrong")
    (blobs.path("policies/p") / "weights").write_bytes(b"half")
    assert blobs.get("images/a") == b"right" == blobs.path("images/a").read_bytes()
    assert (blobs.path("policies/p") / "weights").read_bytes() == b"right"
    raw.delete("images/a")
    assert blobs.get("images/a") == b"right" and not blobs.exists("images/a")


def test_a_published_folder_takes_nothing_more(blobs: Blobs) -> None:
    blobs.publish_folder("policies/p", filled(blobs, weights=b"w"))
    for attempt in (
        lambda: blobs.put("policies/p/more", b"1"),
        lambda: blobs.publish_folder("policies/p/more", filled(blobs, a=b"1")),
    ):
        with pytest.raises(StorageError, match="policies/p/more would lie in a published folder, which never changes"):
            attempt()
    assert blobs.list() == ["policies/p/weights"]


def test_a_link_gets_the_bytes_without_credentials(blobs: Blobs) -> None:
    assert isinstance(blobs, LinkedBlobs)
    blobs.put("images/a", b"picture")
    blobs.publish_folder("policies/p", filled(blobs, config=b"{}"))
    for key, data in (("images/a", b"picture"), ("policies/p/config", b"{}")):
        with urllib.request.urlopen(blobs.presigned(key, 60)) as answer:
            assert answer.read() == data
    with pytest.raises(urllib.error.HTTPError, match="403") as refused:
        urllib.request.urlopen(blobs.presigned("images/a", 60).replace("Expires=60", "Expires=6000"))
    refused.value.close()
    for key, seconds, says in (("images/b", 60, "holds no images/b"), ("images/a", 604_801, "good for 1 to 604800")):
        with pytest.raises(StorageError, match=says):
            blobs.presigned(key, seconds)


def test_encryption_is_asked_for_and_must_be_given(s3_server: S3Server, new_s3_url: NewUrl) -> None:
    blobs = open_blobs(new_s3_url(sse="aws:kms", kms_key=KMS_KEY))
    assert "not" not in blobs.check()
    blobs.put("images/a", b"secret")
    blobs.publish_folder("policies/p", filled(blobs, weights=b"w" * (17 << 20)))
    raw = Raw(s3_server, blobs)
    names = raw.names()
    assert len(names) == 4
    assert {raw.head(name).get("ServerSideEncryption") for name in names} == {"aws:kms"}
    assert blobs.get("images/a") == b"secret" and (blobs.path("policies/p") / "weights").stat().st_size == 17 << 20
    unknown = open_blobs(new_s3_url(sse="aws:kms", kms_key="no-such-key"))
    with pytest.raises(StorageError, match="the encryption key cannot be used"):
        unknown.check()
    ignored = open_blobs(new_s3_url(sse="AES256"))
    with pytest.raises(StorageError, match="asked for encryption AES256 and wrote without it"):
        ignored.check()


def test_a_server_that_is_away_is_an_outage(new_s3_url: NewUrl) -> None:
    blobs = open_blobs(new_s3_url(endpoint_url=f"http://127.0.0.1:{free_port()}", retries="0"))
    tries: list[Callable[[], object]] = [
        blobs.check,
        blobs.list,
        lambda: blobs.exists("a"),
        lambda: blobs.get("a"),
        lambda: blobs.path("a"),
        lambda: blobs.put("a", b"1"),
        lambda: blobs.publish_folder("p", filled(blobs, a=b"1")),
    ]
    for attempt in tries:
        with pytest.raises(Outage, match=r"at http://127\S+ cannot be reached"):
            attempt()


def test_a_busy_server_is_asked_again_and_then_an_outage(proxy: UnsteadyProxy, new_s3_url: NewUrl) -> None:
    blobs = open_blobs(new_s3_url(endpoint_url=proxy.url, retries="2"))
    proxy.busy = 2
    blobs.put("images/a", b"1")
    assert blobs.get("images/a") == b"1"
    proxy.busy = 1000
    with pytest.raises(Outage, match=r"is not able to answer now \(SlowDown\)"):
        blobs.exists("images/a")


def test_an_answer_that_breaks_off_is_asked_for_again(proxy: UnsteadyProxy, new_s3_url: NewUrl, tmp_path: Path) -> None:
    blobs = open_blobs(new_s3_url(endpoint_url=proxy.url))
    data = os.urandom(100_000)
    blobs.put("images/a", data)
    proxy.broken_bodies = 1
    assert blobs.get("images/a") == data
    assert proxy.broken_bodies == 0


def test_a_server_without_conditional_writes_is_used_and_named(proxy: UnsteadyProxy, new_s3_url: NewUrl) -> None:
    blobs = open_blobs(new_s3_url(endpoint_url=proxy.url))
    assert "cannot refuse" not in blobs.check()
    proxy.unconditional = True
    blobs = open_blobs(blobs.url)
    for data in (b"first", b"second"):
        blobs.put("images/a", data)
        blobs.publish_folder("policies/p", filled(blobs, weights=data))
    assert blobs.get("images/a") == blobs.get("policies/p/weights") == b"first"
    assert "which cannot refuse to write over an object: let one loop at a time use it" in blobs.check()


@pytest.fixture
def become(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[S3User | None], None]]:
    """Makes this process somebody else, or nobody."""

    def change(user: S3User | None) -> None:
        connect.cache_clear()
        for name, value in (user or S3User("", "")).environment.items():
            monkeypatch.setenv(name, value)
            if not value:
                monkeypatch.delenv(name)

    yield change
    connect.cache_clear()


def test_what_is_not_permitted_is_named(
    s3_server: S3Server, new_s3_url: NewUrl, become: Callable[[S3User | None], None]
) -> None:
    owner, url = s3_server.owner, new_s3_url()
    open_blobs(url).put("images/a", b"1")
    become(s3_server.user("stranger"))
    stranger = open_blobs(url)
    for action, attempt in (
        ("s3:GetObject for images/a", lambda: stranger.get("images/a")),
        ("s3:ListBucket", lambda: stranger.list()),
        ("s3:PutObject", lambda: stranger.check()),
    ):
        with pytest.raises(StorageError, match=f"does not permit {action}"):
            attempt()
    become(S3User(owner.access_key, "not-the-secret"))
    with pytest.raises(StorageError, match=r"does not accept the credentials \(SignatureDoesNotMatch\)") as wrong:
        open_blobs(url).check()
    assert "not-the-secret" not in str(wrong.value) and owner.access_key not in str(wrong.value)
    become(None)
    with pytest.raises(StorageError, match="there are no credentials; set AWS_ACCESS_KEY_ID"):
        open_blobs(url).check()


def test_a_bucket_that_is_not_there_is_named(new_s3_url: NewUrl) -> None:
    url = new_s3_url().replace("s3://redraft/", "s3://elsewhere/")
    for attempt in (open_blobs(url).check, open_blobs(url).list, lambda: open_blobs(url).get("a")):
        with pytest.raises(StorageError, match="has no bucket elsewhere: make it, or name another"):
            attempt()
