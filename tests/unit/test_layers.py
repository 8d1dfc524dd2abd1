"""The import rules that keep the house in order."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "redraft": ROOT / "platform" / "redraft",
    "redraft_actors": ROOT / "actors" / "redraft_actors",
    "redraft_ui": ROOT / "ui" / "redraft_ui",
}
FORBIDDEN = {
    "redraft": {"ray", "deepspeed", "streamlit", "redraft_actors", "redraft_ui"},
    "redraft_actors": {"streamlit"},
    "redraft_ui": {"ray", "deepspeed", "redraft_actors"},
}
FILES = [(name, file) for name, folder in PACKAGES.items() for file in sorted(folder.rglob("*.py"))]


def imported(file: Path) -> set[str]:
    roots = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            roots.add(node.module.split(".")[0])
    return roots


@pytest.mark.parametrize(("package", "file"), FILES, ids=lambda x: x.name if isinstance(x, Path) else x)
def test_no_module_imports_a_higher_layer(package: str, file: Path) -> None:
    assert not imported(file) & FORBIDDEN[package]


@pytest.mark.parametrize("folder", ["platform", "actors", "ui"])
def test_source_roots_are_no_packages(folder: str) -> None:
    """With platform/__init__.py, `import platform` finds our folder and torch and Ray break."""
    assert not (ROOT / folder / "__init__.py").exists()


def test_the_standard_platform_module_wins_from_the_repository_root() -> None:
    code = "import platform; assert platform.python_version()"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    "module", ["config", "store", "rounds", "world", "routing", "report", "plan", "sources", "engines.opening"]
)
def test_light_modules_import_without_torch(module: str) -> None:
    code = f"import sys, redraft.{module}; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert not [f for _, f in FILES if f.stem in {"utils", "helpers", "common", "misc"}]


def test_help_loads_neither_torch_nor_ray() -> None:
    code = "import sys, redraft_actors.cli; print([m for m in ('torch', 'ray', 'transformers') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
