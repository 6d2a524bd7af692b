"""A rehearsed engine: its "model" is a JSON script of answers and faults.

It ships so that everything around an engine (worker, limits, store, reports) is tested through the very path a
real one takes, and so that a user can rehearse what a crash or a hang would do to a run.

    {"answers": {"item id": "text"}, "default": "text", "seconds": 0.001, "fault": "abort", "after": 3}

``fault`` is one of ``error``, ``abort``, ``segfault``, ``hang``, ``memory`` and ``exit``, and strikes after
that many answers.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rightsize.domain import Answer, CandidateSettings, Item, JsonValue, Model
from rightsize.engines.interface import Engine, ModelQuery, RequestTiming, Session, TaskRules
from rightsize.errors import EngineError, ModelError


class MockEngine(Engine):
    """See the module's docstring."""

    name = "mock"

    def models(self, query: ModelQuery) -> list[Model]:
        """Scripts by their paths, as ``mock:script.json``."""
        return [_script(spec) for spec in query.specs]

    def build(self) -> Mapping[str, JsonValue]:
        """A fixed build."""
        return {"name": self.name, "version": "1"}

    def open(self, model: Model, settings: CandidateSettings) -> Session:
        """Read the script. Raises EngineError for a file that is not one."""
        try:
            script = json.loads(model.file.read_text())
        except (OSError, ValueError) as error:
            raise EngineError(f"cannot read the script {model.name}: {error}") from error
        return _MockSession(script)


def _script(spec: str) -> Model:
    path = Path(spec.partition(":")[2])
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from error
    return Model(path.stem, path, len(content), hashlib.sha256(content).hexdigest(), "mock", spec=spec)


class _MockSession:
    def __init__(self, script: Mapping[str, Any]) -> None:
        self._script = script
        self._seconds = float(script.get("seconds", 0.0))
        self._answered = 0

    def facts(self) -> Mapping[str, JsonValue]:
        return {"load_ms": 0.0}

    def rejections(self, items: Sequence[Item], rules: TaskRules) -> Mapping[str, str]:
        too_long: dict[str, str] = self._script.get("rejections", {})
        return {item.id: too_long[item.id] for item in items if item.id in too_long}

    def time_requests(self, items: Sequence[Item], rules: TaskRules) -> Iterator[RequestTiming]:
        for item in items:
            started = time.perf_counter()
            time.sleep(self._seconds)
            latency_ms = (time.perf_counter() - started) * 1e3
            yield RequestTiming(latency_ms, latency_ms, (), len(item.prompt.split()), 1)

    def answer(self, items: Sequence[Item], rules: TaskRules) -> Iterator[tuple[str, Answer]]:
        for item in items:
            if self._answered == self._script.get("after", 0) and "fault" in self._script:
                _FAULTS[self._script["fault"]]()
            self._answered += 1
            yield item.id, self._answer(item)

    def _answer(self, item: Item) -> Answer:
        text = self._script.get("answers", {}).get(item.id, self._script.get("default", ""))
        choice = item.choices.index(text) if text in item.choices else None
        return Answer(
            text, choice=choice, confidence=1.0, prompt_tokens=len(item.prompt.split()), output_tokens=1
        )

    def prefill_tokens_per_s(self, tokens: int, repetitions: int) -> Iterator[float]:
        yield from (1000.0 for _ in range(repetitions))

    def decode_tokens_per_s(self, tokens: int, repetitions: int) -> Iterator[float]:
        yield from (100.0 for _ in range(repetitions))

    def close(self) -> None:
        pass


def _raise_error() -> None:
    raise EngineError("the script says that this engine fails here")


def _hang() -> None:
    time.sleep(3600)


def _segfault() -> None:
    ctypes.string_at(0)


def _devour_memory() -> None:
    held = []
    while True:
        held.append(b"\xff" * (16 << 20))  # written, so that it is resident
        time.sleep(0.01)


_FAULTS: dict[str, Callable[[], None]] = {
    "error": _raise_error,
    "abort": os.abort,
    "segfault": _segfault,
    "hang": _hang,
    "memory": _devour_memory,
    "exit": lambda: os._exit(7),
}
