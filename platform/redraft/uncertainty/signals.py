"""Signals of doubt that need no label. Higher always means more likely to be wrong.

| name         | of a claim                                             | of a response            |
|--------------|--------------------------------------------------------|--------------------------|
| mixture      | entropy and disagreement, weighted (``scoring.py``)    | the largest              |
| nll          | the largest negative log-probability of its tokens     | the mean over its tokens |
| phrase_nll   | the sum over the content words of its noun phrase      | the largest              |
| entropy      | the mean entropy of its tokens                         | the largest              |
| ablation     | mean log p(token, blank image) - log p(token, image)   | the largest              |
| disagreement | the share of other samples that do not bear it out     | the largest              |
| length       | tokens written before it                               | tokens written           |
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np

from redraft.claims import phrases
from redraft.uncertainty.sampled import Floats, SampledResponse
from redraft.uncertainty.scoring import disagreement, pooled_entropies


class Signal(Protocol):
    """One number for each level; in nats unless it says otherwise."""

    @property
    def name(self) -> str:
        """What it is registered and configured by."""
        ...

    def available(self, sampled: SampledResponse) -> bool:
        """Whether what it needs was recorded."""
        ...

    def tokens(self, sampled: SampledResponse) -> Floats | None:
        """``[tokens]``; None where it says nothing about single tokens."""
        ...

    def claims(self, sampled: SampledResponse) -> Floats:
        """``[claims]``, in the order of the text."""
        ...

    def response(self, sampled: SampledResponse) -> float:
        """Of the whole response; of one that claims nothing, too."""
        ...

    def unit(self, values: Floats) -> Floats:
        """Values squeezed into ``[0, 1]``, their order kept; no probabilities."""
        ...


class _Worst(ABC):
    """A signal whose response is as doubtful as its most doubtful claim, in nats from 0 up."""

    def available(self, sampled: SampledResponse) -> bool:
        return True

    def tokens(self, sampled: SampledResponse) -> Floats | None:
        return None

    @abstractmethod
    def claims(self, sampled: SampledResponse) -> Floats: ...

    def response(self, sampled: SampledResponse) -> float:
        return float(self.claims(sampled).max()) if sampled.claims else 0.0

    def unit(self, values: Floats) -> Floats:
        return -np.expm1(-np.maximum(values, 0.0))


class Mixture(_Worst):
    """The score that a response has from the start, in ``[0, 1]``."""

    name = "mixture"

    def claims(self, sampled: SampledResponse) -> Floats:
        return np.array([span.score for span in sampled.mixture.spans], dtype=np.float64)

    def unit(self, values: Floats) -> Floats:
        return values


class TokenNll(_Worst):
    """Negative log-probability of what was written."""

    name = "nll"

    def tokens(self, sampled: SampledResponse) -> Floats:
        return -np.array(sampled.response.trace.logprobs, dtype=np.float64)

    def claims(self, sampled: SampledResponse) -> Floats:
        tokens = self.tokens(sampled)
        return np.array([max(tokens[sampled.inside(claim)], default=0.0) for claim in sampled.claims])

    def response(self, sampled: SampledResponse) -> float:
        tokens = self.tokens(sampled)
        return float(tokens.mean()) if len(tokens) else 0.0


class PhraseNll(_Worst):
    """Negative log-probability summed over all content words of a noun phrase: of *two*, *red* and *cups* together."""

    name = "phrase_nll"

    def claims(self, sampled: SampledResponse) -> Floats:
        tokens = -np.array(sampled.response.trace.logprobs, dtype=np.float64)
        sums: list[float] = []
        for phrase in phrases(sampled.claims):
            total = sum(float(tokens[sampled.inside(claim)].sum()) for claim in phrase)
            sums += [total] * len(phrase)
        return np.array(sums, dtype=np.float64)


class Entropy(_Worst):
    """Entropy of what might have been written."""

    name = "entropy"

    def tokens(self, sampled: SampledResponse) -> Floats:
        return np.array(sampled.response.trace.entropies, dtype=np.float64)

    def claims(self, sampled: SampledResponse) -> Floats:
        return np.array(pooled_entropies(sampled.claims, sampled.response.trace), dtype=np.float64)


class ImageAblation(_Worst):
    """How little the picture did for the words: about 0 or more where a blank one makes them as likely."""

    name = "ablation"

    def available(self, sampled: SampledResponse) -> bool:
        return sampled.response.trace.blank_logprobs is not None

    def tokens(self, sampled: SampledResponse) -> Floats:
        trace = sampled.response.trace
        if trace.blank_logprobs is None:
            raise ValueError(f"response {sampled.response.id} was not scored after a blank image")
        return np.array(trace.blank_logprobs, dtype=np.float64) - np.array(trace.logprobs, dtype=np.float64)

    def claims(self, sampled: SampledResponse) -> Floats:
        tokens = self.tokens(sampled)
        inside = [sampled.inside(claim) for claim in sampled.claims]
        return np.array([tokens[mine].mean() if mine.any() else 0.0 for mine in inside], dtype=np.float64)

    def unit(self, values: Floats) -> Floats:
        return 0.5 * (1 + np.tanh(values / 2))


class Disagreement(_Worst):
    """The share of the other samples that do not bear a claim out, in ``[0, 1]``."""

    name = "disagreement"

    def claims(self, sampled: SampledResponse) -> Floats:
        return np.array(disagreement(sampled.claims, sampled.other_claims), dtype=np.float64)

    def unit(self, values: Floats) -> Floats:
        return values


class Length(_Worst):
    """How much had been written, in tokens: errors grow more frequent towards the end of long texts."""

    name = "length"

    def claims(self, sampled: SampledResponse) -> Floats:
        ends = np.array(sampled.response.trace.ends)
        return np.array([(ends <= claim.span.start).sum() for claim in sampled.claims], dtype=np.float64)

    def response(self, sampled: SampledResponse) -> float:
        return float(len(sampled.response.trace.token_ids))

    def unit(self, values: Floats) -> Floats:
        return values / (values + 100)


_ALL: tuple[Signal, ...] = (
    Mixture(),
    TokenNll(),
    PhraseNll(),
    Entropy(),
    ImageAblation(),
    Disagreement(),
    Length(),
)
SIGNALS: dict[str, Signal] = {signal.name: signal for signal in _ALL}
"""Every signal by its name."""

FEATURES_VERSION = 1
"""Changes whenever a signal's definition does, so that no probe reads what it was not fitted on."""


def available_signals(responses: Sequence[SampledResponse]) -> tuple[str, ...]:
    """The signals that are recorded for every one of the responses."""
    return tuple(name for name, signal in SIGNALS.items() if all(signal.available(one) for one in responses))


def feature_names(responses: Sequence[SampledResponse]) -> tuple[str, ...]:
    """What a probe over the responses looks at: all that is available but the mixture, which is made of two others."""
    return tuple(name for name in available_signals(responses) if name != Mixture.name)


def features(sampled: SampledResponse, names: Sequence[str]) -> Floats:
    """``[claims, len(names)]``."""
    return np.stack([claim_values(sampled, name) for name in names], axis=1)


@lru_cache(maxsize=1 << 16)
def claim_values(sampled: SampledResponse, name: str) -> Floats:
    """``[claims]`` of one signal, computed once: cross-fitting asks for them many times over."""
    return SIGNALS[name].claims(sampled)
