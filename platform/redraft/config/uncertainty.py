"""How doubt is measured, and when corrections are enough to learn it from."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from redraft.config.section import Section


class ClaimJudgeConfig(Section):
    """An OpenAI-compatible server that finds claims. The secret is no part of it: ``key_env`` says where it is."""

    url: str = Field(description="up to and including the version, as http://host:8000/v1")
    model: str = Field(min_length=1, description="name of the model on the server")
    key_env: str | None = Field(
        None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="environment variable with the key; unset: no key"
    )
    cache: Path = Field(
        Path("~/.cache/redraft/claims.sqlite"), description="file of answers, so that no text is asked about twice"
    )


class UncertaintyConfig(Section):
    """What orders a round's responses: a probe over signals, or one signal while there is no probe."""

    claims: Literal["lexical", "judge"] = Field("lexical", description="what finds the claims of a response")
    judge: ClaimJudgeConfig | None = Field(None, description="the server, for claims: judge")
    image_ablation: bool = Field(
        False, description="also score each routed response after a blank image: one forward pass an image more"
    )
    signal: Literal["auto", "mixture", "nll", "phrase_nll", "entropy", "ablation", "disagreement", "length"] = Field(
        "auto", description="what orders without a probe; auto: mixture, then the best by AUROC on what is labelled"
    )
    choose_from: int = Field(30, ge=2, description="labelled responses from which auto chooses")
    probe_from: int = Field(100, ge=10, description="labelled responses from which a probe is fitted")
    platt_from: int = Field(40, ge=10, description="random-arm responses from which Platt scaling calibrates")
    isotonic_from: int = Field(150, ge=20, description="random-arm responses from which isotonic regression does")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.claims == "judge") != (self.judge is not None):
            need = "needs a server: set uncertainty.judge" if self.judge is None else "asks no server: drop its judge"
            raise ValueError(f"uncertainty.claims {self.claims} {need}")
        if self.signal == "ablation" and not self.image_ablation:
            raise ValueError("uncertainty.signal ablation is not measured: set uncertainty.image_ablation too")
        if self.isotonic_from < self.platt_from:
            raise ValueError("uncertainty.isotonic_from must not be below uncertainty.platt_from")
        return self
