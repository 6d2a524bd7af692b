"""``rightsize.load()``: how far each cell's times can be trusted, beside its figures and as in an export."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import rightsize
from rightsize.cli import main
from rightsize.domain import Failed, Measured, Record
from rightsize.store import Store

Build = Callable[..., Record]
CALM = {"seconds": 1.0, "cpus": 2, "own_cpu_s": 2.0, "other_cpu_s": 0.0}
BUSY = {**CALM, "other_cpu_s": 0.9}


def watched(base: Record, window: dict[str, float]) -> Record:
    assert isinstance(base.outcome, Measured)
    windows = {"requests": [window], "decode_tokens_per_s": [CALM]}
    return replace(base, outcome=replace(base.outcome, facts={"windows": windows}))


def test_each_row_says_how_far_it_can_be_trusted_and_why(
    record: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steady = [100.0 + i % 7 for i in range(120)]
    store = Store.open(tmp_path / "results.db")
    store.append(watched(record("calm:F16", latency_ms=steady), CALM))
    store.append(watched(record("busy:F16", latency_ms=steady), BUSY))
    store.append(record("old:F16", latency_ms=steady))
    store.append(record("broken:F16", outcome=Failed("out of memory")))
    frame = rightsize.load(store.location).set_index("candidate")
    assert frame.loc["calm:F16", "trust"] == "trusted"
    assert frame.loc["busy:F16", "trust"] == "contaminated"
    assert "requests: other processes used 45%" in frame.loc["busy:F16", "trust_reason"]
    assert pd.isna(frame.loc["old:F16", "trust"])
    assert frame.loc["old:F16", "trust_reason"] == "measured before the machine was watched"
    assert pd.isna(frame.loc["broken:F16", "trust_reason"])
    assert main.run(["results", "export", "--store", store.location]) == 0
    rows = {row["candidate"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    for name, row in rows.items():
        assert [row["trust"], row["trust_reason"]] == list(
            frame.loc[name, ["trust", "trust_reason"]].fillna("")
        )


def test_an_empty_store_has_the_columns_too(tmp_path: Path) -> None:
    Store.open(tmp_path / "results.db")
    frame = rightsize.load(str(tmp_path / "results.db"))
    assert len(frame) == 0 and {"trust", "trust_reason", "race"} <= set(frame.columns)
