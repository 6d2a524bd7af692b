"""The help: no command's line is cut off, and it fits 80 columns."""

from __future__ import annotations

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
