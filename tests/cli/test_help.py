"""The help: no command's line is cut off, and it fits 80 columns."""

from __future__ import annotations

import shlex

import pytest

from rightsize.cli import main


@pytest.mark.parametrize("command", [(), ("suites",), ("results",)], ids=["rightsize", "suites", "results"])
def test_every_commands_line_is_whole(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main.run([*command, "--help"]) == 0
    shown = capsys.readouterr().out
    commands = shown.split("Commands:")[1].split("Examples:")[0]
    assert commands.strip()
    assert "..." not in commands
    assert max(len(line) for line in commands.splitlines()) <= 80


COMMANDS = [
    *("scan", "bench", "recommend", "compare", "report", "gate", "twin", "demo"),
    *("results list", "results export", "suites new", "suites check", "models fit", "models pull"),
]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_examples_fit_and_can_be_pasted(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main.run([*command.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    examples = shown.split("Examples:")[1].replace("\\\n", "")
    pasted = [shlex.split(line) for line in examples.splitlines() if line.strip().startswith("$")]
    assert pasted
    for _, program, *words in pasted:
        assert program == "rightsize" and "--" not in words and not any(word.endswith("-") for word in words)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["bench", "--limit", "abc"], "'--limit' / '-n': it should be a whole number"),
        (["bench", "--requests", "0"], "'--requests': it should be greater than or equal to 1"),
        (["recommend", "--latency-metric", "p42"], "'--latency-metric': 'p42' is not one of"),
        (["bench", "--watts-idle", "much"], "'--watts-idle': it should be a number"),
    ],
)
def test_a_wrong_value_is_told_in_a_persons_words(
    args: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(args) == 2
    assert said in capsys.readouterr().err
