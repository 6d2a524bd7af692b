"""Calibrating this machine: probe it, learn its rates, keep them; and whether what is kept still holds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rightsize.bench.calibrate import BATCH_TOKENS, ProbeResult, run_probe
from rightsize.domain import Machine
from rightsize.predict.calibration import Calibration, calibration_from
from rightsize.predict.interval import UNTRIED, Spread, spread
from rightsize.predict.memory import Loading
from rightsize.predict.rates_fit import Point, fit_rates, normalised, typical
from rightsize.predict.speed import MachineRates
from rightsize.predict.work import work_of
from rightsize.store.predictions import Checked, Predictions, StoredCalibration

#: Models below this say nothing of larger ones: their layers are narrower than those of a probe's files.
LEAST_PARAMETERS = 100_000_000
_RESTLESS = 1.3  # a quiet probe on two cores of a shared host stayed within 1.1


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A calibration with what it is for: a machine, a build of llama.cpp, and its place in the store."""

    id: int
    machine_fingerprint: str
    engine: str
    calibration: Calibration


def calibrated(
    machine: Machine,
    store: Predictions,
    *,
    threads: int,
    anew: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Calibrated:
    """The stored calibration of this machine, build and number of threads; made now where there is none."""
    engine = engine_text()
    if not anew and (known := known_calibration(store, machine.fingerprint, engine, threads)):
        return known
    calibration = calibration_of(run_probe(threads, tell=tell))
    kept = store.keep_calibration(machine.fingerprint, engine, threads, calibration.document())
    return Calibrated(kept.id, machine.fingerprint, engine, calibration)


def known_calibration(
    store: Predictions, machine_fingerprint: str, engine: str, threads: int
) -> Calibrated | None:
    """The newest stored calibration of a machine, a build and a number of threads; None where there is none."""
    for stored in store.calibrations():
        key = (stored.machine_fingerprint, stored.engine, stored.threads)
        if key == (machine_fingerprint, engine, threads) and (known := calibration_from(stored.document)):
            return Calibrated(stored.id, machine_fingerprint, engine, known)
    return None


def with_batch(known: Calibrated, batch_tokens: int) -> Calibrated:
    """The same for prompts that are read in batches of another size."""
    calibration = known.calibration
    rates = replace(calibration.rates, batch_tokens=batch_tokens)
    return replace(known, calibration=replace(calibration, rates=rates))


def newest_here(store: Predictions) -> MachineRates | None:
    """The rates of this build on whichever machine was calibrated last: what one core of it does."""
    engine = engine_text()
    found = (calibration_from(each.document) for each in store.calibrations() if each.engine == engine)
    return next((each.rates for each in found if each), None)


def calibration_of(probe: ProbeResult) -> Calibration:
    """Rates from a probe's raw timings."""
    usual = typical([seconds for timing in probe.timings for seconds in timing.reference_s])
    points = [
        Point(
            work_of(timing.file.shape, timing.file.tensors),
            timing.tokens,
            timing.depth,
            normalised(timing.seconds, timing.reference_s, usual),
            knot=timing.file.is_knot,
        )
        for timing in probe.timings
    ]
    rates = fit_rates(points, threads=probe.threads, batch_tokens=BATCH_TOKENS)
    raw = tuple(_raw(timing) for timing in probe.timings)
    loading = Loading(probe.packed, probe.base_bytes, len(probe.packed))
    return Calibration(rates, loading, probe.took_s, raw, probe.left_out)


@dataclass(frozen=True, slots=True)
class Intervals:
    """How far predictions of each metric may be off: of models like those that are probed, and of tiny ones."""

    usual: Mapping[str, Spread]
    tiny: Mapping[str, Spread]

    def of(self, parameters: int) -> Mapping[str, Spread]:
        """Those for a model of that many parameters."""
        return self.tiny if parameters < LEAST_PARAMETERS else self.usual


def intervals_from(checks: Sequence[Checked]) -> Intervals:
    """Intervals from predictions that were checked, each kind of model from its own."""

    def learned(*, tiny: bool) -> dict[str, Spread]:
        alike = [check for check in newest(checks) if (check.parameters < LEAST_PARAMETERS) is tiny]
        return {metric: spread(metric, residuals_of(alike, metric)) for metric in UNTRIED}

    return Intervals(learned(tiny=False), learned(tiny=True))


def newest(checks: Sequence[Checked]) -> list[Checked]:
    """Of several checks of one figure the last: what is measured again and again counts once."""
    latest = {
        (each.model, each.level, each.metric, each.tokens, each.depth, each.threads): each for each in checks
    }
    return list(latest.values())


def residuals_of(checks: Sequence[Checked], metric: str) -> list[float]:
    """Logarithms of measured over predicted, of one metric."""
    return [math.log(check.measured / check.predicted) for check in checks if check.metric == metric]


def staleness(stored: StoredCalibration, machine: Machine) -> list[str]:
    """Why a calibration no longer speaks for this machine; empty when it does."""
    reasons = []
    if stored.machine_fingerprint != machine.fingerprint:
        reasons.append("the machine changed: another fingerprint than when it was probed")
    if stored.engine != engine_text():
        reasons.append(f"the engine changed: {stored.engine} then, {engine_text()} now")
    calibration = calibration_from(stored.document)
    if calibration is None:
        reasons.append("rightsize changed how it calibrates")
    elif (factor := unrest(calibration)) > _RESTLESS:
        longer = f"the same work took up to {factor:.1f} times as long"
        reasons.append(f"the machine was busy when probed: {longer}")
    return reasons


def unrest(calibration: Calibration) -> float:
    """How much longer the reference took in the worst tenth of a probe than in the best; 1: a quiet machine."""
    around = [typical(point["reference_s"]) for point in calibration.points if point["reference_s"]]
    if not around:
        return 1.0
    ordered = sorted(around)
    return ordered[len(ordered) * 9 // 10] / ordered[len(ordered) // 10]


def engine_text(build: Mapping[str, Any] | None = None) -> str:
    """llama.cpp's build as one line: version and features; by default of the one that is installed."""
    from rightsize.engines.registry import get_engine

    build = build or get_engine("llama_cpp").build()
    return " ".join(str(build[key]) for key in ("name", "version", "features") if build.get(key))


def _raw(timing: Any) -> dict[str, Any]:
    return {
        "file": timing.file.tag,
        "tokens": timing.tokens,
        "depth": timing.depth,
        "seconds": list(timing.seconds),
        "reference_s": list(timing.reference_s),
    }
