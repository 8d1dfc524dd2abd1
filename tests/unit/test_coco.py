"""Instances and captions in COCO's format, however images are called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redraft.errors import DataError
from redraft.evaluate.coco import CocoData, image_key, read_coco

INSTANCES = {
    "images": [{"id": 7, "file_name": "COCO_val2014_000000000007.jpg", "width": 640}, {"id": 8, "file_name": "b.png"}],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 18, "bbox": [0, 0, 1, 1], "iscrowd": 0},
        {"id": 2, "image_id": 7, "category_id": 18},
        {"id": 3, "image_id": 7, "category_id": 1},
    ],
    "categories": [{"id": 18, "name": "dog", "supercategory": "animal"}, {"id": 1, "name": "person"}],
}
CAPTIONS = {
    "images": [{"id": "000000000009.jpg"}],
    "annotations": [{"image_id": "7", "caption": "A dog."}, {"image_id": 9, "caption": "A cat."}],
}


def written(folder: Path, instances: object = INSTANCES, captions: object = CAPTIONS) -> tuple[Path, Path]:
    paths = folder / "instances.json", folder / "captions.json"
    for path, content in zip(paths, (instances, captions), strict=True):
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return paths


def read(folder: Path, **changed: Any) -> CocoData:
    return read_coco(*written(folder, **changed))


def test_images_of_both_files_are_there(tmp_path: Path) -> None:
    data = read(tmp_path)
    assert list(data.images) == ["7", "8", "9"]
    seven, eight, nine = data.images.values()
    assert (seven.categories, seven.captions) == ({"dog", "person"}, ("A dog.",))
    assert (eight.categories, eight.captions, eight.file_name) == (frozenset(), (), "b.png")
    assert (nine.categories, nine.captions) == (frozenset(), ("A cat.",))
    assert [(file.role, file.name) for file in data.files] == [
        ("instances", "instances.json"),
        ("captions", "captions.json"),
    ]


@pytest.mark.parametrize(
    "name", [7, "7", "007", "7.jpg", "COCO_val2014_000000000007.jpg", "val2014/COCO_train2014_000000000007.JPG"]
)
def test_an_image_is_found_by_any_of_its_names(tmp_path: Path, name: int | str) -> None:
    found = read(tmp_path).find(name)
    assert found is not None and found.id == "7"


def test_an_image_is_found_by_a_file_name_that_is_not_its_id(tmp_path: Path) -> None:
    instances = INSTANCES | {
        "images": [{"id": 1, "file_name": "2.jpg"}, {"id": 2, "file_name": "1.jpg"}, {"id": 3, "file_name": "x/b.png"}]
    }
    data = read(tmp_path, instances=instances, captions={"annotations": []})
    names = {name: data.find(name) for name in (1, "1", "1.jpg", "b", "y/b.png", "c.png")}
    assert {name: found and found.id for name, found in names.items()} == {
        1: "1", "1": "1", "1.jpg": "2", "b": "3", "y/b.png": "3", "c.png": None,
    }  # fmt: skip


def test_a_file_name_of_two_images_is_nobodys(tmp_path: Path) -> None:
    instances = INSTANCES | {"images": [{"id": "p", "file_name": "a/x.png"}, {"id": "q", "file_name": "b/x.png"}]}
    data = read(tmp_path, instances=instances, captions={"annotations": []})
    assert data.find("x.png") is None
    assert data.find("q") is not None


@given(st.integers(min_value=0, max_value=10**12))
def test_a_number_has_one_key(number: int) -> None:
    padded = f"{number:012d}"
    names = (number, str(number), padded, f"{padded}.jpg", f"train2017/{padded}.png", f"COCO_val2014_{padded}.jpg")
    assert {image_key(name) for name in names} == {str(number)}


@given(st.text())
def test_a_key_has_no_folder(name: str) -> None:
    assert not set(image_key(f"folder/{name}")) & {"/", "\\"}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"instances": "{"}, "instances.json is not as published (Invalid JSON"),
        ({"instances": []}, "instances.json is not as published"),
        ({"instances": INSTANCES | {"categories": None}}, "categories: "),
        ({"instances": {"annotations": []}}, "categories: Field required"),
        ({"instances": INSTANCES | {"categories": []}}, "a box of category 18, which is none of its categories"),
        ({"captions": {"annotations": [{"image_id": 7, "caption": 3}]}}, "annotations.0.caption: "),
        ({"captions": {"annotations": [{"image_id": 7.5, "caption": "a"}]}}, "annotations.0.image_id"),
        (
            {"instances": {"annotations": [], "categories": []}, "captions": {"annotations": []}},
            "instances.json is about no image",
        ),
    ],
)
def test_another_form_is_refused(tmp_path: Path, changed: dict[str, Any], told: str) -> None:
    with pytest.raises(DataError) as caught:
        read(tmp_path, **changed)
    assert told in str(caught.value)
    assert "get it from https://cocodataset.org" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    instances, captions = written(tmp_path)
    captions.unlink()
    with pytest.raises(DataError, match=r"captions\.json does not exist: the captions is one JSON object"):
        read_coco(instances, captions)
