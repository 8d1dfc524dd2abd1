"""How requests are batched, and what an engine does when memory runs out."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from redraft.engines import SampleRequest
from redraft.engines.batches import batches_alike
from redraft.engines.local import LocalEngine
from redraft.errors import DataError, ResourceError
from redraft.policy import EncodedPrompt, Generation, GenerationSettings, Policy, encode_prompts, generate
from redraft.policy.memory import cache_bytes, is_out_of_memory, prompt_bytes
from redraft.records import Split, TokenTrace
from redraft.world import render, scene_at

ONE = TokenTrace(token_ids=(1,), starts=(0,), ends=(1,), logprobs=(0.0,), entropies=(0.0,))
CPU_SAYS = "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to"


def requests(count: int) -> list[SampleRequest]:
    buffer = io.BytesIO()
    render(scene_at(0, Split.POOL, 0)).save(buffer, "PNG")
    return [SampleRequest(buffer.getvalue(), "What " * (1 + i % 3) + "?", i) for i in range(count)]


class Cramped:
    """Draws, if a batch is no larger than ``room``, texts that say the seed; notes the batches that it drew."""

    def __init__(self, room: int, error: Exception) -> None:
        self.room, self.error = room, error
        self.tried: list[int] = []
        self.lengths: list[list[int]] = []

    def __call__(
        self, policy: Policy, prompts: Sequence[EncodedPrompt], settings: GenerationSettings, seeds: Sequence[int]
    ) -> list[Generation]:
        self.tried.append(len(prompts))
        if len(prompts) > self.room:
            raise self.error
        self.lengths.append([len(prompt.input_ids) for prompt in prompts])
        return [Generation(f"{seed} {i}", True, ONE) for seed in seeds for i in range(settings.k)]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 30), max_size=40), st.integers(1, 200), st.integers(1, 9))
def test_batches_hold_every_prompt_once_with_its_like(lengths: list[int], memory: int, most: int) -> None:
    batches = batches_alike(lengths, lambda length: memory // length, most)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    flat = [lengths[i] for batch in batches for i in batch]
    assert flat == sorted(flat, reverse=True)
    for batch in batches:
        assert 1 <= len(batch) <= most
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= memory


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory"), RuntimeError(CPU_SAYS), MemoryError()], ids=repr
)
def test_out_of_memory_halves_the_batch_and_goes_on(
    policy: Policy, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    draws = Cramped(3, error)
    engine = LocalEngine(policy, "v1", batch_size=8, max_pixels=None, generate=draws)
    answers = engine.sample(requests(20), GenerationSettings(4, k=2))
    assert [[g.text for g in a.generations] for a in answers] == [[f"{i} 0", f"{i} 1"] for i in range(20)]
    assert draws.tried[:3] == [8, 4, 2]
    assert max(draws.tried[3:]) == 2, "no later batch is as large as one that failed"
    engine.sample(requests(5), GenerationSettings(4))
    assert max(draws.tried[3:]) == 2, "nor in the next block"
    assert [f"from now on {most} pictures" in line for most, line in zip((4, 2), caplog.messages, strict=True)] == [
        True
    ] * 2


def test_one_request_that_is_too_much_is_one_sentence(policy: Policy) -> None:
    engine = LocalEngine(policy, "v1", batch_size=4, max_pixels=None, generate=Cramped(0, RuntimeError(CPU_SAYS)))
    with pytest.raises(ResourceError, match=r"lower sample\.k") as caught:
        engine.sample(requests(4), GenerationSettings(4))
    assert "\n" not in str(caught.value)


def test_other_errors_are_not_taken_for_a_lack_of_memory(policy: Policy) -> None:
    draws = Cramped(0, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match="mat1"):
        LocalEngine(policy, "v1", batch_size=4, max_pixels=None, generate=draws).sample(
            requests(4), GenerationSettings(4)
        )
    assert draws.tried == [4]


def test_prompts_of_like_length_share_a_batch(policy: Policy) -> None:
    draws = Cramped(100, MemoryError())
    LocalEngine(policy, "v1", batch_size=3, max_pixels=None, generate=draws).sample(requests(9), GenerationSettings(4))
    assert all(len(set(batch)) == 1 for batch in draws.lengths)
    assert len(draws.lengths) == 3


def test_little_memory_makes_small_batches(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = GenerationSettings(4, k=2)
    asked = requests(6)
    length = max(
        len(p.input_ids)
        for p in encode_prompts(policy, [render(scene_at(0, Split.POOL, 0))] * 3, [r.prompt for r in asked[:3]])
    )
    monkeypatch.setattr("redraft.engines.local.free_bytes", lambda device: 5 * prompt_bytes(policy, length, settings))
    draws = Cramped(100, MemoryError())
    LocalEngine(policy, "v1", batch_size=50, max_pixels=None, generate=draws).sample(asked, settings)
    assert draws.tried == [2, 2, 2]


def test_the_cache_takes_what_is_estimated(policy: Policy) -> None:
    prompts = encode_prompts(policy, [render(scene_at(0, Split.POOL, 0))], ["What?"])
    ids = torch.tensor([prompts[0].input_ids])
    with torch.inference_mode():
        out = policy.model(input_ids=ids, pixel_values=prompts[0].images["pixel_values"], use_cache=True)
    taken = sum(layer.keys.nbytes + layer.values.nbytes for layer in out.past_key_values.layers)
    assert taken == ids.shape[1] * cache_bytes(policy)


def test_the_allocators_own_error_is_known() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 52)
    assert is_out_of_memory(caught.value)
    assert not is_out_of_memory(ValueError("DefaultCPUAllocator"))


def test_a_local_engine_refuses_what_is_no_picture(policy: Policy) -> None:
    engine = LocalEngine(policy, "v1", batch_size=4, max_pixels=100, generate=generate)
    with pytest.raises(DataError):
        engine.sample([SampleRequest(b"<svg>", "What?", 0)], GenerationSettings(4))
    with pytest.raises(DataError):
        engine.sample(requests(1), GenerationSettings(4))
