"""First stage of base training: teach the vision tower to see, before any word is learnt.

Two throw-away linear heads name, for every patch, the class and the count of the group in its cell. Trained end to end
from descriptions alone, a tower of this size never learns to look.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import LlavaForConditionalGeneration

from redraft.world.architecture import GRID, WIDTH
from redraft.world.forward import features_of, normalised
from redraft.world.optimise import Optimiser
from redraft.world.scene import Scene
from redraft.world.vocabulary import CLASS_INDEX, CLASSES, MAX_COUNT

_PEAK = 1.5e-3
_BATCH = 48
_PATCHES_PER_CELL = GRID // 3


def cell_of_patch() -> NDArray[np.int64]:
    """The cell of each of the 36 patches, in the tower's order."""
    rows, columns = np.divmod(np.arange(GRID * GRID), GRID)
    cells: NDArray[np.int64] = rows // _PATCHES_PER_CELL * 3 + columns // _PATCHES_PER_CELL
    return cells


def patch_labels(scenes: Sequence[Scene]) -> tuple[Tensor, Tensor]:
    """Class (0 for an empty cell) and count of every patch's cell, each ``[N, 36]``."""
    classes = np.zeros((len(scenes), 9), np.int64)
    counts = np.zeros((len(scenes), 9), np.int64)
    for row, scene in enumerate(scenes):
        for group in scene.groups:
            classes[row, group.cell] = 1 + CLASS_INDEX[group.object, group.colour]
            counts[row, group.cell] = group.count
    cells = cell_of_patch()
    return torch.from_numpy(classes[:, cells]), torch.from_numpy(counts[:, cells])


def train_sight(
    model: LlavaForConditionalGeneration,
    scenes: Sequence[Scene],
    pictures: NDArray[np.uint8],
    held_out: int,
    steps: int,
    rng: random.Random,
    log: Callable[[str], None],
) -> None:
    """Train the vision tower in place; the last ``held_out`` pictures only measure it."""
    classes, counts = patch_labels(scenes)
    class_head, count_head = nn.Linear(WIDTH, 1 + len(CLASSES)), nn.Linear(WIDTH, 1 + MAX_COUNT)
    tower = model.model.vision_tower
    optimiser = Optimiser([tower, class_head, count_head], _PEAK, steps, muon=False)
    tower.train()
    for step in range(1, steps + 1):
        rows = [rng.randrange(len(scenes) - held_out) for _ in range(_BATCH)]
        seen = tower(pixel_values=normalised(pictures[rows])).last_hidden_state[:, 1:]
        class_loss = F.cross_entropy(class_head(seen).flatten(0, 1), classes[rows].flatten())
        count_loss = F.cross_entropy(count_head(seen).flatten(0, 1), counts[rows].flatten())
        optimiser.step(class_loss + count_loss)
        if step % 100 == 0:
            log(f"sight {step}/{steps} class loss {class_loss.item():.4f} count loss {count_loss.item():.4f}")
    tower.eval()
    with torch.no_grad():
        seen = features_of(model, pictures[-held_out:])
        occupied = classes[-held_out:] > 0
        class_right = (class_head(seen).argmax(-1) == classes[-held_out:])[occupied].float().mean().item()
        count_right = (count_head(seen).argmax(-1) == counts[-held_out:])[occupied].float().mean().item()
    log(f"sight: held-out patches of occupied cells, class {class_right:.4f} count {count_right:.4f}")
