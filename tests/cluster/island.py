"""A place apart on this machine: namespaces, a copy of the code, and an environment that runs it.

Whatever is started there can neither see nor touch anything else that runs here, and ends with the first process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from ..contract.s3_server import PROGRAMS as S3_PROGRAMS

ROOT = Path(__file__).parents[2]
SOURCES = ("platform", "actors", "ui")
PROGRAMS = ("ip", "unshare", "nsenter", "/usr/sbin/sshd", "ssh", "ssh-keygen", "rsync")
PACKAGES = "iproute2 util-linux openssh-server openssh-client rsync postgresql radosgw ceph-mon ceph-osd"
HIDDEN = ("/tmp", "/mnt", "/run")
"""Every host has its own, so that nothing it needs may lie there."""

SCRIPTS = {"ray": "ray.scripts.scripts", "redraft": "redraft_actors.cli"}


def why_not_here() -> str | None:
    """What this machine lacks, in a sentence."""
    if os.geteuid() != 0:
        return "network namespaces need root: run it as root"
    missing = [program for program in (*PROGRAMS, *S3_PROGRAMS) if shutil.which(program) is None]
    if not any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        missing.append("initdb of PostgreSQL")
    if missing:
        return f"{', '.join(missing)} not found: apt-get install {PACKAGES}"
    for path in (Path(sysconfig.get_path("purelib")), Path(sys.base_prefix)):
        if any(path.resolve().is_relative_to(hidden) for hidden in HIDDEN):
            return f"hosts cannot see {path}: keep the virtual environment and Python out of {', '.join(HIDDEN)}"
    return None


def make_environment(work: Path) -> Path:
    """A copy of the code as it is now, and a Python that runs it with the packages of this one; that Python."""
    for name in SOURCES:
        shutil.copytree(ROOT / name, work / "code" / name, ignore=shutil.ignore_patterns("__pycache__"))
    venv = work / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = venv / "bin" / "python"
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())
    paths = [*(str(work / "code" / name) for name in SOURCES), sysconfig.get_path("purelib")]
    (packages / "redraft.pth").write_text("\n".join(paths) + "\n")
    for name, module in SCRIPTS.items():
        script = venv / "bin" / name
        script.write_text(f"#!{python}\nfrom {module} import main\n\nmain()\n")
        script.chmod(0o755)
    return python


def enter(python: Path, *arguments: str) -> int:
    """Run a module of this repository with its own network, processes and mounts; its exit code."""
    variables = os.environ | {"PATH": f"{python.parent}:{os.environ['PATH']}"}
    apart = ["unshare", "--net", "--mount", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc"]
    return subprocess.run([*apart, str(python), "-m", *arguments], cwd=ROOT, env=variables, check=False).returncode
