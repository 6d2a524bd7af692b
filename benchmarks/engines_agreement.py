"""The same embedded weights through llama.cpp and ONNX Runtime: the share of items answered alike.

Alike is the same text for generation and the same choice for choices. The levels that onnxruntime's quantizer
makes are shown beside it, and are no part of the claim.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from common import show

from rightsize.bench.plan import chosen_items
from rightsize.domain import CandidateSettings, Item
from rightsize.engines.interface import ModelQuery, Session, TaskRules
from rightsize.engines.registry import engine_for
from rightsize.machine import scan
from rightsize.models.expand import embedded_family
from rightsize.suites.loader import load_suite

TASKS = {"classification": 300, "extraction": 120, "sql": 120}
_REFERENCE, _CLAIMED = ("llama.cpp", "F16"), ("ONNX Runtime", "FP32")
SIDES = (_REFERENCE, _CLAIMED, ("ONNX Runtime", "INT8"), ("ONNX Runtime", "INT4"))


def agreement(quick: bool) -> Mapping[str, Any]:
    """Ask every model of the family in both engines and compare item by item."""
    threads = scan(with_bandwidth=False).usable_cores
    same: dict[str, list[bool]] = {}
    seconds: dict[str, float] = {}
    names = [path.stem for path in embedded_family()]
    for name in names[:1] if quick else names:
        sessions = {side: _opened(name, *side, threads) for side in SIDES}
        for task, count in TASKS.items():
            suite = load_suite(task)
            items, rules = chosen_items(suite, 12 if quick else count), TaskRules.of(suite)
            said = {side: _asked(session, items, rules) for side, session in sessions.items()}
            texts, _ = said[_REFERENCE]
            for side, (answers, took_s) in said.items():
                key = " ".join(side)
                same.setdefault(key, []).extend(answers[item.id] == texts[item.id] for item in items)
                seconds[key] = seconds.get(key, 0.0) + took_s
            print(f"{name} {task}", file=sys.stderr)
    rows = {
        key: f"{sum(alike)} of {len(alike)} items alike, {seconds[key]:.0f} s" for key, alike in same.items()
    }
    show(f"the embedded family in two engines, {threads} threads", list(rows.items()))
    alike = same[" ".join(_CLAIMED)]
    return {"agreement": sum(alike) / len(alike), "agreement_items": len(alike), "agreement_seconds": seconds}


def _opened(name: str, engine_title: str, level: str, threads: int) -> Session:
    spec = f"onnx:{name}" if engine_title == "ONNX Runtime" else name
    engine = engine_for(spec)
    (model,) = engine.models(ModelQuery((spec,), (level,)))
    return engine.open(model, CandidateSettings(threads=threads))


def _asked(session: Session, items: Sequence[Item], rules: TaskRules) -> tuple[dict[str, str], float]:
    started = time.perf_counter()
    answers = {item_id: answer.text for item_id, answer in session.answer(items, rules)}
    return answers, time.perf_counter() - started
