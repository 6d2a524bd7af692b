"""Are shape twins as fast, as large and as hungry as the models they stand for, and how soon are they there?

Real weights: the embedded family at two levels. Large: a 1B shape whose weights are independent random numbers
throughout, because no large real weights are at hand offline; it shows that tiling a patch does not matter, not
that meaning does not. Every timing stands between two probes of a reference model and is divided by them.

Last line: ``speed_ratio`` (the case farthest from 1; 0.97 to 1.03 is wanted), ``memory_error`` (at most 0.02),
``size_error_max`` (published files whose vocabulary is known; at most 0.002), ``write_ratio`` (creating a twin
over a plain write of as many bytes; at most 1.5).
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from common import Ratio, finish, show
from twin_sides import Case, opened, peak_memory_bytes, plain_write_s, timed_pairs, write_independent

from rightsize.machine import scan
from rightsize.models.catalogue.load import catalogue, find_entry
from rightsize.models.catalogue.size_check import size_checks
from rightsize.models.expand import embedded_family
from rightsize.models.local_file import read_model
from rightsize.models.quantize import quantized
from rightsize.models.twins import weights
from rightsize.models.twins.from_header import subject_of_file
from rightsize.models.twins.plan import TwinPlan
from rightsize.models.twins.subject import TwinSubject
from rightsize.models.twins.write import write_twin

_LARGE, _SMALL = ("llama-3.2-1b-instruct", "Q4_0"), ("smollm2-135m-instruct", "Q4_0")
_LEVELS = ("F16", "Q4_K_M")


def main() -> None:
    """Measure the four figures and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few pairs and a small large pair: a trial run")
    quick = parser.parse_args().quick
    threads = scan(with_bandwidth=False).usable_cores
    with tempfile.TemporaryDirectory(prefix="rightsize-twin-benchmark-") as name:
        folder = Path(name)
        write_ratio = _write_ratio(folder, quick)
        cases = [*_embedded_cases(folder, quick), _large_case(folder, quick)]
        ratios = _speed_ratios(cases, threads)
        memory = {case.name: _memory(case, threads) for case in cases}
    checks = [check for check in size_checks(catalogue()) if check.error is not None and not check.excepted]
    size_errors = [check.error for check in checks if check.error is not None]
    speed = max((ratio.value for ratio in ratios.values()), key=lambda value: abs(value - 1))
    errors = {name: abs(twin / real - 1) for name, (real, twin) in memory.items()}
    show(
        "twin over real, tokens/s between probes (median of pairs, 95%)",
        [(n, str(r)) for n, r in ratios.items()],
    )
    show("peak memory, MB (real, twin)", [(n, f"{r / 1e6:.1f} {t / 1e6:.1f}") for n, (r, t) in memory.items()])
    show("published files", [("checked", str(len(checks))), ("largest error", f"{max(size_errors):.2e}")])
    show("creating over plain writing", [("ratio", str(write_ratio))])
    finish(
        {
            "speed_ratio": speed,
            "memory_error": max(errors.values()),
            "size_error_max": max(size_errors),
            "write_ratio": write_ratio.value,
            "speed_ratios": {name: [r.value, r.low, r.high] for name, r in ratios.items()},
            "memory_errors": errors,
            "sizes_checked": len(checks),
            "large_pair": "independent random weights, not real ones",
            "quick": quick,
        }
    )


def _embedded_cases(folder: Path, quick: bool) -> Iterator[Case]:
    for path in embedded_family():
        model = read_model(path)
        for level in _LEVELS:
            real = path if model.quant == level else quantized(model, level).path
            assert real is not None
            twin = write_twin(folder / f"{path.stem}-{level}.gguf", subject_of_file(str(real)).plan())
            yield Case(f"{path.stem} {level}", real, twin, 512, 128, 6 if quick else 36)


def _large_case(folder: Path, quick: bool) -> Case:
    name, level = _SMALL if quick else _LARGE
    print(f"writing independent weights of {name}", file=sys.stderr)
    plan = _plan(name, level)
    real = write_independent(folder / "independent.gguf", plan, seed=1)
    twin = write_twin(folder / "large-twin.gguf", plan)
    return Case(f"{name} {level} (independent random weights)", real, twin, 256, 48, 6 if quick else 36)


def _plan(name: str, level: str) -> TwinPlan:
    return TwinSubject.of(find_entry(name), level).plan()


def _speed_ratios(cases: list[Case], threads: int) -> dict[str, Ratio]:
    ratios = {}
    with opened(embedded_family()[-1], threads) as reference:
        for case in cases:
            print(f"timing {case.name}", file=sys.stderr)
            for kind, pairs in timed_pairs(case, reference, threads).items():
                twins = [twin.normalised for _, twin in pairs]
                ratios[f"{case.name}, {kind}"] = Ratio.of(twins, [real.normalised for real, _ in pairs])
    return ratios


def _memory(case: Case, threads: int) -> tuple[float, float]:
    """Median peaks of the real file and of its twin, taken in turn."""
    peaks = [(peak_memory_bytes(case.real, threads), peak_memory_bytes(case.twin, threads)) for _ in range(3)]
    return statistics.median(p[0] for p in peaks), statistics.median(p[1] for p in peaks)


def _write_ratio(folder: Path, quick: bool) -> Ratio:
    plan = _plan(_LARGE[0], "Q4_K_M")
    ours, theirs = [], []
    for _ in range(3 if quick else 5):
        weights.forget()  # the patches of the last round would be a head start
        os.sync()
        started = time.perf_counter()
        path = write_twin(folder / "write.gguf", plan)
        ours.append(time.perf_counter() - started)
        path.unlink()
        os.sync()
        theirs.append(plain_write_s(path, plan.size_bytes))
        path.unlink()
    return Ratio.of(ours, theirs)


if __name__ == "__main__":
    main()
