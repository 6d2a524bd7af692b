"""Opening the database: where it is, that it is ours, that its schema is current, and plain errors if not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.pool import NullPool, StaticPool

from rightsize.errors import StoreError
from rightsize.settings import resolve_settings
from rightsize.store.codec import dumps
from rightsize.store.tables import METADATA, SCHEMA_VERSION

DEFAULT_PATH = Path(".rightsize") / "results.db"
MIGRATIONS = Path(__file__).resolve().parent / "migrations"

_MEASURE_FIRST = "Check --store, or measure first: rightsize bench --task NAME"
_BUSY_TIMEOUT_MS = 30_000  # Another process may be writing a large cell; waiting beats losing one.


def store_url(given: str | Path | None) -> URL:
    """Return the database's URL: what was given, else the setting ``store``, else ``.rightsize/results.db``."""
    chosen = str(given or resolve_settings({}).store or DEFAULT_PATH)
    if "://" not in chosen:
        return URL.create("sqlite", database=str(Path(chosen).expanduser()))
    try:
        url = make_url(chosen)
    except (ArgumentError, ValueError) as error:
        raise StoreError(f"{chosen!r} is not a database URL", next_step="Give a file or a URL") from error
    if url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}:
        raise StoreError("a store in memory would keep nothing", next_step="Name a file: --store results.db")
    return url


def is_default(given: str | Path | None) -> bool:
    """Whether nobody named a store: neither the caller nor a setting."""
    return not (given or resolve_settings({}).store)


def missing_file(url: URL) -> Path | None:
    """The file of a store that does not exist yet; None where it does, or where only a connection can tell."""
    path = Path(url.database or "")
    return path if url.get_backend_name() == "sqlite" and not path.exists() else None


def open_engine(url: URL, *, create: bool = True) -> Engine:
    """Return an engine on a database whose schema is current; migrates an older one, refuses a newer one.

    Without ``create`` a store that is not there yet is refused, so that a slip in its name is not read as an
    empty store.
    """
    if not create and (path := missing_file(url)) is not None:
        raise StoreError(f"there is no results database {path}", next_step=_MEASURE_FIRST)
    with translated(url):
        engine = _engine(url)
        try:
            _make_current(engine, url, create)
        except BaseException:
            engine.dispose()  # Nobody else will close what the attempt has opened.
            raise
        return engine


def _make_current(engine: Engine, url: URL, create: bool) -> None:
    with engine.connect() as connection:
        version = _version(connection, url)
    if version is None and not create:
        where = url.database if url.get_backend_name() == "sqlite" else url.render_as_string()
        raise StoreError(f"{where} holds no results yet", next_step=_MEASURE_FIRST)
    if version != SCHEMA_VERSION:
        _migrate(engine, url)


def empty_engine() -> Engine:
    """An engine on a store in memory that holds nothing."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    METADATA.create_all(engine)
    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Yield a connection in a transaction that holds the write lock from its start."""
    with (
        translated(engine.url),
        engine.connect().execution_options(rightsize_writes=True) as connection,
        connection.begin(),
    ):
        yield connection


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Turn errors of the database layer into one line that names the store and the next step."""
    where = url.database if url.get_backend_name() == "sqlite" else url.render_as_string(hide_password=True)
    try:
        yield
    except NoSuchModuleError as error:
        kind = url.drivername
        raise StoreError(f"{where}: no database is called {kind!r}", next_step=_databases_like(kind)) from error
    except ModuleNotFoundError as error:
        raise StoreError(f"{where}: {error}", next_step=_driver_for(url)) from error
    except (DBAPIError, sqlite3.Error, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise StoreError(f"results database {where}: {cause}", next_step=_next_step(str(cause))) from error


def _databases_like(kind: str) -> str:
    """How the database that was meant is written: ``postgres`` is what many call PostgreSQL."""
    from difflib import get_close_matches

    from sqlalchemy import dialects

    base = kind.partition("+")[0]
    near = get_close_matches(base, dialects.__all__, n=1, cutoff=0.6)
    return (
        f"Write {near[0]}:// in place of {kind}://"
        if near
        else "Give a file, or a URL such as postgresql://..."
    )


def _driver_for(url: URL) -> str:
    """Where the driver is installed from; PostgreSQL's own is an extra of ours, which its URL then names."""
    if url.get_backend_name() != "postgresql":
        return "Install the database's Python driver"
    written = "" if "+" in url.drivername else ", and write postgresql+psycopg://"
    return f"Install it with: pip install 'rightsize[postgres]'{written}"


def _next_step(cause: str) -> str:
    if "not a database" in cause or "malformed" in cause:
        return "Move the file away, or name another with --store"
    if "locked" in cause:
        return "Another program holds it; try again when that has ended"
    return "Check that the folder exists and is writable, or name another with --store"


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, json_serializer=dumps)
    path = Path(url.database or "")
    if not path.parent.exists():
        path.parent.mkdir(parents=True)
        if path.parent.name == DEFAULT_PATH.parent.name:
            (path.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    engine = create_engine(url, json_serializer=dumps, poolclass=NullPool)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    # isolation_level None hands BEGIN to us: sqlite3 would otherwise start transactions late, and read before.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    # A writer takes the lock at once: upgrading a read transaction later fails instead of waiting.
    writes = connection.get_execution_options().get("rightsize_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _version(connection: Connection, url: URL) -> str | None:
    """Return the schema version, None for an empty database; refuse what is not ours or is newer."""
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if "alembic_version" not in tables or "cell" not in tables:
        raise StoreError(
            f"{url.database} is a database of another program", next_step="Name another with --store"
        )
    version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    if str(version) > SCHEMA_VERSION:
        raise StoreError(
            f"{url.database} was written by a newer rightsize (schema {version}, here {SCHEMA_VERSION})",
            next_step="Upgrade rightsize, or name another store with --store",
        )
    return str(version)


def _migrate(engine: Engine, url: URL) -> None:
    with writing(engine) as connection:
        # Another process may have migrated while this one waited for the lock.
        if _version(connection, url) != SCHEMA_VERSION:
            upgrade(connection, SCHEMA_VERSION)


def upgrade(connection: Connection, version: str) -> None:
    """Bring the schema up to ``version`` inside the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, version)
