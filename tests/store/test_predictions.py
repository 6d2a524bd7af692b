from __future__ import annotations

import sqlite3

from rightsize.store.predictions import Checked, Predictions
from rightsize.store.store import Store

CHECK = Checked(0, "m", "e", "a", "Q8_0", 10**9, "decode", "token/s", 1, 800, 2, 9.0, 8.0, 10.0, 9.5)


def test_calibrations_come_back_newest_first_and_checks_by_machine(tmp_path):
    with Predictions.open(tmp_path / "results.db") as store:
        first = store.keep_calibration("m", "e", 2, {"version": 1})
        second = store.keep_calibration("m", "f", 2, {"version": 1, "x": [1.5]})
        assert store.calibrations() == [second, first]
        check = Checked(first.id, *list(_values(CHECK))[1:])
        store.keep([check])
        store.keep([])
    with Predictions.open(tmp_path / "results.db") as store:
        assert store.checks() == store.checks("m", "e") == [check]
        assert store.checks("m", "f") == store.checks("other") == []


def test_a_database_of_the_version_before_gets_the_tables(tmp_path):
    path = tmp_path / "old.db"
    Store.open(path).close()
    with sqlite3.connect(path) as old:
        old.executescript(
            "DROP TABLE prediction; DROP TABLE calibration; UPDATE alembic_version SET version_num = '0003';"
        )
    with Predictions.open(path) as store:
        assert store.calibrations() == []


def _values(check: Checked):
    return (getattr(check, name) for name in Checked.__dataclass_fields__)
