"""The page's first lines: one sentence with the result, and the figures beside it."""

from __future__ import annotations

from redraft.records import Answer, Evaluation, Interval, Record
from redraft.report.history import History
from redraft.report.summary import Summary
from redraft.report.wording import count, duration, percent, points


class Headline(Record):
    """A sentence for the supervisor, and a paragraph that says what it rests on."""

    sentence: str
    basis: str


class Tile(Record):
    """One figure: its value now, what it was before, and how sure that is."""

    label: str
    value: str
    before: str = ""
    detail: str = ""


def headline(history: History, summary: Summary) -> Headline:
    """What the run shows so far, whichever way it went."""
    base = history.measured(history.base.id) if history.base else None
    if base is None:
        return _unmeasured(history)
    basis = (
        f"Share of descriptions with at least one false claim, greedy, on "
        f"{count(history.config.evaluate.test_images, 'held-out test image')} that decide nothing."
    )
    pair, difference = history.final_pair(), summary.paired_difference
    if pair is None or difference is None:
        return Headline(sentence=_unchanged(history, base), basis=basis)
    before, after = pair
    verb = "cut" if difference.ci[1] < 0 else "moved"
    low, high = difference.ci
    clear = "" if high < 0 or low > 0 else ", which does not exclude no change"
    return Headline(
        sentence=f"{count(history.corrections_in_force(), 'correction')} {verb} the hallucination rate from "
        f"{percent(before.response_rate.value)} to {percent(after.response_rate.value)}.",
        basis=f"{basis} Paired difference {points(difference.mean)} points (95 % interval {points(low)} to "
        f"{points(high)}{clear}). Recall went from {before.recall.value:.3f} to {after.recall.value:.3f}, mean length "
        f"from {before.mean_words.value:.1f} to {after.mean_words.value:.1f} words.",
    )


def tiles(history: History) -> list[Tile]:
    """Now against before, as far as measured; then what it cost."""
    now: list[Tile] = []
    base = history.measured(history.base.id) if history.base else None
    if base:
        pair = history.final_pair()
        now = _measured_tiles(base, pair[1] if pair else None)
    people = len({correction.annotator for correction in history.corrections})
    corrected = history.corrected_by(max((row.number for row in history.rounds), default=0))
    cost = [Tile(label="Responses corrected", value=f"{corrected:,}", detail=f"by {count(people, 'annotator')}")]
    if history.events:
        cost.append(Tile(label="Wall time", value=duration(history.wall_seconds()), detail=_memory(history)))
    return now + cost


def _unmeasured(history: History) -> Headline:
    judged = sum(correction.answer is not Answer.SKIPPED for correction in history.corrections)
    return Headline(
        sentence=f"{count(len(history.tasks), 'response')} routed to people, {judged:,} answered so far.",
        basis="No policy of this run has been evaluated, so there is no hallucination rate to report: pictures without "
        "ground truth are judged by people alone. What they found is below.",
    )


def _unchanged(history: History, base: Evaluation) -> str:
    rate = percent(base.response_rate.value)
    if not any(row.promoted is False for row in history.rounds):
        return f"The base policy hallucinates in {rate} of its descriptions; no candidate has been judged yet."
    return f"No candidate was promoted: the base policy stays in force, at a hallucination rate of {rate}."


def _measured_tiles(base: Evaluation, now: Evaluation | None) -> list[Tile]:
    after = now or base

    def tile(label: str, old: Interval, new: Interval, form: str) -> Tile:
        return Tile(
            label=label,
            value=_form(new.value, form),
            before=f"from {_form(old.value, form)}" if now else "base policy",
            detail=f"{_form(new.low, form)} to {_form(new.high, form)}",
        )

    rows = [
        tile("Responses with an error", base.response_rate, after.response_rate, "percent"),
        tile("Mentions that are wrong", base.mention_rate, after.mention_rate, "percent"),
        tile("Recall of objects", base.recall, after.recall, "share"),
        tile("Words per description", base.mean_words, after.mean_words, "number"),
    ]
    if base.question_accuracy and after.question_accuracy:
        rows.append(tile("Short questions right", base.question_accuracy, after.question_accuracy, "percent"))
    return rows


def _form(value: float, form: str) -> str:
    return {"percent": percent(value), "share": f"{value:.3f}", "number": f"{value:.1f}"}[form]


def _memory(history: History) -> str:
    peak = history.peak_rss_gib()
    return f"peak memory {peak:.1f} GiB" if peak is not None else ""
