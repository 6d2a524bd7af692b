"""Do answers decoded side by side equal those decoded one at a time, on the whole generated suites?

Last line: ``agreement``, the share of items with the same text over all embedded models and generated
suites (at least 0.995), ``items``, and the share by model and suite. What differs is listed: a matrix
product over many rows adds in another order than one over a single row, so two tokens whose logits are
nearly equal may change places. One thread does each; about ten minutes. ``--limit`` takes evenly spread
items instead of all.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from common import finish, show

from rightsize.domain import CandidateSettings, Item, Suite
from rightsize.engines.interface import TaskRules
from rightsize.engines.llama_cpp.session import LlamaCppSession
from rightsize.models.expand import embedded_family
from rightsize.suites.loader import load_suite

SUITES = ("extraction", "classification", "sql")


def main() -> None:
    """Compare every model on every suite and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, help="so many items of each suite")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    same: dict[str, tuple[int, int]] = {}
    for model in embedded_family():
        for name in SUITES:
            suite = load_suite(name)
            items = spread(suite.items, options.limit or len(suite.items))
            differing = differences(model, suite, items, options.threads)
            same[f"{model.stem}/{name}"] = len(items) - len(differing), len(items)
            print(f"{model.stem}/{name}: {len(differing)} of {len(items)} differ {differing}", file=sys.stderr)
    equal, of = (sum(counts) for counts in zip(*same.values(), strict=True))
    show("same text, batched and one at a time", [(name, f"{a}/{b}") for name, (a, b) in same.items()])
    finish({"agreement": equal / of, "items": of, **{name: a / b for name, (a, b) in same.items()}})


def spread(items: Sequence[Item], wanted: int) -> list[Item]:
    """Evenly spread items."""
    count = min(wanted, len(items))
    return [items[number * len(items) // count] for number in range(count)]


def differences(model: Path, suite: Suite, items: Sequence[Item], threads: int) -> list[str]:
    """Ids of the items whose two texts differ."""
    session, rules = LlamaCppSession(model, CandidateSettings(threads=threads)), TaskRules.of(suite)
    together = {item_id: answer.text for item_id, answer in session.answer(items, rules)}
    alone = {item.id: answer.text for item in items for _, answer in session.answer([item], rules)}
    session.close()
    return [item_id for item_id, text in alone.items() if together[item_id] != text]


if __name__ == "__main__":
    main()
