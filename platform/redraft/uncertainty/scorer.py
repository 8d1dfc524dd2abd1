"""What orders a round's responses: a probe once there are answers enough, until then one signal.

| labelled responses              | the order is by                                                      |
|---------------------------------|----------------------------------------------------------------------|
| fewer than `choose_from`        | `mixture`                                                            |
| fewer than `probe_from`         | the signal with the best AUROC over labelled claims                  |
| more, both kinds of claims      | the probe                                                            |
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from pydantic import ValidationError, model_validator

from redraft.config import UncertaintyConfig
from redraft.errors import DataError
from redraft.records import Record, ResponseScore, SpanScore
from redraft.uncertainty.fitting import claims_wrong, fit_probe
from redraft.uncertainty.labels import Example
from redraft.uncertainty.measures import auroc
from redraft.uncertainty.probe import Probe
from redraft.uncertainty.sampled import SampledResponse
from redraft.uncertainty.scoring import expected_segments
from redraft.uncertainty.signals import SIGNALS, Mixture, available_signals, claim_values

PROBE = "probe"
_DEFAULT = Mixture.name


class Scorer(Record):
    """What a round is ordered by, as it is kept beside the round's samples; ``signal`` counts where there is no probe.

    ``labelled`` is how many judged responses there were to choose by.
    """

    signal: str
    labelled: int
    probe: Probe | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.signal not in SIGNALS:
            raise ValueError(f"there is no signal {self.signal}")
        return self

    @property
    def name(self) -> str:
        """``probe``, or the signal's name."""
        return self.signal if self.probe is None else PROBE

    def score(self, sampled: SampledResponse) -> ResponseScore:
        """The response's score and its spans', all in ``[0, 1]``; chances only where a probe gave them.

        A signal that was not recorded for this response leaves it its mixture.
        """
        if self.probe is not None:
            return self.probe.score(sampled)
        signal = SIGNALS[self.signal]
        if self.signal == _DEFAULT or not signal.available(sampled):
            return sampled.mixture
        values = signal.unit(claim_values(sampled, self.signal))
        (whole,) = signal.unit(np.array([signal.response(sampled)]))
        spans = zip(sampled.claims, values, strict=True)
        return sampled.mixture.model_copy(
            update={
                "score": float(whole),
                "segments": expected_segments(sampled.claims, values.tolist()),
                "spans": tuple(SpanScore(span=claim.span, score=float(value)) for claim, value in spans),
            }
        )


def choose_scorer(examples: Sequence[Example], config: UncertaintyConfig, policy: str, *, probe: bool = True) -> Scorer:
    """By the table above, without its last line if no ``probe`` is wanted.

    The same examples give the same scorer, in whatever order they come.
    """
    ordered = sorted(examples, key=lambda e: e.sampled.response.id)
    fitted = fit_probe(ordered, config, policy) if probe else None
    return Scorer(signal=_signal(ordered, config), labelled=len(ordered), probe=fitted)


def read_scorer(data: bytes, where: str) -> Scorer:
    """A scorer that was kept.

    Raises:
        DataError: it is none, or of another version of the features.
    """
    try:
        return Scorer.model_validate_json(data)
    except ValidationError as e:
        reason = e.errors(include_url=False, include_input=False)[0]["msg"]
        raise DataError(f"{where} cannot be used ({reason}): delete it, and the round is ordered anew") from None


def scorer_key(samples_key: str) -> str:
    """Where a round's scorer is kept: beside its samples."""
    return f"{samples_key}.scorer.json"


def _signal(examples: Sequence[Example], config: UncertaintyConfig) -> str:
    if config.signal != "auto":
        return config.signal
    claiming = [e for e in examples if e.claims]
    if len(examples) < config.choose_from or not claiming:
        return _DEFAULT
    wrong = np.concatenate([claims_wrong(e) for e in claiming])
    areas = {
        name: auroc(np.concatenate([claim_values(e.sampled, name) for e in claiming]), wrong)
        for name in available_signals([e.sampled for e in claiming])
    }
    known = {name: area for name, area in areas.items() if area is not None}
    return max(known, key=lambda name: known[name]) if known else _DEFAULT
