"""Blobs: images, dataset files and checkpoints, under keys that never change their content.

    protocol.py  what a store promises     keys.py      what a key is
    local.py     a folder                  opening.py   URLs and addresses
    s3.py        a bucket, made of:
        location.py  its URL       bucket.py    its objects       refusals.py  what its server refuses
        manifest.py  its folders   cache.py     copies on this machine

Whatever appears under a key appears whole. boto3 is imported when the first ``s3://`` store is opened.
"""

from redraft.blobs.keys import content_key
from redraft.blobs.local import LocalBlobs
from redraft.blobs.opening import fetch, is_remote, local_cache, open_blobs
from redraft.blobs.protocol import BlobReader, Blobs, LinkedBlobs

__all__ = [
    "BlobReader",
    "Blobs",
    "LinkedBlobs",
    "LocalBlobs",
    "content_key",
    "fetch",
    "is_remote",
    "local_cache",
    "open_blobs",
]
