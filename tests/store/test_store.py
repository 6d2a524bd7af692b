"""The store keeps exactly what was seen, for several writers, and says plainly what it cannot open."""

from __future__ import annotations

import math
import multiprocessing
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, insert

from rightsize import load
from rightsize.domain import (
    Absent,
    Failed,
    Interrupted,
    ItemOutcome,
    Measured,
    ModelKind,
    Provenance,
    Reading,
    Record,
    Skipped,
)
from rightsize.errors import StoreError
from rightsize.store import Store
from rightsize.store.codec import cell_row, item_rows, reading_rows
from rightsize.store.database import MIGRATIONS, open_engine, store_url, upgrade
from rightsize.store.tables import CELL, ITEM_OUTCOME, METADATA, READING, SCHEMA_VERSION

Build = Callable[..., Record]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "results.db"


def full(record: Build) -> Record:
    """A record that uses every field."""
    item = ItemOutcome(
        "i1", "g1", 0.5, False, 'out\n"é', "gold", 0.25, 10, 3, {"tp": 1, "deep": [1, {}]}, "boom"
    )
    reading = Reading(
        "energy_j_per_request", "J", (0.1, 2e-9), Provenance.MODELLED, "model", 0.7, 1.4, "a note"
    )
    outcome = Measured((item,), (reading,), (Absent("ttft_ms", "no tokens"),), {"memory": {"kv": 12}})
    return record(outcome=outcome, limit=100, embedded=True)


def test_what_is_stored_comes_back_equal(path: Path, record: Build) -> None:
    store = Store.open(path)
    for original in (full(record), record(outcome=Skipped("no")), record(outcome=Failed("oom"))):
        stored_id = store.append(original)
        assert store.records(newest=False)[-1] == replace(original, id=stored_id)


def test_a_failed_cell_keeps_what_was_measured_before(
    path: Path, record: Build, item_outcomes: Callable[..., tuple[ItemOutcome, ...]]
) -> None:
    broken = Failed("killed", item_outcomes(2, 3), (Reading("load_ms", "ms", (5.0,)),))
    store = Store.open(path)
    store.append(record(outcome=broken))
    assert store.records()[0].outcome == broken


def test_paths_in_facts_become_text(path: Path, record: Build) -> None:
    store = Store.open(path)
    store.append(replace(record(), candidate={"model": {"path": Path("models") / "a.gguf"}}))
    assert store.records()[0].candidate == {"model": {"path": str(Path("models") / "a.gguf")}}


def test_records_are_found_by_task_and_candidate_and_repetitions_by_age(path: Path, record: Build) -> None:
    store = Store.open(path)
    first = store.append(record("a:F16"))
    again = store.append(record("a:F16"))
    other = store.append(record("b:F16", suite="sql"))
    limited = store.append(record("a:F16", limit=10))
    assert [r.id for r in store.records()] == [again, other, limited]
    assert [r.id for r in store.records(newest=False)] == [first, again, other, limited]
    assert [r.id for r in store.records(suite="sql")] == [other]
    assert [r.id for r in store.records(candidate="b:F16")] == [other]
    assert store.tasks() == ["extraction", "sql"]


def test_only_complete_measurements_count_as_had(path: Path, record: Build) -> None:
    store = Store.open(path)
    broken, part = record(outcome=Failed("x")), record(limit=100)
    store.append(broken)
    assert not store.has(broken.fingerprint)
    store.append(part)
    assert store.has(part.fingerprint, 50) and store.has(part.fingerprint, 100)
    assert not store.has(part.fingerprint, 101) and not store.has(part.fingerprint)
    whole = replace(part, limit=None)
    store.append(whole)
    assert store.has(part.fingerprint) and store.has(part.fingerprint, 101)


@pytest.mark.parametrize("kind", ["postgres", "postgres+psycopg"])
def test_a_database_by_the_wrong_name_leads_to_the_right_one(kind: str) -> None:
    with pytest.raises(StoreError) as refused:
        Store.open(f"{kind}://me:secret@db.example/results")
    assert "Write postgresql://" in str(refused.value)
    assert "secret" not in str(refused.value) and "driver" not in str(refused.value)


def test_a_missing_driver_is_named_with_the_way_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for driver in ("psycopg", "psycopg2"):
        monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(StoreError, match=r"rightsize\[postgres\].*postgresql\+psycopg://"):
        Store.open("postgresql://me:secret@db.example/results")


def test_a_sample_counts_as_had_only_with_the_items_that_are_asked(path: Path, record: Build) -> None:
    store = Store.open(path)
    part = record(limit=100)
    assert isinstance(part.outcome, Measured)
    ids = [item.item_id for item in part.outcome.items]
    store.append(part)
    assert store.has(part.fingerprint, 50, ids[:50])
    assert not store.has(part.fingerprint, 50, [*ids[:49], "another"]), "chosen in another way"
    store.append(replace(part, limit=None))
    assert store.has(part.fingerprint, 50, [*ids[:49], "another"]), "a full one has them all"


