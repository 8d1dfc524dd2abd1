"""One base policy that is trained and measured again and again in one process, from the same weights each time.

The model, encoded pictures and image features stay between trainings: the vision tower is frozen, so they stay true.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from redraft.config import TrainConfig
from redraft.policy import EncodedPrompt, Policy, load_policy
from redraft.records import Outcome, PreferencePair, Split, TrainStep
from redraft.scaling.items import Gallery, describe_all, origins, prompts_of
from redraft.train.encode import TrainingExample, encode_pair
from redraft.train.engine import TorchEngine
from redraft.train.feed import BatchMaker
from redraft.train.images import ImageSource
from redraft.train.loop import run_training
from redraft.train.rescoring import rescore
from redraft.train.state import TrainingState
from redraft.world import PROMPTS, Form, outcome, scene_of

_MAX_PIXELS = 1_000_000


class Workshop:
    """One base policy on the picture world.

    Args:
        path: the base's checkpoint.
        world_seed: of the pictures, in every split.
        form: of the descriptions.
    """

    def __init__(self, path: str, world_seed: int, form: Form = "short") -> None:
        self.policy = load_policy(path, "cpu", "float32")
        self.world_seed, self.form, self.prompt = world_seed, form, PROMPTS[form]
        self._weights = {name: tensor.clone() for name, tensor in self.policy.model.state_dict().items()}
        self._images = ImageSource(self.policy, Gallery(), _MAX_PIXELS, keep=4000)
        self._held_out: dict[tuple[Split, int], tuple[list[str], list[EncodedPrompt]]] = {}

    def untrained(self) -> Policy:
        """The policy with the base's weights."""
        self.policy.model.load_state_dict(self._weights)
        self.policy.model.eval()
        return self.policy

    def train(self, pairs: Sequence[PreferencePair], config: TrainConfig, seed: int) -> list[TrainStep]:
        """Train the policy as it now is, which is the reference, too."""
        state = run_training(
            self.policy,
            TorchEngine(self.policy, config),
            self._examples(pairs, config),
            Gallery(),
            config,
            seed=seed,
            max_pixels=_MAX_PIXELS,
            state=TrainingState(),
            after_step=lambda _: None,
            images=self._images,
        )
        return state.log

    def outcomes(self, split: Split, images: int) -> list[Outcome]:
        """What the policy says of the first ``images`` pictures of a split, greedily, judged."""
        key = (split, images)
        if key not in self._held_out:
            names = origins(self.world_seed, split, 0, images)
            self._held_out[key] = (names, prompts_of(self.policy, names, self.form))
        names, prompts = self._held_out[key]
        self.policy.model.eval()
        texts = describe_all(self.policy, prompts, form=self.form)
        return [outcome(name, scene_of(name), self.prompt, text) for name, text in zip(names, texts, strict=True)]

    def _examples(self, pairs: Sequence[PreferencePair], train: TrainConfig) -> list[TrainingExample]:
        """Tokens of the pairs with the present policy's log-probabilities as reference."""
        prompt = prompts_of(self.policy, [pairs[0].image_id], self.form)[0]
        plain = []
        for pair in pairs:
            chosen, rejected = encode_pair(
                self.policy, pair, prompt, diff=train.objective.diff, max_tokens=train.max_tokens
            )
            zeros = tuple(0.0 for _ in chosen.ids), tuple(0.0 for _ in rejected.ids)
            plain.append(
                TrainingExample(pair.id, pair.blob, pair.prompt, chosen, rejected, *zeros, (), pair.smoothing or 0.0)
            )
        maker = BatchMaker(self.policy, plain, Gallery(), train, _MAX_PIXELS, images=self._images)
        return [
            replace(example, chosen_reference=chosen, rejected_reference=rejected)
            for example, chosen, rejected in rescore(self.policy, maker, plain)
        ]
