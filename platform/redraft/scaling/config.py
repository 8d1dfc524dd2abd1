"""Reads a study from YAML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from redraft.config.loading import explain, override, overrides_of, read_tree
from redraft.config.section import Section
from redraft.errors import ConfigError
from redraft.scaling.design import StudyConfig

S = TypeVar("S", bound=Section)


def load_study(path: Path, sets: Sequence[str] = ()) -> StudyConfig:
    """Read a scaling study; see ``load_section``."""
    return load_section(StudyConfig, path, sets)


def load_section(kind: type[S], path: Path, sets: Sequence[str] = ()) -> S:
    """Read a tree of some kind, apply ``a.b=c`` overrides (values are YAML), and check the whole.

    Raises:
        ConfigError: naming the key that is wrong.
    """
    tree = read_tree(path)
    override(tree, overrides_of(sets))
    try:
        return kind.model_validate(tree)
    except ValidationError as e:
        raise ConfigError(f"{path}: " + "; ".join(explain(error, kind) for error in e.errors())) from e
