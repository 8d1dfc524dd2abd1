"""Suites whose answers another model judges, and that model's client.

protocol.py     what a judge is: JudgeQuestion, JudgeAnswer, Judge
options.py      which judge, how it is asked, what it costs; never its key
client.py       a judge behind an OpenAI-compatible server
completion.py   the format on the wire, and the cache's key
failures.py     what a server refused, in one sentence
cache.py        answers on disk
scripted.py     a judge in memory
verdicts.py     answers to verdicts, unreadable ones asked for once more, then counted
prompts.py      the wordings, with versions
rows.py         published benchmark files
filled.py       bounds for verdicts that cannot be read
mmhal.py        MMHal-Bench
llava_bench.py  LLaVA-Bench (In-the-Wild); its files are read by llava_data.py
"""

from redraft.evaluate.judging.llava_bench import LlavaBench
from redraft.evaluate.judging.mmhal import MMHal
from redraft.evaluate.judging.options import JudgeOptions
from redraft.evaluate.judging.protocol import Judge, JudgeAnswer, JudgeQuestion
from redraft.evaluate.judging.scripted import ScriptedJudge
from redraft.evaluate.judging.verdicts import JudgeTally, ask_verdicts

__all__ = [
    "Judge",
    "JudgeAnswer",
    "JudgeOptions",
    "JudgeQuestion",
    "JudgeTally",
    "LlavaBench",
    "MMHal",
    "ScriptedJudge",
    "ask_verdicts",
]
