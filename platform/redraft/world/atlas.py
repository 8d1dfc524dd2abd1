"""Rebuild the sprite atlas from an emoji font: ``python -m redraft.world.atlas NotoColorEmoji.ttf``.

The sprites are rasterised from Noto Color Emoji (SIL Open Font License 1.1; see assets/LICENSE-sprites.txt) with
embedded 109-pixel bitmaps, as in Debian's package fonts-noto-color-emoji. Objects that come in colours are re-hued.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from redraft.errors import DataError
from redraft.world.sprites import ATLAS, SPRITE_SIZE, atlas_corner, atlas_size
from redraft.world.vocabulary import CLASSES

EMOJI: dict[str, str] = {
    "couch": "🛋️", "tv": "📺", "clock": "⏰", "plant": "🪴", "cat": "🐈", "guitar": "🎸",
    "knife": "🔪", "bottle": "🍾", "pan": "🍳", "cup": "☕", "banana": "🍌", "pizza": "🍕",
    "toilet": "🚽", "mirror": "🪞", "bathtub": "🛁", "toothbrush": "🪥", "sponge": "🧽", "duck": "🦆",
    "bus": "🚌", "bicycle": "🚲", "truck": "🚚", "car": "🚗", "person": "🚶", "scooter": "🛴",
    "tree": "🌳", "kite": "🪁", "dog": "🐕", "tulip": "🌷", "bird": "🐦", "tent": "⛺",
    "laptop": "💻", "printer": "🖨️", "phone": "📱", "book": "📕", "pen": "🖊️", "briefcase": "💼",
}  # fmt: skip

HUES = {"red": 0, "yellow": 38, "green": 85, "blue": 155, "purple": 195}
_FONT_SIZE = 109
_CANVAS = (136, 128)


def build_atlas(font: Path, out: Path = ATLAS) -> None:
    """Rasterise every sprite from ``font`` and write the atlas as a PNG.

    Raises:
        DataError: if the font cannot be read or lacks a glyph.
    """
    try:
        face = ImageFont.truetype(str(font), _FONT_SIZE)
    except OSError as e:
        raise DataError(f"cannot read emoji font {font}: {e}. Install fonts-noto-color-emoji and name its .ttf.") from e
    atlas = Image.new("RGBA", atlas_size())
    for index, (name, colour) in enumerate(CLASSES):
        glyph = _glyph(face, name, font)
        if colour is not None:
            glyph = _rehue(glyph, HUES[colour])
        atlas.paste(glyph.resize((SPRITE_SIZE, SPRITE_SIZE), Image.Resampling.LANCZOS), atlas_corner(index))
    atlas.save(out, optimize=True)


def _glyph(face: ImageFont.FreeTypeFont, name: str, font: Path) -> Image.Image:
    """The glyph of an object, centred on a transparent square."""
    canvas = Image.new("RGBA", _CANVAS)
    ImageDraw.Draw(canvas).text((0, 0), EMOJI[name], font=face, embedded_color=True)
    box = canvas.getbbox()
    if box is None:
        raise DataError(f"font {font} has no glyph for {name}: use Noto Color Emoji 2.034 or newer")
    glyph = canvas.crop(box)
    side = max(glyph.size)
    square = Image.new("RGBA", (side, side))
    square.paste(glyph, ((side - glyph.width) // 2, (side - glyph.height) // 2))
    return square


def _rehue(image: Image.Image, hue: int) -> Image.Image:
    """The same drawing in one hue (0..255), made vivid so that colours can be told apart at 18 pixels."""
    planes = np.array(image.convert("RGB").convert("HSV"))
    planes[..., 0] = hue
    planes[..., 1] = np.clip(planes[..., 1].astype(int) * 1.2 + 60, 0, 255)
    bands = [Image.fromarray(np.ascontiguousarray(planes[..., band])) for band in range(3)]
    coloured = Image.merge("HSV", bands).convert("RGB")
    coloured.putalpha(image.getchannel("A"))
    return coloured


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m redraft.world.atlas FONT.ttf")
    try:
        build_atlas(Path(sys.argv[1]))
    except DataError as error:
        sys.exit(str(error))
