"""Pictures: for those who work on them, decoded and encoded anew.

So nobody gets a file that somebody else made: no metadata, no scripts in a polyglot, no type but the one it has. What
is shown is what the policy saw: upright, the first frame, transparency over white. With a store that signs links of
its own, this is where to answer with one.
"""

from __future__ import annotations

import io
import threading
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from PIL import Image

from redraft.errors import DataError
from redraft.images import decode_image
from redraft_ui.api.identity import AtDesk, Caller, Work
from redraft_ui.api.problems import declared
from redraft_ui.api.tasks import TaskId

LARGEST_SIDE: Final = 1600
"""Pixels of the longest side, unless the full size is asked for."""

_EXACT_SIDE = 512
"""Pictures no larger than this are sent as PNG, every pixel as it was."""

_PICTURE = {"content": {"image/png": {}, "image/jpeg": {}}, "description": "the picture"}
_decoding = threading.BoundedSemaphore(2)
"""A large picture takes hundreds of megabytes while it is open."""

router = APIRouter(tags=["tasks"])


@router.get(
    "/tasks/{task_id}/image",
    response_class=Response,
    responses={**declared(404, 503), 200: _PICTURE},
)
def image(
    work: Work,
    desk: AtDesk,
    caller: Caller,
    task_id: TaskId,
    full: Annotated[bool, Query(description=f"in full size, not at most {LARGEST_SIDE} pixels a side")] = False,
) -> Response:
    """The picture of a task that the caller holds, has answered, or may review."""
    item = work.store.image(desk.visible_task(caller.name, task_id).image_id)
    with _decoding:
        try:
            picture = decode_image(work.blobs.get(item.blob), work.config.images.max_pixels)
        except DataError as error:
            raise DataError(f"This picture cannot be shown, because it {error}: please flag the task.") from error
        if not full:
            picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
        data, kind = _encoded(picture)
    headers = {
        "Cache-Control": "private, max-age=3600",
        "Vary": "Cookie, Authorization",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": "inline",
    }
    return Response(data, media_type=kind, headers=headers)


def _encoded(picture: Image.Image) -> tuple[bytes, str]:
    picture.info.clear()  # comments and colour profiles would be written again
    out = io.BytesIO()
    if max(picture.size) <= _EXACT_SIDE:
        picture.save(out, "PNG")
        return out.getvalue(), "image/png"
    picture.save(out, "JPEG", quality=92, subsampling=0)
    return out.getvalue(), "image/jpeg"
