"""How unsure the policy was about what it wrote, and how often it is wrong when it is.

scoring.py      one response and its siblings ──► the mixture of entropy and disagreement
sampled.py      a response with its siblings and their claims: what signals look at
signals.py      the signals, by name: token, claim and response level
labels.py       people's answers ──► which claims are wrong
examples.py     a run's store and samples ──► labelled responses
fitting.py      examples ──► probe: logistic regression, cross-fitted
calibrating.py  scores and labels of the random arm ──► calibration
probe.py        the fitted probe, as JSON
scorer.py       what orders a round: a probe, or the best signal while there is none
measures.py     AUROC, average precision and reliability, with intervals
evaluating.py   every signal and the probe, measured on a run
"""

from redraft.uncertainty.scoring import disagreement, pooled_entropies, score_response

__all__ = ["disagreement", "pooled_entropies", "score_response"]
