"""The tiny base policy that ships with the package."""

from __future__ import annotations

from pathlib import Path

from redraft.errors import PolicyError

_FOLDER = Path(__file__).parent / "assets" / "policy"


def builtin_policy() -> Path:
    """The folder of the shipped base policy, a Hugging Face checkpoint.

    Raises:
        PolicyError: if the package was installed without it.
    """
    if not (_FOLDER / "model.safetensors").is_file():
        raise PolicyError(
            f"the built-in policy is missing from {_FOLDER}: reinstall redraft, or rebuild it with "
            "`redraft world train-base OUT` and copy OUT/base there"
        )
    return _FOLDER
