"""Code of llama.cpp that crashes as it was compiled is left out, and found out about only once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rightsize.engines.llama_cpp import amx, library
from rightsize.engines.llama_cpp.context import LoadedModel
from tests.tiny_models import make_tiny_llama


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path / "cache"))
    amx.works.cache_clear()
    yield
    amx.works.cache_clear()


def trials_ending(monkeypatch: pytest.MonkeyPatch, code: int) -> list[object]:
    """Let the build have AMX code whose trial ends so; the trials that were made."""
    made: list[object] = []

    def run(command: object, **_: object) -> subprocess.CompletedProcess[bytes]:
        made.append(command)
        return subprocess.CompletedProcess([], code)

    monkeypatch.setattr(library, "system_info", lambda: "AVX2 = 1 | AMX_INT8 = 1 | ")
    monkeypatch.setattr(subprocess, "run", run)
    return made


def test_without_such_code_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trials_ending(monkeypatch, -11)
    monkeypatch.setattr(library, "system_info", lambda: "AVX2 = 1 | ")
    assert amx.works()
    assert not made


@pytest.mark.parametrize(("code", "works"), [(0, True), (-11, False), (1, False)])
def test_the_trial_decides_and_is_remembered(monkeypatch: pytest.MonkeyPatch, code: int, works: bool) -> None:
    made = trials_ending(monkeypatch, code)
    assert amx.works() is works
    amx.works.cache_clear()
    assert amx.works() is works
    assert len(made) == 1


def test_a_cache_that_cannot_be_written_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path / "file"))
    trials_ending(monkeypatch, -11)
    assert not amx.works()


def test_what_crashes_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from rightsize.engines.llama_cpp.engine import LlamaCppEngine

    trials_ending(monkeypatch, -11)
    assert "AMX left out" in str(LlamaCppEngine().build()["features"])
    assert "AMX" not in "".join(LoadedModel(make_tiny_llama(tmp_path / "tiny.gguf")).load_log)


def test_the_trial_itself_ends_well_or_by_a_signal() -> None:
    command = [sys.executable, "-m", "rightsize.engines.llama_cpp.amx"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode <= 0, done.stderr
