"""An S3 server that needs nothing installed: moto's, in a thread. It imitates; who may do what it does not check."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from moto.server import ThreadedMotoServer

from .s3_server import S3User


class ImitatedS3:
    """A server with an empty bucket, as long as the thread lives."""

    bucket = "redraft"
    owner = S3User("imitated", "not-a-secret")

    def __init__(self, url: str) -> None:
        self.url = url

    def client(self) -> boto3.client:
        """A client of the server's own, for what no store would do."""
        return self.owner.client(self.url)


@contextmanager
def imitated_s3() -> Iterator[ImitatedS3]:
    """A server on a free port of loopback that ends with the block."""
    thread = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    thread.start()
    try:
        host, port = thread.get_host_and_port()
        server = ImitatedS3(f"http://{host}:{port}")
        server.client().create_bucket(Bucket=server.bucket)
        yield server
    finally:
        thread.stop()
