"""What a run achieved, for people: a page, its charts as PNG and CSV, and a summary for machines."""

from redraft.report.page import write_report
from redraft.report.summary import (
    PairedDifference,
    RoundSummary,
    Summary,
    summarise,
    summary_table,
    write_summary,
)

__all__ = [
    "PairedDifference",
    "RoundSummary",
    "Summary",
    "summarise",
    "summary_table",
    "write_report",
    "write_summary",
]
