"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rightsize.decide.baseline import baseline_of
from rightsize.domain import Measured, Record
from rightsize.reports.baseline_file import write_baseline
from rightsize.store import Store

Build = Callable[..., Record]
POLICY = '[gate]\nbaseline = "baseline.json"\nstore = "{store}"\nmax_accuracy_drop = "2%"\n{more}'
TEST = """
def test_ours():
    pass

def test_gate(rightsize_gate):
    assert rightsize_gate("rightsize.toml").moved.worse == 0
"""


@pytest.fixture
def team(tmp_path: Path, record: Build) -> Callable[..., subprocess.CompletedProcess[str]]:
    """A team's folder: results, a baseline, a policy, tests; returns what pytest says there."""

    def run(wrong: int, *args: str, more: str = "") -> subprocess.CompletedProcess[str]:
        base = record()
        assert isinstance(base.outcome, Measured)
        items = tuple(
            replace(item, score=0.0) if i < wrong else item for i, item in enumerate(base.outcome.items)
        )
        write_baseline(baseline_of(base), tmp_path / "baseline.json")
        with Store.open(tmp_path / "results.db") as store:
            store.append(replace(base, outcome=replace(base.outcome, items=items)))
        policy = POLICY.format(store=(tmp_path / "results.db").as_posix(), more=more)
        (tmp_path / "rightsize.toml").write_text(policy, encoding="utf-8")
        (tmp_path / "test_team.py").write_text(TEST, encoding="utf-8")
        installed = any(point.name == "rightsize_gate" for point in entry_points(group="pytest11"))
        plugin = () if installed else ("-p", "rightsize.cli.pytest_gate")
        root = Path(__file__).parents[2]
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", *plugin, *args],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(root), "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_a_gate_that_passes_is_one_more_test(team: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = team(0, "--rightsize-gate", "rightsize.toml")
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_a_gate_has_its_policy_for_a_class_in_pytests_own_junit(
    team: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    team(0, "--rightsize-gate", "rightsize.toml", "--junitxml", "junit.xml")
    cases = {case.get("name"): case for case in ElementTree.parse(tmp_path / "junit.xml").iter("testcase")}
    assert cases["rightsize gate rightsize.toml"].get("classname") == "rightsize.toml"


def test_a_gate_that_fails_shows_its_table(team: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = team(100, "--rightsize-gate", "rightsize.toml", "-k", "not test_gate")
    assert done.returncode == 1
    assert "Gate: FAIL" in done.stdout and "score drop" in done.stdout
    assert "1 failed, 1 passed" in done.stdout


def test_an_undecided_gate_is_skipped_or_fails_as_the_policy_says(
    team: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    warned = team(12, "--rightsize-gate", "rightsize.toml")
    assert warned.returncode == 0
    assert "1 passed, 2 skipped" in warned.stdout and "more items would decide" in warned.stdout
    stopped = team(12, more='on_undecided = "fail"\n')
    assert stopped.returncode == 1 and "Gate: UNDECIDED" in stopped.stdout


def test_a_slip_in_the_policy_is_the_failure(team: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = team(0, "--rightsize-gate", "rightsize.toml", more='min_acuracy = "80%"\n')
    assert done.returncode == 1
    assert "Did you mean min_accuracy?" in done.stdout


def test_the_plugin_is_declared() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    declared = project["project"]["entry-points"]["pytest11"]
    assert declared == {"rightsize_gate": "rightsize.cli.pytest_gate"}
