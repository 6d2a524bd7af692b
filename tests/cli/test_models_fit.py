"""``rightsize models fit`` and ``calibration``: a calibration in the store, real twins for ``--verify``."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from rightsize.flows.calibration import engine_text
from rightsize.machine import scan
from rightsize.store.predictions import Predictions
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
        store.keep_calibration(machine.fingerprint, engine_text(), machine.usable_cores, CALIBRATION.document())


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
        store.keep_calibration(machine.fingerprint, engine_text(), machine.usable_cores, busy.document())
    (reason,) = document("calibration")["stale"]
    assert "busy" in reason
    assert "--recalibrate" in run("fit", "qwen2.5-0.5b", "-q", "F16").stderr


def test_measuring_elsewhere_is_refused_in_one_line():
    from rightsize.errors import ProfileError, UsageError

    with pytest.raises(UsageError, match="measure this machine"):
        run("fit", *SMALL, "--machine", "rpi5-8gb", "--verify")
    with pytest.raises(ProfileError, match="no hardware profile"):
        run("fit", *SMALL, "--machine", "nothing")
    with pytest.raises(UsageError, match="--max-memory"):
        run("fit", *SMALL, "--max-memory", "much")


def test_documents_hold_no_nan(probed):
    assert "NaN" not in json.dumps(document("fit", *SMALL))
