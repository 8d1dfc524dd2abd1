"""A policy behind an OpenAI-compatible server.

    request ──► calls for its k samples, by one version ──► texts, tokens, log-probabilities ──► Sampled
                 └── retries with back-off                  └── characters, entropy bounds

The `openai` library does the retries: it waits as long as Retry-After says, or else 0.5 s, doubled each time up to 8 s.
It does not check what it returns, so bodies are read here.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import openai

from redraft.config.sampling import POLICY_PLACEHOLDER, EndpointConfig
from redraft.engines.chat import Choice, Portion, Reply, messages_of, portions, reply_of, vllm_extras
from redraft.engines.protocol import Sampled, SampleRequest
from redraft.engines.refusals import explain
from redraft.engines.tokens import trace_of
from redraft.errors import ResourceError
from redraft.generation import Generation, GenerationSettings
from redraft.server_key import key_from

_BODIES_READ = 3
"""How often a reply that is no chat completion is asked for anew."""

_VERSIONS_TRIED = 3
"""How often a request whose samples came from several versions is asked anew."""


class RemoteEngine:
    """`SamplingEngine` over HTTP; safe to use from several threads.

    A trace's entropies are lower bounds (``tokens.entropy_bound``), and its token ids are -1 where the server tells
    none. Log-probabilities are the server's: vLLM's are of the distribution before penalty, temperature and filters, as
    the protocol asks. Seeds are sent along, and what they fix is the server's affair.
    """

    def __init__(self, endpoint: EndpointConfig, policy_id: str) -> None:
        """Nothing is sent before the first request; the key is read now, from the variable that the config names.

        Raises:
            ResourceError: that variable holds no key.
        """
        self.endpoint = endpoint
        self.model = endpoint.model.replace(POLICY_PLACEHOLDER, policy_id)
        self._key = read_key(endpoint)
        self._client = openai.OpenAI(
            api_key=self._key or "none",
            base_url=endpoint.url,
            timeout=endpoint.timeout_s,
            max_retries=endpoint.retries,
        )

    def sample(self, requests: Sequence[SampleRequest], settings: GenerationSettings) -> list[Sampled]:
        """As the protocol says; ``endpoint.concurrency`` requests are in flight at a time."""
        with ThreadPoolExecutor(max_workers=self.endpoint.concurrency) as pool:
            asked = [pool.submit(self._sampled, request, settings) for request in requests]
            try:
                return [future.result() for future in asked]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _sampled(self, request: SampleRequest, settings: GenerationSettings) -> Sampled:
        versions: set[str] = set()
        for _ in range(_VERSIONS_TRIED):
            calls = portions(settings.k, self.endpoint.samples_per_call)
            replies = [self._reply(request, settings, call) for call in calls]
            versions = {reply.version for reply in replies}
            if len(versions) == 1:
                choices = [choice for reply in replies for choice in reply.choices]
                return Sampled(replies[0].version, tuple(self._generation(choice) for choice in choices))
        raise ResourceError(
            f"the endpoint at {self.endpoint.url} answered one request by several versions "
            f"({', '.join(sorted(versions))}), {_VERSIONS_TRIED} times: let it serve one while a round is sampled"
        )

    def _reply(self, request: SampleRequest, settings: GenerationSettings, call: Portion) -> Reply:
        for _ in range(_BODIES_READ):
            try:
                reply = reply_of(self._send(request, settings, call))
            except openai.APIError as e:
                raise explain(e, self.endpoint, self.model, self._key) from None
            if reply is not None:
                return self._checked(reply, call)
        raise ResourceError(
            f"the endpoint at {self.endpoint.url} sent no chat completion, {_BODIES_READ} times: is "
            "sample.endpoint.url an OpenAI-compatible server, up to and including its version?"
        )

    def _send(self, request: SampleRequest, settings: GenerationSettings, call: Portion) -> str:
        greedy = settings.temperature == 0
        reply = self._client.chat.completions.with_raw_response.create(
            model=self.model,
            messages=messages_of(request),
            n=call.count,
            # vLLM gives sample i of a request the seed plus i, so that a later portion goes on where this one ends.
            seed=request.seed + call.first,
            temperature=settings.temperature,
            top_p=1.0 if greedy else settings.top_p,
            max_tokens=settings.max_new_tokens,
            stop=list(settings.stop) or openai.omit,
            logprobs=True,
            top_logprobs=self.endpoint.top_logprobs or openai.omit,
            extra_body=vllm_extras(settings) if self.endpoint.dialect == "vllm" else None,
        )
        return reply.text

    def _checked(self, reply: Reply, call: Portion) -> Reply:
        where = f"the endpoint at {self.endpoint.url}"
        if POLICY_PLACEHOLDER in self.endpoint.model and reply.model != self.model:
            raise ResourceError(
                f"{where} was asked for policy {self.model} and answered as {reply.model}: serve the former"
            )
        if len(reply.choices) != call.count:
            raise ResourceError(
                f"{where} sent {len(reply.choices)} answers where {call.count} were asked for: set "
                "sample.endpoint.samples_per_call to what it can draw at a time"
            )
        return reply

    def _generation(self, choice: Choice) -> Generation:
        if choice.tokens is None:
            raise ResourceError(
                f"the endpoint at {self.endpoint.url} gives no log-probabilities for {self.model}, which uncertainty "
                "is measured by: choose a server or model that does, or set sample.engine=local"
            )
        trace = trace_of(choice.text, choice.tokens, choice.token_ids)
        if trace is None:
            raise ResourceError(
                f"the endpoint at {self.endpoint.url} sent an answer of {self.model} that its tokens do not spell: "
                "switch off what the server makes of answers, such as parsers of reasoning or tools"
            )
        return Generation(choice.text, choice.finish_reason == "stop", trace)


def read_key(endpoint: EndpointConfig) -> str | None:
    """The endpoint's secret, None where none is wanted; ResourceError if there should be one."""
    mend = "set it where the samplers run, or leave sample.endpoint.key_env out for a server that wants no key"
    return key_from(endpoint.key_env, f"the endpoint at {endpoint.url}", mend)
