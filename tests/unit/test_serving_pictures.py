"""Pictures of requests: bounded, and from nowhere that the configuration does not name."""

from __future__ import annotations

import asyncio
import base64
import io
import ipaddress
from collections.abc import Awaitable, Callable, Sequence

import httpx
import pytest
from PIL import Image
from pydantic import ValidationError

from redraft.config import ServeConfig
from redraft.errors import Outage, StorageError
from redraft.serving import Refused
from redraft.serving import remote as remote_module
from redraft.serving.pictures import Pictures
from redraft.serving.remote import Address, RemotePictures, is_permitted

PUBLIC = "93.184.216.34"


def png(size: tuple[int, int] = (4, 4)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "red").save(buffer, "PNG")
    return buffer.getvalue()


def resolving(*addresses: str) -> Callable[[str, int], Awaitable[Sequence[Address]]]:
    async def resolve(host: str, port: int) -> list[Address]:
        return [ipaddress.ip_address(address) for address in addresses]

    return resolve


class Web:
    """Another server, which notes what it was asked."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer, self.asked = answer, list[httpx.Request]()

    def fetch(self, url: str, hosts: Sequence[str], *addresses: str) -> bytes:
        def handle(request: httpx.Request) -> httpx.Response:
            self.asked.append(request)
            return self.answer

        pictures = RemotePictures(hosts, resolver=resolving(*addresses), transport=httpx.MockTransport(handle))
        return asyncio.run(pictures.fetch(url))


@pytest.fixture
def web() -> Web:
    return Web(httpx.Response(200, stream=httpx.ByteStream(png())))


def test_a_listed_host_is_asked_at_the_address_that_was_looked_at(web: Web) -> None:
    assert web.fetch("https://Pictures.example/a.png?b=c", ["pictures.example"], PUBLIC) == png()
    (request,) = web.asked
    assert (request.url.host, request.url.raw_path) == (PUBLIC, b"/a.png?b=c")
    assert request.headers["host"] == "pictures.example"
    assert request.extensions["sni_hostname"] == "pictures.example", "the certificate is checked against the name"


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("http://pictures.example/a.png", []),
        ("http://evil.example/a.png", ["pictures.example"]),
        ("http://pictures.example.evil/a.png", ["pictures.example"]),
        ("http://pictures.example:22/a.png", ["pictures.example"]),
        ("http://pictures.example/a.png", ["pictures.example:8080"]),
        ("http://pictures.example@evil.example/a.png", ["pictures.example"]),
        ("http://user:secret@pictures.example/a.png", ["pictures.example"]),
        ("http://example/a.png", ["*.example"]),
        ("http://evilexample/a.png", ["*.example"]),
        ("http://127.0.0.1/a.png", ["*.example"]),
        ("http://2130706433/a.png", ["127.0.0.1"]),
        ("http://[::1]/a.png", ["*.example"]),
        ("ftp://pictures.example/a.png", ["pictures.example"]),
        ("http:///a.png", ["pictures.example"]),
        ("http://pictures.example:x/a.png", ["pictures.example"]),
    ],
)
def test_a_host_that_is_not_listed_is_not_asked(web: Web, url: str, hosts: list[str]) -> None:
    with pytest.raises(Refused):
        web.fetch(url, hosts, PUBLIC)
    assert not web.asked


@pytest.mark.parametrize(
    "inside",
    ["10.0.0.7", "127.0.0.1", "192.168.1.1", "172.16.0.1", "::1", "fd00::1", "::ffff:10.0.0.7", "100.64.0.1"],
)
def test_a_domain_does_not_lead_inside(web: Web, inside: str) -> None:
    for addresses in ([inside], [PUBLIC, inside]):
        with pytest.raises(Refused, match="does not lead"):
            web.fetch("http://a.pictures.example/a.png", ["*.pictures.example"], *addresses)
    assert not web.asked


def test_a_host_that_is_named_itself_may_be_inside_but_never_link_local(web: Web) -> None:
    assert web.fetch("http://minio.local:9000/a.png", ["minio.local:9000"], "10.0.0.7") == png()
    for address in (
        "169.254.169.254",
        "fe80::1",
        "::ffff:169.254.169.254",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "64:ff9b::7f00:1",
    ):
        assert not is_permitted(ipaddress.ip_address(address), named=True), address
    with pytest.raises(Refused, match="does not lead"):
        web.fetch("http://minio.local:9000/a.png", ["minio.local:9000"], "169.254.169.254")


def test_a_redirect_is_not_followed() -> None:
    web = Web(httpx.Response(302, headers={"Location": "http://169.254.169.254/latest/meta-data"}))
    with pytest.raises(Refused, match="status 302"):
        web.fetch("http://pictures.example/a.png", ["pictures.example"], PUBLIC)
    assert len(web.asked) == 1


def test_too_much_and_too_slow_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_module, "MAX_IMAGE_BYTES", 10)
    with pytest.raises(Refused, match="send a smaller one"):
        Web(httpx.Response(200, stream=httpx.ByteStream(b"x" * 11))).fetch("http://a.example/", ["a.example"], PUBLIC)
    monkeypatch.setattr(remote_module, "FETCH_SECONDS", 0.01)

    async def forever(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    slow = RemotePictures(["a.example"], resolver=resolving(PUBLIC), transport=httpx.MockTransport(forever))
    with pytest.raises(Refused, match="could not be fetched"):
        asyncio.run(slow.fetch("http://a.example/"))


@pytest.mark.parametrize("host", ["http://a.example", "a.example/path", "*", "*.a.example:80", "a.example:port", ""])
def test_a_list_of_hosts_holds_hosts_alone(host: str) -> None:
    with pytest.raises(ValidationError):
        ServeConfig(image_hosts=(host,))


def stored(id: str) -> bytes:
    if id == "down":
        raise Outage("the disk is away")
    if id != "known":
        raise StorageError(f"there is no {id}")
    return png()


def loaded(address: str, *, pixels: int = 100) -> Image.Image:
    pictures = Pictures(pixels, stored, RemotePictures(()))
    return pictures.decode(asyncio.run(pictures.load(address)))


def test_a_picture_comes_within_the_request_or_from_the_store() -> None:
    assert loaded(f"data:image/png;base64,{base64.b64encode(png()).decode()}").size == (4, 4)
    assert loaded("redraft:image/known").size == (4, 4)
    with pytest.raises(Outage):
        loaded("redraft:image/down")


@pytest.mark.parametrize("address", ["redraft:image/other", "redraft:image/", "redraft:image/../../etc/passwd\n"])
def test_a_stored_picture_that_is_not_there_is_not_found(address: str) -> None:
    with pytest.raises(Refused) as refused:
        loaded(address)
    assert refused.value.status == 404


@pytest.mark.parametrize(
    "address",
    [
        "",
        "/etc/passwd",
        "file:///etc/passwd",
        "data:text/html;base64,PGI+",
        "data:image/png,plain",
        "data:image/png;base64,***",
        f"data:image/png;base64,{base64.b64encode(b'no picture').decode()}",
        f"data:image/png;base64,{base64.b64encode(png((11, 10))).decode()}",
        "data:image/png;base64," + "A" * 14_000_000,
    ],
    ids=lambda address: address[:30],
)
def test_anything_else_is_refused(address: str) -> None:
    with pytest.raises(Refused) as refused:
        loaded(address)
    assert refused.value.status == 400
    assert len(str(refused.value)) < 300
