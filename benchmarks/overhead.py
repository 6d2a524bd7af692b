"""What rightsize itself costs: the start of the command line, and the worker's memory while it measures.

Last line: ``help_ratio``, ``rightsize --help`` over the ``--help`` of an empty typer app with the same command
names (at most 1.5); ``harness_rss_mb``, the worker's resident memory beyond llama.cpp's weights and buffers
while it measures speed, in MB of 10^6 bytes (at most 80).
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from common import Ratio, finish, show

from rightsize.bench.measure import PREFILL_TOKENS
from rightsize.bench.protocol import CellRequest
from rightsize.bench.supervise import Limits, run_worker
from rightsize.domain import CandidateSettings
from rightsize.models.expand import embedded_family
from rightsize.models.local_file import read_model

_EMPTY_APP = """
import typer
app = typer.Typer({options})
{commands}
app()
"""
_EMPTY_COMMAND = """
@app.command("{name}")
def _{index}() -> None: ...
"""


def main() -> None:
    """Measure both and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=25)
    options = parser.parse_args()
    ratio, plain = _help_ratios(options.pairs)
    model = embedded_family()[-1]
    harness_bytes, n = _harness_bytes(model)
    show(
        "overhead of rightsize",
        [
            ("--help over an empty typer app", f"{ratio} (ratio of medians, 95% interval)"),
            ("the same, both with plain help", str(plain)),
            ("worker beyond llama.cpp", f"{harness_bytes / 1e6:.1f} MB (largest of {n} samples, {model.name})"),
        ],
    )
    finish(
        {
            "help_ratio": ratio.value,
            "help_interval": [ratio.low, ratio.high],
            "help_ratio_plain": plain.value,
            "help_interval_plain": [plain.low, plain.high],
            "harness_rss_mb": harness_bytes / 1e6,
        }
    )


def _help_ratios(pairs: int) -> tuple[Ratio, Ratio]:
    """Over an empty app as typer makes it, and over one with plain help, as ours has."""
    commands = {
        "ours": [sys.executable, "-m", "rightsize", "--help"],
        "empty": _empty_app(""),
        "plain": _empty_app("rich_markup_mode=None"),
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for pair in range(pairs + 1):
        for name, command in commands.items():
            elapsed = _timed(command)
            if pair:  # the first round fills the disk cache
                times[name].append(elapsed)
    return Ratio.of(times["ours"], times["empty"]), Ratio.of(times["ours"], times["plain"])


def _empty_app(options: str) -> list[str]:
    from typer.main import get_command

    from rightsize.cli.main import app

    names = list(get_command(app).commands)  # type: ignore[attr-defined]
    commands = "".join(_EMPTY_COMMAND.format(name=name, index=index) for index, name in enumerate(names))
    path = Path(tempfile.mkdtemp()) / "empty.py"
    path.write_text(_EMPTY_APP.format(commands=commands, options=options))
    return [sys.executable, str(path), "--help"]


def _timed(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def _harness_bytes(model: Path) -> tuple[int, int]:
    """Largest resident memory of a measuring worker less llama.cpp's own, and the number of samples."""
    loaded, settings = read_model(model), CandidateSettings(threads=1)
    request = CellRequest("llama_cpp", loaded, settings, (), requests=0, repetitions=20)
    samples: list[int] = []
    done = threading.Event()
    watcher = threading.Thread(target=_watch_children, args=(samples, done))
    watcher.start()
    try:
        for _ in run_worker(request, Limits(time_s=600, stall_s=600, memory_bytes=0)):
            pass
    finally:
        done.set()
        watcher.join()
    return max(samples) - _llama_cpp_bytes(model), len(samples)


def _watch_children(samples: list[int], done: threading.Event) -> None:
    while not done.wait(0.01):
        for child in psutil.Process().children():
            with contextlib.suppress(psutil.Error):
                samples.append(child.memory_info().rss)


def _llama_cpp_bytes(model: Path) -> int:
    """Weights and the buffers of the larger of the two speed contexts, as llama.cpp logs them."""
    from rightsize.engines.llama_cpp.context import Context, LoadedModel
    from rightsize.engines.llama_cpp.library import buffer_sizes

    loaded = LoadedModel(model)
    with Context(loaded, tokens=PREFILL_TOKENS, threads=1) as context:
        buffers = {**buffer_sizes(loaded.load_log), **buffer_sizes(context.log)}
    loaded.close()
    return sum(buffers.values())


if __name__ == "__main__":
    main()
