"""Which code made a result."""

from __future__ import annotations

import subprocess
from pathlib import Path

from redraft import __version__


def code_version() -> str:
    """The package version, with the commit (and ``+changes``) when it runs from a checkout."""
    here = Path(__file__).resolve().parent

    def git(*args: str) -> str | None:
        try:
            done = subprocess.run(["git", "-C", str(here), *args], capture_output=True, text=True, timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    if not git("ls-files", "--error-unmatch", str(Path(__file__).resolve())):
        return __version__
    commit = git("rev-parse", "--short=12", "HEAD")
    changed = git("status", "--porcelain", "--untracked-files=no")
    return f"{__version__}+g{commit}{'+changes' if changed else ''}"
