"""Stored cells as a pandas DataFrame, with how far each can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rightsize.domain import Record
from rightsize.reports.trust_lines import TRUST_COLUMNS, trust_columns
from rightsize.store import Store
from rightsize.store.frame import to_frame

if TYPE_CHECKING:
    import pandas as pd


def load_trusted(store: str | Path | None = None) -> pd.DataFrame:
    """Return every stored cell of the store at a path or URL as one row, with the columns of its trust.

    Raises StoreError where there is no store.
    """
    with Store.existing(store) as results:
        return with_trust_columns(results.records(newest=False))


def with_trust_columns(records: Sequence[Record]) -> pd.DataFrame:
    """Return the rows of :func:`rightsize.store.to_frame` with ``trust`` and ``trust_reason`` beside them.

    ``trust`` is ``trusted``, ``noisy`` or ``contaminated``, the worst verdict on any of the cell's times, and
    ``trust_reason`` says why; both are as in an export. Missing where nothing was timed, and ``trust`` alone
    where the machine was not watched yet.
    """
    frame = to_frame(records)
    columns = [trust_columns(record) for record in records]
    for name in TRUST_COLUMNS:
        frame[name] = [each[name] for each in columns]
    return frame
