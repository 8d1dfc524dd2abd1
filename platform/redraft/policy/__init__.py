"""Policies: load, prompt, generate, log-probabilities, save. The only room that knows how a model is called.

load_policy(path) ─► Policy ─► encode_prompts ─► generate      (sampling, evaluation, serving)
                           └─► encode_response ─► lay_out ─► TokenLogProbs (reference, training)
"""

from redraft.generation import Generation, GenerationSettings
from redraft.policy.attention import may_share_prefix
from redraft.policy.columns import Listener
from redraft.policy.generate import generate, generate_stream
from redraft.policy.layout import TokenBatch, lay_out
from redraft.policy.load import Policy, load_policy, save_policy
from redraft.policy.logprobs import ModelInput, TokenLogProbs
from redraft.policy.prompts import EncodedPrompt, EncodedResponse, encode_prompts, encode_response, response_text
from redraft.policy.vision import image_features

__all__ = [
    "EncodedPrompt",
    "EncodedResponse",
    "Generation",
    "GenerationSettings",
    "Listener",
    "ModelInput",
    "Policy",
    "TokenBatch",
    "TokenLogProbs",
    "encode_prompts",
    "encode_response",
    "generate",
    "generate_stream",
    "image_features",
    "lay_out",
    "load_policy",
    "may_share_prefix",
    "response_text",
    "save_policy",
]
