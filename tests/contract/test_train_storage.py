"""Where Ray Train keeps checkpoints: a folder, an imitated bucket and a real one."""

from __future__ import annotations

import pickle
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import ray.train

from redraft.blobs import open_blobs
from redraft.errors import Outage, StorageError
from redraft.train.seals import seal
from redraft_actors.train_storage import TrainStorage, parts_of_checkpoint, read_key

NewUrl = Callable[..., str]


@pytest.fixture(params=["folder", "imitated", "real"])
def blobs_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "folder":
        return str(tmp_path / "blobs")
    new_url: NewUrl = request.getfixturevalue("new_moto_url" if request.param == "imitated" else "new_s3_url")
    return new_url()


def storage_of(root: Path, url: str, run: str = "run-1") -> TrainStorage:
    return TrainStorage.beside_blobs(root, url, run)


def write(storage: TrainStorage, name: str, data: bytes = b"weights") -> None:
    folder = f"{storage.path}/{name}".rpartition("/")[0]
    storage.filesystem.create_dir(folder)
    with storage.filesystem.open_output_stream(f"{storage.path}/{name}") as out:
        out.write(data)


def has(storage: TrainStorage, name: str) -> bool:
    return bool(storage.filesystem.get_file_info(f"{storage.path}/{name}").is_file)


def test_a_job_keeps_its_key_and_goes_on(blobs_url: str, tmp_path: Path) -> None:
    storage = storage_of(tmp_path, blobs_url)
    key = storage.begin("job")
    write(storage, "job/checkpoint_1/state")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(read_key(key)) == 32
    before = read_key(key)
    assert read_key(storage.begin("job")) == before
    assert has(storage, "job/checkpoint_1/state")


def test_a_job_without_its_key_is_new(blobs_url: str, tmp_path: Path) -> None:
    """Checkpoints that its key does not fit could not be loaded; another job's stay."""
    storage = storage_of(tmp_path, blobs_url)
    key, other = storage.begin("job"), storage.begin("other")
    write(storage, "job/checkpoint_1/state")
    write(storage, "other/checkpoint_1/state")
    before = read_key(key)
    key.unlink()
    assert read_key(storage.begin("job")) != before
    assert other.exists()
    assert not has(storage, "job/checkpoint_1/state")
    assert has(storage, "other/checkpoint_1/state")


def test_what_is_done_goes(blobs_url: str, tmp_path: Path) -> None:
    """With its keys, and without another run's that shares the store."""
    storage, neighbour = storage_of(tmp_path, blobs_url), storage_of(tmp_path / "2", blobs_url, "run-2")
    for one in (storage, neighbour):
        one.begin("job")
        write(one, "job/checkpoint_1/state")
    storage.clear()
    storage.clear()
    assert not (tmp_path / "ray-train").exists()
    assert not has(storage, "job/checkpoint_1/state")
    assert has(neighbour, "job/checkpoint_1/state")


def test_no_key_is_where_the_checkpoints_are(blobs_url: str, tmp_path: Path) -> None:
    storage = storage_of(tmp_path, blobs_url)
    storage.begin("job")
    assert not has(storage, "job.key") or storage.bucket is None


def test_checkpoints_are_no_blobs(blobs_url: str, tmp_path: Path) -> None:
    """A backup copies what a store lists."""
    blobs, storage = open_blobs(blobs_url), storage_of(tmp_path, blobs_url)
    blobs.put("images/ab/1.png", b"a picture")
    storage.begin("job")
    write(storage, "job/checkpoint_1/state")
    assert blobs.list() == ["images/ab/1.png"]


def test_it_travels_without_credentials(new_moto_url: NewUrl, tmp_path: Path) -> None:
    storage = storage_of(tmp_path, new_moto_url())
    write(storage, "job/state")
    travelled = pickle.dumps(storage.filesystem)
    assert b"not-a-secret" not in travelled
    assert pickle.loads(travelled).get_file_info(f"{storage.path}/job/state").is_file


def test_the_check_leaves_nothing(blobs_url: str, tmp_path: Path) -> None:
    storage = storage_of(tmp_path, blobs_url, "check")
    storage.check()
    assert not has(storage, "probe")


def test_a_policy_comes_without_the_optimisers_shards(blobs_url: str, tmp_path: Path) -> None:
    storage = storage_of(tmp_path, blobs_url)
    key = read_key(storage.begin("job"))
    local = tmp_path / "scratch"
    for name in ("policy/model.safetensors", "steps.json", "deepspeed/shard-0.pt"):
        (local / name).parent.mkdir(parents=True, exist_ok=True)
        (local / name).write_text(name)
    seal(local, key, 0)
    for file in [path for path in local.rglob("*") if path.is_file()]:
        write(storage, f"job/checkpoint_1/{file.relative_to(local)}", file.read_bytes())
    kept = ray.train.Checkpoint(f"{storage.path}/job/checkpoint_1", storage.filesystem)

    with parts_of_checkpoint(kept, ("policy", "steps.json"), key, tmp_path / "out") as folder:
        assert (folder / "policy/model.safetensors").read_text() == "policy/model.safetensors"
        assert sorted(path.name for path in folder.iterdir()) == ["policy", "seal-0.json", "steps.json"]
    assert not folder.exists()

    write(storage, "job/checkpoint_1/policy/model.safetensors", b"another's")
    with (
        pytest.raises(StorageError, match=r"model\.safetensors is another"),
        parts_of_checkpoint(kept, ("policy",), key, tmp_path / "out"),
    ):
        pytest.fail("what was changed is used")


def test_a_server_that_is_away_is_an_outage(tmp_path: Path) -> None:
    storage = storage_of(tmp_path, "s3://bucket/p?endpoint_url=http%3A%2F%2F127.0.0.1%3A9&retries=0")
    with pytest.raises(Outage, match=r"s3://bucket/p at http://127\.0\.0\.1:9 .*NETWORK_CONNECTION"):
        storage.begin("job")
    assert not (tmp_path / "ray-train").exists()
    (tmp_path / "ray-train").mkdir()
    (tmp_path / "ray-train" / "job.key").write_text("00")
    with pytest.raises(Outage):
        storage.begin("job")


def test_a_bucket_that_is_not_there_is_named(new_moto_url: NewUrl, tmp_path: Path) -> None:
    storage = storage_of(tmp_path, new_moto_url().replace("s3://redraft/", "s3://nowhere/"))
    with pytest.raises(StorageError, match=r"s3://nowhere/.*not found"):
        storage.check()


def test_a_user_without_permission_is_told_which(s3_server, new_s3_url: NewUrl, tmp_path: Path, monkeypatch) -> None:
    url = new_s3_url()
    for name, value in s3_server.user("no-trainer").environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StorageError, match=r"s3:DeleteObject"):
        storage_of(tmp_path, url).check()
