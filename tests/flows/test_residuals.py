"""Every residual teaches: ordinary runs of the bench are compared with what was predicted of their files."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from rightsize.bench.candidates import usual_threads
from rightsize.domain import Failed, Measured, Provenance, Reading
from rightsize.flows import seen as seen_module
from rightsize.flows.calibration import (
    LEAST_PARAMETERS,
    calibration_from,
    engine_text,
    intervals_from,
    newest,
)
from rightsize.flows.residuals import TeachingStore
from rightsize.flows.seen import Seen, seen_in
from rightsize.machine import scan
from rightsize.models.gguf_header import read_header
from rightsize.models.shapes.from_header import shape_of, typed
from rightsize.predict.cache import CacheSettings
from rightsize.predict.interval import UNTRIED, Basis
from rightsize.predict.memory import predict_memory
from rightsize.predict.speed import decode_seconds, prefill_seconds
from rightsize.predict.work import work_of
from rightsize.store.predictions import Checked, Predictions
from tests.cli.test_models import document, fits, own_model, run
from tests.predict.rates import CALIBRATION, MACHINE
from tests.tiny_models import make_tiny_llama

QUIET = {"seconds": 1.0, "cpus": 2, "other_cpu_s": 0.0}
DISTURBED = {**QUIET, "other_cpu_s": 1.5}
QUICK = ("--requests", "3", "--repetitions", "2", "--limit", "4", "--no-baselines", "--threads", "1")
BENCH = ("bench", "--task", "extraction", *QUICK)
SETTINGS = {"threads": 2, "context_tokens": 0, "gpu_layers": 0, "chat_template": "auto", "constrain": ""}


def reading(metric: str, *samples: float, provenance: Provenance = Provenance.MEASURED) -> Reading:
    return Reading(metric, "", samples, provenance)


def measured(record: Any, **others: Any) -> Any:
    """A record of a file that generated answers to prompts of 700 tokens."""
    model = {"name": "m", "quant": "Q8_0", "path": "m.gguf", "sha256": "1", "twin": False}
    readings = (
        reading("decode_tokens_per_s", 50.0, 10.0, 49.0),
        reading("prefill_tokens_per_s", 500.0),
        reading("memory_bytes", 6e8),
        reading("prompt_tokens", 690.0, 700.0, 710.0),
        reading("output_tokens", 60.0),
        reading("itl_ms", 25.0, 25.0, 25.0),
    )
    windows = {
        "decode_tokens_per_s": [QUIET, DISTURBED, QUIET],
        "prefill_tokens_per_s": [QUIET],
        "requests": [QUIET],
    }
    outcome = Measured((), readings, (), {"windows": windows, "context_tokens": 1024})
    return replace(
        record(),
        candidate={"engine": "llama_cpp", "model": model, "settings": SETTINGS},
        suite_info={"task_type": "generate_until"},
        outcome=outcome,
        **others,
    )


def test_speed_memory_and_depth_are_taken_from_a_record_and_disturbed_windows_are_not(record):
    assert seen_in(measured(record)) == [
        Seen("prefill", 512, 0, 500.0),
        Seen("decode", 1, 64, pytest.approx(50.0, rel=0.01)),
        Seen("memory", 1024, 0, 6e8, 512),
        Seen("decode", 1, 730, 40.0),
    ]
    whole = measured(record)
    noise = {name: [DISTURBED] * len(seen) for name, seen in whole.outcome.facts["windows"].items()}
    busy = replace(whole, outcome=replace(whole.outcome, facts={**whole.outcome.facts, "windows": noise}))
    assert [each.metric for each in seen_in(busy)] == ["memory"]


@pytest.mark.parametrize(
    "setting", [{"gpu_layers": 3}, {"kv_type": "q8_0"}, {"lora": "a.gguf"}, {"constrain": "json"}]
)
def test_what_no_prediction_speaks_of_is_not_compared(record, setting):
    whole = measured(record)
    other = {**whole.candidate, "settings": {**SETTINGS, **setting}}
    assert seen_in(replace(whole, candidate=other)) == []
    assert seen_in(replace(whole, candidate={**whole.candidate, "engine": "onnx"})) == []
    assert seen_in(replace(whole, outcome=Failed("it died"))) == []
    modelled = tuple(replace(each, provenance=Provenance.MODELLED) for each in whole.outcome.readings)
    assert seen_in(replace(whole, outcome=replace(whole.outcome, readings=modelled))) == []


def check(number: int, **others: Any) -> Checked:
    plain = Checked(
        0, "m", "e", f"model-{number}", "Q8_0", 10**9, "decode", "token/s", 1, 64, 2, 10.0, 8.0, 12.0, 10.5
    )
    return replace(plain, **others)


def test_the_interval_learns_from_every_model_once_and_tiny_ones_teach_their_own_kind():
    nine = [check(n) for n in range(9)]
    assert intervals_from(nine).usual["decode"].factor == pytest.approx(1.05)
    assert intervals_from(nine).usual["decode"].n == 9
    assert intervals_from(nine).usual["decode"].basis is Basis.LEARNED
    again = [check(0, measured=each) for each in (30.0, 20.0, 10.5)]
    assert intervals_from([*again, *nine]).usual["decode"].factor == pytest.approx(1.05), (
        "only the newest counts"
    )
    assert intervals_from([check(0)] * 9).usual["decode"].n == 1
    assert intervals_from([check(0)] * 9).usual["decode"].basis is Basis.ASSUMED
    assert len(newest([*again, check(0, depth=800)])) == 2
    tiny = [check(n, parameters=LEAST_PARAMETERS - 1, measured=40.0, model=f"tiny-{n}") for n in range(9)]
    both = intervals_from([*nine, *tiny])
    assert both.of(LEAST_PARAMETERS)["decode"].factor == pytest.approx(1.05)
    assert both.of(1000)["decode"].factor == pytest.approx(4)
    assert intervals_from(tiny).usual["decode"].factor == pytest.approx(2.718281828 ** UNTRIED["decode"])


@pytest.fixture
def probed(tmp_path, monkeypatch):
    """A machine that was calibrated, in an own folder, where nothing counts as disturbed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RIGHTSIZE_REMEASURE", "0")
    monkeypatch.setattr(seen_module, "causes", lambda _: ())
    keep(CALIBRATION.document())
    return tmp_path


