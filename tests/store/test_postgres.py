"""The same store in a PostgreSQL database, by URL, against a real server that lives as long as these tests."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from rightsize import load
from rightsize.cli import main
from rightsize.domain import Absent, ItemOutcome, Measured, Provenance, Reading, Record, Skipped
from rightsize.errors import StoreError
from rightsize.store import Store

pytest.importorskip("psycopg", reason="PostgreSQL needs its driver: pip install 'psycopg[binary]'")
pytest.importorskip("pwd", reason="the server is started as on Unix")

Build = Callable[..., Record]


def _program(name: str) -> str:
    """The newest installed one; Debian keeps the server's programs off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    where = str(found[0]) if found else shutil.which(name)
    if where is None:
        pytest.skip(f"no PostgreSQL server is installed here ({name})")
    return where


def _as_server_user() -> tuple[list[str], int | None]:
    """What stands before a command so that it does not run as root, which the server refuses."""
    import pwd

    if os.geteuid() != 0:
        return [], None
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("running as root, and there is no user postgres to run the server as")
    return ["setpriv", "--reuid", str(user.pw_uid), "--clear-groups"], user.pw_uid


def _call(command: Sequence[str]) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, cwd="/")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """URL of an empty database on a server on loopback."""
    initdb, control = _program("initdb"), _program("pg_ctl")
    before, uid = _as_server_user()
    # Not pytest's folder: its parents may be closed to the server's user.
    with tempfile.TemporaryDirectory(prefix="rightsize-pg-", dir="/tmp") as folder, socket.socket() as probe:
        if uid is not None:
            os.chown(folder, uid, -1)
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        data = f"{folder}/data"
        _call([*before, initdb, "-D", data, "-U", "rightsize", "-A", "trust", "-E", "UTF8", "--no-sync"])
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        log = f"{folder}/log"
        subprocess.run(
            [*before, control, "-D", data, "-o", options, "-l", log, "-w", "start"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60, check=True, cwd="/",
        )  # fmt: skip
        try:
            yield f"postgresql+psycopg://rightsize:secret@127.0.0.1:{port}/postgres"
        finally:
            _call([*before, control, "-D", data, "-m", "immediate", "stop"])


def test_before_anything_is_stored_it_is_refused_for_reading(
    server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(StoreError, match="holds no results yet"):
        Store.existing(server)
    assert main.run(["results", "list", "--store", server]) == 2
    said = capsys.readouterr().err
    assert "holds no results yet" in said
    assert "secret" not in said


def test_what_is_stored_comes_back_equal(server: str, record: Build) -> None:
    item = ItemOutcome(
        "i1", "g1", 0.5, False, 'out\n"é', "gold", 0.25, 10, 3, {"tp": 1, "deep": [1, {}]}, "boom"
    )
    reading = Reading(
        "energy_j_per_request", "J", (0.1, 2e-9), Provenance.MODELLED, "model", 0.7, 1.4, "a note"
    )
    outcome = Measured((item,), (reading,), (Absent("ttft_ms", "no tokens"),), {"memory": {"kv": 12}})
    full = record(outcome=outcome, limit=100, embedded=True)
    with Store.open(server) as store:
        for original in (full, record(outcome=Skipped("no")), record()):
            stored_id = store.append(original)
            assert store.records(newest=False)[-1] == replace_id(original, stored_id)
        assert "secret" not in store.location
    with Store.existing(server) as again:
        assert len(again.records(newest=False)) == 3
        assert again.has(full.fingerprint, 100)


def test_the_commands_and_load_read_it(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["results", "list", "--store", server]) == 0
    assert "small:Q8_0" in capsys.readouterr().out
    assert len(load(server)) == 3
    assert main.run(["results", "delete", "1", "--store", server]) == 0
    assert len(load(server)) == 2


def test_a_server_that_is_not_there_is_one_line_without_the_password(
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = "postgresql+psycopg://rightsize:secret@127.0.0.1:1/postgres"
    assert main.run(["results", "list", "--store", url]) == 2
    said = capsys.readouterr().err
    assert said.startswith(
        "rightsize: results database postgresql+psycopg://rightsize:***@127.0.0.1:1/postgres"
    )
    assert "secret" not in said and "Traceback" not in said


def replace_id(record: Record, stored_id: int) -> Record:
    from dataclasses import replace

    return replace(record, id=stored_id)
