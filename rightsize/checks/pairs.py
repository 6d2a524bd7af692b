"""The same items twice, as they are and changed: how often the answer flips, how far the score falls."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from rightsize.domain import ItemOutcome
from rightsize.stats.betting import score_bounds
from rightsize.stats.bounds import Bounds, no_bounds
from rightsize.stats.paired import paired_drop_bounds

Pair = tuple[ItemOutcome, ItemOutcome]


def paired(before: Sequence[ItemOutcome], after: Sequence[ItemOutcome]) -> list[Pair]:
    """The outcomes of items that both have and that both could be asked, in the order of ``before``."""
    changed: Mapping[str, ItemOutcome] = {
        outcome.item_id: outcome for outcome in after if outcome.error is None
    }
    return [(o, changed[o.item_id]) for o in before if o.error is None and o.item_id in changed]


def answer_of(outcome: ItemOutcome) -> str:
    """What was answered, without what does not count: the choice, the JSON value, or the text's words."""
    if "predicted" in outcome.parts:
        return json.dumps(outcome.parts["predicted"])
    try:
        return json.dumps(json.loads(outcome.output), sort_keys=True)
    except (ValueError, RecursionError):
        return " ".join(outcome.output.split())


def flip_rate(pairs: Sequence[Pair], confidence: float = 0.95) -> Bounds:
    """Return the share of items whose answer differs, right or wrong, with exact bounds by group."""
    alpha = (1 - confidence) / 2
    if not pairs:
        return no_bounds(None, 0, alpha, "no items in common")
    flips = [float(answer_of(old) != answer_of(new)) for old, new in pairs]
    return score_bounds(flips, [old.group for old, _ in pairs], alpha)


def score_drop(pairs: Sequence[Pair], confidence: float = 0.95) -> Bounds:
    """Return how far the mean score fell, paired, with exact bounds by group; a rise is negative."""
    return paired_drop_bounds(
        [old.score for old, _ in pairs],
        [new.score for _, new in pairs],
        [old.group for old, _ in pairs],
        (1 - confidence) / 2,
    )
