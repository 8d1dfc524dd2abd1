"""What the model assumes. None of this was measured here; change a number and print the tables again."""

from __future__ import annotations

from pydantic import Field

from redraft.plan import MFU
from redraft.records import Record
from redraft.routing import Effort

SETUPS = tuple((people, gpus) for people in (1, 10, 1000) for gpus in (1, 8, 64))
"""Annotators and GPUs that the tables show."""


class Assumptions(Record):
    """People, texts, machines and prices."""

    active_hours: float = Field(4.0, description="active hours of an annotator a day")
    busiest: float = Field(3.0, description="the busiest hour of the day against the mean of 24")
    words: float = Field(65.0, description="words of a response")
    tokens: float = Field(86.0, description="tokens of a response, as in RLHF-V")
    segments: float = Field(2.65, description="wrong segments of a wrong response, as in RLHF-V")
    wrong: float = Field(0.6, description="share of tasks that become a correction")
    drafts: float = Field(6.0, description="drafts that the editor keeps a task")
    rounds: float = Field(4.0, description="rounds a day at most")
    pairs: float = Field(300.0, description="corrections a round at least")
    passes: float = Field(7.0, description="times that training sees a correction")
    mfu: float = Field(MFU, description="share of a GPU's peak that training and reading prompts reach")
    token_ms: float = Field(35.0, description="ms for one more token of every answer of a batch, drawn by transformers")
    start_s: float = Field(300.0, description="seconds before a step on GPUs computes: processes, weights")
    disk_gib_s: float = Field(0.5, description="GiB a second that the shared folder takes")
    disk_tib: float = Field(10.0, description="TiB of the shared folder")
    picture_kb: float = Field(200.0, description="kB of a photograph")
    gpu_hour: float = Field(4.0, description="USD an hour of a GPU, paid while a step holds it")
    annotator_hour: float = Field(18.0, description="USD an active hour of an annotator")
    disk_gb_month: float = Field(0.3, description="USD a GB and month of the shared folder")
    always_day: float = Field(25.0, description="USD a day for head and database")

    @property
    def task_seconds(self) -> float:
        """Active seconds of a task, by routing's own guess."""
        return 60 * Effort().minutes(round(self.words), self.segments * self.wrong)
