"""Asking again: which problems may pass, how long to wait, and a record of every attempt that was lost."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from rightsize.engines.openai_http.problems import ServerError

T = TypeVar("T")

_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0


@dataclass(slots=True)
class Retries:
    """Attempts that were lost, by kind of problem, and the seconds waited. None of it is in a latency."""

    by_kind: Counter[str] = field(default_factory=Counter)
    waited_s: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, kind: str, wait_s: float) -> None:
        """Record a lost attempt."""
        with self._lock:
            self.by_kind[kind] += 1
            self.waited_s += wait_s

    @property
    def total(self) -> int:
        """All lost attempts that were repeated."""
        return sum(self.by_kind.values())


@dataclass(frozen=True, slots=True)
class Patience:
    """How often to try in all, and the longest wait that a server may ask for."""

    attempts: int = 5
    longest_wait_s: float = 120.0
    first_wait_s: float = _FIRST_WAIT_S


def with_retries(
    attempt: Callable[[], T],
    retries: Retries,
    patience: Patience,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Call ``attempt`` until it succeeds or a problem is not a passing one.

    Raises the last ServerError; when several attempts were made it says how many.
    """

    def wait_s(state: RetryCallState) -> float:
        problem = _problem(state)
        if problem.retry_after_s is not None:
            return problem.retry_after_s
        backoff = min(_LONGEST_WAIT_S, patience.first_wait_s * 2.0 ** (state.attempt_number - 1))
        return backoff * random.uniform(0.5, 1.0)  # noqa: S311  so that many clients do not come back at once

    def record(state: RetryCallState) -> None:
        problem = _problem(state)
        retries.note(problem.kind, state.next_action.sleep if state.next_action else 0.0)

    def may_pass(error: BaseException) -> bool:
        if not isinstance(error, ServerError) or not error.passing:
            return False
        return (error.retry_after_s or 0.0) <= patience.longest_wait_s

    retrying = Retrying(
        stop=stop_after_attempt(patience.attempts),
        wait=wait_s,
        retry=retry_if_exception(may_pass),
        before_sleep=record,
        sleep=sleep,
        reraise=True,
    )
    try:
        return retrying(attempt)
    except ServerError as problem:
        raise _exhausted(problem, patience) from problem


def _problem(state: RetryCallState) -> ServerError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, ServerError)
    return error


def _exhausted(problem: ServerError, patience: Patience) -> ServerError:
    """The same problem, with what asking again did about it."""
    if not problem.passing:
        return problem
    wait_s = problem.retry_after_s or 0.0
    asked = f"it asks to come back in {wait_s:.0f} s, longer than the {patience.longest_wait_s:.0f} s allowed"
    said = asked if wait_s > patience.longest_wait_s else f"{patience.attempts} attempts"
    return ServerError(
        f"{problem.problem} ({said})",
        next_step=problem.next_step,
        kind=problem.kind,
        fatal=True,
        billed=problem.billed,
    )
