"""Many pictures on one sheet, to look at."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image

from redraft.world.painting import IMAGE_SIZE, render
from redraft.world.scene import Scene

_COLUMNS = 4
_SCALE = 2
_GAP = 8


def contact_sheet(scenes: Sequence[Scene]) -> Image.Image:
    """The pictures of ``scenes``, four in a row, at twice their size, in reading order."""
    step = IMAGE_SIZE * _SCALE + _GAP
    columns = min(_COLUMNS, len(scenes))
    sheet = Image.new("RGB", (columns * step + _GAP, math.ceil(len(scenes) / _COLUMNS) * step + _GAP), "white")
    for number, scene in enumerate(scenes):
        row, column = divmod(number, _COLUMNS)
        picture = render(scene).resize((IMAGE_SIZE * _SCALE,) * 2, Image.Resampling.NEAREST)
        sheet.paste(picture, (_GAP + column * step, _GAP + row * step))
    return sheet
