"""An engine in memory: what it says is a function of the request."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from redraft.engines.protocol import Sampled, SampleRequest
from redraft.generation import Generation, GenerationSettings
from redraft.records import TokenTrace
from redraft.sources.pictures import suffix_of

END = 0
"""The id of the token that ends a sequence; words are numbered from 1 by their letters."""

_LOGPROBS = (-2.0, -0.01)

Says = Callable[[SampleRequest, int], str]
"""The text of sample i of a request."""


@dataclass
class ScriptedEngine:
    """`SamplingEngine` without a policy; a token is a word with the space before it, or the end of the sequence.

    Log-probabilities are made up, a function of the text and the place in it; a token's entropy is minus its
    log-probability. At temperature 0 every sample is sample 0. ``asked`` grows with each request.
    """

    says: Says
    version: str = "scripted"
    asked: list[SampleRequest] = field(default_factory=list)

    @classmethod
    def of_table(cls, table: Mapping[str, Sequence[str]], version: str = "scripted") -> ScriptedEngine:
        """Prompts to their samples, which are gone round and round."""
        return cls(lambda request, sample: table[request.prompt][sample % len(table[request.prompt])], version)

    def sample(self, requests: Sequence[SampleRequest], settings: GenerationSettings) -> list[Sampled]:
        """What ``says`` says, cut where the settings say; a picture need only begin like one."""
        for request in requests:
            suffix_of(request.image)
        self.asked += requests
        greedy = settings.temperature == 0
        return [
            Sampled(
                self.version,
                tuple(_generation(self.says(request, 0 if greedy else i), settings) for i in range(settings.k)),
            )
            for request in requests
        ]

    def close(self) -> None:
        """Nothing to do."""


def _generation(said: str, settings: GenerationSettings) -> Generation:
    stop = min((at for text in settings.stop if (at := said.find(text)) >= 0), default=None)
    text = said.strip() if stop is None else said[:stop].strip()
    words = list(re.finditer(r"\s*\S+", text))
    tokens = [(1 + sum(word[0].encode()), word.start(), word.end()) for word in words]
    if stop is None:
        tokens.append((END, len(text), len(text)))
    finished = len(tokens) <= settings.max_new_tokens
    tokens = tokens[: settings.max_new_tokens]
    if not finished:
        text = text[: tokens[-1][2]]
    rng = random.Random(said)
    logprobs = tuple(rng.uniform(*_LOGPROBS) for _ in tokens)
    trace = TokenTrace(
        token_ids=tuple(token for token, _, _ in tokens),
        starts=tuple(start for _, start, _ in tokens),
        ends=tuple(end for _, _, end in tokens),
        logprobs=logprobs,
        entropies=tuple(-one for one in logprobs),
    )
    return Generation(text, finished, trace)
