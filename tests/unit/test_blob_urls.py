"""How S3 stores are named: by URL and by config, without a secret in either."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from redraft.blobs import fetch, local_cache, open_blobs
from redraft.blobs.location import S3Location
from redraft.checkpoints import resolve_policy_path
from redraft.config import Config, parse_config
from redraft.errors import ConfigError, StorageError


def config_of(**storage: object) -> Config:
    return parse_config({"storage": storage}, "test")


def test_a_config_tells_other_processes_all_by_the_url_alone() -> None:
    s3 = {"endpoint_url": "https://minio.example:9000", "sse": "aws:kms", "kms_key": "arn:aws:kms:x", "retries": 2}
    url = config_of(blobs="s3://data/runs/one?region=eu-west-1", s3=s3).storage.blobs_url
    assert url is not None
    location = S3Location.parse(url)
    assert (location.bucket, location.prefix, location.server) == ("data", "runs/one", "https://minio.example:9000")
    assert location.settings.model_dump(exclude_defaults=True) == s3 | {"region": "eu-west-1"}
    assert S3Location.parse(location.url) == location
    assert S3Location.parse("s3://data/?retries=5").url == "s3://data"


def test_a_folder_takes_nothing_of_it() -> None:
    assert config_of(blobs="blobs", s3={"region": "x"}).storage.blobs_url == "blobs"
    assert config_of().storage.blobs_url is None
    assert local_cache("blobs") is None


def test_copies_lie_where_the_config_or_the_desktop_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert local_cache("s3://data") == tmp_path / "redraft" / "blobs"
    assert local_cache("s3://data?cache=/fast/copies") == Path("/fast/copies")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("s3://", "names no bucket"),
        ("s3://x", "names no bucket"),
        ("s3://data/../other", "is not a blob key"),
        ("s3://data/a b", "is not a blob key"),
        ("s3://data/p?regoin=x", "knows no parameter 'regoin'"),
        ("s3://data/p?region=x&region=y", "two things at once"),
        ("s3://data/p?sse=rot13", "blob store's sse"),
        ("s3://data/p?retries=many", "blob store's retries"),
        ("s3://data/p?kms_key=k", "kms_key is for sse aws:kms alone"),
        ("s3://data/p?endpoint_url=minio.example", "must be the address of a server"),
        ("s3://data/p?endpoint_url=file:///etc", "must be the address of a server"),
        ("s3://data/p#images/a", "names one key"),
        ("s3://data:x/p", "cannot be read"),
        ("s3://AKIA:hunter2@data/p", "no user and no password"),
        ("s3://data/p?endpoint_url=https://me:hunter2@host", "no user and no password"),
        ("s3://data/p?aws_secret_access_key=hunter2", "knows no parameter"),
    ],
)
def test_a_url_that_cannot_be_is_one_sentence(url: str, says: str) -> None:
    for attempt in (lambda: open_blobs(url), lambda: config_of(blobs=url)):
        with pytest.raises((StorageError, ConfigError), match=says) as caught:
            attempt()
        assert "hunter2" not in str(caught.value) and "\n" not in str(caught.value)


def test_a_config_and_a_url_must_agree() -> None:
    assert config_of(blobs="s3://data/p?region=x", s3={"region": "x"}).storage.blobs_url is not None
    with pytest.raises(ConfigError, match=r"two things at once, perhaps in storage\.s3 and in the URL"):
        config_of(blobs="s3://data/p?region=x", s3={"region": "y"})
    with pytest.raises(ConfigError, match=r"did you mean storage\.s3\.endpoint_url"):
        config_of(blobs="s3://data/p", s3={"endpoint": "y"})


def test_an_address_needs_a_key() -> None:
    with pytest.raises(StorageError, match="needs a key"):
        resolve_policy_path("s3://data/p")
    assert fetch("policies/p") == Path("policies/p")


def test_folders_need_no_s3_client(tmp_path: Path) -> None:
    code = "import sys, redraft.runs as r; r.open_blobs(sys.argv[1]); print('boto3' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