def keep(calibration: Any) -> None:
    machine = scan(with_bandwidth=False)
    with Predictions.open() as store:
        for threads in {1, usual_threads(machine)}:
            store.keep_calibration(machine.fingerprint, engine_text(), threads, calibration)


def checks() -> list[Checked]:
    with Predictions.open() as store:
        return store.checks()


def test_a_bench_of_a_file_stores_what_was_predicted_of_it(probed, capsys):
    from rightsize.cli.main import run as rightsize

    path = make_tiny_llama(probed / "tiny-F16.gguf", width=256, layers=1, context=2048)
    assert rightsize([*BENCH, "--model", str(path), "--quant", "F16"]) == 0
    assert "not compared" not in capsys.readouterr().err
    found = {each.metric: each for each in checks() if each.depth <= 64}
    assert found.keys() == {"decode", "prefill", "memory"}
    header = read_header(path)
    shape, tensors = shape_of(header, header.tensors), typed(header.tensors)
    work = work_of(shape, tensors)
    assert found["decode"].predicted == pytest.approx(1 / decode_seconds(work, MACHINE.decode, 64))
    assert found["prefill"].predicted == pytest.approx(512 / prefill_seconds(work, MACHINE, 512))
    run_of = CacheSettings(found["memory"].tokens)
    peak = predict_memory(shape, tensors, run_of, CALIBRATION.loading, prompt_tokens=1).peak
    assert peak < found["memory"].predicted < peak + 10e6, "the prompt's own batch is all that differs"
    assert all(each.measured > 0 and each.low < each.predicted < each.high for each in found.values())
    assert (found["decode"].model, found["decode"].level) == ("tiny", "F16")
    shown = document("calibration")
    assert shown["checks"] == len(checks())
    rows = {(row["metric"], row["group"]) for row in shown["errors"]}
    assert {("decode", "under 0.1B"), ("decode", "F16"), ("decode", "up to 1,024"), ("memory", "all")} <= rows
    assert fits(run("calibration"))


def test_a_twin_of_the_bench_teaches_too_and_at_the_depth_of_its_requests(probed):
    from rightsize.cli.main import run as rightsize

    own_model(probed)
    twin = ("--twin", "my-model", "--quant", "F16", "--prompt-tokens", "300", "--output-tokens", "4")
    assert rightsize([*BENCH, *twin]) == 0
    found = {(each.metric, each.depth): each for each in checks()}
    assert found.keys() == {("decode", 64), ("prefill", 0), ("memory", 0), ("decode", 302)}
    assert {each.model for each in found.values()} == {"my-model"}
    assert found["memory", 0].tokens == 512


def test_a_twin_measured_by_itself_teaches_where_there_is_a_store_and_makes_none(probed, monkeypatch):
    from rightsize.cli.main import run as rightsize

    own_model(probed)
    twin = ("twin", "my-model", "--quant", "F16", "--prompt-tokens", "20", "--output-tokens", "4")
    quick = ("--requests", "2", "--repetitions", "2", "--threads", "1")
    assert rightsize([*twin, *quick]) == 0
    assert {each.metric for each in checks()} == {"decode", "prefill", "memory"}
    (probed / "elsewhere").mkdir()
    monkeypatch.chdir(probed / "elsewhere")
    own_model(probed / "elsewhere")
    assert rightsize([*twin, *quick]) == 0
    assert not (probed / "elsewhere" / ".rightsize").exists()


def test_a_comparison_that_goes_wrong_costs_no_cell(probed, capsys):
    from rightsize.cli.main import run as rightsize

    broken = json.loads(json.dumps(CALIBRATION.document()))
    broken["rates"]["decode"]["by_size"] = []
    assert calibration_from(broken)
    keep(broken)
    path = make_tiny_llama(probed / "tiny-F16.gguf", width=256, layers=1, context=2048)
    assert rightsize([*BENCH, "--model", str(path), "--quant", "F16"]) == 0
    assert "tiny:F16: not compared with its prediction" in capsys.readouterr().err
    assert checks() == []
    with TeachingStore.open() as store:
        assert len(store.records()) == 1


def test_without_a_calibration_nothing_is_compared(record, tmp_path):
    told: list[str] = []
    with TeachingStore.open(tmp_path / "results.db") as store:
        store.tell = told.append
        store.append(measured(record))
    with Predictions.open(tmp_path / "results.db") as predictions:
        assert predictions.checks() == []
    assert told == []
