"""A seeded LLaVA with a large one's proportions, and correction-like pairs for it; shared by the training benchmarks.

Nothing is downloaded: the tokenizer has one made-up word a token, the pictures are noise, the weights are random. Pairs
are like RLHF-V's: about 85 tokens a response, 2.65 corrected segments that make up an eighth of it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

SPECIAL = ("<pad>", "<s>", "</s>", "<image>", "<unk>")
EOS, IMAGE = 2, 3
TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'user' %}<s> {% for p in m['content'] %}"
    "{% if p['type'] == 'image' %}<image> {% else %}{{ p['text'] }}{% endif %}{% endfor %}{% else %} "
    "{{ m['content'][0]['text'] if m['content'] is not string else m['content'] }} </s>{% endif %}{% endfor %}"
)


@dataclass(frozen=True)
class Sizes:
    """Layers, widths and vocabulary; the default has the shares of LLaVA-1.5-7B's parts at a fortieth of its width."""

    layers: int = 2
    hidden: int = 1024
    feed_forward: int = 2752
    heads: int = 8
    vision_layers: int = 2
    vision_hidden: int = 256
    vision_heads: int = 4
    vocabulary: int = 32000
    image: int = 336
    patch: int = 14


@dataclass(frozen=True)
class Pair:
    """A prompt, a picture and two responses, as text of made-up words."""

    prompt: str
    chosen: str
    rejected: str
    image: Image.Image


def build_model(sizes: Sizes, dtype: torch.dtype = torch.float32, seed: int = 0) -> LlavaForConditionalGeneration:
    """The model with random weights."""
    torch.manual_seed(seed)
    text = LlamaConfig(
        vocab_size=sizes.vocabulary,
        hidden_size=sizes.hidden,
        intermediate_size=sizes.feed_forward,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        num_key_value_heads=sizes.heads,
        max_position_embeddings=4096,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=EOS,
    )
    vision = CLIPVisionConfig(
        hidden_size=sizes.vision_hidden,
        intermediate_size=4 * sizes.vision_hidden,
        num_hidden_layers=sizes.vision_layers,
        num_attention_heads=sizes.vision_heads,
        image_size=sizes.image,
        patch_size=sizes.patch,
        projection_dim=sizes.vision_hidden,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=IMAGE,
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
        image_seq_length=(sizes.image // sizes.patch) ** 2,
        tie_word_embeddings=False,
    )
    return LlavaForConditionalGeneration(config).to(dtype)


def build_processor(sizes: Sizes) -> Any:
    """One token a word, pictures brought to the tower's size."""
    vocabulary = {word: i for i, word in enumerate(SPECIAL)}
    vocabulary |= {f"w{i}": i for i in range(len(SPECIAL), sizes.vocabulary)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        additional_special_tokens=["<image>"],
    )
    side = {"height": sizes.image, "width": sizes.image}
    return LlavaProcessor(
        image_processor=CLIPImageProcessorPil(size={"shortest_edge": sizes.image}, crop_size=side),
        tokenizer=fast,
        patch_size=sizes.patch,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        image_token="<image>",
        chat_template=TEMPLATE,
    )


def correction_pairs(count: int, vocabulary: int, seed: int = 0, prompt_words: int = 39) -> list[Pair]:
    """Pairs that differ in 2.65 segments on average, an eighth of the words, evenly spread."""
    rng = random.Random(seed)

    def words(n: int) -> list[int]:
        return [rng.randrange(len(SPECIAL), vocabulary) for _ in range(n)]

    pairs = []
    for _ in range(count):
        length = max(24, int(rng.gauss(85, 20)))
        segments = max(1, round(rng.gauss(2.65, 1)))
        size = max(1, round(0.12 * length / segments))
        rejected, chosen, at = words(length), [], 0
        for start in sorted(rng.sample(range(length - size), segments)):
            if start >= at:
                chosen += rejected[at:start] + words(max(1, size + rng.choice([-1, 0, 0, 1])))
                at = start + size
        chosen += rejected[at:]
        noise = np.random.default_rng(rng.randrange(2**30)).integers(0, 255, (60, 80, 3), dtype=np.uint8)
        picture = Image.fromarray(noise).resize((640, 480))
        pairs.append(Pair(_text(words(prompt_words)), _text(chosen), _text(rejected), picture))
    return pairs


def _text(ids: list[int]) -> str:
    return " ".join(f"w{i}" for i in ids)
