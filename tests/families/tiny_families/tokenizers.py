"""A real byte-level BPE tokenizer, trained on the spot on a few sentences."""

from __future__ import annotations

from collections.abc import Callable

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from .templates import Speech

VOCABULARY_SIZE = 600
"""Bytes, special tokens and merges together; a family with more special tokens than fit gets a larger one."""

_SENTENCES = (
    "You are a helpful assistant. USER: Describe this image in detail. ASSISTANT: system user model",
    "There are two red cups on the wooden table, and a small black cat sleeps on the left.",
    "A green tree stands in the middle of the picture; there is a brown dog at the bottom.",
    "How many people are there? Three people walk along the street under a large umbrella.",
    "The man on the right wears a blue shirt and holds a yellow banana in his left hand.",
    "What is the colour of the car? The car is white, and it is parked beside the bicycle.",
    "In the background, a train passes behind several houses while birds fly in the cloudy sky.",
    "A woman with long hair is sitting on a bench near the river, reading an old newspaper.",
)


def build_tokenizer(speech: Speech) -> PreTrainedTokenizerFast:
    """The tokenizer of a family; it is the same at every call."""
    special = [speech.pad, speech.bos, speech.eos, *speech.named.values(), *speech.others, *speech.also_ends]
    special = list(dict.fromkeys(special))
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=max(VOCABULARY_SIZE, len(alphabet) + len(special) + 200),
        special_tokens=special,
        initial_alphabet=alphabet,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_SENTENCES, trainer)
    if speech.starts_with_bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{speech.bos} $A",
            pair=f"{speech.bos} $A {speech.bos} $B",
            special_tokens=[(speech.bos, tokenizer.token_to_id(speech.bos))],
        )
    make: Callable[..., PreTrainedTokenizerFast] = PreTrainedTokenizerFast
    return make(
        tokenizer_object=tokenizer,
        pad_token=speech.pad,
        bos_token=speech.bos,
        eos_token=speech.eos,
        padding_side="left",
        model_max_length=512,
        extra_special_tokens=dict(speech.named),
    )
