"""``action.yml`` and the GitLab template: their own scripts, run by bash with the real command."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from rightsize.decide.baseline import baseline_of
from rightsize.domain import Measured, Record
from rightsize.reports.baseline_file import write_baseline
from rightsize.store import Store

Build = Callable[..., Record]
ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
SPEC, TEMPLATE = yaml.safe_load_all((ROOT / "templates/gate.yml").read_text(encoding="utf-8"))
POLICY = '[gate]\nbaseline = "baseline.json"\nmax_accuracy_drop = "2%"\n'


def executable(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def runner(tmp_path: Path, record: Build) -> Callable[..., tuple[int, str, Path]]:
    """A checkout with results and a policy, and a runner's environment; runs a script there."""
    commands = tmp_path / "bin"
    commands.mkdir()
    executable(commands / "rightsize", f'#!/bin/sh\nexec "{sys.executable}" -m rightsize "$@"\n')
    executable(commands / "python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')

    def run(script: str, wrong: int = 0, **env: str) -> tuple[int, str, Path]:
        base = record()
        assert isinstance(base.outcome, Measured)
        items = tuple(
            replace(item, score=0.0) if i < wrong else item for i, item in enumerate(base.outcome.items)
        )
        write_baseline(baseline_of(base), tmp_path / "baseline.json")
        with Store.open(tmp_path / ".rightsize" / "results.db") as store:
            store.append(replace(base, outcome=replace(base.outcome, items=items)))
        (tmp_path / "rightsize.toml").write_text(POLICY, encoding="utf-8")
        (tmp_path / "output").touch()
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=tmp_path,
            env={
                "PATH": f"{commands}:{os.environ['PATH']}",
                "HOME": str(tmp_path),
                "PYTHONPATH": str(ROOT),
                "RUNNER_TEMP": str(tmp_path / "temp"),
                "GITHUB_ACTIONS": "true",
                "GITHUB_OUTPUT": str(tmp_path / "output"),
                "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
                "RIGHTSIZE_STORE": ".rightsize/results.db",
                **env,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr, tmp_path

    return run


def env_of(step: str, **inputs: str) -> dict[str, str]:
    """A step's environment as GitHub would fill it in: the inputs given, and the defaults of the others."""
    defaults = {name: str(each.get("default", "")) for name, each in ACTION["inputs"].items()}
    values = {**defaults, **{name.replace("_", "-"): value for name, value in inputs.items()}}

    def filled(text: str) -> str:
        return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: values[found[1]], text)

    return {name: filled(str(text)) for name, text in STEPS[step]["env"].items()}


def test_no_input_is_pasted_into_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"], step["name"]


def test_the_gate_step_passes_and_tells_where_its_files_are(
    runner: Callable[..., tuple[int, str, Path]],
) -> None:
    code, said, folder = runner(STEPS["Gate"]["run"], **env_of("Gate", policy="rightsize.toml"))
    assert code == 0, said
    outputs = dict(line.split("=", 1) for line in (folder / "output").read_text().splitlines())
    assert outputs["exit-code"] == "0"
    assert Path(outputs["junit"]).read_text().startswith("<?xml")
    assert Path(outputs["comment"]).read_text().startswith("<!-- rightsize gate: extraction small:Q8_0 -->")
    assert "✅ PASS" in (folder / "summary.md").read_text(encoding="utf-8")


def test_the_gate_step_fails_with_an_annotation(runner: Callable[..., tuple[int, str, Path]]) -> None:
    code, said, folder = runner(STEPS["Gate"]["run"], 100, **env_of("Gate", baseline="baseline.json"))
    assert code == 1
    assert "::error title=rightsize gate" in said
    assert "exit-code=1" in (folder / "output").read_text()


@pytest.mark.parametrize(("choice", "expected"), [("", 0), ("warn", 0), ("fail", 3)])
def test_undecided_warns_or_stops(
    runner: Callable[..., tuple[int, str, Path]], choice: str, expected: int
) -> None:
    env = env_of("Gate", policy="rightsize.toml", on_undecided=choice)
    code, said, _ = runner(STEPS["Gate"]["run"], 12, **env)
    assert code == expected
    assert "::warning title=rightsize gate" in said


def test_arguments_are_words_and_never_code(runner: Callable[..., tuple[int, str, Path]]) -> None:
    args = "--max-accuracy-drop 50% --candidate 'small:Q8_0' $(touch stolen) ; touch stolen"
    code, _, folder = runner(STEPS["Gate"]["run"], **env_of("Gate", baseline="baseline.json", args=args))
    assert code == 2
    assert not (folder / "stolen").exists()
    good = "--max-accuracy-drop 50% --candidate 'small:Q8_0'"
    assert runner(STEPS["Gate"]["run"], 100, **env_of("Gate", baseline="baseline.json", args=good))[0] == 0


def test_the_measure_step_is_the_real_bench(runner: Callable[..., tuple[int, str, Path]]) -> None:
    code, said, _ = runner(STEPS["Measure"]["run"], **env_of("Measure", bench="--task nothing-like-it"))
    assert code == 2
    assert "unknown task 'nothing-like-it'" in said


GH = """#!/bin/sh
echo "$@" >> calls
case "$*" in *--jq*) cat known ;; esac
"""


@pytest.mark.parametrize(("known", "call"), [("", "--method POST"), ("old", "--method PATCH")])
def test_the_comment_is_renewed_rather_than_repeated(
    runner: Callable[..., tuple[int, str, Path]], tmp_path: Path, known: str, call: str
) -> None:
    executable(tmp_path / "bin" / "gh", GH)
    marker = "<!-- rightsize gate: extraction small:Q8_0 -->"
    body = tmp_path / "comment.md"
    body.write_text(f"{marker}\nnew", encoding="utf-8")
    line = '{"id": 7, "body": "' + marker + '\\nold"}\n'
    (tmp_path / "known").write_text('{"id": 3, "body": "hello"}\n' + (line if known else ""), encoding="utf-8")
    env = {"BODY": str(body), "GH_TOKEN": "t", "NUMBER": "5", "REPOSITORY": "o/r"}
    code, said, _ = runner(STEPS["Comment"]["run"], **env)
    assert code == 0, said
    calls = (tmp_path / "calls").read_text()
    target = "issues/comments/7" if known else "issues/5/comments"
    assert f"api {call} repos/o/r/{target} -F body=@{body}" in calls


def gitlab(inputs: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The job's script, and its variables with the component's inputs filled in as GitLab does."""
    values = {name: str(each.get("default", "")) for name, each in SPEC["spec"]["inputs"].items()} | dict(
        inputs
    )
    job = TEMPLATE["rightsize-gate"]
    given = {name: each["value"] for name, each in job["variables"].items() if isinstance(each, dict)}

    def filled(text: str) -> str:
        return re.sub(r"\$\[\[ inputs\.([\w-]+) \]\]", lambda found: values[found[1]], text)

    return "\n".join(job["script"]), {name: filled(text) for name, text in given.items()}


def test_no_input_is_pasted_into_the_gitlab_script() -> None:
    job = TEMPLATE["rightsize-gate"]
    assert "$[[" not in "".join([*job["before_script"], *job["script"]])


@pytest.mark.parametrize("step", ["Measure", "Gate", "GitLab"])
def test_an_open_quote_stops_the_job_instead_of_dropping_the_options(
    runner: Callable[..., tuple[int, str, Path]], step: str
) -> None:
    wrong = '--max-latency-increase "10%'
    script, env = gitlab({"bench": wrong}) if step == "GitLab" else (STEPS[step]["run"], {})
    env = env or env_of(step, policy="rightsize.toml", args=wrong, bench=wrong)
    code, said, folder = runner(script, **env)
    assert code != 0 and "No closing quotation" in said
    assert not (folder / "rightsize-gate.xml").exists()


def test_the_gitlab_job_measures_names_with_quotes_and_spaces(
    runner: Callable[..., tuple[int, str, Path]],
) -> None:
    script, env = gitlab({"bench": '--task extraction --model "models/my model.gguf"'})
    code, said, _ = runner(script, **env)
    assert code == 2 and "models/my model.gguf" in " ".join(said.split())


def test_the_gitlab_job_leaves_undecided_to_the_policy(
    runner: Callable[..., tuple[int, str, Path]],
) -> None:
    script, env = gitlab({})
    code, said, folder = runner(script, 12, **env)
    assert code == 0, said
    (folder / "strict.toml").write_text(POLICY + 'on_undecided = "fail"\n', encoding="utf-8")
    assert runner(script, 12, **env | {"POLICY": "strict.toml"})[0] == 3


@pytest.mark.parametrize(
    ("wrong", "inputs", "expected"), [(0, {}, 0), (100, {}, 1), (12, {}, 0), (12, {"on-undecided": "fail"}, 3)]
)
def test_the_gitlab_job_runs_the_gate(
    runner: Callable[..., tuple[int, str, Path]], wrong: int, inputs: dict[str, str], expected: int
) -> None:
    script, env = gitlab(inputs)
    code, said, folder = runner(script, wrong, **env)
    assert code == expected, said
    report = TEMPLATE["rightsize-gate"]["artifacts"]["reports"]["junit"]
    assert (folder / report).read_text().startswith("<?xml")
    assert (folder / "rightsize-gate.md").exists()
