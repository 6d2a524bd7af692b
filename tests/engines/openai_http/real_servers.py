"""Real servers on loopback: llama-cpp-python's own, and llama.cpp's where it has been built."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import httpx
from platformdirs import user_cache_path

_START_LIMIT_S = 120


def llama_server_path() -> Path | None:
    """llama.cpp's server as ``benchmarks/llama_tools.py`` builds it, or None where nobody did."""
    caches = (os.environ.get("RIGHTSIZE_CACHE"), user_cache_path("rightsize"))
    name = f"benchmarks/llama.cpp-{version('llama-cpp-python')}/build/bin/llama-server"
    found = (Path(cache) / name for cache in caches if cache)
    return next((path for path in found if path.is_file()), None)


@contextmanager
def python_server(model: Path, *, context: int = 1024, alias: str = "tiny") -> Iterator[str]:
    """llama-cpp-python's server, with all logits so that it can score given text; yields its base URL."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "llama_cpp.server", "--model", str(model)]
    command += ["--n_ctx", str(context), "--n_threads", "1", "--n_threads_batch", "1", "--logits_all", "true"]
    command += ["--model_alias", alias, "--host", "127.0.0.1", "--port", str(port)]
    with _running(command, port):
        yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def llama_server(
    binary: Path, model: Path, *, context: int = 2048, alias: str = "tiny", slots: int = 2
) -> Iterator[str]:
    """llama.cpp's server; yields its base URL."""
    port = free_port()
    command = [
        str(binary),
        "-m",
        str(model),
        "-t",
        "1",
        "-c",
        str(context),
        "-np",
        str(slots),
        "--alias",
        alias,
    ]
    command += ["--host", "127.0.0.1", "--port", str(port), "--no-webui"]
    with _running(command, port):
        yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + _START_LIMIT_S
        while time.monotonic() < until:
            assert process.poll() is None, f"{command[0]} stopped with code {process.returncode}"
            try:
                if httpx.get(f"http://127.0.0.1:{port}/v1/models", timeout=5).is_success:
                    break
            except httpx.HTTPError:
                pass
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
