"""A store that is not there is refused with the next step, never made: only bench and demo make one."""

from __future__ import annotations

from pathlib import Path

import pytest

import rightsize
from rightsize.cli import main
from rightsize.errors import StoreError
from rightsize.store import Store

READERS = [
    ("recommend", "--task", "extraction", "--min-accuracy", "90%"),
    ("results", "list"),
    ("results", "export"),
    ("results", "delete", "1"),
    ("report",),
    ("gate", "--write-baseline", "baseline.json"),
]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RIGHTSIZE_STORE", raising=False)


@pytest.mark.parametrize("command", READERS, ids=" ".join)
@pytest.mark.parametrize("name", ["mistyped.db", "nowhere/results.db", "sqlite:///mistyped.db"])
def test_a_mistyped_store_is_refused_and_not_made(
    command: tuple[str, ...], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run([*command, "--store", name]) == 2
    said = capsys.readouterr().err
    assert f"there is no results database {name.removeprefix('sqlite:///')}" in said
    assert "rightsize bench --task NAME" in said
    assert list(tmp_path.iterdir()) == []


def test_load_refuses_it_too(tmp_path: Path) -> None:
    for store in (str(tmp_path / "mistyped.db"), None):
        with pytest.raises(StoreError, match="there is no results database"):
            rightsize.load(store)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_no_store_to_read_from(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    with pytest.raises(StoreError, match=r"empty\.db holds no results yet"):
        Store.existing("empty.db")
    Store.open("empty.db")
    assert Store.existing("empty.db").records() == []


def test_before_any_measurement_recommend_is_undecided_and_names_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["recommend", "--task", "extraction", "--min-accuracy", "90%"]) == 3
    assert "rightsize bench --task extraction" in capsys.readouterr().out
    assert main.run(["recommend", "--min-accuracy", "90%"]) == 2
    assert list(tmp_path.iterdir()) == []
