"""Calibrations of machines, and predictions beside what was measured."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the two tables."""
    op.create_table(
        "calibration",
        *_beginning(),
        sa.Column("machine_fingerprint", sa.String, nullable=False),
        sa.Column("engine", sa.String, nullable=False),
        sa.Column("threads", sa.Integer, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_calibration_machine", "calibration", ["machine_fingerprint"])
    op.create_table(
        "prediction",
        *_beginning(),
        sa.Column(
            "calibration_id", sa.Integer, sa.ForeignKey("calibration.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("machine_fingerprint", sa.String, nullable=False),
        sa.Column("engine", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("level", sa.String, nullable=False),
        sa.Column("parameters", sa.BigInteger, nullable=False),
        sa.Column("metric", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("tokens", sa.Integer, nullable=False),
        sa.Column("depth", sa.Integer, nullable=False),
        sa.Column("threads", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Float, nullable=False) for name in ("predicted", "low", "high", "measured")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_prediction_machine", "prediction", ["machine_fingerprint", "engine"])


def _beginning() -> tuple[sa.Column[int], sa.Column[object]]:
    return (
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("created_at", sa.DateTime, nullable=False),
    )