def test_deleting_takes_all_parts_along(path: Path, record: Build) -> None:
    store = Store.open(path)
    keep, drop = store.append(record()), store.append(record("b:F16"))
    assert store.delete([drop, 999]) == 1
    assert [r.id for r in store.records()] == [keep]
    with sqlite3.connect(path) as connection:
        owners = {row[0] for row in connection.execute("SELECT cell_id FROM item_outcome")}
    connection.close()
    assert owners == {keep}
    assert store.append(record()) > drop  # ids are never used twice


# --- what an interrupted run leaves ----------------------------------------------------------------------


def test_items_are_added_to_an_interrupted_cell_which_nothing_takes_for_a_measurement(
    path: Path, record: Build, item_outcomes: Callable[..., tuple[ItemOutcome, ...]]
) -> None:
    store, items = Store.open(path), item_outcomes(3, 5)
    part = record(outcome=Interrupted("goes on", items[:2]))
    cell = store.append(part)
    assert store.extend(cell, 2, items[2:4]) and store.extend(cell, 2, items[2:4]), "twice is once"
    assert store.extend(cell, 4, items[4:])
    assert store.answered(part.fingerprint) == items
    assert store.records() == store.records(newest=False, races=True) == [] and store.tasks() == []
    assert not store.has(part.fingerprint) and not store.has(part.fingerprint, 1, ["item-0"])
    (listed,) = store.records(interrupted=True)
    assert listed == replace(part, id=cell, outcome=Interrupted("goes on", items))


def test_what_was_answered_is_told_of_just_that_measurement_whatever_became_of_the_run(
    path: Path, record: Build, item_outcomes: Callable[..., tuple[ItemOutcome, ...]]
) -> None:
    store, items = Store.open(path), item_outcomes(3, 6)
    done = record()
    assert isinstance(done.outcome, Measured)
    store.append(replace(done, limit=1, outcome=replace(done.outcome, items=items[:1])))
    store.append(replace(done, outcome=Failed("killed", items[1:3])))
    store.append(replace(done, limit=10, outcome=Interrupted("cut", items[3:])))
    assert store.answered(done.fingerprint) == items
    assert store.answered("another") == ()


@pytest.mark.parametrize("end", [None, Failed("killed")])
def test_what_came_to_its_end_takes_the_place_of_what_was_interrupted(
    path: Path, record: Build, end: Failed | None, item_outcomes: Callable[..., tuple[ItemOutcome, ...]]
) -> None:
    store = Store.open(path)
    done = record(outcome=end)
    other = store.append(replace(done, limit=7, outcome=Interrupted("another sample", item_outcomes(1, 1))))
    cell = store.append(replace(done, outcome=Interrupted("cut", item_outcomes(1, 2))))
    assert store.append(done) == cell, "no number is used up"
    assert store.records(newest=False) == [replace(done, id=cell)]
    assert [each.id for each in store.records(newest=False, interrupted=True)] == [other, cell]
    assert not store.extend(cell, 2, item_outcomes(1, 1)), "it is whole"
    assert not store.extend(999, 0, item_outcomes(1, 1)), "it is gone"
    assert store.records() == [replace(done, id=cell)]


def test_an_interrupted_repetition_replaces_another_and_hides_no_measurement(
    path: Path, record: Build, item_outcomes: Callable[..., tuple[ItemOutcome, ...]]
) -> None:
    store = Store.open(path)
    done = store.append(record())
    first = store.append(record(outcome=Interrupted("cut", item_outcomes(1, 2))))
    again = store.append(record(outcome=Interrupted("cut", item_outcomes(1, 1))))
    assert again != first and not store.extend(first, 2, item_outcomes(1, 1)), "its writer hears of it"
    assert [each.id for each in store.records()] == [done]
    assert [each.id for each in store.records(interrupted=True)] == [done, again]
    assert store.has(record().fingerprint)
    assert store.delete([again]) == 1
    assert store.answered(record().fingerprint) == record().outcome.items  # type: ignore[union-attr]


def test_the_setting_says_where_and_the_default_hides_from_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: Build
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RIGHTSIZE_STORE", raising=False)
    Store.open().append(record())
    assert (tmp_path / ".rightsize" / "results.db").exists()
    assert (tmp_path / ".rightsize" / ".gitignore").read_text() == "*\n"
    monkeypatch.setenv("RIGHTSIZE_STORE", str(tmp_path / "elsewhere.db"))
    assert Store.open().records() == []
    by_url = Store.open(f"sqlite:///{tmp_path / 'elsewhere.db'}")
    assert by_url.location == str(tmp_path / "elsewhere.db")


# --- schema -----------------------------------------------------------------------------------------------


def test_the_newest_migration_is_the_schema_version() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == SCHEMA_VERSION


