"""The tiny policies that ship with the package.

tiny    the default: a truthful policy that a careless writer's texts have spoilt
second  another of the kind, from nothing with other seeds
deep    one that has never read a truthful text
"""

from __future__ import annotations

from pathlib import Path

from redraft.errors import PolicyError

NAMES = ("tiny", "second", "deep")
_ASSETS = Path(__file__).parent / "assets"


def builtin_policy(name: str = "tiny") -> Path:
    """The folder of a shipped policy, a Hugging Face checkpoint.

    Raises:
        PolicyError: there is none of that name, or the package was installed without it.
    """
    if name not in NAMES:
        raise PolicyError(f"builtin:{name} is no built-in policy: there are builtin:{', builtin:'.join(NAMES)}")
    folder = _ASSETS / f"policy-{name}"
    if not (folder / "model.safetensors").is_file():
        raise PolicyError(
            f"the built-in policy is missing from {folder}: reinstall redraft, or rebuild it with "
            "`redraft world train-base OUT` and copy OUT/base there"
        )
    return folder
