"""One tiny checkpoint of each model family, built once for all tests of this layer."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))  # the import mode of this suite puts no test folder there

from tiny_families import FAMILIES, NEEDS_NUM2WORDS, Checkpoint, build_family, load_family


@pytest.fixture(scope="session", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    """The name of a family; every test that asks for it runs once for each."""
    name: str = request.param
    if name in NEEDS_NUM2WORDS and importlib.util.find_spec("num2words") is None:
        pytest.skip(f"the processor of {name} needs num2words (pip install num2words)")
    return name


@pytest.fixture(scope="session")
def family_folder(family: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder of the family; tests must not write into it."""
    return build_family(family, tmp_path_factory.mktemp(family))


@pytest.fixture(scope="session")
def checkpoint(family_folder: Path) -> Checkpoint:
    """The loaded checkpoint, on one CPU thread; tests must not change its weights."""
    torch.set_num_threads(1)
    return load_family(family_folder)
