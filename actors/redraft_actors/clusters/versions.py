"""Python, Ray and torch: the same everywhere in a file, and those that this release was tested with."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from redraft_actors.clusters.document import ClusterFile
from redraft_actors.clusters.finding import Finding, error, warning

_RAY = re.compile(
    r"\bray(?:\[[^\]]*\])?==([0-9][0-9.]*[0-9])|\brayproject/ray:([0-9.]+[0-9])|\bray([0-9]+\.[0-9]+\.[0-9]+)\b"
)
_TORCH = re.compile(r"\btorch==([0-9][0-9.]*[0-9])|\btorch([0-9]+\.[0-9]+\.[0-9]+)\b")
_PYTHON = re.compile(r"--python[= ](3\.[0-9.]*[0-9])\b|\bpython=?=(3\.[0-9.]*[0-9])\b|\bpy(3\.[0-9.]*[0-9])\b")
_WHEEL = re.compile(r"\bredraft-([0-9][0-9a-z.]*)-py3-none-any\.whl|/redraft:([0-9]+\.[0-9]+\.[0-9]+)")
_INSTALL = re.compile(r"\bpip[0-9.]* install\b.*redraft")
_CONSTRAINED = re.compile(r"(--constraint|-c)[= ]\S*constraints\.txt")


def version_findings(file: ClusterFile) -> Iterator[Finding]:
    """Every version that the file names, against constraints.txt and against each other."""
    pinned = pins(file)
    python: dict[str, str] = {}
    for where, key, text in file.texts():
        named = {"ray": _found(_RAY, text), "torch": _found(_TORCH, text), "redraft": _found(_WHEEL, text)}
        if key == "rayVersion":
            named["ray"] = [text]
        for name, versions in named.items():
            for found in versions:
                if found != pinned[name]:
                    yield error(
                        where, f"{name} {found} is named here, and this release goes with {pinned[name]}: write that"
                    )
        for found in _found(_PYTHON, text):
            python.setdefault(found, where)
    if not python:
        yield error(
            "", "no version of Python is pinned: give uv venv --python 3.11.x, or an image with py3.11.x in its tag"
        )
    for found, where in list(python.items())[1:]:
        yield error(where, f"Python {found} here and {next(iter(python))} elsewhere: Ray wants one, so write the same")
    yield from _unpinned(file)


def pins(file: ClusterFile) -> dict[str, str]:
    """Versions of ray and torch by the constraints.txt that the file mounts or that lies here, or else as installed."""
    found = {name: version(name).split("+")[0] for name in ("ray", "torch", "redraft")}
    constraints = _constraints(file)
    if constraints is not None:
        for line in constraints.read_text(encoding="utf-8").splitlines():
            name, sign, number = line.partition("==")
            if sign and name in ("ray", "torch"):
                found[name] = number.strip()
    return found


def _constraints(file: ClusterFile) -> Path | None:
    mounts = file.at("file_mounts", default={}) or {}
    named = [str(local) for remote, local in mounts.items() if str(remote).endswith("constraints.txt")]
    return next((path for path in map(Path, [*named, "constraints.txt"]) if path.is_file()), None)


def _unpinned(file: ClusterFile) -> Iterator[Finding]:
    installs = [(where, text) for where, _, text in file.texts() if _INSTALL.search(" ".join(text.split()))]
    for where, text in installs:
        if not _CONSTRAINED.search(text):
            yield error(where, "this installs whatever is newest: add --constraint constraints.txt")
        if re.search(r"(-e|--editable)[= ]|install \.", text):
            yield error(where, "this installs a folder: install the wheel that uv build --wheel makes")
    if file.kind != "kubernetes":
        if not installs:
            yield error("setup_commands", "nothing installs redraft: add pip install of the wheel with --constraint")
        for remote, local in (file.at("file_mounts", default={}) or {}).items():
            if str(remote).endswith((".whl", "constraints.txt")) and not Path(str(local)).expanduser().exists():
                made = "make it with `uv build --wheel`" if str(local).endswith(".whl") else "start from the repository"
                yield warning(f"file_mounts.{remote}", f"{local} is not here, and ray up needs it: {made}")


def _found(pattern: re.Pattern[str], text: str) -> list[str]:
    return [next(group for group in match.groups() if group) for match in pattern.finditer(text)]
