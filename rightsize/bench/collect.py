"""From a worker's events to readings and scored items: what is stored of one task of one cell."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rightsize.bench.protocol import Event, answer_from
from rightsize.bench.under_load import load_facts, load_readings
from rightsize.domain import (
    Absent,
    Answer,
    Failed,
    Item,
    ItemOutcome,
    ItemScore,
    Measured,
    Outcome,
    Provenance,
    Reading,
)
from rightsize.suites.scorers.interface import Scorer
from rightsize.suites.slices import slices_of

NO_SCORE = "the task declares no score in [0, 1]"

ScoreFn = Callable[[Item, Answer], ItemScore]


@dataclass(slots=True)
class TaskLog:
    """What has been heard of one task so far. ``scored`` is false for a task without a score in [0, 1].

    ``outcomes`` may begin with what was answered before.
    """

    items: Mapping[str, Item]
    scorer: Scorer
    scored: bool = True
    outcomes: list[ItemOutcome] = field(default_factory=list)
    requests: Mapping[str, Any] = field(default_factory=dict)
    done: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)
    _slices: Mapping[str, Mapping[str, str]] | None = None

    def hear(self, event: Event) -> None:
        """Take in one event of this task."""
        if event.kind == "rejected":
            known = {outcome.item_id for outcome in self.outcomes}
            self.outcomes += [
                self._placed(rejected(self.items[item_id], why))
                for item_id, why in event.data.items()
                if item_id not in known
            ]
        elif event.kind == "requests":
            self.requests = event.data
        elif event.kind == "answer":
            item = self.items[event.data["item"]]
            self.outcomes.append(
                self._placed(judged(item, answer_from(event.data["answer"]), self.scorer.score))
            )
        elif event.kind == "task_done":
            self.done = True
            self.facts = event.data.get("facts", {})

    def _placed(self, outcome: ItemOutcome) -> ItemOutcome:
        """The outcome with the slices it belongs to, by which a gate can judge apart."""
        if self._slices is None:
            self._slices = slices_of(list(self.items.values()))
        of_item = self._slices.get(outcome.item_id)
        return replace(outcome, parts={**outcome.parts, "slices": dict(of_item)}) if of_item else outcome


def rejected(item: Item, reason: str) -> ItemOutcome:
    """An item that could not be asked: wrong, with the reason."""
    return ItemOutcome(item.id, item.group, 0.0, valid=False, output="", target=item.target, error=reason)


def judged(item: Item, answer: Answer, score: ScoreFn) -> ItemOutcome:
    """Score one answer. A scorer that raises costs its item, which keeps the message."""
    if answer.error:
        return rejected(item, answer.error)
    try:
        result = score(item, answer)
    except Exception as error:  # scorers may be a user's own code
        result = ItemScore(0.0, valid=False, error=f"the scorer raised {type(error).__name__}: {error}")
    if not math.isfinite(result.score):
        result = ItemScore(0.0, valid=False, error=f"the scorer gave {result.score}, which is no score")
    thought = {"thinking_chars": answer.thinking_chars} if answer.thinking_chars else {}
    return ItemOutcome(
        item_id=item.id,
        group=item.group,
        score=result.score,
        valid=result.valid,
        output=answer.text,
        target=item.target,
        confidence=answer.confidence,
        prompt_tokens=answer.prompt_tokens,
        output_tokens=answer.output_tokens,
        parts={**result.parts, **thought},
        error=result.error,
    )


def outcome_of(
    log: TaskLog, loaded: Mapping[str, Any], speed: Mapping[str, Any], failure: str | None
) -> Outcome:
    """The outcome of one task: measured when all of it was heard, failed with what was seen otherwise."""
    readings, absent = readings_of(log, loaded, speed)
    if failure is not None and not log.done:
        return Failed(failure, tuple(log.outcomes), tuple(readings))
    if log.outcomes and not any(outcome.error is None for outcome in log.outcomes):
        return Failed(f"no item could be run: {log.outcomes[0].error}", tuple(log.outcomes), tuple(readings))
    if not log.scored:
        absent.append(Absent("score", NO_SCORE))
    return Measured(tuple(log.outcomes), tuple(readings), tuple(absent), _facts(log, loaded, speed))


def _facts(log: TaskLog, loaded: Mapping[str, Any], speed: Mapping[str, Any]) -> dict[str, Any]:
    # What was said last counts: a server may have lost attempts while it answered.
    said = {**_said(log.requests, loaded), **log.facts}
    return {**said, **_corpus(log), **watched_facts(log.requests, speed)}


def _said(requests: Mapping[str, Any], loaded: Mapping[str, Any]) -> dict[str, Any]:
    """What the session said of itself."""
    return {**loaded, **requests.get("facts", {}), **load_facts(requests.get("load"))}


def watched_facts(requests: Mapping[str, Any], speed: Mapping[str, Any]) -> dict[str, Any]:
    """What the watch saw in each window whose samples count, and the raw windows that were measured again."""
    of_requests = [window["seen"] for window in requests.get("windows", ()) if window.get("seen")]
    windows = {"requests": of_requests, **speed.get("windows", {})}
    discarded = [*requests.get("discarded", ()), *speed.get("discarded", ())]
    soak = {"soak": dict(speed["soak"])} if speed.get("soak") else {}
    return {"windows": {name: seen for name, seen in windows.items() if seen}, "discarded": discarded, **soak}


def _corpus(log: TaskLog) -> dict[str, Any]:
    """What the scorer says of all answers together, as ``{name: {value, unit}}``; or why it says nothing."""
    try:
        figures = log.scorer.corpus(log.outcomes)
    except Exception as error:  # scorers may be a user's own code
        return {"corpus": {}, "corpus_problem": f"the scorer raised {type(error).__name__}: {error}"}
    return {"corpus": {name: {"value": figure.value, "unit": figure.unit} for name, figure in figures.items()}}


def readings_of(
    log: TaskLog, loaded: Mapping[str, Any], speed: Mapping[str, Any]
) -> tuple[list[Reading], list[Absent]]:
    """All raw samples of a task, and what is absent with its reason."""
    mean_score = sum(o.score for o in log.outcomes) / len(log.outcomes) if log.outcomes else 0.0
    why = "no answer was correct" if log.scored else NO_SCORE
    return _readings(log.requests, mean_score, why, loaded, speed)


def token_readings(
    requests: Mapping[str, Any], loaded: Mapping[str, Any], speed: Mapping[str, Any], no_score: str
) -> tuple[list[Reading], list[Absent]]:
    """All raw samples of requests by token counts, whose answers nobody scored, for the reason given."""
    return _readings(requests, 0.0, no_score, loaded, speed)


def _readings(
    requests: Mapping[str, Any],
    mean_score: float,
    no_score: str,
    loaded: Mapping[str, Any],
    speed: Mapping[str, Any],
) -> tuple[list[Reading], list[Absent]]:
    readings, absent = _timing_readings(requests.get("timings", ()))
    under_load, no_load = load_readings(requests.get("load"))
    readings, absent = readings + under_load, absent + no_load
    energy, no_energy = _window_readings(requests, mean_score, no_score)
    readings += [*energy, *_memory_readings(requests.get("memory", {}))]
    readings += [
        Reading(name, "token/s", tuple(values)) for name, values in speed.get("samples", {}).items() if values
    ]
    if soak := speed.get("soak"):
        readings.append(Reading("soak_tokens_per_s", "token/s", tuple(soak["tokens_per_s"])))
    if "load_ms" in loaded:
        readings.append(Reading("load_ms", "ms", (loaded["load_ms"],)))
    absent += no_energy + _declared_absent(requests, loaded, {reading.metric for reading in readings})
    return readings, list({missing.metric: missing for missing in absent}.values())


def _declared_absent(requests: Mapping[str, Any], loaded: Mapping[str, Any], present: set[str]) -> list[Absent]:
    """What the session said it cannot give, and the memory of a process that is not ours."""
    reasons: dict[str, str] = dict(_said(requests, loaded).get("absent", {}))
    if reason := requests.get("memory_absent"):
        reasons["memory_bytes"] = reason
    return [Absent(metric, reason) for metric, reason in reasons.items() if metric not in present]


def _timing_readings(timings: Sequence[Mapping[str, Any]]) -> tuple[list[Reading], list[Absent]]:
    if not timings:
        return [], [Absent("latency_ms", "no request was timed")]
    source = "requests one at a time, no cache reused"
    readings = [
        Reading("latency_ms", "ms", tuple(t["latency_ms"] for t in timings), source=source),
        Reading("output_tokens", "token", tuple(float(t["output_tokens"]) for t in timings)),
    ]
    told = [t["prompt_tokens"] for t in timings]
    if None not in told:
        readings.insert(1, Reading("prompt_tokens", "token", tuple(map(float, told))))
    if timings[0]["ttft_ms"] is None:
        reason = "the task scores answer choices: there is no first token"
        return readings, [Absent("ttft_ms", reason), Absent("itl_ms", reason)]
    readings.append(Reading("ttft_ms", "ms", tuple(t["ttft_ms"] for t in timings), source=source))
    gaps = tuple(gap for t in timings for gap in t["itl_ms"])
    if not gaps:
        return readings, [Absent("itl_ms", "no answer had two tokens")]
    return [*readings, Reading("itl_ms", "ms", gaps, source=source)], []


def _memory_readings(memory: Mapping[str, int]) -> list[Reading]:
    names = {"total": "memory_bytes", "anonymous": "memory_anonymous_bytes", "file": "memory_file_bytes"}
    source = "peak resident memory of the worker, one sequence"
    return [
        Reading(names[part], "byte", (float(size),), source=source)
        for part, size in memory.items()
        if part in names
    ]


def _window_readings(
    requests: Mapping[str, Any], mean_score: float, no_score: str
) -> tuple[list[Reading], list[Absent]]:
    """CPU time and energy per request, one sample for each window of requests."""
    windows = requests.get("windows", ())
    if not windows:
        return [], []
    timed = [window for window in windows if window["cpu_s"] is not None]
    cpu = [Reading("cpu_s_per_request", "s", tuple(w["cpu_s"] / w["requests"] for w in timed))] if timed else []
    metered = [window for window in windows if window["energy"]]
    if not metered:
        reason = requests.get("energy_absent") or "no energy source"
        return cpu, [Absent(f"energy_j_per_{what}", reason) for what in ("request", "1k_tokens", "correct")]
    gross = [window["energy"]["gross_j"] for window in metered]
    per_request = [j / w["requests"] for j, w in zip(gross, metered, strict=True)]
    readings = [*cpu, _energy(metered, "energy_j_per_request", per_request)]
    absent = []
    if all(window["tokens"] for window in metered):
        per_1k_tokens = [1e3 * j / w["tokens"] for j, w in zip(gross, metered, strict=True)]
        readings.append(_energy(metered, "energy_j_per_1k_tokens", per_1k_tokens))
    else:
        absent.append(Absent("energy_j_per_1k_tokens", "it has no tokens"))
    if all(window["energy"]["net_j"] is not None for window in metered):
        net = [window["energy"]["net_j"] / window["requests"] for window in metered]
        readings.append(_energy(metered, "energy_net_j_per_request", net))
    else:
        absent.append(Absent("energy_net_j_per_request", "the idle power is not known"))
    if mean_score > 0:
        per_correct = [j / w["requests"] / mean_score for j, w in zip(gross, metered, strict=True)]
        readings.append(_energy(metered, "energy_j_per_correct", per_correct))
    else:
        absent.append(Absent("energy_j_per_correct", no_score))
    return readings, absent


def _energy(windows: Sequence[Mapping[str, Any]], metric: str, samples: Sequence[float]) -> Reading:
    use = windows[0]["energy"]
    return Reading(
        metric,
        "J",
        tuple(samples),
        Provenance(use["provenance"]),
        use["source"],
        use["error_low"],
        use["error_high"],
        use["note"],
    )
