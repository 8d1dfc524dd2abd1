"""Reads a study from YAML."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from redraft.config.loading import explain, override, overrides_of, read_tree
from redraft.errors import ConfigError
from redraft.scaling.design import StudyConfig


def load_study(path: Path, sets: Sequence[str] = ()) -> StudyConfig:
    """Read a study, apply ``a.b=c`` overrides (values are YAML), and check the whole.

    Raises:
        ConfigError: naming the key that is wrong.
    """
    tree = read_tree(path)
    override(tree, overrides_of(sets))
    try:
        return StudyConfig.model_validate(tree)
    except ValidationError as e:
        raise ConfigError(f"{path}: " + "; ".join(explain(error, StudyConfig) for error in e.errors())) from e
