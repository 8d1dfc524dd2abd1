"""How long the pairs are: measured on token ids, or assumed before there are any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from redraft.errors import DataError
from redraft.records import Record

_RLHF_V_TEXT_PROMPT = 40
_RLHF_V_RESPONSE = 85
_RLHF_V_SEGMENTS = 2.65


class PairStatistics(Record):
    """Lengths of preference pairs in tokens.

    Prompts count their image's tokens, responses their end of sequence. The common prefix is what chosen and rejected
    begin with, less so much that each keeps a token of its own. A sequence is a prompt with one response, a shared row
    is ``[prompt | common prefix | rest of chosen | rest of rejected]``; in both, the last token of a response is left
    out, because it predicts nothing.
    """

    pairs: int = Field(ge=1)
    prompt_tokens: float = Field(gt=0, description="mean")
    image_tokens: float = Field(ge=0, description="mean, part of prompt_tokens")
    response_tokens: float = Field(ge=1, description="mean over both sides")
    common_prefix_tokens: float = Field(ge=0, description="mean")
    longest_response: int = Field(ge=1)
    longest_sequence: int = Field(ge=1)
    longest_shared: int = Field(ge=1)
    assumed: bool = Field(False, description="lengths were assumed, not measured")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.image_tokens > self.prompt_tokens:
            raise ValueError("image_tokens is part of prompt_tokens, so it cannot be larger")
        if self.common_prefix_tokens > self.response_tokens - 1:
            raise ValueError("common_prefix_tokens must leave each response a token of its own")
        return self

    @property
    def sequence(self) -> float:
        """Mean tokens of a prompt with one response."""
        return self.prompt_tokens + self.response_tokens - 1

    @property
    def shared(self) -> float:
        """Mean tokens of a shared row."""
        return self.prompt_tokens + 2 * (self.response_tokens - 1) - self.common_prefix_tokens

    @classmethod
    def from_rows(
        cls,
        prompts: Sequence[Sequence[int]],
        chosen: Sequence[Sequence[int]],
        rejected: Sequence[Sequence[int]],
        *,
        image_token: int,
    ) -> Self:
        """Measure token ids: ``prompts[i]`` is answered by ``chosen[i]`` and ``rejected[i]``, end of sequence included.

        Args:
            image_token: the id that stands, once for each of its features, for an image.

        Raises:
            DataError: if there are no pairs, the lists differ in length, or a prompt or response is empty.
        """
        if not len(prompts) == len(chosen) == len(rejected) > 0:
            raise DataError(
                f"{len(prompts)} prompts, {len(chosen)} chosen and {len(rejected)} rejected responses make no pairs: "
                "give one of each for every pair, and at least one pair"
            )
        if not all((*prompts, *chosen, *rejected)):
            raise DataError("a prompt or a response has no tokens: leave its pair out")
        count = len(prompts)
        prefixes = [_common_prefix(c, r) for c, r in zip(chosen, rejected, strict=True)]
        sizes = [(len(p), len(c), len(r)) for p, c, r in zip(prompts, chosen, rejected, strict=True)]
        return cls(
            pairs=count,
            prompt_tokens=sum(p for p, _, _ in sizes) / count,
            image_tokens=sum(list(p).count(image_token) for p in prompts) / count,
            response_tokens=sum(c + r for _, c, r in sizes) / (2 * count),
            common_prefix_tokens=sum(prefixes) / count,
            longest_response=max(max(c, r) for _, c, r in sizes),
            longest_sequence=max(p + max(c, r) - 1 for p, c, r in sizes),
            longest_shared=max(p + c + r - 2 - prefix for (p, c, r), prefix in zip(sizes, prefixes, strict=True)),
        )

    @classmethod
    def rlhf_v(cls, *, pairs: int = 1400, image_tokens: int = 576, longest_response: int = 256) -> Self:
        """Lengths like RLHF-V's, for a plan before there are pairs.

        Prompts have 40 tokens of text beside the image, responses 85 tokens and the end of sequence, and 2.65 changed
        segments evenly spread, so that the first difference comes after 85 / 3.65 tokens, about a quarter. The longest
        response is a guess; its first difference comes as early in proportion.
        """
        prompt = image_tokens + _RLHF_V_TEXT_PROMPT
        share = 1 / (_RLHF_V_SEGMENTS + 1)
        return cls(
            pairs=pairs,
            prompt_tokens=prompt,
            image_tokens=image_tokens,
            response_tokens=_RLHF_V_RESPONSE + 1,
            common_prefix_tokens=_RLHF_V_RESPONSE * share,
            longest_response=longest_response,
            longest_sequence=prompt + longest_response - 1,
            longest_shared=prompt + 2 * (longest_response - 1) - int((longest_response - 1) * share),
            assumed=True,
        )


def _common_prefix(chosen: Sequence[int], rejected: Sequence[int]) -> int:
    shortest = min(len(chosen), len(rejected))
    for i in range(shortest - 1):
        if chosen[i] != rejected[i]:
            return i
    return shortest - 1
