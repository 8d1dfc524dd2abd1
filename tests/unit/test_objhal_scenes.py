"""Over-generalisation by hand: which typical objects are invented, in a scene and everywhere."""

from __future__ import annotations

import numpy as np
import pytest

from redraft.evaluate.coco import CocoData, CocoImage
from redraft.evaluate.objhal import SceneAnswer, of_outcomes, over_generalisation, typical_objects
from redraft.evaluate.objhal.overgeneral import delta, mean_delta
from redraft.evaluate.objhal.scenes import scene_words, scenes_of
from redraft.records import HallucinationType, Outcome

KITCHEN, STREET = frozenset({"kitchen"}), frozenset({"street"})
TYPICAL = {"kitchen": ("oven", "sink"), "street": ("car",), "bathroom": ()}
ANSWERS = [
    SceneAnswer("1", KITCHEN, ("oven", "oven", "sink", "dog"), ("oven", "oven")),  # 2 of 3, in the scene
    SceneAnswer("1", KITCHEN, ("sink",), ()),  # 0 of 1, in the scene
    SceneAnswer("2", STREET, ("car", "oven"), ("oven",)),  # kitchen: 1 of 1, elsewhere; street: 0 of 1, in the scene
    SceneAnswer("3", frozenset(), ("sink", "sink", "car"), ("car",)),  # kitchen: 0 of 2; street: 1 of 1, elsewhere
]


def image(name: str, categories: str, *captions: str) -> CocoImage:
    return CocoImage(name, name, frozenset(categories.split()), captions)


def test_rates_over_mentions_by_hand() -> None:
    found = over_generalisation(ANSWERS, TYPICAL, bootstrap=300, seed=0)
    kitchen, street, bathroom = found.scenes
    assert kitchen.ha and kitchen.hs and kitchen.delta and street.ha and street.hs and street.delta
    assert (kitchen.ha.value, kitchen.hs.value) == (3 / 7, 2 / 4)
    assert (kitchen.all_base, kitchen.scene_base, kitchen.answers) == (7, 4, 2)
    assert (street.ha.value, street.hs.value, street.delta.value) == (1 / 2, 0.0, -1 / 2)
    assert (bathroom.ha, bathroom.hs, bathroom.delta, bathroom.all_base) == (None, None, None, 0)
    assert found.mean_delta is not None
    assert found.mean_delta.value == pytest.approx(((2 / 4 - 3 / 7) + (0 - 1 / 2)) / 2)


def test_rates_over_responses_by_hand() -> None:
    found = over_generalisation(ANSWERS, TYPICAL, per="response", bootstrap=300, seed=0)
    kitchen, street, _ = found.scenes
    # Of the four answers that mention an oven or a sink, two invent one; in kitchens one of two.
    assert kitchen.ha and kitchen.hs and street.ha
    assert (kitchen.ha.value, kitchen.hs.value, kitchen.all_base, kitchen.scene_base) == (2 / 4, 1 / 2, 4, 2)
    assert (street.ha.value, street.all_base) == (1 / 2, 2)


def test_scenes_without_a_rate_are_in_no_mean() -> None:
    sums = np.array([[1, 2, 1, 4, 0, 0, 3, 3], [0, 0, 1, 1, 0, 0, 0, 0]], dtype=float)
    assert delta(sums[:, :4]) == pytest.approx([1 / 4, np.nan], nan_ok=True)
    assert mean_delta(sums) == pytest.approx([1 / 4, np.nan], nan_ok=True)


def test_scenes_are_named_in_captions() -> None:
    assert list(scene_words()) == ["living room", "kitchen", "bathroom", "street"]
    assert scenes_of(image("1", "", "Two Kitchens, open to the living rooms.")) == {"kitchen", "living room"}
    assert scenes_of(image("2", "", "A streetlight.", "A kitchenette, living in a room.")) == frozenset()
    assert scenes_of(image("3", "")) == frozenset()


def test_typical_objects_are_in_most_images_of_a_scene() -> None:
    images = [
        image("1", "oven sink cup", "A kitchen."),
        image("2", "sink dog tree", "A kitchen with a cat."),
        image("3", "car", "A street."),
        image("4", "zebra", "A field."),
    ]
    data = CocoData({one.id: one for one in images}, {}, ())
    assert typical_objects(data) == {
        "living room": (), "kitchen": ("sink", "cup", "dog", "oven"), "bathroom": (), "street": ("car",),
    }  # fmt: skip


def test_at_most_ten_are_typical() -> None:
    names = "apple banana bed bench bicycle bird boat book bottle bowl broccoli bus"
    one = image("1", names, "A kitchen.")
    assert typical_objects(CocoData({"1": one}, {}, ()))["kitchen"] == tuple(names.split()[:10])


def test_the_picture_world_gives_the_same_table() -> None:
    def outcome(image_id: str, scene: str, mentioned: str, invented: str, present: int = 2) -> Outcome:
        wrong = tuple(invented.split())
        kinds = (HallucinationType.OBJECT,) * len(wrong)
        return Outcome(
            image_id=image_id, prompt="p", scene=scene, text="", mentions=len(mentioned.split()), errors=len(wrong),
            error_types=kinds, found=0, present=present, words=1, mentioned=tuple(mentioned.split()), invented=wrong,
        )  # fmt: skip

    told = [outcome("a", "beach", "crab crab tent", "crab"), outcome("b", "forest", "crab tent", "")]
    answers = of_outcomes([*told, outcome("c", "beach", "crab", "crab", present=0)])
    (beach,) = over_generalisation(answers, {"beach": ["crab"]}, bootstrap=100, seed=0).scenes
    assert beach.ha and beach.hs and beach.delta
    assert (beach.ha.value, beach.hs.value, beach.all_base, beach.scene_base) == (1 / 3, 1 / 2, 3, 2)
    assert beach.delta.value == pytest.approx(1 / 6)
