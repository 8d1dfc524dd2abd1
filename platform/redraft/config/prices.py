"""What an hour costs."""

from __future__ import annotations

from pydantic import Field

from redraft.config.section import Section


class PricesConfig(Section):
    """Prices that the report turns time into money with; what has none costs nothing."""

    currency: str = Field("USD", min_length=1, max_length=8)
    gpu_hour: float | None = Field(None, ge=0, description="of one GPU")
    annotator_hour: float | None = Field(None, ge=0, description="of active work of one person")
