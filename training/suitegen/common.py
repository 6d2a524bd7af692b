"""What the generators share: the interface, JSONL that is byte-for-byte reproducible, and small helpers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

Row = dict[str, Any]

SUITES = ("extraction", "classification", "sql", "claims")


class Generator(Protocol):
    """A generator module: the same seed always gives the same rows."""

    def test_rows(self, seed: int = 0) -> list[Row]:
        """Rows of the committed test set; every row has ``id`` and ``group``."""

    def fewshot_rows(self, seed: int = 0) -> list[Row]:
        """A few rows from the training distribution, to show a model the format."""

    def train_rows(self, n: int, seed: int, *, wide: bool = False) -> Iterator[Row]:
        """``n`` training rows, made of material that no test row uses; ``wide`` adds later wording."""


def generator(suite: str) -> Generator:
    """Return the generator of a bundled suite; only the one that is asked for is imported."""
    return cast(Generator, import_module(f"training.suitegen.{suite}"))


def to_jsonl(rows: Iterable[Row]) -> str:
    """Render rows as JSON Lines: UTF-8, keys in the rows' own order, one newline at the end of each."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def write_jsonl(path: Path, rows: Iterable[Row]) -> None:
    """Write rows to ``path`` as JSON Lines, creating its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_jsonl(rows).encode("utf-8"))
