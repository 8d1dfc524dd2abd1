"""How unsure the policy was about a response: what its tokens say, and what its other samples say.

    token entropies ──pooled per content word──┐
                                               ├──► score per span ──largest──► score per response
    claims ──1 - share of samples that agree───┘

Entropy is what the policy might have said, the negative log-probability what it did say. On a picture world the latter,
summed over a noun phrase, told wrong phrases from right ones with an AUROC of 0.87 to 0.90, where published figures for
entropy are about 0.64; the trace holds both, so that either can be calibrated on the random arm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from redraft.claims import Claim, ClaimExtractor, LexicalClaims, agreed_by, phrases
from redraft.records import Response, ResponseScore, SpanScore, TokenTrace

_LEXICAL = LexicalClaims()


def score_response(
    response: Response,
    others: Sequence[Response],
    entropy_weight: float,
    extractor: ClaimExtractor = _LEXICAL,
) -> ResponseScore:
    """Scores in ``[0, 1]`` for a response and for each content word of it, comparable between responses.

    A word's score is ``w * u + (1 - w) * d``. With H the mean entropy (nats) of the tokens it is written with,
    ``u = 1 - exp(-H)``: 0 when sure, 1/2 when torn between two equally likely tokens. ``d`` is the share of ``others``
    that do not bear the word's claim out (``claims.agreed_by``). The response's score is that of its most doubtful
    word; one that claims nothing scores 0. With no other samples there is nothing to disagree with, and u alone counts.

    Args:
        response: the one to score.
        others: the other samples for the same image and prompt.
        entropy_weight: w, in ``[0, 1]``.
        extractor: what finds the claims.

    Raises:
        ValueError: if one of ``others`` is about another image or prompt, or is the response itself.
    """
    for other in others:
        if (other.image_id, other.prompt) != (response.image_id, response.prompt) or other.id == response.id:
            raise ValueError(f"response {other.id} is no other sample for the image and prompt of {response.id}")
    claims = extractor.extract(response.text)
    if not claims:
        return ResponseScore(response_id=response.id, score=0.0, entropy=0.0, disagreement=0.0, spans=())
    entropies = pooled_entropies(claims, response.trace)
    disagreements = disagreement(claims, [extractor.extract(other.text) for other in others])
    weight = entropy_weight if others else 1.0
    scores = [
        weight * -math.expm1(-entropy) + (1 - weight) * contested
        for entropy, contested in zip(entropies, disagreements, strict=True)
    ]
    return ResponseScore(
        response_id=response.id,
        score=max(scores),
        segments=expected_segments(claims, scores),
        entropy=max(entropies),
        disagreement=max(disagreements),
        spans=tuple(SpanScore(span=claim.span, score=score) for claim, score in zip(claims, scores, strict=True)),
    )


def expected_segments(claims: Sequence[Claim], scores: Sequence[float]) -> float:
    """How many phrases to expect wrong: a phrase counts by its most doubtful word, since its words err together."""
    doubts = iter(scores)
    return float(sum(max(next(doubts) for _ in phrase) for phrase in phrases(claims)))


def pooled_entropies(claims: Sequence[Claim], trace: TokenTrace) -> list[float]:
    """For each claim, the mean entropy in nats of the tokens that its span overlaps; 0 if it overlaps none."""
    starts, ends = np.array(trace.starts), np.array(trace.ends)
    entropies = np.array(trace.entropies)
    pooled = []
    for claim in claims:
        inside = (starts < claim.span.end) & (ends > claim.span.start)
        pooled.append(max(0.0, float(entropies[inside].mean())) if inside.any() else 0.0)
    return pooled


def disagreement(claims: Sequence[Claim], others: Sequence[Sequence[Claim]]) -> list[float]:
    """For each claim, the share of the other samples that do not bear it out; 0 where there are no others."""
    if not others:
        return [0.0] * len(claims)
    return [sum(not agreed_by(claim, other) for other in others) / len(others) for claim in claims]
