"""What happened, line by line with times, on the terminal and as a page."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Fault:
    """What was done to whom in which step, how long it was until all was well, and the answers that came meanwhile."""

    at: float
    during: str
    what: str
    recovered: float
    how: str
    answers: int


@dataclass
class Log:
    """Lines and faults since ``began``."""

    report: Path
    began: float = field(default_factory=time.monotonic)
    lines: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)

    def now(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began

    def say(self, text: str) -> None:
        """One line."""
        line = f"{self.now():6.0f} s  {text}"
        self.lines.append(line)
        print(line, flush=True)

    def struck(self, fault: Fault) -> None:
        """A fault that is over."""
        self.faults.append(fault)
        self.say(f"          over after {fault.recovered:.0f} s: {fault.how}; {fault.answers} answers came meanwhile")

    def fact(self, text: str) -> None:
        """A line that the page begins with."""
        self.facts.append(f"- {text}")
        self.say(text)

    def end(self, wrong: Sequence[str]) -> None:
        """Say how it ended, and write the page."""
        for sentence in wrong:
            self.say(f"WRONG: {sentence}")
        self.say("failed" if wrong else "passed")
        rows = [
            f"| {f.at:.0f} | {f.during} | {f.what} | {f.how} | {f.recovered:.0f} | {f.answers} |" for f in self.faults
        ]
        head = ["| s | during | what | until | s | answers meanwhile |", "|--:|---|---|---|--:|--:|"]
        page = [*head, *rows, "", *self.facts, ""]
        page += [f"WRONG: {sentence}" for sentence in wrong] or ["Nothing was lost or doubled."]
        self.report.write_text("\n".join([*page, "", "```", *self.lines, "```", ""]))
