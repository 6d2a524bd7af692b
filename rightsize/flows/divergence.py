"""How far a level's next-token distributions lie from the most precise one's, on the task's own texts."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from rightsize.decide.cliff import DISTANCES
from rightsize.domain import Absent, Estimate, Item, JsonValue, Record, Suite
from rightsize.paths import cache_dir
from rightsize.stats.bootstrap import group_interval

TEXTS = 48
CONTEXT_TOKENS = 512
_TIME_LIMIT_S = 1800
_VERSION = 1  # of the method: raise it when a figure could change

Distances = Mapping[str, Estimate | Absent]
Rows = list[dict[str, float]]  # as TextDistance has it


def level_distances(
    reference: Record,
    others: Sequence[Record],
    suite: Suite,
    *,
    threads: int,
    measure: bool = True,
    notify: Callable[[str], None] = lambda _: None,
) -> dict[str, Distances]:
    """Distances of each record's model from the reference's, by candidate; absent with a reason where there are
    none. What was measured once is kept in the cache; ``measure`` says whether the rest is measured now.
    """
    items = _spread(suite.items, TEXTS)
    texts = [f"{item.prompt}{suite.target_delimiter}{item.target}" for item in items]
    found: dict[str, Distances] = {}
    for record in others:
        request = {"texts": texts, "threads": threads, "context_tokens": CONTEXT_TOKENS}
        rows = _kept_rows(_kept_file(reference, record, suite))
        if rows is None and measure:
            notify(f"reading {len(items)} texts with {reference.candidate_id} and {record.candidate_id}")
            rows = _measured_rows(reference, record, request)
            _keep(rows, _kept_file(reference, record, suite))
        elif rows is None:
            rows = _why_unreadable(reference, record) or "not measured; --bench does it"
        if isinstance(rows, str):
            found[record.candidate_id] = {name: Absent(name, rows) for name in DISTANCES}
        else:
            found[record.candidate_id] = _estimates(rows, items)
    return found


def _measured_rows(reference: Record, record: Record, request: Mapping[str, JsonValue]) -> Rows | str:
    """Raw sums, one a text; or why there are none."""
    why_not = _why_unreadable(reference, record)
    if why_not:
        return why_not
    paths = {
        name: cell.candidate["model"]["path"] for name, cell in (("reference", reference), ("other", record))
    }
    return _run({**request, **{name: str(path) for name, path in paths.items()}})


def _kept_rows(file: Path) -> Rows | str | None:
    with suppress(OSError, ValueError):
        rows: Rows = json.loads(file.read_text())
        return rows
    return None


def _keep(rows: Rows | str, file: Path) -> None:
    if isinstance(rows, str):
        return
    with suppress(OSError):  # a cache that cannot be written costs the measurement again, nothing else
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(rows))


def _why_unreadable(*records: Record) -> str:
    """Why no distribution of one of the models can be read; empty when all can."""
    for record in records:
        if record.candidate.get("engine") != "llama_cpp":
            return f"the engine {record.candidate.get('engine')} does not show next-token distributions"
        path = record.candidate["model"].get("path")
        if not path or not Path(path).is_file():
            return f"the file of {record.candidate_id} is no longer where it was measured"
    return ""


def _kept_file(reference: Record, record: Record, suite: Suite) -> Path:
    hashes = [cell.candidate["model"].get("sha256", "") for cell in (reference, record)]
    key = json.dumps([_VERSION, TEXTS, CONTEXT_TOKENS, *hashes, suite.sha256])
    return cache_dir() / "divergence" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


def _run(request: JsonValue) -> Rows | str:
    """Read both models in a process of its own, so that a crash costs this figure alone."""
    command = [sys.executable, "-m", "rightsize.engines.llama_cpp.divergence"]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=_TIME_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"reading the texts took over {_TIME_LIMIT_S} s"
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if rows and "error" in rows[-1]:
        return str(rows[-1]["error"])
    if done.returncode != 0:
        how = f"signal {-done.returncode}" if done.returncode < 0 else f"code {done.returncode}"
        return f"the process that read the texts ended with {how}"
    return rows


def _estimates(rows: Sequence[Mapping[str, float]], items: Sequence[Item]) -> Distances:
    groups = [item.group for item in items]
    tokens = round(sum(row["tokens"] for row in rows))

    def mean_of(key: str) -> Callable[[Sequence[Mapping[str, float]]], float]:
        return lambda chosen: sum(row[key] for row in chosen) / sum(row["tokens"] for row in chosen)

    found: dict[str, Estimate | Absent] = {}
    for name, key, unit in (("kl_nats", "kl_nats", "nat"), ("top1_agreement", "agree", "ratio")):
        bounds = group_interval(rows, groups, mean_of(key))
        if bounds.value is None:
            found[name] = Absent(name, bounds.reason)
            continue
        how = bounds.reason or bounds.method
        found[name] = Estimate(name, unit, bounds.value, bounds.lower, bounds.upper, tokens, how)
    return found


def _spread(items: Sequence[Item], wanted: int) -> list[Item]:
    """Evenly spread items, the same ones each time."""
    count = min(wanted, len(items))
    return [items[number * len(items) // count] for number in range(count)]
