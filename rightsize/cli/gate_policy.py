"""``--policy``: the rules of a gate in the ``[gate]`` table of a TOML file, under the names of the flags.

[gate]
max_accuracy_drop = "1%"
on_undecided = "fail"

[[gate.slice]]              # every label by itself
by = "label"
max_accuracy_drop = "5%"

[[gate.slice]]              # one kind of document
by = "kind"
is = "invoice"
min_accuracy = "80%"
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rightsize.errors import SettingsError, why_unreadable

if TYPE_CHECKING:
    from rightsize.decide.gate_slices import SliceRule

_SLICE_KEYS = ("by", "is", "max_accuracy_drop", "min_accuracy")


def read_policy(path: Path, options: Collection[str]) -> tuple[dict[str, Any], tuple[SliceRule, ...]]:
    """Read the values for ``options`` (parameter names of the command) and the slice rules.

    Paths in it are relative to the file. Raises SettingsError naming the file and the key.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problem = f"--policy {path}: {why_unreadable(error)}"
        raise SettingsError(problem, next_step="Correct the file or its name") from error
    table = content.get("gate")
    if not isinstance(table, dict):
        raise SettingsError(f"--policy {path} has no [gate] table", next_step="Write its rules under [gate]")
    slices = table.pop("slice", [])
    for key in table:
        _known(key, (*options, "slice"), f"{path}: gate.{key}")
    values = {key: _value(value, f"{path}: gate.{key}") for key, value in table.items()}
    if not isinstance(slices, list) or not all(isinstance(rule, dict) for rule in slices):
        raise SettingsError(f"{path}: gate.slice must be a list of tables", next_step="Write [[gate.slice]]")
    return values, tuple(_slice(rule, f"{path}: gate.slice {n}") for n, rule in enumerate(slices, start=1))


def _known(key: str, keys: Collection[str], where: str) -> None:
    if key not in keys:
        near = get_close_matches(key, keys, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(sorted(keys))}"
        raise SettingsError(f"{where} is not a rule of a gate", next_step=hint)


def _value(value: Any, where: str) -> Any:
    """Flags are texts or switches; a number is its text, so that 0.01 reads as on the command line."""
    if isinstance(value, bool):
        return value
    if not isinstance(value, str | int | float):
        raise SettingsError(f"{where} must be a text or a number, not {value!r}")
    return str(value)


def _slice(rule: Mapping[str, Any], where: str) -> SliceRule:
    from rightsize.decide.gate_slices import SliceRule
    from rightsize.units import parse_points, parse_ratio

    for key in rule:
        _known(key, _SLICE_KEYS, f"{where}: {key}")
    texts = {key: str(_value(value, f"{where}: {key}")) for key, value in rule.items()}
    if "by" not in texts or not {"max_accuracy_drop", "min_accuracy"} & texts.keys():
        hint = 'Such as by = "label" and max_accuracy_drop = "5%"'
        raise SettingsError(f"{where} needs by, and max_accuracy_drop or min_accuracy", next_step=hint)
    drop, least = texts.get("max_accuracy_drop"), texts.get("min_accuracy")
    return SliceRule(
        field=texts["by"],
        value=texts.get("is"),
        max_drop=None if drop is None else parse_points(drop, f"{where}: max_accuracy_drop"),
        min_score=None if least is None else parse_ratio(least, f"{where}: min_accuracy"),
    )
