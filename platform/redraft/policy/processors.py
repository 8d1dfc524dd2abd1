"""Processors by transformers' own classes, for pictures alone: no video, and so no torchvision."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redraft.errors import PolicyError


def load_processor(folder: Path) -> Any:
    """The processor of a checkpoint.

    Several families' processors also read videos, which needs torchvision. Without it they are loaded without that
    part, and pictures are read by PIL.

    Raises:
        PolicyError: if the processor needs a package that is not installed.
        OSError, ValueError, KeyError: as transformers raises them for folders that it cannot read.
    """
    from transformers import AutoConfig, AutoProcessor
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING
    from transformers.utils.import_utils import is_torchvision_available

    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    kind: Any = PROCESSOR_MAPPING.get(type(config), None)
    try:
        if kind is None or is_torchvision_available() or "video_processor" not in kind.get_attributes():
            return AutoProcessor.from_pretrained(folder, local_files_only=True)
        return _for_pictures(kind, folder)
    except ImportError as e:
        raise PolicyError(f"the processor in {folder} cannot be loaded: {' '.join(str(e).split())[:300]}") from e


def render_chat(processor: Any, messages: Sequence[dict[str, Any]], *, answer_follows: bool = False) -> str:
    """The conversation as the checkpoint's template writes it, with what introduces an answer if one follows."""
    return str(
        processor.tokenizer.apply_chat_template(
            list(messages),
            chat_template=processor.chat_template,
            tokenize=False,
            add_generation_prompt=answer_follows,
        )
    )


def _for_pictures(kind: type[Any], folder: Path) -> Any:
    from transformers import AutoImageProcessor, AutoTokenizer
    from transformers.processing_utils import ProcessorMixin

    class ForPictures(kind):  # type: ignore[misc]
        @classmethod
        def get_attributes(cls) -> list[str]:
            return [name for name in super().get_attributes() if name != "video_processor"]

    ForPictures.__name__ = ForPictures.__qualname__ = kind.__name__
    settings, _ = ProcessorMixin.get_processor_dict(folder, local_files_only=True)
    parts = [
        AutoImageProcessor.from_pretrained(folder, local_files_only=True),
        AutoTokenizer.from_pretrained(folder, local_files_only=True),
    ]
    return ForPictures.from_args_and_dict(parts, {"video_processor": None, **settings})
