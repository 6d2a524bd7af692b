"""The wheel holds all that is needed: installed elsewhere, the whole demo runs away from the repository."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_contains_suites_profiles_schemas_and_models(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for wanted in (
        "rightsize/_data/suites/extraction/test.jsonl",
        "rightsize/_data/suites/banking77/banking77.yaml",
        "rightsize/_data/hardware_profiles/rpi5-8gb.yaml",
        "rightsize/models/embedded/rightsize-mini.gguf",
        "rightsize/cli/schemas/bench.schema.json",
        "rightsize/models/catalogue/data/qwen.yaml",
        "rightsize/models/catalogue/data/sources.yaml",
        "rightsize/reports/templates/report.html.j2",
        "rightsize/meters/power_facts.yaml",
        "rightsize/py.typed",
    ):
        assert wanted in names
    assert not [name for name in names if name.startswith(("tests/", "training/", "benchmarks/"))]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, "--target", str(target), str(wheel)], check=True)
    return target


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_the_demo_runs_from_the_wheel_away_from_the_repository(installed: Path, tmp_path: Path) -> None:
    # The working directory comes first on the path of `python -m`: it is empty, so only the wheel can answer.
    environment = {**os.environ, "PYTHONPATH": str(installed), "RIGHTSIZE_CACHE": str(tmp_path / "cache")}
    where = subprocess.run(
        [sys.executable, "-c", "import rightsize; print(rightsize.__file__)"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert where.stdout.startswith(str(installed))
    demo = [sys.executable, "-m", "rightsize", "demo", "--out", "demo"]
    done = subprocess.run(demo, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    for step in ("scan", "bench", "recommend", "report", "gate"):
        assert f"$ rightsize {step}" in done.stderr
    assert "◀ winner" in done.stdout
    assert "Gate: PASS" in done.stdout
    assert "Gate: FAIL" in done.stdout
    assert (tmp_path / "demo/report/index.html").stat().st_size > 10_000
    assert "Traceback" not in done.stderr
