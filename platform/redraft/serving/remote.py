"""Pictures from other servers: from hosts that are listed alone, and never from inside by a trick of names.

    URL ──► listed? ──► resolve once ──► every address permitted? ──► connect to that address ──► bounded bytes

The name is resolved once and the connection goes to the address that was looked at, so a name server cannot change
its mind between the two. Redirects are not followed. Proxies of the environment are not used.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import httpx

from redraft.serving.refusals import Refused

MAX_IMAGE_BYTES: Final = 10_000_000
FETCH_SECONDS: Final = 10.0

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[Sequence[Address]]]

_PORTS = {"http": 80, "https": 443}
_TUNNELS = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))
"""IPv6 addresses that lead to an IPv4 address, whatever that is."""


async def resolve(host: str, port: int) -> list[Address]:
    """The addresses of a host, by the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(address[0]) for *_, address in found]


class RemotePictures:
    """Fetches from ``hosts``: ``name``, ``name:port`` or ``*.domain``; without a port, 80 and 443 are meant.

    ``resolver`` and ``transport`` stand in for the network.
    """

    def __init__(
        self,
        hosts: Sequence[str],
        *,
        resolver: Resolver = resolve,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._resolve, self._transport = resolver, transport

    async def fetch(self, address: str) -> bytes:
        """The bytes behind an http or https URL.

        Raises:
            Refused: the host is not listed, leads to a place inside that it may not, or sends no picture in time.
        """
        url = _url(address)
        named = self._listed(url)
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                return await self._read(url, await self._permitted(url, named))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as e:
            raise _refused(f"the picture could not be fetched from {url.host}: send it as a data: URI") from e

    def _listed(self, url: httpx.URL) -> bool:
        """Whether the host is listed by its own name; False if by its domain."""
        standard = url.port is None or url.port == _PORTS[url.scheme]
        if f"{url.host}:{url.port or _PORTS[url.scheme]}" in self._hosts or (standard and url.host in self._hosts):
            return True
        parents = [url.host.split(".", cut)[-1] for cut in range(1, url.host.count(".") + 1)]
        if standard and any(f"*.{parent}" in self._hosts for parent in parents):
            return False
        raise _refused(
            f"pictures are not fetched from {url.netloc.decode()}: send the picture as a data: URI, or have the host "
            "added to serve.image_hosts"
        )

    async def _permitted(self, url: httpx.URL, named: bool) -> Address:
        addresses = await self._resolve(url.host, url.port or _PORTS[url.scheme])
        if not addresses or not all(is_permitted(address, named=named) for address in addresses):
            raise _refused(f"{url.host} does not lead to an address that pictures may be fetched from")
        return addresses[0]

    async def _read(self, url: httpx.URL, address: Address) -> bytes:
        client = httpx.AsyncClient(
            transport=self._transport, timeout=FETCH_SECONDS, follow_redirects=False, trust_env=False
        )
        request = client.build_request(
            "GET",
            url.copy_with(host=str(address)),
            headers={"Host": url.netloc.decode(), "Accept": "image/*", "Accept-Encoding": "identity"},
            extensions={"sni_hostname": url.host},
        )
        async with client:
            response = await client.send(request, stream=True)
            try:
                return await _bounded(response)
            finally:
                await response.aclose()


def is_permitted(address: Address, *, named: bool) -> bool:
    """Whether a picture may come from an address.

    Public ones always; private and loopback ones only of a host that is ``named`` itself in the list; link-local ones,
    where clouds keep their credentials, never.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_permitted(address.ipv4_mapped, named=named)
        if any(address in network for network in _TUNNELS):
            return False
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    return address.is_global or (named and (address.is_private or address.is_loopback))


def _url(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL as e:
        raise _refused("the picture's URL cannot be read") from e
    if url.scheme not in _PORTS or not url.host or url.userinfo:
        raise _refused("a picture's URL has http or https, a host, and no user name")
    return url


async def _bounded(response: httpx.Response) -> bytes:
    if response.status_code != 200:
        raise _refused(f"the picture's server answered with status {response.status_code}, and only 200 is taken")
    data = bytearray()
    async for piece in response.aiter_raw():
        data += piece
        if len(data) > MAX_IMAGE_BYTES:
            raise _refused(f"the picture is over {MAX_IMAGE_BYTES // 1_000_000} MB: send a smaller one")
    return bytes(data)


def _refused(message: str) -> Refused:
    return Refused(message, code="invalid_image_url", param="messages")
