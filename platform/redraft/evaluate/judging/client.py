"""A judge behind an OpenAI-compatible server.

    ask_all ──► equal questions once ──► cache ──miss──► server (retries, back-off) ──► cache ──► answers in order

The `openai` library does the retries: it waits as long as Retry-After says, or else 0.5 s, doubled each time up to 8 s;
a server that asks for more than two minutes is given up. It does not check what it returns, so bodies are read here.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace

import openai

from redraft.errors import ResourceError
from redraft.evaluate.judging.cache import AnswerCache
from redraft.evaluate.judging.completion import Completion, cache_key, completion_of, messages_of
from redraft.evaluate.judging.failures import declined, explain
from redraft.evaluate.judging.options import JudgeOptions
from redraft.evaluate.judging.protocol import JudgeAnswer, JudgeQuestion, Progress
from redraft.server_key import key_from

_BODIES_READ = 3
"""How often a reply that is no chat completion is asked for anew."""


class OpenAIJudge:
    """`Judge` over HTTP; safe to use from several threads."""

    def __init__(self, options: JudgeOptions, cache: AnswerCache | None = None) -> None:
        """Nothing is sent before the first question.

        Args:
            options: the key is read now, from the environment variable that they name.
            cache: stays the caller's to close.

        Raises:
            ResourceError: that variable holds no key.
        """
        self.options = options
        self._cache = cache
        self._key = read_key(options)
        self._client = openai.OpenAI(
            api_key=self._key or "none",
            base_url=options.base_url,
            timeout=options.timeout,
            max_retries=options.retries,
        )

    @property
    def model(self) -> str:
        """The model as it was asked for."""
        return self.options.model

    @property
    def label(self) -> str:
        """The model and how it is sampled."""
        return self.options.label

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """What tokens cost; None without prices."""
        return self.options.cost(prompt_tokens, completion_tokens)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ask(self, question: JudgeQuestion) -> JudgeAnswer:
        """Answer one question, from the cache where it was answered before.

        Raises:
            DataError: an image of no known kind.
            ResourceError: the server refuses, cannot be reached, or sends something else than chat completions.
            StorageError: the cache cannot be used.
        """
        key = cache_key(question, self.options)
        if self._cache is not None and (kept := self._cache.get(key)) is not None:
            return kept
        answer = self._fetch(question)
        if self._cache is not None:
            self._cache.put(key, question.prompt_version, answer)
        return answer

    def ask_all(self, questions: Sequence[JudgeQuestion], progress: Progress | None = None) -> list[JudgeAnswer]:
        """Answer many, ``concurrency`` at once; the repetition of an equal question counts as cached.

        Raises:
            DataError, ResourceError, StorageError: as `ask`. Questions not yet sent are not sent any more; answers
                received are in the cache.
        """
        unique = list(dict.fromkeys(questions))
        answers: dict[JudgeQuestion, JudgeAnswer] = {}
        with ThreadPoolExecutor(max_workers=self.options.concurrency) as pool:
            asked = {pool.submit(self.ask, question): question for question in unique}
            try:
                for future in as_completed(asked):
                    answers[asked[future]] = future.result()
                    if progress is not None:
                        progress(len(answers), len(unique))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        seen: set[JudgeQuestion] = set()
        found = []
        for question in questions:
            found.append(replace(answers[question], cached=True) if question in seen else answers[question])
            seen.add(question)
        return found

    def _fetch(self, question: JudgeQuestion) -> JudgeAnswer:
        for _ in range(_BODIES_READ):
            try:
                body = self._send(question)
            except openai.APIStatusError as e:
                if declined(e):
                    return JudgeAnswer("", self.model, 0, 0, time.time())
                raise explain(e, self.options, self._key) from None
            except openai.APIError as e:
                raise explain(e, self.options, self._key) from None
            completion = completion_of(body)
            if completion is not None:
                return self._answer(completion)
        raise ResourceError(
            f"the judge at {self.options.base_url} sent no chat completion, {_BODIES_READ} times: is --judge-url an "
            "OpenAI-compatible server, up to and including its version?"
        )

    def _send(self, question: JudgeQuestion) -> str:
        options = self.options
        limited = options.limit_name == "max_tokens"
        reply = self._client.chat.completions.with_raw_response.create(
            model=options.model,
            messages=messages_of(question),
            temperature=openai.omit if options.temperature is None else options.temperature,
            max_tokens=options.max_tokens if limited else openai.omit,
            max_completion_tokens=openai.omit if limited else options.max_tokens,
        )
        return reply.text

    def _answer(self, completion: Completion) -> JudgeAnswer:
        usage = completion.usage
        tokens = (usage.prompt_tokens, usage.completion_tokens) if usage else (0, 0)
        return JudgeAnswer(completion.text, completion.model or self.model, *tokens, time.time())


def read_key(options: JudgeOptions) -> str | None:
    """The judge's secret, None where none is wanted; ResourceError if there should be one."""
    mend = "set it, or write --judge-key-env none for a server that wants no key"
    return key_from(options.key_env, f"the judge at {options.base_url}", mend)
