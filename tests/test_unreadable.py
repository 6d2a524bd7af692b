"""Why a text file could not be read, in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from rightsize.cli.gate_policy import read_policy
from rightsize.errors import SettingsError, why_unreadable


def test_a_folder_and_other_encodings_are_told_without_codes(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as folder:
        read_policy(tmp_path, [])
    assert folder.value.problem == f"--policy {tmp_path}: is a directory"
    latin = tmp_path / "rightsize.toml"
    latin.write_bytes(b'[gate]\nx = "\xff"\n')
    with pytest.raises(SettingsError, match=r"it is not UTF-8 text \(byte 12\)"):
        read_policy(latin, ["x"])
    assert why_unreadable(ValueError("two\nlines")) == "two lines"
