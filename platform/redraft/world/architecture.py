"""The tiny policy's parts: tokenizer, processor and an untrained LLaVA of 1.7 million parameters, in native classes.

A prompt ends in ``ASSISTANT:`` and a response begins with a space, so the tokens of a response are those of
``" " + text``: the byte-level pre-tokenizer never joins a space to the word before it, hence the tokens of
``prompt + " " + text`` are the prompt's followed by the response's, and a generated text is its decoding less the
leading space. A response ends with ``</s>``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from redraft.records import Split
from redraft.world.language import DESCRIBE, true_description
from redraft.world.painting import IMAGE_SIZE
from redraft.world.questions import question_for, true_answer
from redraft.world.scene import scene_at
from redraft.world.vocabulary import COLOURS, COUNT_WORDS, OBJECTS, plural

PATCH_SIZE = 20
GRID = IMAGE_SIZE // PATCH_SIZE
IMAGE_TOKENS = GRID * GRID
WIDTH = 128
VISION_LAYERS = 4
LANGUAGE_LAYERS = 3
HEADS = 4
VOCABULARY_SIZE = 1024
IMAGE_TOKEN = "<image>"

_CORPUS_SCENES = 6000
_NOUN_REPEATS = 300
_CHAT_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] | upper }}: "
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>\n{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}"
    "{% if message['role'] == 'assistant' %}</s>{% else %} {% endif %}"
    "{% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)


def build_tokenizer(seed: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer trained on the world's own texts; every object, count and colour is one token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=["<pad>", "<s>", "</s>", "<unk>", IMAGE_TOKEN],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(seed), trainer)
    make: Callable[..., PreTrainedTokenizerFast] = PreTrainedTokenizerFast
    return make(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        padding_side="left",
        extra_special_tokens={"image_token": IMAGE_TOKEN},
    )


def build_processor(tokenizer: PreTrainedTokenizerFast) -> LlavaProcessor:
    """The processor: pictures are brought to 120 x 120 and scaled to [-1, 1]."""
    size = {"height": IMAGE_SIZE, "width": IMAGE_SIZE}
    images = CLIPImageProcessorPil(
        size=size, crop_size=size, do_center_crop=False, image_mean=[0.5] * 3, image_std=[0.5] * 3
    )
    make: Callable[..., LlavaProcessor] = LlavaProcessor
    return make(
        image_processor=images,
        tokenizer=tokenizer,
        patch_size=PATCH_SIZE,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        image_token=IMAGE_TOKEN,
        chat_template=_CHAT_TEMPLATE,
    )


def build_model(tokenizer: PreTrainedTokenizerFast) -> LlavaForConditionalGeneration:
    """An untrained policy; seed torch before."""
    vision = CLIPVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=WIDTH * 4,
        num_hidden_layers=VISION_LAYERS,
        num_attention_heads=HEADS,
        image_size=IMAGE_SIZE,
        patch_size=PATCH_SIZE,
        hidden_act="gelu",
        projection_dim=WIDTH,
    )
    language = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=WIDTH * 3,
        num_hidden_layers=LANGUAGE_LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    config = LlavaConfig(
        vision_config=vision,
        text_config=language,
        image_token_index=tokenizer.get_vocab()[IMAGE_TOKEN],
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        image_seq_length=IMAGE_TOKENS,
        projector_hidden_act="gelu",
        tie_word_embeddings=True,
    )
    return LlavaForConditionalGeneration(config)


def chat(prompt: str) -> list[dict[str, Any]]:
    """A prompt about one picture, as the messages that a chat template takes."""
    return [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": prompt}]}]


def _corpus(seed: int) -> list[str]:
    texts = []
    for index in range(_CORPUS_SCENES):
        scene = scene_at(seed, Split.POOL, index)
        question = question_for(scene, index)
        texts.append(f"USER: \n{DESCRIBE} ASSISTANT: {true_description(scene)}")
        texts.append(f"USER: \n{question} ASSISTANT: {true_answer(scene, question)}")
    colours = {colour for options in COLOURS.values() for colour in options}
    words = [*OBJECTS, *map(plural, OBJECTS), *COUNT_WORDS, "one", *sorted(colours)]
    return texts + [f" {word}" for word in words for _ in range(_NOUN_REPEATS)]
