"""What an engine is: it opens a model and gives a session that answers, and that can be timed.

A new engine is one new file (or folder) beside this one and one entry in :mod:`rightsize.engines.registry`.
Sessions live in the worker process of one cell; nothing here knows of stores, scores or thresholds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rightsize.domain import Answer, CandidateSettings, Item, JsonValue, Suite, TaskType


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do; compared with what a task needs before anything is loaded."""

    generates: bool = True
    scores_choices: bool = True
    reports_tokens: bool = True
    local: bool = True

    def missing_for(self, task_type: TaskType) -> str | None:
        """Why this engine cannot run such a task, or None when it can."""
        if task_type is TaskType.GENERATE and not self.generates:
            return "the engine does not generate text"
        if task_type is TaskType.CHOICE and not self.scores_choices:
            return "the engine does not score answer choices"
        return None


@dataclass(frozen=True, slots=True)
class TaskRules:
    """How answers of a task are asked for; the part of a suite that an engine needs."""

    task_type: TaskType
    stop: tuple[str, ...] = ()
    max_output_tokens: int = 0
    target_delimiter: str = " "

    @classmethod
    def of(cls, suite: Suite) -> TaskRules:
        """The rules of a suite."""
        return cls(suite.task_type, suite.stop, suite.max_output_tokens, suite.target_delimiter)


@dataclass(frozen=True, slots=True)
class RequestTiming:
    """One request, timed alone with no cache reused.

    ``ttft_ms`` and ``itl_ms`` (one gap per output token after the first) are None and empty for a task that
    scores choices: such a request has no first token.
    """

    latency_ms: float
    ttft_ms: float | None
    itl_ms: tuple[float, ...]
    prompt_tokens: int | None  # None: a server did not tell
    output_tokens: int


class Session(Protocol):
    """A loaded model. Iterators yield as results come, so that progress shows and a crash loses little."""

    def facts(self) -> Mapping[str, JsonValue]:
        """What is known after loading: ``load_ms``, buffers, load mode, threads, chat template, thinking."""

    def rejections(self, items: Sequence[Item], rules: TaskRules) -> Mapping[str, str]:
        """Items that cannot run (``{item id: reason}``), for example because the prompt exceeds the context."""

    def time_requests(self, items: Sequence[Item], rules: TaskRules) -> Iterator[RequestTiming]:
        """Each item as one request, one after the other, nothing cached between them."""

    def answer(self, items: Sequence[Item], rules: TaskRules) -> Iterator[tuple[str, Answer]]:
        """Every item's answer as ``(item id, answer)``, batched, in any order."""

    def prefill_tokens_per_s(self, tokens: int, repetitions: int) -> Iterator[float]:
        """Prompt processing speed in the llama-bench sense, one sample a repetition, after a warm-up."""

    def decode_tokens_per_s(self, tokens: int, repetitions: int) -> Iterator[float]:
        """Token generation speed in the llama-bench sense, one sample a repetition, after a warm-up."""

    def close(self) -> None:
        """Free everything."""


class Engine(Protocol):
    """Opens models. ``name`` is how candidates and the store call it."""

    name: str
    capabilities: Capabilities

    def build(self) -> Mapping[str, JsonValue]:
        """Version and build features: part of the fingerprint."""

    def open(self, path: Path, settings: CandidateSettings) -> Session:
        """Load a model. Raises EngineError with a reason that a person can act on."""
