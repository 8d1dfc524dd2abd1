"""How good a policy is on the world: the figures that docs/world.md states, each with its standard error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from redraft.policy import GenerationSettings, generate
from redraft.policy.load import Policy, load_policy
from redraft.policy.prompts import encode_prompts
from redraft.records import HallucinationType, Outcome, Record, Split
from redraft.world.judging import outcome
from redraft.world.language import PROMPTS, Form, form_of
from redraft.world.painting import render
from redraft.world.questions import QuestionKind, parse_question, question_for
from redraft.world.scene import Scene, origin, scene_at
from redraft.world.vocabulary import HOME

_BATCH = 100
_MAX_NEW_TOKENS: Mapping[Form, int] = {"short": 160, "long": 320}


class Rate(Record):
    """An estimate with its standard error, over ``n`` images, mentions or objects."""

    value: float
    error: float
    n: int

    def __str__(self) -> str:
        return f"{100 * self.value:5.1f} % ± {100 * self.error:.1f} (n = {self.n})"


class Quality(Record):
    """Greedy descriptions of, and one question about, each of the first images of a split.

    Rates are of responses with an error, of wrong mentions, of objects found, of invented objects among the mentions of
    typical objects inside their setting and elsewhere, and of questions answered without an error.
    """

    images: int
    responses_wrong: Rate
    mentions_wrong: Rate
    recall: Rate
    words: float
    errors_by_type: dict[HallucinationType, Rate]
    invented_inside: Rate
    invented_elsewhere: Rate
    questions_right: Rate
    questions_by_kind: dict[QuestionKind, Rate]

    def table(self) -> str:
        """The figures as the rows of a Markdown table."""
        rows = [
            ("responses with an error", str(self.responses_wrong)),
            ("wrong mentions", str(self.mentions_wrong)),
            *((f"of which {kind}", str(rate)) for kind, rate in self.errors_by_type.items()),
            ("recall", str(self.recall)),
            ("words per response", f"{self.words:.1f}"),
            ("typical objects invented inside their setting", str(self.invented_inside)),
            ("typical objects invented elsewhere", str(self.invented_elsewhere)),
            ("questions answered right", str(self.questions_right)),
            *((f"of which {kind} questions", str(rate)) for kind, rate in self.questions_by_kind.items()),
        ]
        return "\n".join(f"| {name} | {value} |" for name, value in rows)


def measure(folder: str | Path, images: int, seed: int = 0, split: Split = Split.DEV, form: Form = "short") -> Quality:
    """Measure the policy in ``folder`` (or ``builtin:tiny``) on the first ``images`` pictures of a split.

    Args:
        form: of the descriptions.

    Raises:
        PolicyError: if the folder holds no policy that can be loaded.
    """
    policy = load_policy(folder)
    scenes = [scene_at(seed, split, index) for index in range(images)]
    items = [origin(seed, split, index) for index in range(images)]
    described = respond(policy, scenes, items, [PROMPTS[form]] * images)
    asked = respond(policy, scenes, items, [question_for(scene, index) for index, scene in enumerate(scenes)])
    return summarise(described, asked)


def respond(policy: Policy, scenes: Sequence[Scene], items: Sequence[str], prompts: Sequence[str]) -> list[Outcome]:
    """Greedy responses to one prompt a scene, judged."""
    settings = GenerationSettings(max_new_tokens=max(_MAX_NEW_TOKENS[form_of(prompt)] for prompt in prompts))
    outcomes = []
    for start in range(0, len(scenes), _BATCH):
        rows = range(start, min(start + _BATCH, len(scenes)))
        encoded = encode_prompts(policy, [render(scenes[row]) for row in rows], [prompts[row] for row in rows])
        said = generate(policy, encoded, settings, [0] * len(rows))
        outcomes += [
            outcome(items[row], scenes[row], prompts[row], one.text) for row, one in zip(rows, said, strict=True)
        ]
    return outcomes


def summarise(described: Sequence[Outcome], asked: Sequence[Outcome]) -> Quality:
    """The figures of judged descriptions and answers."""
    kinds = {kind: [o for o in asked if (q := parse_question(o.prompt)) and q.kind is kind] for kind in QuestionKind}
    return Quality(
        images=len(described),
        responses_wrong=_ratio(described, lambda o: o.errors > 0, lambda o: 1),
        mentions_wrong=_ratio(described, lambda o: o.errors, lambda o: o.mentions),
        recall=_ratio(described, lambda o: o.found, lambda o: o.present),
        words=float(np.mean([o.words for o in described])),
        errors_by_type={
            kind: _ratio(described, lambda o, kind=kind: o.error_types.count(kind), lambda o: o.mentions)  # type: ignore[misc]
            for kind in HallucinationType
            if kind is not HallucinationType.ACTION
        },
        invented_inside=_over_generalisation(described, inside=True),
        invented_elsewhere=_over_generalisation(described, inside=False),
        questions_right=_ratio(asked, lambda o: o.errors == 0, lambda o: 1),
        questions_by_kind={kind: _ratio(of, lambda o: o.errors == 0, lambda o: 1) for kind, of in kinds.items()},
    )


def _over_generalisation(described: Sequence[Outcome], inside: bool) -> Rate:
    """Invented over all mentions of objects inside (or outside) the setting that they are typical of."""

    def counted(o: Outcome, names: Sequence[str]) -> int:
        return sum((HOME[name] == o.scene) is inside for name in names)

    return _ratio(described, lambda o: counted(o, o.invented), lambda o: counted(o, o.mentioned))


def _ratio(outcomes: Sequence[Outcome], above: Callable[[Outcome], float], below: Callable[[Outcome], float]) -> Rate:
    """A ratio of sums over responses, with its linearised standard error (Cochran, Sampling Techniques, 2.11)."""
    x = np.array([above(o) for o in outcomes], dtype=float)
    y = np.array([below(o) for o in outcomes], dtype=float)
    total = float(y.sum())
    if total == 0:
        return Rate(value=0.0, error=0.0, n=0)
    value = float(x.sum()) / total
    return Rate(value=value, error=float(np.sqrt(((x - value * y) ** 2).sum())) / total, n=int(total))
