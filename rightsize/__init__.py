"""rightsize: the smallest language model that does your task well enough on your hardware, with evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

__version__ = "0.1.0"


def load(store: str | Path | None = None) -> pd.DataFrame:
    """Return every stored cell as one row of a DataFrame; see :func:`rightsize.store.to_frame`.

    Its last columns say how far the cell's times can be trusted: ``trust`` is ``trusted``, ``noisy`` or
    ``contaminated`` and ``trust_reason`` says why, as in ``rightsize results export``.

    ``store`` is a path or SQLAlchemy URL; by default the store of the working directory. Raises
    :class:`rightsize.errors.StoreError` where there is none.
    """
    # pandas takes most of a second to import: only those who call this pay for it.
    from rightsize.reports.trust_frame import load_trusted

    return load_trusted(store)
