"""People's corrections on their way out of a run and into another.

    Store ──► StoredAnswer ──► Exported ──► rlhfv, trl: Parquet        writing.export_answers
                                       └──► jsonl: AnswerLine, with images/ beside it
    file ──► Incoming | BadRow ──► Entry ──► response, task, correction    importing.Importer

The three formats are those that ``redraft.sources`` reads; JSON lines alone carry the edits, the marks and everything
else that is known of an answer. What is read is untrusted. ``docs/data.md`` describes every field.
"""

from redraft.exchange.answer_line import AnswerLine
from redraft.exchange.entries import ANNOTATOR, Into
from redraft.exchange.exported import EXTERNAL, Exported, exported_answers
from redraft.exchange.importing import Checked, Imported, Importer, learning_round
from redraft.exchange.reading import Incoming, IncomingRows
from redraft.exchange.selecting import select_answers
from redraft.exchange.writing import FORMATS, appearing, export_answers

__all__ = [
    "ANNOTATOR",
    "EXTERNAL",
    "FORMATS",
    "AnswerLine",
    "Checked",
    "Exported",
    "Imported",
    "Importer",
    "Incoming",
    "IncomingRows",
    "Into",
    "appearing",
    "export_answers",
    "exported_answers",
    "learning_round",
    "select_answers",
]
