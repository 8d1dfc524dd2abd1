"""Second stage of base training: teach the language model to say what the frozen tower sees.

Every step sees descriptions and short questions, so that both are learnt from the start. An alignment term pulls each
projected patch towards the embeddings of the words for its cell (row, column, object, count, colour), so that attention
finds patches by word from the start.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

from redraft.world.forward import embed, prompt_ids, response_ids
from redraft.world.language import DESCRIBE, DESCRIBE_LONG, Told, describe, told_truth
from redraft.world.mismatch import CarelessWriter
from redraft.world.optimise import Optimiser
from redraft.world.questions import answer, parse_question, question_for
from redraft.world.scene import Group, Scene
from redraft.world.train_sight import cell_of_patch
from redraft.world.vocabulary import CELLS, COUNT_WORDS, noun

_DESCRIPTIONS = 24
_QUESTIONS = 40
_ANSWER_WEIGHT = 1.0
_BUCKETS = 8
_IGNORED = -100
_WORDS_PER_CELL = 8

Batch = list[tuple[int, list[int], list[int]]]
"""Scene rows, each with the tokens of a prompt and of its response."""


class Texts:
    """Writes training texts about scenes, truthful ones or a careless writer's.

    Args:
        descriptions: in a batch.
        questions: in a batch.
        long_share: of the descriptions have the long form.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerFast,
        scenes: Sequence[Scene],
        rng: random.Random,
        careless: bool,
        *,
        descriptions: int = _DESCRIPTIONS,
        questions: int = _QUESTIONS,
        long_share: float = 0.0,
    ) -> None:
        self.tokenizer = tokenizer
        self.descriptions, self.questions, self.long_share = descriptions, questions, long_share
        self.scenes = scenes
        self.rng = rng
        self.writer = CarelessWriter(rng) if careless else None
        self.short_prompt = prompt_ids(tokenizer, DESCRIBE)
        self.long_prompt = prompt_ids(tokenizer, DESCRIBE_LONG)

    def description(self, row: int) -> tuple[list[int], list[int]]:
        """Prompt and response tokens of a description of scene ``row``."""
        scene = self.scenes[row]
        told = self.writer.believe(scene) if self.writer else told_truth(scene)
        if self.long_share and self.rng.random() < self.long_share:
            recap = self.writer.remember(scene, told) if self.writer else told
            return self.long_prompt, response_ids(self.tokenizer, describe(scene.setting, told, self.rng, recap))
        return self.short_prompt, response_ids(self.tokenizer, describe(scene.setting, told, self.rng))

    def question(self, row: int) -> tuple[list[int], list[int]]:
        """Prompt and response tokens of a question about scene ``row``, another one at each call."""
        scene = self.scenes[row]
        prompt = question_for(scene, self.rng.randrange(2**30))
        question = parse_question(prompt)
        assert question is not None
        told: Told = self.writer.believe(scene, question) if self.writer else told_truth(scene)
        return prompt_ids(self.tokenizer, prompt), response_ids(self.tokenizer, answer(question, told))

    def batches(self, rows: int) -> Iterator[tuple[Batch, Batch]]:
        """Endless pairs of a batch of descriptions (bucketed by length) and one of answers, of the first ``rows``."""
        buckets: list[Batch] = []
        size = self.descriptions
        while True:
            if not buckets:
                drawn = [self.rng.randrange(rows) for _ in range(size * _BUCKETS)]
                texts = sorted(((row, *self.description(row)) for row in drawn), key=lambda text: len(text[2]))
                buckets = [texts[i : i + size] for i in range(0, len(texts), size)]
                self.rng.shuffle(buckets)
            asked = [self.rng.randrange(rows) for _ in range(self.questions)]
            yield buckets.pop(), [(row, *self.question(row)) for row in asked]


def train_speech(
    model: LlavaForConditionalGeneration,
    texts: Texts,
    features: Tensor,
    held_out: int,
    steps: int,
    peak: float,
    alignment: float,
    log: Callable[[str], None],
) -> None:
    """Train projector and language model in place on ``features`` ``[N, 36, D]``, less the last ``held_out`` rows."""
    targets, weights = cell_words(texts.tokenizer, texts.scenes)
    optimiser = Optimiser([model.model.multi_modal_projector, model.model.language_model], peak, steps, muon=True)
    model.train()
    batches = texts.batches(len(features) - held_out)
    pad = texts.tokenizer.pad_token_id
    for step in range(1, steps + 1):
        described, answered = next(batches)
        rows = [row for row, _, _ in (*described, *answered)]
        projected = model.model.multi_modal_projector(features[rows])
        description_loss = response_loss(model, pad, described, projected[: len(described)])
        answer_loss = response_loss(model, pad, answered, projected[len(described) :])
        aligned = alignment_loss(model, projected, targets[rows], weights[rows])
        optimiser.step(description_loss + _ANSWER_WEIGHT * answer_loss + alignment * aligned)
        if step % 100 == 0:
            losses = f"descriptions {description_loss.item():.4f} answers {answer_loss.item():.4f}"
            log(f"speech {step}/{steps} {losses} alignment {aligned.item():.4f}")
    model.train(False)


def response_loss(model: LlavaForConditionalGeneration, pad: int, written: Batch, projected: Tensor) -> Tensor:
    """Mean negative log-likelihood (nats per token) of the responses."""
    length = max(len(prompt) + len(response) for _, prompt, response in written)
    ids = torch.full((len(written), length), pad)
    labels = torch.full((len(written), length), _IGNORED)
    for row, (_, prompt, response) in enumerate(written):
        ids[row, : len(prompt) + len(response)] = torch.tensor(prompt + response)
        labels[row, len(prompt) : len(prompt) + len(response)] = torch.tensor(response)
    inputs = embed(model, ids[:, :-1], projected)
    hidden = model.model.language_model(inputs_embeds=inputs, use_cache=False).last_hidden_state
    told = labels[:, 1:] != _IGNORED
    return F.cross_entropy(model.lm_head(hidden[told]), labels[:, 1:][told])


def alignment_loss(model: LlavaForConditionalGeneration, projected: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Cross-entropy of each projected patch, read through the tied embeddings, against its cell's words."""
    logp = (projected @ model.model.language_model.embed_tokens.weight.T).log_softmax(-1)
    loss: Tensor = -(logp.gather(-1, targets) * weights).sum(-1).mean()
    return loss


def cell_words(tokenizer: PreTrainedTokenizerFast, scenes: Sequence[Scene]) -> tuple[Tensor, Tensor]:
    """First tokens of the words for every patch's cell and their weights, each ``[N, 36, 8]``."""
    targets = torch.zeros(len(scenes), len(CELLS), _WORDS_PER_CELL, dtype=torch.long)
    weights = torch.zeros(len(scenes), len(CELLS), _WORDS_PER_CELL)
    first: dict[str, int] = {}
    for row, scene in enumerate(scenes):
        for cell in range(len(CELLS)):
            words = [*CELLS[cell].split(), *_words_of(scene.at(cell))]
            for word in words:
                if word not in first:
                    first[word] = tokenizer(f" {word}")["input_ids"][0]
            targets[row, cell, : len(words)] = torch.tensor([first[word] for word in words])
            weights[row, cell, : len(words)] = 1 / len(words)
    cells = torch.from_numpy(cell_of_patch())
    return targets[:, cells], weights[:, cells]


def _words_of(group: Group | None) -> list[str]:
    """The object counts three times: it is the hardest and matters most."""
    if group is None:
        return ["empty"]
    colour = [group.colour] if group.colour else []
    return [noun(group.object, group.count)] * 3 + [COUNT_WORDS[group.count], *colour]
