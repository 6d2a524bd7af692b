"""A malformed suite is refused with file and line, by bench as by check."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from rightsize.cli import main


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    with Path("rows.csv").open("w", newline="", encoding="utf-8") as stream:
        rows = [(f"ticket number {i}", ("bug", "billing")[i % 2]) for i in range(24)]
        csv.writer(stream).writerows([("text", "label"), *rows])
    args = ["suites", "new", "mine", "--from", "rows.csv", "--input", "text", "--label", "label"]
    assert main.run(args) == 0
    capsys.readouterr()
    return Path("mine")


def test_malformed_yaml_is_named_with_its_line(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = suite / "mine.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(f"{text}  : [broken\n", encoding="utf-8")
    assert main.run(["bench", "--task", "./mine"]) == 2
    assert f"mine/mine.yaml:{len(text.splitlines()) + 1}: not valid YAML" in capsys.readouterr().err
    assert main.run(["suites", "check", "./mine"]) == 1


def test_malformed_jsonl_is_named_with_its_line(suite: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = suite / "test.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join([*lines[:2], '{"id": "x", ', *lines[3:]]) + "\n", encoding="utf-8")
    assert main.run(["bench", "--task", "./mine"]) == 2
    said = capsys.readouterr().err
    assert "mine/test.jsonl:3: not valid JSON" in said
    assert "line 1" not in said, "the line of the file, not of the row"


def test_what_is_no_gguf_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noise = tmp_path / "noise.gguf"
    noise.write_bytes(bytes(range(256)) * 40)
    assert main.run(["bench", "--task", "extraction", "--model", str(noise)]) == 2
    assert "not a GGUF file" in capsys.readouterr().err
