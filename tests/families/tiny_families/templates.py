"""How each family talks: its special tokens and a chat template in the style of its published checkpoints."""

from __future__ import annotations

from dataclasses import dataclass, field

LLAVA_TEMPLATE = (
    "{% for message in messages %}{{ message['role'].upper() + ': ' }}"
    "{% for part in message['content'] if part['type'] == 'image' %}{{ '<image>\\n' }}{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] + ' ' }}{% endfor %}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
LLAVA_NEXT_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'user' %}{{ '[INST] ' }}"
    "{% for part in message['content'] if part['type'] == 'image' %}{{ '<image>\\n' }}{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ part['text'] }}{% endfor %}{{ ' [/INST]' }}"
    "{% else %}{{ ' ' + message['content'][0]['text'] + '</s> ' }}{% endif %}{% endfor %}"
)
LLAVA_ONEVISION_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + ' ' }}"
    "{% for part in message['content'] if part['type'] == 'image' %}{{ '<image>' }}{% endfor %}"
    "{% for part in message['content'] if part['type'] == 'text' %}{{ '\\n' + part['text'] }}{% endfor %}"
    "{{ '<|im_end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
_QWEN_BODY = (
    "{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}"
    "{{ '<|vision_start|><|image_pad|><|vision_end|>' }}{% else %}{{ part['text'] }}{% endif %}{% endfor %}"
    "{{ '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
QWEN2_TEMPLATE = (
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
    "{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}" + _QWEN_BODY
)
QWEN3_TEMPLATE = "{% for message in messages %}" + _QWEN_BODY
_IDEFICS_BODY = (
    "{% for message in messages %}{{ message['role'].capitalize() }}"
    "{{ ':' if message['content'][0]['type'] == 'image' else ': ' }}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}{{ '<image>' }}"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}{{ '<end_of_utterance>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
IDEFICS3_TEMPLATE = "{{ '<|begin_of_text|>' }}" + _IDEFICS_BODY
SMOLVLM_TEMPLATE = "{{ '<|im_start|>' }}" + _IDEFICS_BODY
INTERNVL_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}{{ '<IMG_CONTEXT>\\n' }}"
    "{% else %}{{ part['text'] }}{% endif %}{% endfor %}{{ '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
GEMMA3_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\\n' }}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}{{ '<start_of_image>' }}"
    "{% else %}{{ part['text'] | trim }}{% endif %}{% endfor %}{{ '<end_of_turn>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}"
)
PALIGEMMA_TEMPLATE = (  # nobody published one; the processor puts <bos> behind the image and a line end behind all
    "{% for message in messages %}{% for part in message['content'] %}{% if part['type'] == 'image' %}"
    "{{ '<image>' }}{% else %}{{ part['text'] }}{% endif %}{% endfor %}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{% endfor %}"
)


@dataclass(frozen=True)
class Speech:
    """A family's tokens and template.

    ``named`` are the special tokens that processors ask the tokenizer for by attribute; ``others`` are special and
    have no name; ``starts_with_bos`` says that the tokenizer itself puts ``bos`` before every text; ``also_ends`` are
    tokens besides ``eos`` at which generation stops.
    """

    template: str
    pad: str
    bos: str
    eos: str
    named: dict[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    starts_with_bos: bool = False
    also_ends: tuple[str, ...] = ()


_IMAGE = {"image_token": "<image>"}
_QWEN = {
    "image_token": "<|image_pad|>",
    "video_token": "<|video_pad|>",
    "vision_start_token": "<|vision_start|>",
    "vision_end_token": "<|vision_end|>",
}
_TILES = tuple(f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7))
_IDEFICS = {
    "image_token": "<image>",
    "fake_image_token": "<fake_token_around_image>",
    "global_image_token": "<global-img>",
    "end_of_utterance_token": "<end_of_utterance>",
}
_INTERNVL = {
    "start_image_token": "<img>",
    "end_image_token": "</img>",
    "context_image_token": "<IMG_CONTEXT>",
    "video_token": "<video>",
}
_LOCATIONS = (*(f"<loc{i:0>4}>" for i in range(1024)), *(f"<seg{i:0>3}>" for i in range(128)))


def _chatml(template: str, named: dict[str, str], also_ends: tuple[str, ...] = ()) -> Speech:
    end = "<|endoftext|>"
    return Speech(template, end, end, "<|im_end|>", named, ("<|im_start|>",), also_ends=also_ends)


SPEECH: dict[str, Speech] = {
    "llava": Speech(LLAVA_TEMPLATE, "<pad>", "<s>", "</s>", _IMAGE, starts_with_bos=True),
    "llava_next": Speech(LLAVA_NEXT_TEMPLATE, "<pad>", "<s>", "</s>", _IMAGE, starts_with_bos=True),
    "llava_onevision": _chatml(LLAVA_ONEVISION_TEMPLATE, {"image_token": "<image>", "video_token": "<video>"}),
    "qwen2_vl": _chatml(QWEN2_TEMPLATE, _QWEN, ("<|endoftext|>",)),
    "qwen2_5_vl": _chatml(QWEN2_TEMPLATE, _QWEN, ("<|endoftext|>",)),
    "qwen3_vl": _chatml(QWEN3_TEMPLATE, _QWEN, ("<|endoftext|>",)),
    "idefics3": Speech(
        IDEFICS3_TEMPLATE,
        "<|reserved_special_token_0|>",
        "<|begin_of_text|>",
        "<|end_of_text|>",
        _IDEFICS,
        _TILES,
        starts_with_bos=True,
        also_ends=("<end_of_utterance>",),
    ),
    "smolvlm": Speech(SMOLVLM_TEMPLATE, "<|im_end|>", "<|im_start|>", "<end_of_utterance>", _IDEFICS, _TILES),
    "internvl": _chatml(INTERNVL_TEMPLATE, _INTERNVL),
    "gemma3": Speech(
        GEMMA3_TEMPLATE,
        "<pad>",
        "<bos>",
        "<eos>",
        {"boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>"},
        ("<start_of_turn>", "<end_of_turn>"),
        starts_with_bos=True,
        also_ends=("<end_of_turn>",),
    ),
    "paligemma": Speech(PALIGEMMA_TEMPLATE, "<pad>", "<bos>", "<eos>", _IMAGE, _LOCATIONS),
}
