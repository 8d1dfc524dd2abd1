"""The config tree: what it accepts, what it refuses, and what it says then."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import yaml

from redraft.config import OBJECTIVE_PRESETS, Config, ObjectiveConfig, ServeConfig, load_config, parse_config
from redraft.errors import ConfigError

ROOT = Path(__file__).parents[2]


def write(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda p: p.name)
def test_every_shipped_config_is_valid(path: Path) -> None:
    assert load_config(path).name == path.stem


def test_the_resolved_tree_loads_as_itself(tmp_path: Path) -> None:
    config = load_config(ROOT / "configs" / "photos.yaml", {"train.objective.preset": "released"})
    assert load_config(write(tmp_path, config.to_yaml())) == config


def test_overrides_are_yaml_values(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, "seed: 1"), {"train.steps": "7", "serve.enabled": "false", "name": "x"})
    assert (config.seed, config.train.steps, config.serve.enabled, config.name) == (1, 7, False, "x")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("trian: {}", "unknown key trian; did you mean train?"),
        ("train: {learning_rat: 1}", "unknown key train.learning_rat; did you mean train.learning_rate?"),
        ("train: {objective: {gama: 2}}", "did you mean train.objective.gamma?"),
        ("train: {steps: many}", "train.steps"),
        ("serve: {canary_minutes: 5, canary_share: 0}", "set serve.canary_share above 0 and below 1"),
        ("serve: {accelerator_type: A100}", "set serve.gpus too"),
        ("train: {batch_size: 3}", "must be a multiple of train.workers 2"),
        ("storage: {database: 'postgresql://me:pw@host/x'}", "holds a password"),
        ("storage: {database: 'postgresql://host/x?sslpassword=pw'}", "let PGPASSWORD or ~/.pgpass bring it"),
        ("images: {source: folder}", "needs a path"),
        ("images: {path: x}", "takes no path"),
        ("images: {source: folder, path: x}", "set annotate.by=human"),
        ("train: {objective: {preset: papr}}", "train.objective.preset"),
        ("- 1", "must hold a mapping"),
        ("a: [", "not valid YAML"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_key(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=r"\S") as caught:
        load_config(write(tmp_path, text))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_where_to_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="configs/"):
        load_config(tmp_path / "none.yaml")


def test_presets_fill_fields_and_yield_to_them() -> None:
    assert ObjectiveConfig(preset="released").gamma == 1.1
    assert ObjectiveConfig.model_validate({"preset": "released", "gamma": 3}).gamma == 3
    assert not ObjectiveConfig(preset="released").normalise
    assert ObjectiveConfig() == ObjectiveConfig.model_validate(OBJECTIVE_PRESETS["recommended"])


def test_the_hash_follows_every_value() -> None:
    base = Config()
    changed = parse_config(yaml.safe_load(base.to_yaml()) | {"seed": 1}, "test")
    assert base.hash() == Config().hash() != changed.hash()
    tried = base.model_copy(update={"serve": ServeConfig(gpus=1, canary_minutes=2)})
    kind = base.model_copy(update={"serve": ServeConfig(gpus=1, accelerator_type="A100")})
    both = base.model_copy(update={"serve": ServeConfig(gpus=1, accelerator_type="A100", canary_minutes=2)})
    neither = base.model_copy(update={"serve": ServeConfig(gpus=1)})
    assert len({config.hash() for config in (base, tried, kind, both, neither)}) == 5


def test_a_knob_that_came_later_leaves_the_ids_of_older_runs_alone() -> None:
    known = Config().model_dump_json()
    for later in ('"accelerator_type":null,"open_on_loopback"', ',"canary_minutes":0.0'):
        assert known.count(later) == 1
        known = known.replace(later, later.removeprefix('"accelerator_type":null,') if "open" in later else "")
    assert Config().hash() == hashlib.sha256(known.encode()).hexdigest()[:12]
