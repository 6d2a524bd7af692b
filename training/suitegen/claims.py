"""Insurance claims to JSON fields: the claims of :mod:`training.suitegen.extraction`, and many more of them.

Wording and values are those of that suite's test side; its templates are left out, so that no template is asked
about twice when both suites are run.
"""

from __future__ import annotations

from collections.abc import Iterator

from training.suitegen import extraction
from training.suitegen.common import Row

TEST_TEMPLATES = 160


def test_rows(seed: int = 0) -> list[Row]:
    """Return the test set: 160 templates of claims, layouts in turn, five rows each."""
    seen: set[str] = set()
    extraction.documents(f"extraction-test-{seed}", tuple(extraction.FIELDS), extraction.TEST_TEMPLATES, seen)
    return extraction.documents(f"claims-test-{seed}", ("claim",), TEST_TEMPLATES, seen)


def fewshot_rows(seed: int = 0) -> list[Row]:
    """Return ten claims of the training distribution that show the format."""
    return list(train_rows(extraction.FEWSHOT_ROWS, seed + 1_000_033))


def train_rows(n: int, seed: int, *, wide: bool = False) -> Iterator[Row]:
    """Yield ``n`` claims of the training side."""
    rows = (row for row in extraction.train_rows(3 * n, seed, wide=wide) if row["kind"] == "claim")
    yield from rows
