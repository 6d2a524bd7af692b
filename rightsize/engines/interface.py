"""What an engine is: it says which models a name stands for, opens them, and gives sessions that answer.

A new engine is one new file (or folder) beside this one and one entry in :mod:`rightsize.engines.registry`.
Sessions live in the worker process of one cell; nothing here knows of stores, scores or thresholds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol, runtime_checkable

from rightsize.domain import (
    Answer,
    CandidateSettings,
    Item,
    JsonValue,
    Model,
    SolvedExample,
    Suite,
    TaskType,
)

EVERY_SETTING = frozenset(field.name for field in fields(CandidateSettings))


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do; compared with what a task needs before anything is loaded.

    ``local`` is false where the model runs in a process that is not ours: its memory and energy cannot be read.
    ``learns`` asks for the task's solved examples. ``settings`` are the candidate settings it heeds; the others
    stay at their defaults and out of the fingerprint.
    """

    generates: bool = True
    scores_choices: bool = True
    reports_tokens: bool = True
    local: bool = True
    learns: bool = False
    settings: frozenset[str] = EVERY_SETTING

    def missing_for(self, task_type: TaskType) -> str | None:
        """Why this engine cannot run such a task, or None when it can."""
        if task_type in {TaskType.GENERATE, TaskType.MIXED} and not self.generates:
            return "the engine does not generate text"
        if task_type in {TaskType.CHOICE, TaskType.MIXED} and not self.scores_choices:
            return "the engine does not score answer choices"
        return None


@dataclass(frozen=True, slots=True)
class TaskRules:
    """How answers of a task are asked for; the part of a suite that an engine needs.

    ``examples`` are solved questions, for engines that learn from them, and ``frame`` what every prompt of the
    task begins and ends with.
    """

    task_type: TaskType
    stop: tuple[str, ...] = ()
    max_output_tokens: int = 0
    target_delimiter: str = " "
    examples: tuple[SolvedExample, ...] = ()
    frame: tuple[str, str] = ("", "")
    chat_delimiter: str = ""

    @classmethod
    def of(
        cls, suite: Suite, examples: tuple[SolvedExample, ...] = (), frame: tuple[str, str] = ("", "")
    ) -> TaskRules:
        """The rules of a suite."""
        rules = (suite.task_type, suite.stop, suite.max_output_tokens, suite.target_delimiter)
        return cls(*rules, examples, frame, suite.chat_delimiter)

    def question(self, prompt: str) -> str:
        """What one prompt asks that not all ask."""
        begin, end = self.frame
        return prompt.removeprefix(begin).removesuffix(end)


@dataclass(frozen=True, slots=True)
class RequestTiming:
    """One request, timed alone with no cache reused.

    ``ttft_ms`` and ``itl_ms`` (one gap per output token after the first) are None and empty for a request that
    has no first token, as when answer choices are scored.
    """

    latency_ms: float
    ttft_ms: float | None
    itl_ms: tuple[float, ...]
    prompt_tokens: int | None  # None: a server did not tell
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Spending:
    """What may be spent on hosted models in one run, and this candidate's price in US dollars per million
    tokens of input and of output. The workers of a run share the file ``ledger``."""

    ledger: Path
    limit_usd: float
    usd_per_mtok: tuple[float, float]


