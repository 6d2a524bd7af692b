"""Where outcomes live: one row per cell with its items, raw samples and what is absent.

SQLite in ``.rightsize/results.db`` unless told otherwise; any SQLAlchemy URL for a team.
"""

from rightsize.store.frame import to_frame
from rightsize.store.store import Store

__all__ = ["Store", "to_frame"]
