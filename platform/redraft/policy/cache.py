"""A key-value cache with room to grow: a new token is written into it, instead of copying all that came before."""

from __future__ import annotations

from typing import Any

import torch
from transformers.cache_utils import DynamicLayer


class RoomyLayer(DynamicLayer):
    """One layer's keys and values, [B, H, T, D], as the front part of larger buffers."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor, room: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.lazy_initialization(keys, values)
        self._length = keys.shape[-2]
        self._keys, self._values = (self._with_room(t, room) for t in (keys, values))
        self._show()

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write the new states behind the old ones; all states so far."""
        start, end = self._length, self._length + key_states.shape[-2]
        if end > self._keys.shape[-2]:
            self._keys, self._values = (self._with_room(t[..., :start, :], end) for t in (self._keys, self._values))
        self._keys[..., start:end, :] = key_states
        self._values[..., start:end, :] = value_states
        self._length = end
        return self._show()

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep only these rows."""
        self._keys, self._values = self._keys[indices], self._values[indices]
        self._show()

    def _show(self) -> tuple[torch.Tensor, torch.Tensor]:
        keys, values = self._keys[..., : self._length, :], self._values[..., : self._length, :]
        self.keys, self.values = keys, values
        return keys, values

    @staticmethod
    def _with_room(states: torch.Tensor, room: int) -> torch.Tensor:
        batch, heads, length, size = states.shape
        buffer = states.new_empty(batch, heads, length + room, size)
        buffer[..., :length, :] = states
        return buffer


def repeat_with_room(cache: Any, k: int, room: int) -> None:
    """Repeat every row ``k`` times, in place, leaving room for ``room`` tokens where the kind of layer allows it."""
    for index, layer in enumerate(cache.layers):
        if type(layer) is DynamicLayer and layer.keys is not None and layer.values is not None:
            keys, values = (t.repeat_interleave(k, 0) for t in (layer.keys, layer.values))
            cache.layers[index] = RoomyLayer(keys, values, room)
        else:
            layer.batch_repeat_interleave(k)
