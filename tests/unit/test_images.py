"""The user's pictures: what is sound is taken as it is, what is not is named, and nothing is taken of the latter."""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from redraft.blobs import open_blobs
from redraft.errors import DataError
from redraft.images import decode_image, load_encoded, read_coco, read_folder, register_images
from redraft.records import Split
from redraft.store import Store

PHOTOS = Path(__file__).parents[2].parent / "shared" / "data" / "coco-photos"
LIMIT = 1_000_000


def picture(width: int = 40, height: int = 30, mode: str = "RGB", colour: object = "red") -> Image.Image:
    image = Image.new(mode, (width, height), colour)
    image.putpixel((1, 2), image.getpixel((0, 0)))
    return image


def encoded(format: str = "PNG", image: Image.Image | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    (image or picture()).save(buffer, format, **options)
    return buffer.getvalue()


def noise(seed: int = 0) -> Image.Image:
    return Image.effect_noise((64, 64), 80 + seed).convert("RGB")


def header_only_png(width: int, height: int) -> bytes:
    """A few bytes that claim to be a huge picture."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "BMP", "GIF"])
def test_every_format_gives_upright_rgb(format: str) -> None:
    image = decode_image(encoded(format), LIMIT)
    assert (image.mode, image.size) == ("RGB", (40, 30))
    red, green, blue = image.getpixel((20, 15))
    assert red > 240 and green < 15 and blue < 15


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (picture(mode="L", colour=128), (128, 128, 128)),
        (picture(mode="1", colour=1), (255, 255, 255)),
        (picture(mode="RGBA", colour=(255, 0, 0, 0)), (255, 255, 255)),
        (picture(mode="RGBA", colour=(0, 0, 0, 128)), (127, 127, 127)),
        (picture(mode="LA", colour=(0, 0)), (255, 255, 255)),
        (picture(mode="I;16", colour=257 * 100), (100, 100, 100)),
        (picture().quantize(4), (255, 0, 0)),
    ],
)
def test_other_kinds_of_pixels_become_rgb_over_white(image: Image.Image, expected: tuple[int, ...]) -> None:
    assert decode_image(encoded("PNG", image), LIMIT).getpixel((5, 5)) == expected


def test_a_printers_jpeg_becomes_rgb() -> None:
    image = decode_image(encoded("JPEG", picture(mode="CMYK", colour=(0, 255, 255, 0))), LIMIT)
    red, green, blue = image.getpixel((20, 15))
    assert red > 240 and green < 15 and blue < 15


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_upright(orientation: int) -> None:
    upright = noise().crop((0, 0, 40, 24))
    stored_as = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(stored_as[orientation]) if orientation in stored_as else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    loaded = load_encoded("x", encoded("PNG", stored, exif=exif), LIMIT)
    assert (loaded.width, loaded.height) == (40, 24)
    assert decode_image(loaded.data, LIMIT).tobytes() == upright.tobytes()


@pytest.mark.parametrize("exif", [b"Exif\x00\x00garbage", b"Exif\x00\x00II*\x00\xff\xff\xff\xff"])
def test_damaged_exif_does_not_damage_the_picture(exif: bytes) -> None:
    assert decode_image(encoded("JPEG", exif=exif), LIMIT).size == (40, 30)


def test_an_animation_is_its_first_frame() -> None:
    frames = [picture(colour=c) for c in ("red", "blue")]
    data = encoded("GIF", frames[0], save_all=True, append_images=frames[1:])
    assert decode_image(data, LIMIT).getpixel((5, 5)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "0 bytes"),
        (b"hello", "is not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "is not an image"),
        (encoded("TIFF"), "is not an image"),
        (encoded("PNG", noise())[:-400], "damaged or cut off"),
        (encoded("JPEG", noise())[:-400], "damaged or cut off"),
        (encoded("WEBP", noise())[:-400], ""),
        (encoded("BMP", noise())[:-400], "damaged or cut off"),
        (header_only_png(1001, 1000), "1001 x 1000 pixels, more than images.max_pixels=1000000"),
        (header_only_png(10_000, 10_000), "pixels"),
        (header_only_png(60_000, 60_000), "pixels"),
        (header_only_png(2**31 - 1, 2**31 - 1), "pixels"),
        (header_only_png(0, 7), ""),
    ],
)
def test_what_is_no_sound_picture_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(DataError) as raised:
        decode_image(data, LIMIT)
    assert says in str(raised.value) and "\n" not in str(raised.value)


SEEDS = [encoded(f, noise()) for f in ("JPEG", "PNG", "WEBP", "BMP", "GIF")] + [
    encoded("PNG", noise().quantize(16)),
    encoded(
        "JPEG",
        noise(),
        exif=b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00",
    ),
]


@given(
    seed=st.sampled_from(SEEDS),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=12),
    cut=st.one_of(st.none(), st.floats(0, 1)),
)
@example(seed=SEEDS[0], changes=[], cut=None)
@settings(max_examples=400, deadline=None)
def test_damaged_bytes_give_a_picture_or_one_sentence(
    seed: bytes, changes: list[tuple[float, int]], cut: float | None
) -> None:
    data = bytearray(seed)
    for where, value in changes:
        data[int(where**3 * len(data))] = value
    try:
        image = decode_image(bytes(data if cut is None else data[: int(cut * len(data))]), LIMIT)
    except DataError as e:
        assert "\n" not in str(e)
    else:
        assert image.mode == "RGB" and image.width * image.height <= LIMIT


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[dict[str, bytes]], Path]:
    def make(files: dict[str, bytes]) -> Path:
        root = tmp_path / "photos"
        for name, data in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data)
        root.mkdir(exist_ok=True)
        return root

    return make


def test_a_folder_is_read_by_path_without_its_hidden_files(folder: Callable[[dict[str, bytes]], Path]) -> None:
    sound = {name: encoded("JPEG", noise(i)) for i, name in enumerate(("b.JPG", "a/z.jpeg", "a/é ü.png", "c"))}
    root = folder(sound | {".DS_Store": b"junk", ".git/config": b"junk", "a/.hidden.jpg": b"junk"})
    loaded = list(read_folder(root, LIMIT))
    assert [image.origin for image in loaded] == [str(root / n) for n in ("a/z.jpeg", "a/é ü.png", "b.JPG", "c")]
    assert [image.data for image in loaded] == [sound[n] for n in ("a/z.jpeg", "a/é ü.png", "b.JPG", "c")]
    assert loaded[0].id == hashlib.sha256(sound["a/z.jpeg"]).hexdigest()
    assert {image.suffix for image in loaded} == {".jpg"}, "the suffix is what the file is, not what it is called"


def test_all_problems_are_told_at_once_before_any_picture(folder: Callable[[dict[str, bytes]], Path]) -> None:
    root = folder(
        {
            "a-good.png": encoded(),
            "b-empty.png": b"",
            "c-text.txt": b"notes",
            "d-cut.jpg": encoded("JPEG", noise())[:-500],
            "e-huge.png": header_only_png(50_000, 50_000),
            "f.json": b"{}",
            "g.md": b"#",
        }
    )
    os.mkfifo(root / "b-pipe.jpg")
    with pytest.raises(DataError) as raised:
        read_folder(root, LIMIT)
    message = str(raised.value)
    assert message.startswith(f"7 of 8 files in {root} cannot be used: b-empty.png is empty (0 bytes); ")
    assert "b-pipe.jpg is not a regular file; c-text.txt is not an image" in message
    assert "d-cut.jpg is damaged or cut off" in message and "e-huge.png has" in message
    assert "and 2 more" in message and "\n" not in message and "a-good" not in message


def test_a_file_far_too_large_is_not_even_read(folder: Callable[[dict[str, bytes]], Path]) -> None:
    root = folder({"sparse.jpg": b""})
    os.truncate(root / "sparse.jpg", 1 << 40)
    with pytest.raises(DataError, match=r"sparse\.jpg is too large"):
        read_folder(root, LIMIT)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_named(folder: Callable[[dict[str, bytes]], Path]) -> None:
    root = folder({"secret.png": encoded()})
    (root / "secret.png").chmod(0)
    with pytest.raises(DataError, match=r"secret\.png cannot be read \(Permission denied\)"):
        read_folder(root, LIMIT)


def test_a_file_that_goes_away_is_named(folder: Callable[[dict[str, bytes]], Path]) -> None:
    root = folder({"a.png": encoded()})
    (root / "gone.png").symlink_to(root / "nowhere.png")
    with pytest.raises(DataError, match=r"gone\.png cannot be read \(No such file or directory\)"):
        read_folder(root, LIMIT)


def test_a_file_that_changes_in_between_is_not_taken(folder: Callable[[dict[str, bytes]], Path]) -> None:
    root = folder({"a.png": encoded()})
    images = read_folder(root, LIMIT)
    (root / "a.png").write_bytes(encoded("PNG", noise()))
    with pytest.raises(DataError, match="changed while it was read"):
        next(images)


def test_a_folder_without_pictures_says_what_to_put_there(folder: Callable[[dict[str, bytes]], Path]) -> None:
    root = folder({".hidden": b"x"})
    with pytest.raises(DataError, match="holds no images"):
        read_folder(root, LIMIT)
    with pytest.raises(DataError, match="does not exist"):
        read_folder(root / "missing", LIMIT)
    with pytest.raises(DataError, match="is a file, not a folder"):
        read_folder(root / ".hidden", LIMIT)


def test_a_name_that_is_no_text_is_still_told(folder: Callable[[dict[str, bytes]], Path]) -> None:
    root = folder({})
    with open(os.fsencode(root) + b"/\xff.png", "wb") as f:
        f.write(encoded())
    (image,) = read_folder(root, LIMIT)
    assert image.origin == f"{root}/\ufffd.png"


def coco(*names: object) -> bytes:
    return json.dumps({"images": [{"file_name": name} for name in names], "annotations": []}).encode()


def test_a_coco_folder_is_read_by_its_annotations(folder: Callable[[dict[str, bytes]], Path]) -> None:
    root = folder(
        {
            "images/b.jpg": encoded("JPEG", noise(1)),
            "images/a.jpg": encoded("JPEG", noise(2)),
            "images/unlisted.txt": b"not looked at",
            "annotations/instances.json": coco("b.jpg", "a.jpg"),
            "annotations/captions.json": coco("b.jpg"),
        }
    )
    assert [image.origin for image in read_coco(root, LIMIT)] == [str(root / "images" / n) for n in ("a.jpg", "b.jpg")]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "needs images/ and annotations/"),
        ({"images/a.png": encoded()}, "holds no annotations"),
        ({"images/a.png": encoded(), "instances.json": b"{"}, "is not valid JSON"),
        ({"images/a.png": encoded(), "instances.json": b"\xff\xfe\xfa"}, "is not valid JSON"),
        ({"images/a.png": encoded(), "instances.json": b"[" * 200_000}, "nested too deeply"),
        ({"images/a.png": encoded(), "instances.json": b"[]"}, "is no COCO file"),
        ({"images/a.png": encoded(), "instances.json": coco()}, "list no images"),
        ({"images/a.png": encoded(), "instances.json": coco("../../etc/passwd")}, "outside the image folder"),
        ({"images/a.png": encoded(), "instances.json": coco("/etc/passwd")}, "outside the image folder"),
        ({"images/a.png": encoded(), "instances.json": coco(7)}, "without a file name"),
        ({"images/a.png": encoded(), "instances.json": coco("a.png", "b.png")}, "b.png cannot be read"),
    ],
)
def test_a_wrong_coco_folder_is_one_sentence(
    folder: Callable[[dict[str, bytes]], Path], files: dict[str, bytes], says: str
) -> None:
    with pytest.raises(DataError) as raised:
        read_coco(folder(files), LIMIT)
    assert says in str(raised.value)


def test_pictures_are_registered_once(folder: Callable[[dict[str, bytes]], Path], tmp_path: Path) -> None:
    same = encoded("PNG", noise(1))
    root = folder({"a.png": same, "b.png": encoded("JPEG", noise(2)), "copy-of-a.png": same})
    blobs = open_blobs(str(tmp_path / "blobs"))
    with Store.open(f"sqlite:///{tmp_path}/a.db") as store:
        items = register_images(store, blobs, read_folder(root, LIMIT), Split.POOL)
        assert register_images(store, blobs, read_folder(root, LIMIT), Split.POOL) == items
        assert store.images(Split.POOL) == items
        assert [Path(item.origin).name for item in items] == ["a.png", "b.png"]
        assert blobs.get(items[0].blob) == same
        assert items[1].blob == f"images/{items[1].id[:2]}/{items[1].id}.jpg"
        with pytest.raises(DataError, match=r"a\.png is already used as pool"):
            register_images(store, blobs, read_folder(root, LIMIT), Split.TEST)


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the COCO photographs are not beside the repository")
def test_real_photographs_are_read_either_way() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        by_folder = list(read_folder(PHOTOS / "images", 50_000_000))
        by_coco = list(read_coco(PHOTOS, 50_000_000))
    assert by_folder == by_coco
    assert len(by_folder) == 26
    assert all(image.width > 100 and image.suffix == ".jpg" for image in by_folder)
