"""The tables, as they are in the newest schema version; ``migrations`` is how a database gets there."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

#: The newest migration. History: 0001 first schema; 0002 notes on readings, an index for one task's cells;
#: 0003 sizes that are not known; 0004 calibrations, and predictions beside what was measured.
SCHEMA_VERSION = "0004"

METADATA = MetaData()

CELL = Table(
    "cell",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("created_at", DateTime, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("candidate_id", String, nullable=False),
    Column("candidate", JSON, nullable=False),
    Column("embedded", Boolean, nullable=False),
    Column("size_bytes", BigInteger),
    Column("suite", String, nullable=False),
    Column("suite_sha256", String, nullable=False),
    Column("suite_info", JSON, nullable=False),
    Column("item_limit", Integer),
    Column("machine_fingerprint", String, nullable=False),
    Column("machine", JSON, nullable=False),
    Column("engine", JSON, nullable=False),
    Column("outcome", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("facts", JSON, nullable=False),
    Index("ix_cell_fingerprint", "fingerprint"),
    Index("ix_cell_suite", "suite", "suite_sha256"),
    sqlite_autoincrement=True,
)


def _cell_id() -> Column[int]:
    return Column("cell_id", Integer, ForeignKey("cell.id", ondelete="CASCADE"), primary_key=True)


ITEM_OUTCOME = Table(
    "item_outcome",
    METADATA,
    _cell_id(),
    Column("position", Integer, primary_key=True),
    Column("item_id", String, nullable=False),
    Column("group_name", String, nullable=False),
    Column("score", Float, nullable=False),
    Column("valid", Boolean, nullable=False),
    Column("output", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("confidence", Float),
    Column("prompt_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("parts", JSON, nullable=False),
    Column("error", Text),
)

READING = Table(
    "reading",
    METADATA,
    _cell_id(),
    Column("position", Integer, primary_key=True),
    Column("metric", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("samples", JSON, nullable=False),
    Column("provenance", String, nullable=False),
    Column("source", String, nullable=False),
    Column("error_low", Float, nullable=False),
    Column("error_high", Float, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
)

ABSENT = Table(
    "absent",
    METADATA,
    _cell_id(),
    Column("position", Integer, primary_key=True),
    Column("metric", String, nullable=False),
    Column("reason", Text, nullable=False),
)

CALIBRATION = Table(
    "calibration",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("created_at", DateTime, nullable=False),
    Column("machine_fingerprint", String, nullable=False),
    Column("engine", String, nullable=False),
    Column("threads", Integer, nullable=False),
    Column("document", JSON, nullable=False),
    Index("ix_calibration_machine", "machine_fingerprint"),
    sqlite_autoincrement=True,
)

PREDICTION = Table(
    "prediction",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("created_at", DateTime, nullable=False),
    Column("calibration_id", Integer, ForeignKey("calibration.id", ondelete="CASCADE"), nullable=False),
    Column("machine_fingerprint", String, nullable=False),
    Column("engine", String, nullable=False),
    Column("model", String, nullable=False),
    Column("level", String, nullable=False),
    Column("parameters", BigInteger, nullable=False),
    Column("metric", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("depth", Integer, nullable=False),
    Column("threads", Integer, nullable=False),
    Column("predicted", Float, nullable=False),
    Column("low", Float, nullable=False),
    Column("high", Float, nullable=False),
    Column("measured", Float, nullable=False),
    Index("ix_prediction_machine", "machine_fingerprint", "engine"),
    sqlite_autoincrement=True,
)
