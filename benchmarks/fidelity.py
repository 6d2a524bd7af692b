"""Do our speeds agree with llama-bench's? Same file, threads and shapes, interleaved in one run.

Last line: ``pp512_ratio`` and ``tg128_ratio``, medians of ours over theirs; both should lie in 0.97 to 1.03.
The model has a 1B shape and random weights: large enough to be bound by memory, as real ones are.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from common import Ratio, finish, show
from llama_tools import llama_tool
from random_models import one_b, write_random_model

from rightsize.bench.protocol import CellRequest
from rightsize.bench.supervise import Limits, run_worker
from rightsize.domain import CandidateSettings
from rightsize.machine import scan
from rightsize.models.local_file import read_model
from rightsize.paths import cache_dir

Speeds = dict[str, list[float]]


def main() -> None:
    """Measure pairs and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--model", type=Path, help="a GGUF file to use instead of the random 1B one")
    options = parser.parse_args()
    tool, model = llama_tool("llama-bench"), options.model or _random_model()
    threads = scan(with_bandwidth=False).usable_cores
    ours: Speeds = {"pp512": [], "tg128": []}
    theirs: Speeds = {"pp512": [], "tg128": []}
    for pair in range(options.pairs):
        sides = [
            (ours, lambda: _rightsize(model, threads)),
            (theirs, lambda: _llama_bench(tool, model, threads)),
        ]
        for speeds, measure in sides if pair % 2 else reversed(sides):
            for name, values in measure().items():
                speeds[name] += values
        last = ", ".join(f"{name} {ours[name][-1]:.2f} against {theirs[name][-1]:.2f}" for name in ours)
        print(f"pair {pair + 1} of {options.pairs}: {last} tokens/s", file=sys.stderr)
    ratios = {name: Ratio.of(ours[name], theirs[name]) for name in ours}
    show(
        f"rightsize over llama-bench, {model.name}, {threads} threads (ratio of medians, 95% interval)",
        [(name, str(ratio)) for name, ratio in ratios.items()],
    )
    finish(
        {f"{name}_ratio": ratio.value for name, ratio in ratios.items()}
        | {f"{name}_interval": [ratio.low, ratio.high] for name, ratio in ratios.items()}
        | {"pairs": options.pairs, "samples": {"rightsize": ours, "llama_bench": theirs}}
    )


def _random_model() -> Path:
    path = cache_dir() / "benchmarks" / "random-1b-q8_0.gguf"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = write_random_model(path.with_suffix(".part"), one_b())
        part.replace(path)
    return path


def _rightsize(model: Path, threads: int) -> Speeds:
    """One repetition of each through the worker that ``rightsize bench`` uses."""
    loaded = read_model(model)
    request = CellRequest(
        "llama_cpp", loaded, CandidateSettings(threads=threads), (), requests=0, repetitions=1
    )
    for event in run_worker(request, Limits(time_s=3600, stall_s=3600, memory_bytes=0)):
        if event.kind == "speed":
            data = event.data["samples"]
    return {"pp512": data["prefill_tokens_per_s"], "tg128": data["decode_tokens_per_s"]}


def _llama_bench(tool: Path, model: Path, threads: int) -> Speeds:
    command = [tool, "-m", model, "-t", str(threads), "-p", "512", "-n", "128", "-r", "1", "-o", "json"]
    done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    rows = json.loads(done.stdout)
    return {("tg128" if row["n_gen"] else "pp512"): row["samples_ts"] for row in rows}


if __name__ == "__main__":
    main()
