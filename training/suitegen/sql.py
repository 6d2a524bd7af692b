"""Seeded generator of the sql suite: a question and a schema to a SQLite query, with a database to run it on.

Test rows use wordings, tables, columns and values that training rows never use. Each test template has five
rows of rising difficulty (see :mod:`.sql_draw`); a group is a template, that is a wording with a query shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from training.suitegen.sql_check_words import CHECK
from training.suitegen.sql_data import checked_setup, fill
from training.suitegen.sql_draw import LEVELS, Draft, draw
from training.suitegen.sql_shapes import SHAPES
from training.suitegen.sql_test_wordings import TEST_WORDINGS
from training.suitegen.sql_train_wordings import sample_wording
from training.suitegen.sql_words import TEST, TRAIN

Row = dict[str, Any]

FEWSHOT_SHAPES = tuple(SHAPES)[::3]


def test_rows(seed: int = 0) -> list[Row]:
    """The committed test set: five rows, from easy to hard, of each template."""
    rng = Random(f"sql-test-{seed}")
    return [
        _row(Draft(TEST, shape, cue, wording, level), f"{shape}-{number}", str(level + 1), rng, checked=True)
        for shape, wordings in TEST_WORDINGS.items()
        for number, (cue, wording) in enumerate(wordings, 1)
        for level in range(LEVELS)
    ]


def fewshot_rows(seed: int = 0) -> list[Row]:
    """Ten rows of ten query shapes in training words."""
    rng = Random(f"sql-fewshot-{seed}")
    drafts = [Draft(TRAIN, shape, *sample_wording(shape, rng), level=1) for shape in FEWSHOT_SHAPES]
    return [_row(draft, "fewshot", draft.shape, rng, checked=True) for draft in drafts]


def train_rows(n: int, seed: int, *, wide: bool = False) -> Iterator[Row]:
    """``n`` training rows; their databases are filled but not checked against near misses.

    Their wording is a grammar already: there is no wider one.
    """
    rng = Random(f"sql-train-{seed}")
    for index in range(n):
        shape = rng.choice(tuple(SHAPES))
        draft = Draft(TRAIN, shape, *sample_wording(shape, rng), level=rng.randrange(LEVELS))
        yield _row(draft, f"train-{seed}", str(index), rng, checked=False)


def check_rows(n: int, seed: int = 0) -> list[Row]:
    """``n`` rows for choosing between models: training questions about tables and values of their own."""
    rng = Random(f"sql-check-{seed}")
    shapes = tuple(SHAPES)
    drafts = [
        Draft(CHECK, shapes[i % len(shapes)], *sample_wording(shapes[i % len(shapes)], rng), level=i % LEVELS)
        for i in range(n)
    ]
    return [_row(draft, "check", str(i), rng, checked=True) for i, draft in enumerate(drafts)]


def _row(draft: Draft, group: str, suffix: str, rng: Random, *, checked: bool) -> Row:
    """Draw until the database tells gold from near misses; the first drawing will do if that is not asked."""
    while True:
        drawing = draw(draft, rng)
        sql = draft.pattern.format_map(drawing.names)
        setup = checked_setup(drawing.tables, sql, rng) if checked else fill(drawing.tables, rng)
        if setup:
            break
    question = draft.wording.format_map(drawing.spoken)
    return {
        "id": f"{group}-{suffix}",
        "group": group,
        "schema": "; ".join(table.schema() for table in reversed(drawing.tables)),
        "question": question[0].upper() + question[1:],
        "sql": sql,
        "setup": setup,
    }
