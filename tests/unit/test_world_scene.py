"""Scenes, their pictures and their splits."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redraft.errors import DataError
from redraft.records import Split
from redraft.world import TYPICAL, origin, render, scene_at, scene_of
from redraft.world.atlas import EMOJI, build_atlas
from redraft.world.scene import Scene, split_of
from redraft.world.sprites import ATLAS, atlas_size, sprite
from redraft.world.vocabulary import CLASSES, HOME, OBJECTS

KNOWN = (
    "street",
    [
        (2, "bicycle", 3, None),
        (4, "cat", 2, None),
        (5, "banana", 3, None),
        (6, "bus", 1, None),
        (7, "duck", 2, None),
        (8, "bird", 1, None),
    ],
)

seeds = st.integers(0, 10**6)
splits = st.sampled_from(Split)


@settings(deadline=None)
@given(seeds, splits, st.integers(0, 10**9))
def test_a_scene_depends_on_its_origin_alone(seed: int, split: Split, index: int) -> None:
    scene = scene_at(seed, split, index)
    assert scene_of(origin(seed, split, index)) == scene
    assert split_of(scene) is split
    assert np.array_equal(np.asarray(render(scene)), np.asarray(render(scene)))


@settings(deadline=None)
@given(seeds, splits)
def test_groups_are_in_scan_order_in_cells_of_their_own(seed: int, split: Split) -> None:
    scene = scene_at(seed, split, 0)
    assert 4 <= len(scene.groups) <= 7
    assert all(one.cell < two.cell for one, two in pairwise(scene.groups))
    assert len({group.object for group in scene.groups}) == len(scene.groups)


def test_a_known_scene_stays_what_it_is() -> None:
    """Base policy, docs and users' runs name pictures by origin; they must not change under them."""
    scene = scene_of("world:0:dev:0")
    assert (scene.setting, [(g.cell, g.object, g.count, g.colour) for g in scene.groups]) == KNOWN


def layout(scene: Scene) -> object:
    return scene.setting, scene.groups


def test_splits_share_no_picture_whatever_the_seeds() -> None:
    layouts = {split: {layout(scene_at(seed, split, i)) for seed in (0, 1) for i in range(300)} for split in Split}
    assert all(len(found) > 590 for found in layouts.values())
    assert not (layouts[Split.POOL] & layouts[Split.DEV] or layouts[Split.POOL] & layouts[Split.TEST])
    assert not layouts[Split.DEV] & layouts[Split.TEST]


def test_most_objects_are_typical_of_their_setting() -> None:
    scenes = [scene_at(0, Split.POOL, i) for i in range(400)]
    typical = [HOME[group.object] == scene.setting for scene in scenes for group in scene.groups]
    assert 0.45 < np.mean(typical) < 0.65


@pytest.mark.parametrize(
    "text", ["", "world:0:dev", "world:0:train:1", "world:-1:dev:1", "world:0:dev:x", "photo.jpg", "world:0:dev:1\n"]
)
def test_a_malformed_origin_is_explained(text: str) -> None:
    with pytest.raises(DataError, match="world:SEED:SPLIT:INDEX"):
        scene_of(text)


def test_a_picture_is_rgb_of_120_pixels_and_shows_its_objects() -> None:
    scene = scene_at(0, Split.POOL, 0)
    bare = scene.model_copy(update={"groups": ()})
    assert render(scene).size == (120, 120) and render(scene).mode == "RGB"
    difference = np.abs(np.asarray(render(scene), int) - np.asarray(render(bare), int)).sum(-1)
    changed = {cell for cell in range(9) if difference[cell // 3 * 40 :][:40, cell % 3 * 40 :][:, :40].any()}
    assert changed == {group.cell for group in scene.groups}


def test_the_atlas_is_small_licensed_and_complete() -> None:
    assert ATLAS.stat().st_size <= 260_000
    licence = (ATLAS.parent / "LICENSE-sprites.txt").read_text()
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence and "Google" in licence
    assert set(EMOJI) == set(OBJECTS) == {name for names in TYPICAL.values() for name in names}
    assert atlas_size()[0] * atlas_size()[1] >= len(CLASSES) * 64 * 64
    looks = {sprite(index, 20)[0].tobytes() for index in range(len(CLASSES))}
    assert len(looks) == len(CLASSES)


def test_a_font_that_cannot_be_read_is_explained(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="fonts-noto-color-emoji"):
        build_atlas(tmp_path / "none.ttf")
