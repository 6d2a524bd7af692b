"""How far a stored record's times can be trusted, from what the watch saw and how the samples look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rightsize.domain import Judgement, Measured, Record, Verdict
from rightsize.metrics import METRICS
from rightsize.stats.trust import Trust, TrustVerdict, symptoms, trust

#: Which watched windows a reading comes from. What is not named here does not depend on a quiet machine.
PHASES = {
    "latency_ms": "requests",
    "ttft_ms": "requests",
    "itl_ms": "requests",
    "cpu_s_per_request": "requests",
    "energy_j_per_request": "requests",
    "energy_net_j_per_request": "requests",
    "energy_j_per_1k_tokens": "requests",
    "energy_j_per_correct": "requests",
    "prefill_tokens_per_s": "prefill_tokens_per_s",
    "decode_tokens_per_s": "decode_tokens_per_s",
}
#: What makes a process look smaller than it is.
_HIDES_MEMORY = ("seconds", "cpus", "swapped_bytes", "memory_stall_s")
_ORDER = (Trust.TRUSTED, None, Trust.NOISY, Trust.CONTAMINATED)


def trust_of(record: Record, metric: str) -> TrustVerdict | None:
    """Return how far one metric of a record can be trusted; None where a quiet machine does not matter to it,
    or where it was not measured."""
    reading = METRICS[metric].reading
    phase = "requests" if reading == "memory_bytes" else PHASES.get(reading)
    if phase is None or not isinstance(record.outcome, Measured):
        return None
    samples = {r.metric: r.samples for r in record.outcome.readings}
    if not samples.get(reading):
        return None
    windows = record.outcome.facts.get("windows", {}).get(phase, ())
    if reading == "memory_bytes":
        return trust([{key: window.get(key) for key in _HIDES_MEMORY} for window in windows])
    repeated = sum(d.get("phase") == phase for d in record.outcome.facts.get("discarded", ()))
    return trust(windows, _signs(phase, samples), repeated=repeated)


def overall_trust(record: Record) -> TrustVerdict | None:
    """Return the worst verdict on any of the record's times; None where it has none."""
    found = [(name, trust_of(record, name)) for name in ("latency_p50_ms", "decode_tokens_per_s")]
    verdicts = [(name, verdict) for name, verdict in found if verdict is not None]
    if not verdicts:
        return None
    name, worst = max(verdicts, key=lambda named: _ORDER.index(named[1].label))
    if worst.label in {Trust.NOISY, Trust.CONTAMINATED}:
        what = "requests" if name.startswith("latency") else "speed test"
        return replace(worst, reason=f"{what}: {worst.reason}")
    return worst


def worse_of(verdicts: Sequence[TrustVerdict | None]) -> TrustVerdict | None:
    """Return the worst verdict of those there are; None where there is none."""
    known = [verdict for verdict in verdicts if verdict is not None]
    return max(known, key=lambda verdict: _ORDER.index(verdict.label), default=None)


def with_trust(judgement: Judgement, record: Record) -> Judgement:
    """Return the judgement as far as a disturbed measurement may carry it.

    A disturbance makes things slower, hungrier and never better: a PASS holds all the more and says so, but a
    FAIL may be the disturbance's and not the candidate's, so it is UNDECIDED until it is measured again. Of
    memory the opposite holds: what was swapped out is not seen, so a PASS may be the swapping's. What is
    UNDECIDED asks for a quiet machine rather than for more of the same.
    """
    metric = judgement.threshold.metric
    verdict = trust_of(record, metric)
    if verdict is None or verdict.label is None or judgement.value is None:
        return judgement
    judgement = replace(judgement, trust=verdict.label.value)
    if verdict.label is not Trust.CONTAMINATED:
        return judgement
    holds = Verdict.FAIL if metric == "memory_bytes" else Verdict.PASS
    if judgement.verdict is holds:
        return replace(judgement, reason=f"{judgement.reason}, although contaminated: {verdict.reason}")
    why = f"contaminated: {verdict.reason}; measure it again when the machine is quiet"
    return replace(
        judgement,
        verdict=Verdict.UNDECIDED,
        reason=f"{judgement.reason}; {why}",
        more_needed=judgement.more_needed or 0,
    )


def _signs(phase: str, samples: Mapping[str, Sequence[float]]) -> tuple[str, ...]:
    """Symptoms in the samples that are plain times of one kind of work."""
    if phase != "requests":
        return symptoms(samples.get(phase, ()))
    latency = samples.get("latency_ms", ())
    return symptoms(latency, _expected(latency, samples))


def _expected(latency: Sequence[float], samples: Mapping[str, Sequence[float]]) -> list[float] | None:
    """What each request would take by its tokens alone: linear in prompt and output tokens, least squares of
    the relative error."""
    import numpy as np

    work = [samples.get("prompt_tokens", ()), samples.get("output_tokens", ())]
    if any(len(tokens) != len(latency) for tokens in work) or len(latency) < 6 or min(latency) <= 0:
        return None
    times: Any = np.asarray(latency, dtype=float)
    design: Any = np.column_stack([np.ones(len(times)), *(np.asarray(tokens, dtype=float) for tokens in work)])
    found, *_ = np.linalg.lstsq(design / times[:, None], np.ones(len(times)), rcond=None)
    expected = design @ found
    return [float(value) for value in expected] if (expected > 0).all() else None
