"""llama.cpp's own tools, built from the source archive of the llama-cpp-python that is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from importlib.metadata import requires, version
from pathlib import Path

from packaging.requirements import Requirement

from rightsize.engines.llama_cpp.library import system_info
from rightsize.paths import cache_dir

_TRIES = 5


def llama_tool(name: str) -> Path:
    """Path of a built tool such as ``llama-bench``; built once and kept in the cache (minutes)."""
    release = version("llama-cpp-python")
    home = cache_dir() / "benchmarks" / f"llama.cpp-{release}"
    tool = home / "build" / "bin" / name
    if not tool.is_file():
        source = _source(home, release)
        print(f"building {name} from the source archive of llama-cpp-python {release}", file=sys.stderr)
        _configure(source, home / "build")
        _run("cmake", "--build", str(home / "build"), "--target", name, "--parallel", str(os.cpu_count() or 1))
    return tool


def batched_bench(
    model: Path, threads: int, slots: int, prompt: int, output: int, *flags: str
) -> Mapping[str, float]:
    """One row of llama-batched-bench: ``t_pp`` and ``t_tg`` are seconds, of all slots together."""
    cells = slots * (prompt + output)
    command = [llama_tool("llama-batched-bench"), "-m", model, "-t", threads, "-c", cells, "-kvu"]
    command += ["-npp", prompt, "-ntg", output, "-npl", slots, "--output-format", "jsonl", *flags]
    for _ in range(_TRIES):  # the tool may end before its own log was written
        done = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
        rows = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("{")]
        if rows:
            figures: Mapping[str, float] = json.loads(rows[-1])
            return figures
    raise SystemExit(f"llama-batched-bench printed no figures in {_TRIES} runs")


def _source(home: Path, release: str) -> Path:
    found = list(home.glob("llama_cpp_python-*/vendor/llama.cpp"))
    if found:
        return found[0]
    home.mkdir(parents=True, exist_ok=True)
    package = f"llama-cpp-python=={release}"
    _run(
        sys.executable,
        "-m",
        "pip",
        "download",
        "--no-deps",
        "--no-binary",
        ":all:",
        "--dest",
        str(home),
        package,
    )
    with tarfile.open(next(home.glob("*.tar.gz"))) as archive:
        archive.extractall(home, filter="data")
    return next(home.glob("llama_cpp_python-*/vendor/llama.cpp"))


def _configure(source: Path, build: Path) -> None:
    # No web page for the server: it would be downloaded, and nobody looks at it here.
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DLLAMA_CURL=OFF", "-DLLAMA_USE_PREBUILT_UI=OFF"]
    # GCC compiles the AMX code wrongly unless it keeps every store; the Makefile has the same flags.
    if "AMX_INT8 = 1" in system_info():
        options.append("-DCMAKE_CXX_FLAGS=-fno-dse -fno-tree-dse")
    _run("cmake", "-S", str(source), "-B", str(build), *options)


def server_extra() -> Path:
    """Folder with what llama-cpp-python's ``server`` extra needs; installed once, beside and not into this
    environment."""
    home = cache_dir() / "benchmarks" / f"server-extra-{version('llama-cpp-python')}"
    if not (home / "uvicorn").is_dir():
        stated = [Requirement(text) for text in requires("llama-cpp-python") or ()]
        wanted = [r for r in stated if r.marker and r.marker.evaluate({"extra": "server"})]
        names = [f"{r.name}{r.specifier}" for r in wanted]
        _run(sys.executable, "-m", "pip", "install", "--quiet", "--target", str(home), *names)
    return home


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)
