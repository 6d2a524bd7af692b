"""A candidate's size may be unknown: a served model has no file here."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Let ``size_bytes`` be null, by way of a new column.

    SQLite cannot change a column, and Alembic's way around that drops the table, which would take along all
    rows that refer to it.
    """
    op.execute("ALTER TABLE cell ADD COLUMN size_or_null BIGINT")
    op.execute("UPDATE cell SET size_or_null = size_bytes")
    op.execute("ALTER TABLE cell DROP COLUMN size_bytes")
    op.execute("ALTER TABLE cell RENAME COLUMN size_or_null TO size_bytes")
