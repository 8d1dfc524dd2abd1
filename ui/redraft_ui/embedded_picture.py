"""Pictures inside a page's own messages, so that no address leads to them without signing in."""

from __future__ import annotations

import base64
import io
from html import escape

import streamlit as st

from redraft import world
from redraft.errors import DataError, StorageError
from redraft.images import decode_image
from redraft.records import ImageItem
from redraft_ui.marked_text import plain
from redraft_ui.workplace import Workplace

_LONGEST_SIDE = 900
_EXACT_SIDE = 512
"""Pictures up to this size are sent as they are; larger ones are compressed."""


def show_picture(work: Workplace, image_id: str, alt: str) -> None:
    """Show a stored picture, or say in a sentence why it cannot be shown."""
    try:
        source = _source(work, work.store.image(image_id))
    except (DataError, StorageError) as error:
        st.error(plain(f"This picture cannot be shown: {error}."))
        return
    st.html(f'<img class="rd-picture" alt="{escape(alt)}" src="{source}">')


def _source(work: Workplace, item: ImageItem) -> str:
    """A data URI of the picture; one of the picture world is drawn again where its bytes are gone.

    Raises:
        DataError: damaged or too large.
        StorageError: not there.
    """
    return _encoded(work, item, work.blobs.url, item.id)


@st.cache_data(show_spinner=False, max_entries=64)
def _encoded(_work: Workplace, _item: ImageItem, url: str, image_id: str) -> str:
    if _item.origin.startswith("world:") and not _work.blobs.exists(_item.blob):
        picture = world.render(world.scene_of(_item.origin))
    else:
        picture = decode_image(_work.blobs.get(_item.blob), _work.config.images.max_pixels)
    picture.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    kind = "PNG" if max(picture.size) <= _EXACT_SIDE else "JPEG"
    out = io.BytesIO()
    picture.save(out, kind, quality=88)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(out.getvalue()).decode()}"
