"""Parameters by part, counted from the headers of a checkpoint's safetensors files; no weight is read."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field
from safetensors import SafetensorError, safe_open

from redraft.errors import PolicyError
from redraft.records import Record

Part = Literal["vision", "projector", "layers", "embeddings", "head"]

_PROJECTOR = ("multi_modal_projector", "connector", "merger", "image_newline")
_VISION = ("vision_tower", "vision_model", "visual.")


class Parameters(Record):
    """How many parameters a model has, by part; ``head`` is 0 where it is tied to the embeddings."""

    vision: int = Field(ge=0)
    projector: int = Field(ge=0)
    layers: int = Field(ge=0)
    embeddings: int = Field(ge=0)
    head: int = Field(ge=0)

    @property
    def language(self) -> int:
        """All but the vision tower and the projector."""
        return self.layers + self.embeddings + self.head

    @property
    def total(self) -> int:
        """All of them."""
        return self.vision + self.projector + self.language


def part_of(name: str) -> Part:
    """Which part the tensor ``name`` of a checkpoint belongs to, in the naming of any transformers release."""
    if any(word in name for word in _PROJECTOR):
        return "projector"
    if any(word in name for word in _VISION):
        return "vision"
    if "embed_tokens" in name:
        return "embeddings"
    return "head" if "lm_head" in name else "layers"


def count_parameters(folder: Path, *, tied: bool) -> Parameters | None:
    """Parameters of the safetensors files in ``folder``, or None if it holds none.

    Args:
        tied: the head is the embeddings, so one that was saved all the same does not count.

    Raises:
        PolicyError: if a file cannot be read, or the index names one that is missing.
    """
    files = weight_files(folder)
    if not files:
        return None
    counts: dict[str, int] = dict.fromkeys(Parameters.model_fields, 0)
    for name, size in (tensor for file in files for tensor in _tensors(file)):
        counts[part_of(name)] += size
    if not counts["embeddings"] or not counts["layers"]:
        raise PolicyError(f"the weights in {folder} hold no language model: give a complete checkpoint folder")
    if tied:
        counts["head"] = 0
    return Parameters.model_validate(counts)


def weight_files(folder: Path) -> list[Path]:
    """The files that make up the checkpoint: those that its index names, or else every ``*.safetensors``."""
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return sorted(folder.glob("*.safetensors"))
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise PolicyError(f"cannot read {index}: {e!r}; fetch the checkpoint again") from e
    missing = sorted(name for name in names if not (folder / name).is_file())
    if missing:
        raise PolicyError(f"{index} names {missing[0]}, which {folder} does not hold: complete the checkpoint")
    return [folder / name for name in sorted(names)]


def _tensors(file: Path) -> Iterator[tuple[str, int]]:
    try:
        with safe_open(file, framework="numpy") as weights:
            for name in weights.keys():  # noqa: SIM118 (a handle, not a mapping)
                yield name, math.prod(weights.get_slice(name).get_shape())
    except (SafetensorError, OSError) as e:
        raise PolicyError(f"{file} cannot be read as safetensors: {e}") from e
