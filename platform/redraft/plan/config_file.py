"""Reading numbers out of a checkpoint's ``config.json``, with errors that name the file and the key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from redraft.errors import PolicyError


class ConfigFile:
    """One mapping of a ``config.json``: the whole, or a section of it."""

    def __init__(self, file: Path, values: dict[str, Any], prefix: str = "") -> None:
        self.file = file
        self._values = values
        self._prefix = prefix

    @classmethod
    def read(cls, folder: Path) -> ConfigFile:
        """The ``config.json`` of ``folder``.

        Raises:
            PolicyError: if it is missing, unreadable, or no mapping.
        """
        file = folder / "config.json"
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as e:
            raise PolicyError(f"cannot read {file}: {e}; give a Hugging Face checkpoint folder") from e
        if not isinstance(values, dict):
            raise PolicyError(f"{file} must hold a mapping, not a {type(values).__name__}")
        return cls(file, values)

    def __contains__(self, key: str) -> bool:
        return self._values.get(key) is not None

    def section(self, key: str) -> ConfigFile:
        """The mapping under ``key``."""
        values = self._values.get(key)
        if not isinstance(values, dict):
            raise PolicyError(f"{self.file} has no section {self._prefix}{key}, so its model's shape is unknown")
        return ConfigFile(self.file, values, f"{self._prefix}{key}.")

    def integer(self, key: str, default: int | None = None) -> int:
        """A whole number above zero; of a list, as sizes of pictures may be, its last."""
        value = self._values.get(key)
        value = value[-1] if isinstance(value, list) and value else value
        value = default if value is None else value
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise PolicyError(f"{self.file}: {self._prefix}{key} must be a whole number above zero, not {value!r}")
        return value

    def optional_integer(self, key: str, default: int | None) -> int | None:
        """A whole number above zero, or None where the file says null."""
        if key in self._values and self._values[key] is None:
            return None
        return default if default is None and key not in self else self.integer(key, default)

    def number(self, key: str, default: float) -> float:
        """A number above zero."""
        value = self._values.get(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
            raise PolicyError(f"{self.file}: {self._prefix}{key} must be a number above zero, not {value!r}")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        """True or false."""
        value = self._values.get(key)
        value = default if value is None else value
        if not isinstance(value, bool):
            raise PolicyError(f"{self.file}: {self._prefix}{key} must be true or false, not {value!r}")
        return value

    def text(self, key: str, default: str) -> str:
        """A string."""
        value = self._values.get(key)
        value = default if value is None else value
        if not isinstance(value, str):
            raise PolicyError(f"{self.file}: {self._prefix}{key} must be a string, not {value!r}")
        return value

    def count(self, key: str, default: int) -> int:
        """How many entries the list under ``key`` has; a single value counts as one."""
        value = self._values.get(key)
        if value is None:
            return default
        return len(value) if isinstance(value, list) else 1
