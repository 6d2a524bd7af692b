"""What was predicted beside what was measured, and the calibrations that the predictions came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert, select

from rightsize.domain import JsonValue
from rightsize.store.database import open_engine, store_url, translated, writing
from rightsize.store.tables import CALIBRATION, PREDICTION


@dataclass(frozen=True, slots=True)
class StoredCalibration:
    """A calibration of one machine with one build of an engine; ``document`` is what predicting needs."""

    id: int
    created_at: datetime
    machine_fingerprint: str
    engine: str
    threads: int
    document: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Checked:
    """One prediction that was measured. ``metric`` is ``decode`` or ``prefill`` (tokens/s) or ``memory``
    (bytes).

    ``tokens`` is how many at once (1: decoding) at ``depth``; for memory the context's size.
    """

    calibration_id: int
    machine_fingerprint: str
    engine: str
    model: str
    level: str
    parameters: int
    metric: str
    unit: str
    tokens: int
    depth: int
    threads: int
    predicted: float
    low: float
    high: float
    measured: float


class Predictions:
    """Calibrations and checked predictions of one results database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, where: str | Path | None = None) -> Predictions:
        """Open the store as :meth:`rightsize.store.store.Store.open` does."""
        return cls(open_engine(store_url(where)))

    def __enter__(self) -> Predictions:
        return self

    def __exit__(self, *_error: object) -> None:
        self._engine.dispose()

    def keep_calibration(
        self, machine_fingerprint: str, engine: str, threads: int, document: Mapping[str, JsonValue]
    ) -> StoredCalibration:
        """Store a calibration and return it with its id."""
        row: dict[str, Any] = {
            "created_at": _now(),
            "machine_fingerprint": machine_fingerprint,
            "engine": engine,
            "threads": threads,
            "document": dict(document),
        }
        with writing(self._engine) as connection:
            key = connection.execute(insert(CALIBRATION).values(row)).inserted_primary_key
        return StoredCalibration(id=int(key[0]) if key else 0, **row)

    def calibrations(self) -> list[StoredCalibration]:
        """All calibrations, the newest first."""
        query = select(CALIBRATION).order_by(CALIBRATION.c.id.desc())
        return [StoredCalibration(**row) for row in self._rows(query)]

    def keep(self, checks: Sequence[Checked]) -> None:
        """Store predictions with what was measured."""
        rows = [{**asdict(check), "created_at": _now()} for check in checks]
        if rows:
            with writing(self._engine) as connection:
                connection.execute(insert(PREDICTION), rows)

    def checks(self, machine_fingerprint: str | None = None, engine: str | None = None) -> list[Checked]:
        """Checked predictions, oldest first; of one machine and build where they are named."""
        query = select(PREDICTION).order_by(PREDICTION.c.id)
        if machine_fingerprint is not None:
            query = query.where(PREDICTION.c.machine_fingerprint == machine_fingerprint)
        if engine is not None:
            query = query.where(PREDICTION.c.engine == engine)
        left_out = {"id", "created_at"}
        rows = self._rows(query)
        return [Checked(**{key: value for key, value in row.items() if key not in left_out}) for row in rows]

    def _rows(self, query: Any) -> list[dict[str, Any]]:
        with translated(self._engine.url), self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
