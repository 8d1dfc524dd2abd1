"""From a question and its picture to tokens."""

from __future__ import annotations

from PIL import Image

from redraft.policy import EncodedPrompt, Policy, encode_prompts
from redraft.serving.refusals import Refused


def prepare(policy: Policy, image: Image.Image, prompt: str, max_new_tokens: int) -> EncodedPrompt:
    """Encode one question.

    Raises:
        Refused: the text holds the policy's own markup, or is too long for it.
    """
    for token in sorted(_markup(policy)):
        if token in prompt:
            raise Refused(
                f"the text holds {token!r}, which has a meaning of its own to the policy: leave it out",
                param="messages",
            )
    encoded = encode_prompts(policy, [image], [prompt])[0]
    longest = getattr(policy.model.config.get_text_config(), "max_position_embeddings", None)
    needed = len(encoded.input_ids) + max_new_tokens
    if longest is not None and needed > longest:
        raise Refused(
            f"the question has {len(encoded.input_ids)} tokens and asks for {max_new_tokens} more, but the policy's "
            f"context is {longest}: shorten the text or lower max_tokens",
            code="context_length_exceeded",
            param="messages",
        )
    return encoded


def _markup(policy: Policy) -> set[str]:
    special = {token.content for token in policy.tokenizer.added_tokens_decoder.values() if token.special}
    image = getattr(policy.processor, "image_token", None)
    return special | set(policy.tokenizer.all_special_tokens) | ({image} if isinstance(image, str) else set())
