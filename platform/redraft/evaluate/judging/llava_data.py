"""The published files of LLaVA-Bench (In-the-Wild), joined by their keys rather than by their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from redraft.errors import DataError
from redraft.evaluate.judging.prompts import LLAVA_BENCH_RULE
from redraft.evaluate.judging.rows import Row, read_lines, read_mapping
from redraft.evaluate.source import source_of
from redraft.records import Source

_PUBLISHED = "as in the data set liuhaotian/llava-bench-in-the-wild on huggingface.co"
QUESTIONS_WANTED = f"it must hold JSON lines with question_id, image, text and category, {_PUBLISHED}"
CONTEXT_WANTED = f"it must hold JSON lines with image and caption, {_PUBLISHED}"
REFERENCE_WANTED = f"it must hold JSON lines with question_id and text, {_PUBLISHED}"
RULE_WANTED = (
    "it must map llava_bench_conv, llava_bench_detail and llava_bench_complex to objects with role and prompt, as "
    "llava/eval/table/rule.json of github.com/haotian-liu/LLaVA does"
)
CATEGORIES = ("conv", "detail", "complex")


class BenchQuestion(Row):
    """A line of questions.jsonl."""

    question_id: int | str
    image: str
    text: str
    category: str


class _Context(Row):
    image: str
    caption: str | tuple[str, ...]


class _Reference(Row):
    question_id: int | str
    text: str


class _Rule(Row):
    role: str
    prompt: str


@dataclass(frozen=True)
class LlavaData:
    """Everything the judge is told besides the answer.

    ``contexts`` are by image, ``references`` by question id. ``rules`` are by category and empty without a rule file;
    ``rule_version`` is then None, else it tells wordings apart.
    """

    questions: tuple[BenchQuestion, ...]
    contexts: Mapping[str, str]
    references: Mapping[int | str, str]
    rules: Mapping[str, tuple[str, str]]
    rule_version: str | None
    files: tuple[Source, ...]

    @classmethod
    def load(cls, folder: Path, rule: Path | None = None) -> LlavaData:
        """Read ``folder``, which holds the three published files, and the published ``rule``.

        Raises:
            DataError: a file is missing or malformed, or a question is without context, reference or rule.
        """
        asked, told, answered = (folder / name for name in ("questions.jsonl", "context.jsonl", "answers_gpt4.jsonl"))
        questions = read_lines(asked, BenchQuestion, QUESTIONS_WANTED)
        contexts = {
            row.image: row.caption if isinstance(row.caption, str) else "\n".join(row.caption)
            for row in read_lines(told, _Context, CONTEXT_WANTED)
        }
        references = {row.question_id: row.text for row in read_lines(answered, _Reference, REFERENCE_WANTED)}
        rules = _rules(rule)
        _check(asked, questions)
        for question in questions:
            if question.image not in contexts:
                raise DataError(f"{told} says nothing of image {question.image[:80]!r}: {CONTEXT_WANTED}")
            if question.question_id not in references:
                raise DataError(f"{answered} has no answer to question {question.question_id}: {REFERENCE_WANTED}")
        named = [("questions", asked), ("context", told), ("reference answers", answered)]
        files = tuple(source_of(role, path) for role, path in [*named, *([("rules", rule)] if rule else [])])
        return cls(questions, contexts, references, rules, files[-1].sha256[:12] if rule else None, files)

    def rule(self, category: str) -> tuple[str, str]:
        """What to call the answers, and what to tell the judge below them."""
        return self.rules[category] if self.rules else ("Assistant", LLAVA_BENCH_RULE)


def _rules(path: Path | None) -> dict[str, tuple[str, str]]:
    if path is None:
        return {}
    found = read_mapping(path, _Rule, RULE_WANTED)
    missing = [category for category in CATEGORIES if f"llava_bench_{category}" not in found]
    if missing:
        raise DataError(f"{path} has no llava_bench_{missing[0]}: {RULE_WANTED}")
    rules = {category: found[f"llava_bench_{category}"] for category in CATEGORIES}
    return {category: (rule.role, rule.prompt) for category, rule in rules.items()}


def _check(path: Path, questions: tuple[BenchQuestion, ...]) -> None:
    seen: set[str] = set()
    for question in questions:
        if question.category not in CATEGORIES:
            raise DataError(
                f"{path} has question {question.question_id} of category {question.category[:40]!r}, which is none of "
                f"{', '.join(CATEGORIES)}: {QUESTIONS_WANTED}"
            )
        if str(question.question_id) in seen:
            raise DataError(f"{path} has question {question.question_id} twice: {QUESTIONS_WANTED}")
        seen.add(str(question.question_id))
