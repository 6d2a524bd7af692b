"""``make bench`` runs every benchmark there is, to the end, and fails when one did."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = {path.name for path in (ROOT / "benchmarks").glob("*.py") if "__main__" in path.read_text("utf-8")}

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")


def bench(folder: Path, broken: str = "") -> tuple[list[str], subprocess.CompletedProcess[str]]:
    """Run the target on stand-ins that note their name; ``broken`` exits with 1."""
    scripts, ran = folder / "benchmarks", folder / "ran"
    scripts.mkdir()
    for name in SCRIPTS:
        code = f"print({name!r}, file=open({str(ran)!r}, 'a')); raise SystemExit({int(name == broken)})"
        (scripts / name).write_text(code)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(sys.executable)
    for name in ("pyproject.toml", "requirements.lock", "ready"):
        (folder / name).touch()
    command = ["make", "-f", str(ROOT / "Makefile"), "-o", "ready", "bench", "BIN=bin", "READY=ready"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return ran.read_text().split(), done


def test_every_script_runs_once(tmp_path: Path) -> None:
    ran, done = bench(tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(ran) == sorted(SCRIPTS)


def test_one_that_fails_stops_no_other_and_is_named(tmp_path: Path) -> None:
    ran, done = bench(tmp_path, broken="coverage.py")
    assert sorted(ran) == sorted(SCRIPTS)
    assert done.returncode != 0
    assert "Failed: coverage" in done.stderr