@dataclass(frozen=True, slots=True)
class RemoteRun:
    """How a server is treated in one run; nothing of it changes an answer.

    ``concurrency`` is how many questions are open at a time while speed is not measured; ``request_limit_s``
    says how long one may take. ``arrivals_per_s`` asks for one more round of timed requests under that load
    (0: none).
    """

    concurrency: int = 8
    request_limit_s: float = 300.0
    arrivals_per_s: float = 0.0
    spending: Spending | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request under load, times in milliseconds since it was due. ``late_ms`` is this client's own delay;
    ``failure`` is empty when it was answered."""

    late_ms: float
    latency_ms: float | None = None
    ttft_ms: float | None = None
    failure: str = ""


class Session(Protocol):
    """A loaded model. Iterators yield as results come, so that progress shows and a crash loses little."""

    def facts(self) -> Mapping[str, JsonValue]:
        """What is known after loading: ``load_ms``, buffers, load mode, threads, chat template, thinking.

        ``size_bytes`` here stands for a size that was not known before; ``absent`` maps metrics that this
        session cannot give to the reasons.
        """

    def rejections(self, items: Sequence[Item], rules: TaskRules) -> Mapping[str, str]:
        """Items that cannot run (``{item id: reason}``), for example because the prompt exceeds the context."""

    def time_requests(self, items: Sequence[Item], rules: TaskRules) -> Iterator[RequestTiming]:
        """Each item as one request, one after the other, nothing cached between them."""

    def answer(self, items: Sequence[Item], rules: TaskRules) -> Iterator[tuple[str, Answer]]:
        """Every item's answer as ``(item id, answer)``, batched, in any order."""

    def prefill_tokens_per_s(self, tokens: int, repetitions: int) -> Iterator[float]:
        """Prompt processing speed in the llama-bench sense, one sample a repetition, after a warm-up.

        Nothing where there is no such speed; ``facts`` then says why.
        """

    def decode_tokens_per_s(self, tokens: int, repetitions: int) -> Iterator[float]:
        """Token generation speed in the llama-bench sense, one sample a repetition, after a warm-up."""

    def close(self) -> None:
        """Free everything."""


@runtime_checkable
class TimesTokens(Protocol):
    """A session that can time requests of given token counts, whatever they say. Not every engine's can."""

    def time_token_requests(
        self, prompt_tokens: int, output_tokens: int, count: int
    ) -> Iterator[RequestTiming]:
        """``count`` requests of random tokens, one after the other, nothing cached between them."""


@runtime_checkable
class RemoteSession(Protocol):
    """What a session of a server can besides."""

    def treat(self, run: RemoteRun) -> None:
        """Keep to this from now on."""

    def under_load(
        self, items: Sequence[Item], rules: TaskRules, rate_per_s: float, count: int
    ) -> Iterator[Arrival]:
        """``count`` requests at ``rate_per_s`` on average, whether or not earlier ones were answered.

        Nothing is asked twice: what the server refuses or breaks off under this load is a failure.
        """


@dataclass(frozen=True, slots=True)
class ModelQuery:
    """What a user asked of one engine: ``specs`` as typed after ``--model`` and ``levels`` after ``--quant``.

    ``notify`` hears of slow preparations, such as a quantization.
    """

    specs: tuple[str, ...]
    levels: tuple[str, ...] = ()
    allow_requantize: bool = False
    notify: Callable[[str], None] = lambda _: None


class Engine(ABC):
    """Finds models and opens them. ``name`` is how candidates and the store call it."""

    name: str
    capabilities: Capabilities = Capabilities()

    def claims(self, spec: str) -> bool:
        """Whether a word after ``--model`` means a model of this engine; by default ``NAME:...`` does.

        Asked of every engine before anything heavy is imported, so it must be quick.
        """
        return spec.startswith(f"{self.name}:")

    def default_specs(self) -> Sequence[str]:
        """What is measured of this engine without being named: nothing, but for classical methods."""
        return ()

    def level(self, text: str) -> str | None:
        """A word after ``--quant`` as this engine spells that level; None when it has no such level."""
        return None

    @abstractmethod
    def models(self, query: ModelQuery) -> list[Model]:
        """The models that the query's specs stand for, at its levels, made if need be.

        Raises ModelError or UsageError for a spec that stands for nothing.
        """

    def heeds(self, model: Model) -> frozenset[str]:
        """The candidate settings that make a difference to this model; the others are not stored with it."""
        return self.capabilities.settings

    def misfit(self, model: Model, suite: Suite, rules: TaskRules) -> str | None:
        """Why this model cannot do that task at all, known without loading it; None when it may be tried."""
        return self.capabilities.missing_for(rules.task_type)

    @abstractmethod
    def build(self) -> Mapping[str, JsonValue]:
        """Version and build features: part of the fingerprint."""

    @abstractmethod
    def open(self, model: Model, settings: CandidateSettings) -> Session:
        """Load a model. Raises EngineError with a reason that a person can act on."""
