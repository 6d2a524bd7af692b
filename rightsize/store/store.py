"""The store: append what a cell showed, ask for it again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sqlalchemy import Engine, and_, delete, insert, or_, select

from rightsize.domain import Interrupted, ItemOutcome, Record
from rightsize.store import codec
from rightsize.store.database import (
    DEFAULT_PATH,
    empty_engine,
    is_default,
    missing_file,
    open_engine,
    store_url,
    translated,
    writing,
)
from rightsize.store.tables import ABSENT, CELL, ITEM_OUTCOME, READING

if TYPE_CHECKING:
    from typing import Any

    from sqlalchemy import ColumnElement, Connection, Table

INTERRUPTED = codec.name_of(Interrupted)


class Store:
    """Stored cells of one database. Each call is its own short transaction, several may share it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, where: str | Path | None = None) -> Self:
        """Open (and create or migrate) the store at a path or SQLAlchemy URL.

        By default the setting ``store`` (``RIGHTSIZE_STORE``, ``rightsize.toml``), else
        ``.rightsize/results.db``. Raises StoreError for what is not a results database, or a newer one.
        """
        return cls(open_engine(store_url(where)))

    @classmethod
    def existing(cls, where: str | Path | None = None) -> Self:
        """Open a store for reading what is in it; never makes one.

        Raises StoreError where there is none, or what :meth:`open` raises.
        """
        return cls(open_engine(store_url(where), create=False))

    @classmethod
    def existing_or_empty(cls, where: str | Path | None = None) -> Self:
        """As :meth:`existing`; but where nobody named a store and there is none yet, one that holds nothing."""
        url = store_url(where)
        return cls(
            empty_engine() if is_default(where) and missing_file(url) else open_engine(url, create=False)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of pooled connections; a file store holds none between calls."""
        self._engine.dispose()

    @property
    def location(self) -> str:
        """Where it is, for messages: a path, or a URL without its password."""
        url = self._engine.url
        is_file = url.get_backend_name() == "sqlite"
        return str(url.database or DEFAULT_PATH) if is_file else url.render_as_string(hide_password=True)

    def append(self, record: Record) -> int:
        """Store one cell and return its new id; the id that ``record`` carries is ignored.

        It takes the place of what an interrupted run left of the same measurement; when it is whole, by its id.
        """
        left = _interrupted(record.fingerprint, record.limit)
        with writing(self._engine) as connection:
            known = connection.execute(select(CELL.c.id).where(left)).scalars().first()
            connection.execute(delete(CELL).where(left))
            row = codec.cell_row(record)
            if known is not None and not isinstance(record.outcome, Interrupted):
                row["id"] = known
            inserted = connection.execute(insert(CELL).values(row)).inserted_primary_key
            cell_id = int(inserted[0]) if inserted else 0
            for table, rows in (
                (ITEM_OUTCOME, codec.item_rows(cell_id, record.outcome)),
                (READING, codec.reading_rows(cell_id, record.outcome)),
                (ABSENT, codec.absent_rows(cell_id, record.outcome)),
            ):
                if rows:
                    connection.execute(insert(table), rows)
        return cell_id

    def extend(self, cell_id: int, position: int, items: Sequence[ItemOutcome]) -> bool:
        """Add items to an interrupted cell after its first ``position`` ones; False where it is gone.

        The same items again change nothing.
        """
        with writing(self._engine) as connection:
            there = select(CELL.c.id).where(CELL.c.id == cell_id, CELL.c.outcome == INTERRUPTED)
            if connection.execute(there).first() is None:
                return False
            beyond = and_(ITEM_OUTCOME.c.cell_id == cell_id, ITEM_OUTCOME.c.position >= position)
            connection.execute(delete(ITEM_OUTCOME).where(beyond))
            if items:
                connection.execute(insert(ITEM_OUTCOME), codec.rows_of(cell_id, items, position))
            return True

    def answered(self, fingerprint: str) -> tuple[ItemOutcome, ...]:
        """What runs of a measurement answered, on however many items and to whatever end; oldest first."""
        query = select(CELL.c.id).where(CELL.c.fingerprint == fingerprint)
        with translated(self._engine.url), self._engine.connect() as connection:
            ids = list(connection.execute(query).scalars())
            return tuple(codec.item_of(row) for row in _rows(connection, ITEM_OUTCOME, ids))

    def records(
        self,
        *,
        suite: str | None = None,
        candidate: str | None = None,
        newest: bool = True,
        races: bool = False,
        interrupted: bool = False,
    ) -> list[Record]:
        """Return stored cells, oldest first; ``newest`` keeps the last repetition of equal measurements only.

        Measurements are equal when fingerprint and item limit are. What a race left is among them only with
        ``races``: how many items it asked depended on their answers, so bounds for a fixed n do not hold there.
        What is not answered to its end is among them only with ``interrupted``.
        """
        query = select(CELL).order_by(CELL.c.id)
        if not interrupted:
            query = query.where(CELL.c.outcome != INTERRUPTED)
        if suite is not None:
            query = query.where(CELL.c.suite == suite)
        if candidate is not None:
            query = query.where(CELL.c.candidate_id == candidate)
        with translated(self._engine.url), self._engine.connect() as connection:
            cells = [dict(cell) for cell in connection.execute(query).mappings()]
            if not races:
                cells = [cell for cell in cells if "race" not in cell["suite_info"]]
            if newest:
                cells = _last_repetitions(cells)
            ids = [cell["id"] for cell in cells]
            parts = (_rows(connection, table, ids) for table in (ITEM_OUTCOME, READING, ABSENT))
            return codec.records_from(cells, *parts)

    def has(self, fingerprint: str, limit: int | None = None, items: Collection[str] = ()) -> bool:
        """Whether this was measured to its end on at least ``limit`` items (None: on all of them).

        A cell of some of a suite's items counts only if all of ``items`` are among them: an earlier rightsize
        may have chosen others.
        """
        full = CELL.c.item_limit.is_(None)
        enough = full if limit is None else or_(full, CELL.c.item_limit >= limit)
        measured = and_(CELL.c.fingerprint == fingerprint, CELL.c.outcome == "measured", enough)
        with translated(self._engine.url), self._engine.connect() as connection:
            cells = connection.execute(select(CELL.c.id, CELL.c.item_limit).where(measured)).all()
            return any(
                item_limit is None or set(items) <= _items_of(connection, cell_id)
                for cell_id, item_limit in cells
            )

    def tasks(self) -> list[str]:
        """Return the names of all tasks that have cells, sorted."""
        with translated(self._engine.url), self._engine.connect() as connection:
            names = select(CELL.c.suite).where(CELL.c.outcome != INTERRUPTED).distinct()
            return sorted(connection.execute(names).scalars())

    def delete(self, ids: Sequence[int]) -> int:
        """Delete cells with everything that belongs to them; return how many there were."""
        with writing(self._engine) as connection:
            return connection.execute(delete(CELL).where(CELL.c.id.in_(ids))).rowcount


def _items_of(connection: Connection, cell_id: int) -> set[str]:
    ids = select(ITEM_OUTCOME.c.item_id).where(ITEM_OUTCOME.c.cell_id == cell_id)
    return set(connection.execute(ids).scalars())


def _interrupted(fingerprint: str, limit: int | None) -> ColumnElement[bool]:
    """What an interrupted run left of one measurement."""
    same = and_(CELL.c.fingerprint == fingerprint, CELL.c.item_limit == limit)
    return and_(same, CELL.c.outcome == INTERRUPTED)


def _last_repetitions(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    # A repetition that was interrupted does not hide one that was measured.
    last = {(c["fingerprint"], c["item_limit"], c["outcome"] == INTERRUPTED): c["id"] for c in cells}
    kept = set(last.values())
    return [cell for cell in cells if cell["id"] in kept]


def _rows(connection: Connection, table: Table, cell_ids: Sequence[int]) -> list[dict[str, Any]]:
    query = select(table).where(table.c.cell_id.in_(cell_ids)).order_by(table.c.cell_id, table.c.position)
    return [dict(row) for row in connection.execute(query).mappings()]
