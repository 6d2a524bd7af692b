"""``rightsize models fit`` and ``calibration``: a calibration in the store, real twins for ``--verify``."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from rightsize.bench.candidates import usual_threads
from rightsize.cli.models import app
from rightsize.flows.calibration import engine_text, known_calibration
from rightsize.machine import scan
from rightsize.store.predictions import Checked, Predictions
from tests.cli.test_models import document, fits, own_model, run
from tests.predict.rates import CALIBRATION


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path / "cache"))
    own_model(tmp_path)


@pytest.fixture(scope="module")
def machine():
    return scan(with_bandwidth=False)


@pytest.fixture
def probed(machine):
    with Predictions.open() as store:
        store.keep_calibration(
            machine.fingerprint, engine_text(), usual_threads(machine), CALIBRATION.document()
        )


SMALL = ("qwen2.5-0.5b", "--quant", "Q8_0,F16")


def test_what_fits_is_ranked_by_size_with_download_and_licence(probed):
    found = document("fit", *SMALL, "--max-memory", "100GB")
    assert [each["fit"] for each in found["candidates"]] == ["meets", "meets"]
    sizes = [each["download_bytes"] for each in found["candidates"]]
    assert sizes == sorted(sizes)
    first = found["candidates"][0]
    assert first["level"] == "Q8_0"
    assert first["licence"]
    assert first["provenance"] == "modelled"
    assert first["latency_ms"]["low"] < first["latency_ms"]["value"] < first["latency_ms"]["high"]
    assert sum(first["memory_parts"].values()) == first["memory_bytes"]["value"]


def test_limits_decide_and_the_exit_code_says_so(probed):
    assert document("fit", *SMALL, "--max-latency", "1ms")["candidates"][0]["reasons"] == ["latency"]
    assert run("fit", *SMALL, "--max-latency", "1ms").exit_code == 1
    assert run("fit", *SMALL, "--max-latency", "10h").exit_code == 0
    value = document("fit", *SMALL)["candidates"][0]["latency_ms"]["value"]
    assert run("fit", "qwen2.5-0.5b", "-q", "Q8_0", "--max-latency", f"{value}ms").exit_code == 3
    assert run("fit", *SMALL, "--min-context", "9999999").exit_code == 1


def test_the_tables_fit_eighty_columns(probed):
    result = run("fit", "--quant", "F16", "--max-memory", "6GB", "--max-latency", "20s")
    assert fits(result)
    assert "certainly meet" in result.stdout
    assert "Left out" in result.stderr


def test_smaller_batches_need_less_memory_and_more_time(probed):
    large, small = (document("fit", *SMALL, "--batch", size)["candidates"][0] for size in ("512", "64"))
    assert small["memory_bytes"]["value"] < large["memory_bytes"]["value"]
    assert small["latency_ms"]["value"] > large["latency_ms"]["value"]


def test_a_licence_without_a_source_is_not_admitted(probed):
    found = document("fit", "--quant", "F16", "--license", "permissive")
    assert all(each["licence_verified"] for each in found["candidates"])
    assert found["unverified"]


def test_a_profile_is_projected_and_wider(probed):
    projected = document("fit", *SMALL, "--machine", "rpi5-8gb")
    assert projected["for"]["projected"]
    assert projected["for"]["facts"]["bandwidth_gb_s"]["value"] == 17.1
    there, here = projected["candidates"][0], document("fit", *SMALL)["candidates"][0]
    assert there["provenance"] == "projected"
    wide, narrow = (span["high"] / span["low"] for span in (there["decode_tokens_s"], here["decode_tokens_s"]))
    assert wide > narrow
    assert fits(run("fit", *SMALL, "--machine", "apple-m4"))


def test_verify_measures_the_border_and_keeps_what_it_saw(probed, tmp_path):
    value = document("fit", "my-model", "-q", "F16", "--prompt-tokens", "64")["candidates"][0]["latency_ms"][
        "value"
    ]
    asked = ("my-model", "-q", "F16", "--prompt-tokens", "64", "--max-latency", f"{value}ms")
    found = document("fit", *asked, "--verify")
    (only,) = found["candidates"]
    assert only["provenance"] == "measured"
    assert only["fit"] in {"meets", "fails"}
    known = document("calibration")
    assert known["checks"] == 3
    assert {row["metric"] for row in known["errors"]} == {"decode", "prefill", "memory"}
    assert known["stale"] == []
    assert not list(tmp_path.glob("**/*.gguf")), "the twin is gone"
    assert fits(run("calibration"))


def test_what_cannot_be_measured_stays_on_the_border_with_the_reason(probed, monkeypatch):
    import shutil
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    asked = ("my-model", "-q", "F16", "--prompt-tokens", "64")
    value = document("fit", *asked)["candidates"][0]["latency_ms"]["value"]
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10**9, 10**9 - 10**5, 10**5))
    (only,) = document("fit", *asked, "--max-latency", f"{value}ms", "--verify")["candidates"]
    assert only["fit"] == "border"
    assert only["provenance"] == "modelled"
    assert any(note.startswith("not measured: ") for note in only["notes"])
    assert document("calibration")["checks"] == 0


def test_nothing_is_fetched(probed, monkeypatch):
    import socket

    def refuse(*_args, **_kwargs):
        raise AssertionError("a prediction needs no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert document("fit", *SMALL)["candidates"]


def test_another_number_of_threads_needs_a_calibration_of_its_own(probed, machine):
    threads = usual_threads(machine)
    with Predictions.open() as store:
        assert known_calibration(store, machine.fingerprint, engine_text(), threads)
        assert known_calibration(store, machine.fingerprint, engine_text(), threads + 1) is None
        assert known_calibration(store, "elsewhere", engine_text(), threads) is None
        assert known_calibration(store, machine.fingerprint, "llama_cpp 0.1", threads) is None


def test_a_changed_engine_or_machine_makes_it_stale(machine):
    assert document("calibration")["stale"] == ["this machine was never probed"]
    with Predictions.open() as store:
        store.keep_calibration("another", "llama_cpp 0.1", 2, CALIBRATION.document())
    stale = " ".join(document("calibration")["stale"])
    assert "machine changed" in stale
    assert "engine changed" in stale
    assert "Stale" in run("calibration").stderr


def test_a_probe_of_a_busy_machine_says_so(machine):
    restless = [{"reference_s": [0.01 * factor]} for factor in (1, 1, 1.02, 1.05, 4, 6)]
    busy = replace(CALIBRATION, points=tuple(restless))
    with Predictions.open() as store:
        store.keep_calibration(machine.fingerprint, engine_text(), usual_threads(machine), busy.document())
    (reason,) = document("calibration")["stale"]
    assert "busy" in reason
    assert "--recalibrate" in run("fit", "qwen2.5-0.5b", "-q", "F16").stderr


def test_what_a_range_rests_on_is_said_in_table_and_document(probed, machine):
    found = document("fit", *SMALL)
    assert {each["decode_tokens_s"]["basis"] for each in found["candidates"]} == {"assumed"}
    assert "assumed" in found["for"]["intervals"]["decode"]
    table = run("fit", *SMALL)
    assert "Ranges of memory, latency, tok/s are assumed" in table.stdout
    assert fits(table)
    assert "within 25% (assumed, n = 0)" in run("calibration").stdout
    learn(machine, 9)
    found = document("fit", *SMALL)
    spans = [found["candidates"][0][name] for name in ("decode_tokens_s", "latency_ms", "memory_bytes")]
    assert [(span["basis"], span["n"]) for span in spans] == [("learned", 9), ("learned", 9), ("learned", 9)]
    assert "are assumed" not in run("fit", *SMALL).stdout
    assert document("calibration")["intervals"]["decode"]["basis"] == "learned"
    projected = document("fit", *SMALL, "--machine", "rpi5-8gb")
    assert {each["decode_tokens_s"]["basis"] for each in projected["candidates"]} == {"published"}


def learn(machine, n):
    """Checked predictions of so many models, each 2% off."""
    units = {"decode": "token/s", "prefill": "token/s", "memory": "byte"}
    with Predictions.open() as store:
        calibration = store.calibrations()[0]
        store.keep(
            [
                Checked(
                    calibration_id=calibration.id,
                    machine_fingerprint=machine.fingerprint,
                    engine=engine_text(),
                    model=f"model-{number}",
                    level="Q8_0",
                    parameters=10**9,
                    metric=metric,
                    unit=unit,
                    tokens=1,
                    depth=64,
                    threads=2,
                    predicted=100.0,
                    low=80.0,
                    high=120.0,
                    measured=102.0,
                )
                for number in range(n)
                for metric, unit in units.items()
            ]
        )


def test_what_the_probe_had_no_time_for_is_named(machine):
    short = replace(CALIBRATION, left_out=("Q2_K", "heads-16-16, decoding after 1536"))
    with Predictions.open() as store:
        store.keep_calibration(machine.fingerprint, engine_text(), usual_threads(machine), short.document())
    assert "heads-16-16, decoding after 1536" in " ".join(run("fit", *SMALL).stderr.split())
    assert document("fit", *SMALL)["for"]["left_out_of_probe"][0] == "Q2_K"
    assert "Q2_K" in run("calibration").stdout


def test_measuring_elsewhere_is_refused_in_one_line():
    from rightsize.errors import ProfileError, UsageError

    with pytest.raises(UsageError, match="measure this machine"):
        run("fit", *SMALL, "--machine", "rpi5-8gb", "--verify")
    with pytest.raises(ProfileError, match="no hardware profile"):
        run("fit", *SMALL, "--machine", "nothing")
    with pytest.raises(UsageError, match="--max-memory"):
        run("fit", *SMALL, "--max-memory", "much")


def test_where_nothing_fits_the_nearest_miss_is_named_and_would_do(probed):
    asked = ("qwen2.5-0.5b", "--quant", "Q8_0,F16", "--max-latency", "2ms", "--max-memory", "10MB")
    result = run("fit", *asked)
    assert fits(result) and result.exit_code == 1
    assert "Nearest miss: qwen2.5-0.5b" in result.stdout
    miss = document("fit", *asked)["nearest_miss"]
    assert miss["level"] == "Q8_0", "smaller and faster than F16"
    latency, memory = f"{miss['max_latency_ms']}ms", f"{miss['max_memory_bytes']}B"
    found = document("fit", *SMALL, "--max-latency", latency, "--max-memory", memory)
    assert found["candidates"][0]["fit"] == "meets"
    assert found["nearest_miss"] is None


def test_a_context_that_nothing_has_is_named_too(probed):
    asked = ("qwen2.5-0.5b", "--quant", "Q8_0", "--min-context", "9999999")
    assert document("fit", *asked)["nearest_miss"]["context_tokens"] > 0
    assert "a context of at most" in run("fit", *asked).stdout


def test_the_probe_says_in_a_pipe_that_it_takes_a_while(monkeypatch):
    from rightsize.errors import ResourceError
    from rightsize.flows import calibration

    def probe(_threads, *, tell):
        for tag in ("small", "large"):
            tell(tag)
        raise ResourceError("no room for a probe")  # a real one takes a minute

    monkeypatch.setattr(calibration, "run_probe", probe)
    result = CliRunner().invoke(app, ["fit", *SMALL])
    assert isinstance(result.exception, ResourceError)
    assert result.stderr.count("Probing this machine, about a minute") == 1


def test_documents_hold_no_nan(probed):
    assert "NaN" not in json.dumps(document("fit", *SMALL))
