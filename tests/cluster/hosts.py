"""Hosts on one machine: network namespaces on a bridge, each with processes, mounts, a name and an sshd of its own.

Everything lives below this process, which `island.entered` has put into namespaces of its own: when it ends, however it
ends, the kernel takes hosts, bridge and mounts with it.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

NETWORK = "10.77.0"
GATEWAY = f"{NETWORK}.1"
SHARED = "/mnt/redraft"
HOME = "/mnt/home"
SHM_MIB = 512
BOOT_SECONDS = 30

_BOOT = """
set -e
mount --make-rprivate /
mount -t tmpfs -o size={shm}m tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mkdir -p /run/sshd
mount --bind {own}/tmp /tmp
mount -t tmpfs tmpfs /mnt
mkdir -p {shared_at} {home_at}
mount --bind {shared} {shared_at}
mount --bind {own}/home {home_at}
mount --bind {etc}/passwd /etc/passwd
mount --bind {etc}/hosts /etc/hosts
hostname {name}
exec /usr/sbin/sshd -D -e -f {etc}/sshd_config
"""

_SSHD = """
Port 22
HostKey {etc}/host_key
AuthorizedKeysFile {etc}/authorized_keys
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
PidFile none
MaxStartups 100
AcceptEnv LANG
"""


@dataclass
class Host:
    """One machine. ``own`` is its disk: /tmp and the home folder outlive a power cut."""

    name: str
    address: str
    own: Path
    etc: Path
    shared: Path
    process: subprocess.Popen[bytes] | None = None

    def boot(self) -> None:
        """Power on; returns when its sshd listens."""
        for folder in ("home", "tmp"):
            (self.own / folder).mkdir(parents=True, exist_ok=True)
        script = _BOOT.format(
            name=self.name, own=self.own, etc=self.etc, shared=self.shared, shm=SHM_MIB, shared_at=SHARED, home_at=HOME
        )
        line = ["ip", "netns", "exec", self.name, "unshare", "--pid", "--mount", "--uts", "--ipc", "--fork"]
        with (self.own / "console.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*line, "--kill-child", "--mount-proc", "bash", "-c", script], stdout=log, stderr=log
            )
        deadline = time.monotonic() + BOOT_SECONDS
        while self.call("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/22", check=False).returncode:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} did not boot: see {self.own / 'console.log'}")
            time.sleep(0.1)

    def power_off(self) -> None:
        """As if somebody pulled the plug: everything on it is gone at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def link(self, up: bool) -> None:
        """Plug the network cable in or pull it out."""
        subprocess.run(["ip", "link", "set", f"v-{self.name}", "up" if up else "down"], check=True)

    def route(self, to: Host, open: bool) -> None:
        """Let packets to another host through, or drop them on the way there."""
        verb = "del" if open else "add"
        self.call("ip", "route", verb, "blackhole", f"{to.address}/32")

    def call(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command on it, as root at its console."""
        return subprocess.run(self._inside(command), check=check, capture_output=True, text=True)

    def spawn(self, script: str, log: Path) -> subprocess.Popen[str]:
        """Start a shell script on it as somebody who has logged in; its output goes to ``log``."""
        login = f"export HOME={HOME}; cd; . ./.bashrc; exec {script}"
        with log.open("a") as out:
            return subprocess.Popen(self._inside(["bash", "-c", login]), stdout=out, stderr=out, text=True)

    def processes(self, *words: str) -> list[psutil.Process]:
        """What runs on it and has one of these words in its command line."""
        return [one for one in self._all() if any(word in command_line(one) for word in words)]

    def kill(self, *words: str) -> int:
        """SIGKILL to those; how many there were."""
        found = self.processes(*words)
        for one in found:
            one.send_signal(signal.SIGKILL)
        return len(found)

    def _all(self) -> Iterator[psutil.Process]:
        init = self._init()
        space = os.readlink(f"/proc/{init.pid}/ns/pid")
        for one in psutil.process_iter():
            try:
                if os.readlink(f"/proc/{one.pid}/ns/pid") == space:
                    yield one
            except OSError:
                continue

    def _init(self) -> psutil.Process:
        """The first process of the host, which is sshd."""
        if self.process is None:
            raise RuntimeError(f"{self.name} is off")
        while not (children := psutil.Process(self.process.pid).children()):
            time.sleep(0.05)
        return children[0]

    def _inside(self, command: Sequence[str]) -> list[str]:
        spaces = ["--net", "--mount", "--pid", "--uts", "--ipc"]
        return ["nsenter", "--target", str(self._init().pid), *spaces, "--", *command]


def command_line(process: psutil.Process) -> str:
    """How a process was started, or what it calls itself; nothing if it is gone."""
    try:
        return shlex.join(process.cmdline())
    except psutil.Error:
        return ""


@dataclass
class Network:
    """A bridge with hosts on it; this process sits on the bridge, too, as the laptop."""

    work: Path
    hosts: dict[str, Host] = field(default_factory=dict)

    def lay(self, names: Sequence[str]) -> None:
        """Make the bridge, the names of all hosts, and keys."""
        _ip("link", "set", "lo", "up")
        _ip("link", "add", "lan", "type", "bridge")
        _ip("addr", "add", f"{GATEWAY}/24", "dev", "lan")
        _ip("link", "set", "lan", "up")
        etc, shared = self.work / "etc", self.work / "shared"
        etc.mkdir()
        shared.mkdir()
        for key in ("host_key", "login"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", etc / key], check=True)
        (etc / "authorized_keys").write_text((etc / "login.pub").read_text())
        (etc / "sshd_config").write_text(_SSHD.format(etc=etc))
        (etc / "passwd").write_text(_passwd())
        for number, name in enumerate(names, start=10):
            address = f"{NETWORK}.{number}"
            self.hosts[name] = Host(name, address, self.work / "hosts" / name, etc, shared)
        lines = ["127.0.0.1 localhost", *(f"{host.address} {host.name}" for host in self.hosts.values())]
        (etc / "hosts").write_text("\n".join(lines) + "\n")
        for file in ("hosts", "passwd"):
            _mount("--bind", str(etc / file), f"/etc/{file}")
        for host in self.hosts.values():
            _plug_in(host)

    def boot(self) -> None:
        """Power on all hosts."""
        for host in self.hosts.values():
            host.boot()


def _plug_in(host: Host) -> None:
    """A network namespace with a cable to the bridge."""
    name, cable = host.name, f"v-{host.name}"
    _ip("netns", "add", name)
    _ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name)
    _ip("link", "set", cable, "master", "lan", "up")
    _ip("-n", name, "link", "set", "lo", "up")
    _ip("-n", name, "addr", "add", f"{host.address}/24", "dev", "eth0")
    _ip("-n", name, "link", "set", "eth0", "up")
    _ip("-n", name, "route", "add", "default", "via", GATEWAY)  # leads nowhere; Ray finds its own address by it


def _passwd() -> str:
    """This machine's users, with root at home in the host's own folder."""
    lines = []
    for line in Path("/etc/passwd").read_text().splitlines():
        fields = line.split(":")
        if fields[0] == "root":
            fields[5:7] = [HOME, "/bin/bash"]
        lines.append(":".join(fields))
    return "\n".join(lines) + "\n"


def settle(home: Path) -> None:
    """Give this process, the laptop, the same places as a host, but for the shared folder."""
    for folder in ("/tmp", "/run", "/mnt"):
        _mount("-t", "tmpfs", "tmpfs", folder)
    home.mkdir(parents=True, exist_ok=True)
    Path(HOME).mkdir()
    _mount("--bind", str(home), HOME)
    os.environ.update({"HOME": HOME, "OMP_NUM_THREADS": "1"})


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