def test_migrations_lead_to_the_tables_as_declared(path: Path) -> None:
    engine = open_engine(store_url(path))
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_a_store_of_the_first_schema_is_migrated_with_its_results(path: Path, record: Build) -> None:
    path.parent.mkdir()
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        upgrade(connection, "0001")
        connection.execute(insert(CELL).values(cell_row(record(outcome=Measured((), ())))))
        connection.exec_driver_sql(
            "INSERT INTO reading"
            " (cell_id, position, metric, unit, samples, provenance, source, error_low, error_high)"
            " VALUES (1, 0, 'load_ms', 'ms', '[12.5]', 'measured', '', 1, 1)"
        )
    engine.dispose()
    (stored,) = Store.open(path).records()
    assert isinstance(stored.outcome, Measured)
    assert stored.outcome.readings == (Reading("load_ms", "ms", (12.5,)),)
    with sqlite3.connect(path) as check:
        assert check.execute("SELECT version_num FROM alembic_version").fetchone() == (SCHEMA_VERSION,)
        assert check.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    check.close()


def test_a_store_from_before_sizes_could_be_unknown_keeps_every_part(path: Path, record: Build) -> None:
    path.parent.mkdir()
    engine = create_engine(f"sqlite:///{path}")
    original = full(record)
    with engine.begin() as connection:
        upgrade(connection, "0002")
        connection.execute(insert(CELL).values(cell_row(original)))
        connection.execute(insert(ITEM_OUTCOME), item_rows(1, original.outcome))
        connection.execute(insert(READING), reading_rows(1, original.outcome))
    engine.dispose()
    store = Store.open(path)
    (stored,) = store.records()
    assert stored.size_bytes == original.size_bytes and stored.kind is ModelKind.LANGUAGE_MODEL
    assert isinstance(stored.outcome, Measured) and isinstance(original.outcome, Measured)
    assert (stored.outcome.items, stored.outcome.readings) == (
        original.outcome.items,
        original.outcome.readings,
    )
    unknown = replace(record(), size_bytes=None)
    assert store.append(unknown) == 2
    assert store.records(newest=False)[-1].size_bytes is None


def test_a_newer_schema_is_refused(path: Path) -> None:
    Store.open(path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9000'")
    connection.close()
    with pytest.raises(StoreError, match=r"newer rightsize \(schema 9000.*Upgrade rightsize"):
        Store.open(path)


# --- what is not a store ----------------------------------------------------------------------------------


def test_a_file_that_is_no_database_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "results.db"
    path.write_bytes(b"this is a text file, and long enough to be read as a header" * 40)
    with pytest.raises(StoreError, match=r"not a database.*Move the file away") as caught:
        Store.open(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes().startswith(b"this is a text file")


def test_a_corrupted_store_is_said_so(path: Path, record: Build) -> None:
    Store.open(path).append(record())
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"results\.db"):
        Store.open(path).records()


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE invoices (id INTEGER)")
    connection.close()
    with pytest.raises(StoreError, match="another program"):
        Store.open(path)


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("nosuch://host/db", "no database is called 'nosuch'. Give a file"),
        ("sqlite://", "in memory would keep nothing"),
        ("no url://x", "not a database URL"),
    ],
)
def test_impossible_urls(where: str, why: str) -> None:
    with pytest.raises(StoreError, match=why):
        Store.open(where)


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="Check that the folder exists"):
        Store.open(tmp_path)


# --- several writers --------------------------------------------------------------------------------------


def _append_ten(path: str, record: Record) -> None:
    store = Store.open(path)
    for _ in range(10):
        store.append(record)


def test_concurrent_writers_lose_nothing_not_even_on_a_fresh_store(path: Path, record: Build) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_append_ten, args=(str(path), record(n=20, right=19))) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert len(Store.open(path).records(newest=False)) == 30


# --- for Python -------------------------------------------------------------------------------------------


def test_load_gives_one_row_per_cell_with_units_in_names(
    path: Path, record: Build, joules: Callable[..., Reading]
) -> None:
    store = Store.open(path)
    store.append(record("a:F16", energy_j=joules(1.0, 3.0, low=0.5, high=2.0)))
    store.append(record("b:F16", outcome=Failed("out of memory")))
    frame = load(path)
    measured, failed = frame.iloc[0], frame.iloc[1]
    assert list(frame["outcome"]) == ["measured", "failed"]
    assert (measured["score"], measured["items"]) == (0.95, 500)
    assert measured["latency_p50_ms"] == pytest.approx(105.9)
    assert measured["latency_p95_ms"] == pytest.approx(111.3)
    assert measured["memory_bytes"] == 500e6
    assert (measured["energy_j_per_request"], measured["energy_provenance"]) == (2.0, "modelled")
    assert math.isnan(measured["ttft_p50_ms"])
    assert failed["reason"] == "out of memory"
    assert math.isnan(failed["score"])
    assert str(frame["created_at"].dt.tz) == "UTC"


def test_an_empty_store_is_an_empty_frame(path: Path) -> None:
    Store.open(path)
    frame = load(path)
    assert len(frame) == 0 and "latency_p95_ms" in frame


def test_opening_a_current_store_loads_neither_alembic_nor_pandas(path: Path) -> None:
    Store.open(path)
    code = (
        "import sys; from rightsize.store import Store; Store.open(sys.argv[1]).records();"
        "print(sorted({'alembic', 'pandas', 'scipy', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
