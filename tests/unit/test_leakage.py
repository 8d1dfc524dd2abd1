"""Evaluation pictures among training pictures: equal files, near-duplicates, and nothing else."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageDraw

from redraft.errors import DataError
from redraft.evaluate.leakage import NEAR, NamedPicture, find_leaks
from redraft.evaluate.perceptual import distances, perceptual_hash
from redraft.evaluate.pictures_seen import folder_pictures, training_pictures
from redraft.records import Split
from redraft.world import render, scene_at


def photo(seed: int) -> Image.Image:
    """A picture with shapes at every scale, as photographs have them."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (320, 240), tuple(int(v) for v in rng.integers(0, 255, 3)))
    draw = ImageDraw.Draw(image)
    for size in np.geomspace(160, 6, 60):
        x, y = rng.uniform(-20, 320), rng.uniform(-20, 240)
        colour = tuple(int(v) for v in rng.integers(0, 255, 3))
        draw.ellipse((x, y, x + size, y + size * rng.uniform(0.4, 1.6)), fill=colour)
    return image


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def test_bits_that_differ_are_counted() -> None:
    a = np.array([[0, 0, 0, 0], [2**64 - 1, 0, 0, 7]], dtype=np.uint64)
    b = np.array([[0, 0, 0, 1], [2**64 - 1, 2**63, 0, 0]], dtype=np.uint64)
    assert distances(a, b).tolist() == [[1, 65], [64 + 2, 1 + 3]]


def test_half_of_the_bits_are_set_and_a_flat_picture_has_none() -> None:
    found = perceptual_hash(photo(0))
    assert found is not None and np.bitwise_count(found).sum(axis=1).tolist() == [128, 128]
    assert perceptual_hash(Image.new("RGB", (50, 50), "grey")) is None


@pytest.mark.parametrize("seed", range(3))
def test_a_copy_is_near_however_it_was_saved(seed: int) -> None:
    original = photo(seed)
    copies = {
        "small": png(original.resize((160, 120))),
        "square": png(original.resize((224, 224))),
        "compressed": jpeg(original, 30),
        "darker": png(original.point(lambda v: int(v * 0.8))),
        "grey": png(original.convert("L")),
        "mirrored": png(original.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
    }
    training = [NamedPicture(name, data) for name, data in copies.items()] + [NamedPicture("other", png(photo(99)))]
    found = find_leaks(training, [NamedPicture("held", png(original))])
    assert {leak.training for leak in found.leaks} == set(copies)
    assert {leak.training for leak in found.leaks if leak.mirrored} == {"mirrored"}
    assert not any(leak.same_bytes for leak in found.leaks)


def test_the_same_bytes_whatever_they_are() -> None:
    flat = png(Image.new("RGB", (30, 30), "red"))
    training = [NamedPicture("a", flat), NamedPicture("broken", b"no picture"), NamedPicture("b", png(photo(1)))]
    found = find_leaks(training, [NamedPicture("held", flat)])
    (leak,) = found.leaks
    assert (leak.evaluation, leak.training, leak.same_bytes, leak.distance) == ("held", "a", True, 0)
    assert (found.training, found.evaluation, found.undecoded) == (3, 1, 1)
    assert "LEAKAGE: 1 of 1 evaluation images are among 3 training images" in found.sentence()
    assert "the first being held as a; 1 could not be decoded" in found.sentence()


def test_pictures_of_the_world_are_no_false_alarms() -> None:
    """The nearest of 3e7 pairs are 48 bits apart; these few are there to notice a hash that got coarser."""
    pool = [NamedPicture(f"pool {n}", png(render(scene_at(0, Split.POOL, n)))) for n in range(120)]
    test = [NamedPicture(f"test {n}", png(render(scene_at(0, Split.TEST, n)))) for n in range(30)]
    assert min(leak.distance for leak in find_leaks(pool, test, near=127).leaks) > NEAR


def test_what_training_data_can_be(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    (pictures / "deep").mkdir(parents=True)
    (pictures / "deep" / "a.PNG").write_bytes(png(photo(1)))
    (pictures / "b.jpg").write_bytes(jpeg(photo(2), 90))
    (pictures / "notes.txt").write_text("no picture")
    assert [one.name for one in training_pictures(pictures)] == ["b.jpg", "deep/a.PNG"]
    assert [one.name for one in folder_pictures(pictures, ["b.jpg"])] == ["b.jpg"]
    pairs = tmp_path / "pairs"
    pairs.mkdir()
    rows = {"prompt": ["?"], "chosen": ["a"], "rejected": ["b"], "images": [[{"bytes": png(photo(3)), "path": None}]]}
    pq.write_table(pa.table(rows), pairs / "pairs.parquet")
    (row,) = training_pictures(pairs)
    assert row.data == png(photo(3)) and "pairs.parquet" in row.name


def test_mistakes_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        training_pictures(tmp_path / "none")
    with pytest.raises(DataError, match="holds no images"):
        folder_pictures(tmp_path)
    with pytest.raises(DataError, match="cannot be read"):
        list(folder_pictures(tmp_path, ["absent.jpg"]))
    with pytest.raises(DataError, match="evaluation image x is not an image"):
        find_leaks([], [NamedPicture("x", b"text")])
    with pytest.raises(DataError, match="no evaluation image"):
        find_leaks([], [])
