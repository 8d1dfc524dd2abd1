"""From YAML and overrides to a checked tree, and from its errors to sentences."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from redraft.config.tree import Config
from redraft.errors import ConfigError


def load_config(path: Path, overrides: dict[str, str] | None = None) -> Config:
    """Read a YAML file, apply ``a.b=c`` overrides (values are YAML), and check the whole.

    Raises:
        ConfigError: with one sentence a problem, naming the key and, for an unknown one, the nearest valid key.
    """
    tree = read_tree(path)
    override(tree, overrides or {})
    return parse_config(tree, str(path))


def read_tree(path: Path) -> dict[str, Any]:
    """A YAML file's mapping of sections, as plain values.

    Raises:
        ConfigError: if it cannot be read, or holds something else.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigError(f"cannot read config {path}: {e}. Start from one of the files in configs/.") from e
    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError as e:
        raise ConfigError(f"{path} is not valid YAML: {' '.join(str(e).split())}") from e
    if tree is None:
        tree = {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{path} must hold a mapping of sections, not a {type(tree).__name__}")
    return tree


def override(tree: dict[str, Any], overrides: dict[str, str]) -> None:
    """Set ``a.b=c`` values, written in YAML, in a tree of plain values.

    Raises:
        ConfigError: if a key goes through a value, or a value is no YAML.
    """
    for key, value in overrides.items():
        _override(tree, key, value)


def parse_config(tree: dict[str, Any], where: str) -> Config:
    """Check a tree of plain values; ``where`` names it in errors."""
    try:
        return Config.model_validate(tree)
    except ValidationError as e:
        raise ConfigError(f"{where}: " + "; ".join(explain(error, Config) for error in e.errors())) from e


def overrides_of(sets: Sequence[str]) -> dict[str, str]:
    """``a.b=c`` arguments of a command as keys and values.

    Raises:
        ConfigError: one of them has no key or no sign.
    """
    overrides: dict[str, str] = {}
    for item in sets:
        key, sign, value = item.partition("=")
        if not sign or not key:
            raise ConfigError(f"--set {item}: write it as section.key=value")
        overrides[key] = value
    return overrides


def _override(tree: dict[str, Any], key: str, value: str) -> None:
    *parents, leaf = key.split(".")
    node = tree
    for parent in parents:
        child = node.setdefault(parent, {})
        if not isinstance(child, dict):
            raise ConfigError(f"--set {key}: {parent} is a value, not a section")
        node = child
    try:
        node[leaf] = yaml.safe_load(value)
    except yaml.YAMLError as e:
        raise ConfigError(f"--set {key}: {value!r} is not a valid YAML value") from e


def explain(error: Any, root: type[BaseModel]) -> str:
    """One of pydantic's errors about a tree of ``root`` as a sentence; an unknown key comes with the nearest valid."""
    path = [str(part) for part in error["loc"]]
    dotted = ".".join(path)
    if error["type"] != "extra_forbidden":
        message = str(error["msg"]).removeprefix("Value error, ")
        return f"{dotted}: {message}" if dotted else message
    section = _section(path[:-1], root)
    names = list(section.model_fields) if section else []
    near = difflib.get_close_matches(path[-1], names, n=1, cutoff=0.0)
    prefix = ".".join(path[:-1])
    hint = f"; did you mean {prefix + '.' if prefix else ''}{near[0]}?" if near else ""
    return f"unknown key {dotted}{hint}"


def _section(path: list[str], root: type[BaseModel]) -> type[BaseModel] | None:
    """The section at a path; the keys of a mapping of sections are anybody's."""
    model, parts = root, iter(path)
    for part in parts:
        field = model.model_fields.get(part)
        annotation = field.annotation if field else None
        if get_origin(annotation) is dict:
            next(parts, None)
            annotation = get_args(annotation)[1]
        child = _model_in(annotation)
        if child is None:
            return None
        model = child
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    options = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return next((o for o in options if isinstance(o, type) and issubclass(o, BaseModel)), None)
