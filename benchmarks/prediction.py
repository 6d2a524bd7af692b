"""How far off are predicted speed and memory on models that the calibration never saw, and others' predictions?

The machine is probed once (small llama and mamba files, one weight type each); then twins of catalogue models
are written, timed and removed, each timing between two of the reference that the probe used, and normalised by
it. Peers answer by their own formulas for the same points. Machines that others measured are projected from
their profiles.

Last line: ``decode_median_error``, ``prefill_median_error`` (at most 0.08 is wanted), ``decode_p90_error``,
``prefill_p90_error`` (0.20), ``memory_median_error`` (0.03), and the same of the peers; ``*_interval`` is the
width that these residuals teach.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import finish
from peers_predict import (
    Question,
    gguf_parser_memory,
    llm_checker_decode,
    llm_checker_memory,
    llmfit_decode,
    llmfit_memory,
    whichllm_decode,
    whichllm_memory,
)

from rightsize.bench.calibrate import BATCH_TOKENS, ProbeResult, reference_file, run_probe
from rightsize.bench.speed_client import SpeedWorker
from rightsize.errors import RightsizeError
from rightsize.flows.calibration import calibration_of
from rightsize.flows.fit import Candidate, candidates, machine_of
from rightsize.machine import scan
from rightsize.machine.profiles import load_profile
from rightsize.models.catalogue.load import find_entry
from rightsize.models.shapes.tensors import parameters_of
from rightsize.models.twins.plan import twin_plan
from rightsize.models.twins.write import write_twin
from rightsize.predict.cache import CacheSettings
from rightsize.predict.calibration import Calibration
from rightsize.predict.interval import spread
from rightsize.predict.outlook import Wish, outlook_elsewhere, work_and_memory
from rightsize.predict.rates_fit import Point, normalised, predicted_seconds, typical
from rightsize.predict.work import work_of

_SMALL = [
    ("smollm2-135m-instruct", "Q8_0"),
    ("smollm2-360m-instruct", "Q4_K_M"),
    ("qwen2.5-0.5b-instruct", "Q4_K_M"),
]
_MORE = [
    ("qwen3-0.6b", "Q8_0"),
    ("mamba-370m", "Q4_K_M"),
    ("gemma-3-1b-it", "Q4_K_M"),
    ("llama-3.2-1b-instruct", "Q4_K_M"),
    ("llama-3.2-1b-instruct", "Q6_K"),
    ("qwen2.5-1.5b-instruct", "Q5_K_M"),
    ("granite-3.2-2b-instruct", "Q4_K_M"),
    ("llama-3.2-3b-instruct", "Q4_K_M"),
    ("qwen3-4b", "Q4_K_M"),
    ("llama-3.1-8b-instruct", "Q4_K_M"),
]
_POINTS = ((1, 64), (1, 1024), (512, 0), (256, 768))  # tokens at once, and depth
_CONTEXT = 2048
_ANCHORS = {  # llama3.2:3b Q4_K_M, tokens/s, by geerlingguy/ai-benchmarks README.md @bdf9441 (2025-12-18)
    "rpi5-16gb": 4.88,
    "rpi5-8gb": 4.61,
    "mini-n150": 9.06,
    "apple-m4": 41.31,
    "apple-m1-max": 59.38,
    "rtx-3060-12gb": 122.85,
    "rtx-4070-12gb": 160.72,
    "rtx-4090-24gb": 334.67,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One point: what was predicted by whom, and what was measured (tokens/s, or bytes of memory)."""

    name: str
    metric: str
    measured: float
    predicted: dict[str, float]

    def error(self, who: str) -> float:
        """Relative to what was measured."""
        return abs(self.predicted[who] / self.measured - 1)


