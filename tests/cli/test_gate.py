"""``rightsize gate`` end to end: write a baseline, compare, refuse what does not belong together."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from rightsize.cli import main
from rightsize.cli.common import SCHEMAS_DIR
from rightsize.domain import Failed, Measured, Record
from rightsize.reports import baseline_file
from rightsize.store import Store

Build = Callable[..., Record]
Run = Callable[..., tuple[int, str, str]]
SCHEMA = json.loads((SCHEMAS_DIR / "gate.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "results.db")


@pytest.fixture
def run(store: Store, here: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setattr("rightsize.cli.gate_run.this_machine", lambda: here)
    monkeypatch.setattr("rightsize.cli.gate_records.this_machine", lambda: here)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.setenv("COLUMNS", "80")

    def invoke(*args: str) -> tuple[int, str, str]:
        code = main.run(["gate", *args, "--store", store.location])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return invoke


@pytest.fixture
def baseline(run: Run, store: Store, record: Build, tmp_path: Path) -> Path:
    store.append(record())
    path = tmp_path / "baseline.json"
    assert run("--write-baseline", str(path))[0] == 0
    return path


def worse(base: Record, count: int) -> Record:
    assert isinstance(base.outcome, Measured)
    items = tuple(replace(item, score=0.0) if i < count else item for i, item in enumerate(base.outcome.items))
    return replace(base, outcome=replace(base.outcome, items=items))


def test_the_very_run_the_baseline_was_written_from_says_nothing_new(
    run: Run, store: Store, record: Build, baseline: Path, tmp_path: Path
) -> None:
    junit, summary = tmp_path / "gate.xml", tmp_path / "summary.md"
    code, out, _ = run("--baseline", str(baseline), "--junit", str(junit), "--summary", str(summary))
    assert code == 0
    for said in (out, junit.read_text(encoding="utf-8"), summary.read_text(encoding="utf-8")):
        assert "othing new was measured: these are the very results" in " ".join(said.split())
        assert "rightsize bench --task extraction --quant Q8_0 --store " in " ".join(said.split())
        assert "--force" in said and "would decide" not in said
    again = record()
    store.append(replace(again, created_at=again.created_at + timedelta(seconds=1)))
    assert "othing new was measured" not in run("--baseline", str(baseline))[1]


def test_a_mistyped_store_is_refused_and_not_made(
    baseline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mistyped = tmp_path / "mistyped.db"
    assert main.run(["gate", "--baseline", str(baseline), "--store", str(mistyped)]) == 2
    assert f"there is no results database {mistyped}" in capsys.readouterr().err
    assert not mistyped.exists()


def test_the_baseline_holds_outcomes_and_no_text(baseline: Path) -> None:
    text = baseline.read_text(encoding="utf-8")
    assert len(json.loads(text)["items"]) == 500
    assert "answer 1" not in text and "target 1" not in text


def test_a_baseline_is_written_of_the_newest_run_and_not_of_the_fullest(
    run: Run, store: Store, record: Build, tmp_path: Path
) -> None:
    for n in (100, 40):
        store.append(record(n=n, right=n // 2, limit=n))
    path = tmp_path / "own.json"
    assert run("--write-baseline", str(path))[0] == 0
    assert len(json.loads(path.read_text())["items"]) == 40
    assert run("--baseline", str(path))[0] == 0


def test_unchanged_passes(run: Run, store: Store, record: Build, tmp_path: Path) -> None:
    base = record(n=100, right=90, limit=100)
    store.append(replace(base, candidate={**base.candidate, "settings": {"threads": 2}}))
    path = tmp_path / "own.json"
    assert run("--write-baseline", str(path))[0] == 0
    code, out, _ = run("--baseline", str(path), "--max-latency-increase", "10%")
    assert code == 0
    assert "the same measurement, and no item moved" in " ".join(out.split())
    assert "Nothing changed" in out and "Gate: PASS" in out


def test_a_clear_drop_fails_and_is_told_everywhere(
    run: Run, store: Store, record: Build, baseline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append(worse(record(), 100))
    summary, junit = baseline.with_name("summary.md"), baseline.with_name("gate.xml")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    code, out, _ = run("--baseline", str(baseline), "--min-accuracy", "60%", "--junit", str(junit), "--json")
    document = json.loads(out)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert (code, document["verdict"]) == (1, "FAIL")
    assert document["moved"]["worse"] > 90
    suite = ET.parse(junit).getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("5", "1", "3")
    assert suite.find("testcase/failure") is not None
    assert "❌ FAIL" in summary.read_text(encoding="utf-8")


def test_a_doubtful_drop_warns_or_stops_as_ci_chose(
    run: Run, store: Store, record: Build, baseline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append(worse(record(), 8))
    code, out, err = run("--baseline", str(baseline))
    assert code == 0
    assert "Gate: UNDECIDED" in out
    assert "more items would decide. The build goes on (--on-undecided warn)." in " ".join(err.split())
    assert run("--baseline", str(baseline), "--on-undecided", "fail")[0] == 3
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    code, out, err = run("--baseline", str(baseline), "--json")
    document = json.loads(out)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert (code, document["verdict"], document["exit_code"]) == (0, "UNDECIDED", 0)
    assert document["more_items"] > 0
    assert "::warning title=rightsize gate%3A small%3AQ8_0 on extraction::UNDECIDED: score drop" in err


def policy(folder: Path, text: str) -> str:
    path = folder / "rightsize.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_policy_holds_the_rules_and_flags_win(
    run: Run, store: Store, record: Build, baseline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append(worse(record(), 8))
    rules = policy(
        baseline.parent,
        """
        threads = 2
        [gate]
        baseline = "baseline.json"
        max_accuracy_drop = 0.3
        min_accuracy = "50%"
        on_undecided = "fail"
        junit = "gate.xml"
        [[gate.slice]]
        by = "label"
        is = "target 1"
        min_accuracy = "1%"
        """,
    )
    monkeypatch.chdir("/")
    code, out, _ = run("--policy", rules, "--json")
    document = json.loads(out)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    assert [check["name"] for check in document["checks"]][:2] == ["score drop", "score of label target 1"]
    assert document["checks"][0]["allowance"] == 0.3
    assert (code, document["on_undecided"]) == (3, "fail")
    assert (baseline.parent / "gate.xml").exists()
    code, out, _ = run("--policy", rules, "--json", "--on-undecided", "warn", "--max-accuracy-drop", "2%")
    assert (code, json.loads(out)["checks"][0]["allowance"]) == (0, 0.02)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "has no [gate] table"),
        ("[gate]\nmax_acuracy_drop = '1%'", "Did you mean max_accuracy_drop?"),
        ("[gate]\nmax_accuracy_drop = '1 point'", "--max-accuracy-drop '1 point'"),
        ("[gate]\nmax_accuracy_drop = 1", "needs a percent sign"),
        ("[gate]\nmax_accuracy_drop = '101%'", "--max-accuracy-drop '101%': must lie between 0 and 1"),
        ("[gate]\n[[gate.slice]]\nby = 'label'\nmax_accuracy_drop = '101%'", "must lie between 0 and 1"),
        ("[gate]\nmin_accuracy = nan", "--min-accuracy 'nan'"),
        ("[gate]\nmin_accuracy = ['80%']", "must be a text or a number"),
        ("[gate]\non_undecided = 'maybe'", "It is one of warn, fail"),
        ("[gate]\nslice = 3", "must be a list of tables"),
        ("[gate]\n[[gate.slice]]\nby = 'label'", "needs by, and max_accuracy_drop or min_accuracy"),
        ("[gate]\n[[gate.slice]]\nby = 'colour'\nmin_accuracy = '1%'", "no item has a 'colour'"),
        ("[gate", "Expected"),
        ("[gate]\nremeasure_baseline = 'no'", "Only switches are true or false"),
    ],
)
def test_a_policy_with_a_slip_is_one_clear_line(
    run: Run, baseline: Path, tmp_path: Path, text: str, why: str
) -> None:
    code, _, err = run("--policy", policy(tmp_path, text), "--baseline", str(baseline))
    assert code == 2
    assert why in err
    assert len(err.strip().splitlines()) == 1


def test_a_comment_for_the_pull_request_is_written(run: Run, baseline: Path) -> None:
    comment = baseline.with_name("comment.md")
    run("--baseline", str(baseline), "--comment", str(comment))
    assert comment.read_text(encoding="utf-8").startswith("<!-- rightsize gate: extraction small:Q8_0 -->")
    assert run("--baseline", str(baseline), "--comment", "/none/comment.md")[0] == 2


def test_another_candidate_can_be_held_against_it(
    run: Run, store: Store, record: Build, baseline: Path
) -> None:
    store.append(worse(record("small:Q2_K"), 250))
    code, out, _ = run("--baseline", str(baseline), "--candidate", "small:Q2_K")
    assert code == 1
    assert "small:Q2_K on extraction, against its baseline small:Q8_0" in " ".join(out.split())


def test_no_finished_run_is_exit_3_with_the_command(
    run: Run, store: Store, record: Build, baseline: Path
) -> None:
    store.append(record(outcome=Failed("hung")))
    code, out, err = run("--baseline", str(baseline), "--json")
    assert code == 3
    document = json.loads(out)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    command = f"rightsize bench --task extraction --quant Q8_0 --store {store.location}"
    assert document["settle"] == [command] and command in err


@pytest.mark.parametrize("wanted", ["small:Q8_0", "rightsize-nano:Q8_0"])
def test_a_candidate_that_was_never_run_here_gets_a_command_that_names_it(
    run: Run, store: Store, record: Build, tmp_path: Path, wanted: str
) -> None:
    store.append(record(wanted))
    path = tmp_path / "own.json"
    assert run("--write-baseline", str(path))[0] == 0
    store.delete([one.id for one in store.records()])
    code, _, err = run("--baseline", str(path))
    model = "rightsize-nano" if "nano" in wanted else "PATH"
    assert code == 3
    assert f"bench --task extraction --model {model} --quant Q8_0 --store" in err


def test_a_mistyped_candidate_is_exit_2_with_the_nearest_names(
    run: Run, store: Store, record: Build, baseline: Path
) -> None:
    store.append(record("small:Q4_K_M"))
    for typed, hint in (("smal:Q8_0", "Did you mean small:Q8_0"), ("x", "Measured on extraction: small:Q4")):
        code, out, err = run("--baseline", str(baseline), "--candidate", typed)
        assert (code, out) == (2, "")
        assert f"--candidate {typed}: no results of it on extraction. {hint}" in err
        assert run("--write-baseline", str(baseline), "--task", "extraction", "--candidate", typed)[0] == 2


def test_another_version_of_the_suite_is_named(run: Run, store: Store, record: Build, baseline: Path) -> None:
    store.append(record("new:Q8_0", suite_sha256="suite-2"))
    code, _, err = run("--baseline", str(baseline), "--candidate", "new:Q8_0")
    assert code == 2
    assert "extraction has changed: suite-1 in the baseline, suite-2 in the newest results" in err


def test_other_items_are_named(run: Run, store: Store, record: Build, baseline: Path) -> None:
    store.append(record("part:Q8_0", n=100, right=95, limit=100))
    code, _, err = run("--baseline", str(baseline), "--candidate", "part:Q8_0")
    assert code == 2
    assert "the baseline holds 500 items, the newest results 100: item-100, item-101, item-102 and 397" in err
    code, _, err = run("--baseline", str(baseline), "--task", "sql")
    assert (code, "the baseline is of extraction, not of sql" in err) == (2, True)


def test_no_older_run_stands_in_for_the_newest_one(
    run: Run, store: Store, record: Build, tmp_path: Path
) -> None:
    path = tmp_path / "own.json"
    store.append(record(n=48, right=40, limit=48))
    assert run("--write-baseline", str(path))[0] == 0
    more = store.append(record(id=2, n=60, right=50, limit=60))
    code, out, err = run("--baseline", str(path))
    assert (code, out) == (2, "")
    assert "the baseline holds 48 items, the newest results 60" in err
    again = f"rightsize bench --task extraction --quant Q8_0 --limit 48 --store {store.location} --force"
    assert f"Measure the baseline's items with {again}" in err
    store.delete([more])
    store.append(record(id=3, n=48, right=40, limit=48, suite_sha256="suite-2"))
    code, out, err = run("--baseline", str(path))
    assert (code, out) == (2, "")
    assert "extraction has changed: suite-1 in the baseline, suite-2 in the newest results" in err
    store.append(record(id=4, outcome=Failed("hung")))
    assert run("--baseline", str(path))[0] == 3


def test_the_whole_suite_is_asked_for_without_a_limit(
    run: Run, store: Store, record: Build, baseline: Path
) -> None:
    store.append(record(id=2, n=100, right=95, limit=100))
    code, _, err = run("--baseline", str(baseline))
    assert (code, "--limit" in err, "--force, or write a new baseline" in err) == (2, False, True)


@pytest.mark.parametrize("mark", ["+13fb", "+requant", "+13fb+requant"])
def test_a_model_file_that_was_replaced_is_judged_though_its_name_has_other_marks(
    run: Run, store: Store, record: Build, baseline: Path, mark: str
) -> None:
    """13 of the new file's tensors have another type: its id says so, and it is still the model's new file."""
    store.append(worse(record(f"small:Q8_0{mark}", id=2), 250))
    store.append(worse(record("small:Q4_K_M", id=3), 500))
    code, out, _ = run("--baseline", str(baseline), "--json")
    document = json.loads(out)
    assert (code, document["candidate"], document["verdict"]) == (1, f"small:Q8_0{mark}", "FAIL")
    assert [change["what"] for change in document["changes"]] == ["the candidate", "the model file"]
    assert run("--baseline", str(baseline), "--candidate", "small:Q8_0")[0] == 0
    store.append(record("small:Q8_0", id=4))
    assert run("--baseline", str(baseline))[0] == 0
    store.append(record(f"small:Q8_0{mark}", id=5, outcome=Failed("hung")))
    code, _, err = run("--baseline", str(baseline))
    assert (code, f"no finished run of small:Q8_0{mark} on extraction" in err) == (3, True)


def _cut(text: str) -> str:
    return text[: len(text) // 2]


def _edited(text: str) -> str:
    return text.replace('"score": 0.0', '"score": 1.0', 1)


def _sealed(text: str) -> str:
    """An edit by somebody who also mends the checksum."""
    body = {key: value for key, value in json.loads(text).items() if key != "sha256"}
    return json.dumps({**body, "sha256": baseline_file._checksum(body)})


def _with_nan(text: str) -> str:
    return _sealed(text.replace('"score": 0.0', '"score": NaN', 1))


def _with_percent(text: str) -> str:
    return _sealed(text.replace('"score": 1.0', '"score": 95.0', 1))


def _without_items(text: str) -> str:
    return _sealed(json.dumps({**json.loads(text), "items": {}}))


def _newer(text: str) -> str:
    return text.replace('"rightsize_baseline": 2', '"rightsize_baseline": 99')


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_cut, "cut or broken at line"),
        (_edited, "its checksum does not match"),
        (_newer, "has format 99"),
        (_with_nan, "is nan, not in [0, 1]"),
        (_with_percent, "is 95.0, not in [0, 1]"),
        (_without_items, "it holds no items"),
        (lambda _: "[]", "is not a rightsize baseline"),
        (lambda _: "", "cut or broken at line 1"),
    ],
)
def test_a_spoilt_baseline_is_one_clear_line(
    run: Run, baseline: Path, spoil: Callable[[str], str], why: str
) -> None:
    baseline.write_text(spoil(baseline.read_text(encoding="utf-8")), encoding="utf-8")
    code, _, err = run("--baseline", str(baseline))
    assert code == 2
    assert why in err
    assert len(err.strip().splitlines()) == 1


def test_a_baseline_of_the_first_format_is_still_read(run: Run, baseline: Path) -> None:
    body = json.loads(baseline.read_text(encoding="utf-8"))
    old = {key: value for key, value in body.items() if key not in {"suite_parts", "settings", "sha256"}}
    baseline.write_text(_sealed(json.dumps({**old, "rightsize_baseline": 1})), encoding="utf-8")
    assert run("--baseline", str(baseline))[0] == 0


def test_set_up_errors(run: Run, store: Store, record: Build, tmp_path: Path, baseline: Path) -> None:
    assert run()[0] == 2
    assert "No such file" in run("--baseline", str(tmp_path / "none.json"))[2]
    assert "needs a percent sign" in run("--baseline", str(baseline), "--max-accuracy-drop", "1")[2]
    store.append(record("other:Q8_0"))
    code, _, err = run("--write-baseline", str(tmp_path / "b.json"))
    assert code == 2
    assert "Measured on extraction: other:Q8_0, small:Q8_0" in err
