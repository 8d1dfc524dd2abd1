"""Policies: load, prompt, generate, log-probabilities, save. The only room that knows how a model is called.

load_policy(path) ─► Policy ─► encode_prompts ─► generate      (sampling, evaluation, serving)
                           └─► encode_response ─► token_logprobs (reference pass, training)
"""

from redraft.policy.generate import Generation, GenerationSettings, generate
from redraft.policy.load import Policy, load_policy, save_policy
from redraft.policy.logprobs import SequenceBatch, TokenLogProbs, collate_sequences
from redraft.policy.prompts import EncodedPrompt, EncodedResponse, encode_prompts, encode_response, response_text

__all__ = [
    "EncodedPrompt",
    "EncodedResponse",
    "Generation",
    "GenerationSettings",
    "Policy",
    "SequenceBatch",
    "TokenLogProbs",
    "collate_sequences",
    "encode_prompts",
    "encode_response",
    "generate",
    "load_policy",
    "response_text",
    "save_policy",
]