def main() -> None:
    """Probe, measure, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three small models: a trial run")
    quick = parser.parse_args().quick
    machine = scan(with_bandwidth=False)
    probe = run_probe(machine.usable_cores)
    calibration = calibration_of(probe)
    rows: list[Row] = []
    for model, level in _SMALL if quick else [*_SMALL, *_MORE]:
        (candidate,), _ = candidates([find_entry(model)], [level])
        try:
            rows += _rows(candidate, probe, calibration, machine)
        except RightsizeError as error:
            print(f"  left out: {candidate.id}: {error}")
    _show(rows)
    projected = _projections(calibration)
    probed = {"probe_s": round(probe.took_s, 1), "probe_left_out": list(probe.left_out)}
    finish(_figures(rows) | {**probed, **projected})


def _rows(candidate: Candidate, probe: ProbeResult, calibration: Calibration, machine: Any) -> Iterator[Row]:
    line = _timed(candidate, probe.threads)
    usual = typical([seconds for timing in probe.timings for seconds in timing.reference_s])
    work = work_of(candidate.shape, candidate.mix.tensors)
    asked = Question(
        candidate.shape,
        candidate.mix.level,
        parameters_of(candidate.shape) / 1e9,
        candidate.mix.tensor_bytes,
        _CONTEXT,
        machine.usable_cores,
    )
    for timing in line["timings"]:
        tokens, depth = timing["tokens"], timing["depth"]
        seconds = normalised(timing["samples"], timing["reference"], usual)
        ours = predicted_seconds(Point(work, tokens, depth, seconds), calibration.rates)
        predicted = {"rightsize": tokens / ours}
        if tokens == 1:
            predicted |= {
                "llmfit": llmfit_decode(asked, machine.architecture),
                "whichllm": whichllm_decode(asked),
                "llm-checker": llm_checker_decode(asked, machine.architecture),
            }
        metric = "decode" if tokens == 1 else "prefill"
        yield Row(f"{candidate.id} @{depth}", metric, tokens / seconds, predicted)
    settings = CacheSettings(_CONTEXT, BATCH_TOKENS)
    _, memory = work_and_memory(candidate.shape, candidate.mix.tensors, calibration, settings, BATCH_TOKENS)
    base = calibration.loading.base_bytes
    theirs = {
        "llmfit": llmfit_memory(asked),
        "whichllm": whichllm_memory(asked),
        "llm-checker": llm_checker_memory(asked),
        "gguf-parser": gguf_parser_memory(asked),
    }
    measured = line["peak_bytes"] - line["resident_before_bytes"] + base
    yield Row(candidate.id, "memory", measured, {"rightsize": memory + base, **theirs})


def _timed(candidate: Candidate, threads: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="rightsize-prediction-") as name:
        folder = Path(name)
        reference = reference_file().write(folder)
        path = write_twin(folder / "twin.gguf", twin_plan(candidate.shape, candidate.mix, name=candidate.id))
        job = {
            "tag": candidate.id,
            "path": str(path),
            "context_tokens": _CONTEXT,
            "batch_tokens": BATCH_TOKENS,
            "timings": [{"tokens": n, "depth": depth, "budget_s": 0.6} for n, depth in _POINTS],
        }
        with SpeedWorker(threads, reference, time_limit_s=600) as worker:
            return worker.time(job)


def _show(rows: Sequence[Row]) -> None:
    for metric, unit, scale in (("decode", "token/s", 1), ("prefill", "token/s", 1), ("memory", "MB", 1e6)):
        chosen = [row for row in rows if row.metric == metric]
        names = list(chosen[0].predicted) if chosen else []
        print(f"\n{metric}, {unit}: measured, then predicted (error) by {', '.join(names)}")
        for row in chosen:
            told = "  ".join(f"{row.predicted[who] / scale:9.1f} ({row.error(who):5.0%})" for who in names)
            print(f"  {row.name:<38} {row.measured / scale:9.1f}  {told}")


def _figures(rows: Sequence[Row]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for metric in ("decode", "prefill", "memory"):
        chosen = [row for row in rows if row.metric == metric]
        errors = [row.error("rightsize") for row in chosen]
        figures[f"{metric}_median_error"] = round(float(np.median(errors)), 4)
        figures[f"{metric}_p90_error"] = round(float(np.quantile(errors, 0.9)), 4)
        figures[f"{metric}_points"] = len(errors)
        peers = [who for who in chosen[0].predicted if who != "rightsize"]
        residuals = [math.log(row.measured / row.predicted["rightsize"]) for row in chosen]
        figures[f"{metric}_interval"] = round(spread(metric, residuals).factor - 1, 4)
        medians = {who: round(float(np.median([row.error(who) for row in chosen])), 4) for who in peers}
        figures[f"{metric}_median_error_of_peers"] = medians
    return figures


def _projections(calibration: Calibration) -> dict[str, Any]:
    """Machines that others measured, from their profiles alone."""
    (candidate,), _ = candidates([find_entry("llama-3.2-3b-instruct")], ["Q4_K_M"])
    wish = Wish(prompt_tokens=64, output_tokens=128)
    print("\nprojected, llama-3.2-3b Q4_K_M, token/s: expected [range], measured by others")
    errors, inside = [], []
    for name, measured in _ANCHORS.items():
        elsewhere = machine_of(load_profile(name))
        span = outlook_elsewhere(candidate.shape, candidate.mix.tensors, wish, elsewhere, calibration.rates)
        tokens_s = span.decode_tokens_s
        errors.append(abs(tokens_s.value / measured - 1))
        inside.append(tokens_s.low <= measured <= tokens_s.high)
        print(f"  {name:<16} {tokens_s.value:7.1f} [{tokens_s.low:.1f}, {tokens_s.high:.1f}]  {measured:7.2f}")
    median = round(float(np.median(errors)), 4)
    return {"projected_median_error": median, "projected_inside": sum(inside), "projected_points": len(inside)}


if __name__ == "__main__":
    main()
