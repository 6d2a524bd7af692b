"""The quantization cliff: each level of a model against its most precise one, on the same items."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rightsize.decide.pairs import Pairs
from rightsize.domain import Absent, Estimate, Measured, Provenance, Record
from rightsize.stats.binomial import mcnemar_p
from rightsize.stats.bootstrap import median_ratio_bounds
from rightsize.stats.bounds import Bounds
from rightsize.stats.mean import mean_ratio_bounds
from rightsize.stats.multiple import holm
from rightsize.stats.paired import paired_drop_bounds
from rightsize.stats.sign_flip import sign_flip_p

ALPHA = 0.05
DISTANCES = ("kl_nats", "top1_agreement")

#: What is compared as a ratio: metric, reading, and whether samples are windows with a mean.
RATIOS = {
    "size_bytes": ("", False),
    "latency_p50_ms": ("latency_ms", False),
    "decode_tokens_per_s": ("decode_tokens_per_s", False),
    "prefill_tokens_per_s": ("prefill_tokens_per_s", False),
    "memory_bytes": ("memory_bytes", False),
    "energy_j_per_request": ("energy_j_per_request", True),
}


@dataclass(frozen=True, slots=True)
class Flip:
    """An item whose score changed, with what was said; scores in [0, 1]."""

    item_id: str
    before: float
    after: float
    output_before: str
    output_after: str


@dataclass(frozen=True, slots=True)
class LevelChange:
    """One level against the most precise one.

    ``drop`` is by how much the mean score fell, in score, each bound at 2.5%: a rise is negative. ``p`` is of
    "nothing changed", ``p_holm`` the same held to all levels shown. ``within`` tells whether the upper bound
    stays at or below the margin. ``ratios`` are level over most precise; ``distances`` are the mean KL
    divergence in nats a token and the share of tokens with the same likeliest one.
    """

    candidate_id: str
    quant: str
    record: Record
    n: int
    drop: Bounds
    p: float
    p_holm: float
    margin: float
    worse: tuple[Flip, ...]
    better: tuple[Flip, ...]
    ratios: Mapping[str, Estimate | Absent]
    distances: Mapping[str, Estimate | Absent]

    @property
    def loses(self) -> bool:
        """Whether the score is lower for certain, counting all levels that were looked at."""
        return self.p_holm <= ALPHA and self.drop.lower is not None and self.drop.lower > 0

    @property
    def within(self) -> bool:
        """Whether the score fell by the margin at most."""
        return self.drop.upper is not None and self.drop.upper <= self.margin


@dataclass(frozen=True, slots=True)
class Cliff:
    """All levels of one model on one task, from precise to coarse, after the most precise one."""

    suite: str
    model: str
    reference: Record
    levels: tuple[LevelChange, ...]
    margin: float
    notes: tuple[str, ...] = ()

    @property
    def edge(self) -> LevelChange | None:
        """The most precise level that loses for certain; None where none does."""
        return next((level for level in self.levels if level.loses), None)


def families(records: Iterable[Record]) -> list[tuple[str, list[Record]]]:
    """Measured records of files by model, engine and settings, the most precise (the largest) first in each.

    Of several of one candidate the last given counts. Families of one are left in: callers say what is missing.
    """
    found: dict[tuple[str, str], dict[str, Record]] = {}
    for record in records:
        model = record.candidate.get("model") or {}
        if not isinstance(record.outcome, Measured) or not model.get("quant") or not record.size_bytes:
            continue
        settings = json.dumps(
            [record.candidate.get("engine"), record.candidate.get("settings")], sort_keys=True
        )
        found.setdefault((str(model["name"]), settings), {})[record.candidate_id] = record
    return [
        (name, sorted(members.values(), key=lambda record: record.size_order, reverse=True))
        for (name, _), members in found.items()
    ]


def cliff(
    model: str,
    records: Sequence[Record],
    *,
    margin: float = 0.01,
    distances: Mapping[str, Mapping[str, Estimate | Absent]] | None = None,
) -> Cliff:
    """Compare each of ``records`` with the first, the most precise one.

    ``margin`` is in score (0.01 is one point); ``distances`` are by candidate. Raises ValueError for fewer than
    two records or when two share no item.
    """
    if len(records) < 2:
        raise ValueError("a comparison needs two levels")
    reference, *others = records
    known = distances or {}
    levels = [_change(reference, record, margin, known.get(record.candidate_id, {})) for record in others]
    adjusted = holm([level.p for level in levels])
    held = tuple(replace(level, p_holm=p) for level, p in zip(levels, adjusted, strict=True))
    return Cliff(reference.suite, model, reference, held, margin, tuple(_notes(reference, held)))


def _change(
    reference: Record, record: Record, margin: float, distances: Mapping[str, Estimate | Absent]
) -> LevelChange:
    pairs = _pairs(reference, record)
    drop = paired_drop_bounds(pairs.before, pairs.after, pairs.groups, ALPHA / 2)
    worse, better = _flips(reference, record)
    p = _p(pairs)
    unmeasured = {name: Absent(name, "not measured; --bench does it") for name in DISTANCES}
    return LevelChange(
        candidate_id=record.candidate_id,
        quant=str(record.candidate["model"]["quant"]),
        record=record,
        n=len(pairs.ids),
        drop=drop,
        p=p,
        p_holm=p,
        margin=margin,
        worse=worse,
        better=better,
        ratios={name: _ratio(name, reference, record) for name in RATIOS},
        distances={**unmeasured, **distances},
    )


def _p(pairs: Pairs) -> float:
    """McNemar's exact test for independent right-or-wrong items, else signs of whole groups flipped."""
    if {*pairs.before, *pairs.after} <= {0.0, 1.0} and len(set(pairs.groups)) == len(pairs.ids):
        return mcnemar_p(pairs.worse, pairs.better)
    return sign_flip_p(pairs.before, pairs.after, pairs.groups)


def _outcomes(record: Record) -> Measured:
    if not isinstance(record.outcome, Measured):
        raise ValueError(f"{record.candidate_id} is not a measurement")
    return record.outcome


def _pairs(reference: Record, record: Record) -> Pairs:
    """The items that both answered."""
    before = {item.item_id: item for item in _outcomes(reference).items}
    after = {item.item_id: item for item in _outcomes(record).items}
    ids = tuple(item_id for item_id in before if item_id in after)
    if not ids:
        raise ValueError(f"{reference.candidate_id} and {record.candidate_id} share no item")
    return Pairs(
        ids,
        tuple(before[i].score for i in ids),
        tuple(after[i].score for i in ids),
        tuple(before[i].group for i in ids),
    )


def _flips(reference: Record, record: Record) -> tuple[tuple[Flip, ...], tuple[Flip, ...]]:
    """Items that scored lower, and those that scored higher, the largest changes first."""
    before = {item.item_id: item for item in _outcomes(reference).items}
    flips = [
        Flip(new.item_id, old.score, new.score, old.output, new.output)
        for new in _outcomes(record).items
        if (old := before.get(new.item_id)) is not None and old.score != new.score
    ]
    flips.sort(key=lambda flip: (-abs(flip.after - flip.before), flip.item_id))
    return tuple(f for f in flips if f.after < f.before), tuple(f for f in flips if f.after > f.before)


def _ratio(metric: str, reference: Record, record: Record) -> Estimate | Absent:
    """Level over most precise one, with a two-sided 95% interval where there are samples enough."""
    reading, of_means = RATIOS[metric]
    if not reading:
        size = record.size_order / reference.size_order
        return Estimate(metric, "ratio", size, None, None, 1, "file sizes")
    if record.machine_fingerprint != reference.machine_fingerprint:
        return Absent(metric, "the two were measured on different machines")
    found = []
    for cell in (record, reference):
        outcome = _outcomes(cell)
        samples = next((r for r in outcome.readings if r.metric == reading), None)
        if samples is None or not samples.samples:
            why = next((a.reason for a in outcome.absent if a.metric in {metric, reading}), "not measured")
            return Absent(metric, why)
        found.append(samples)
    after, before = found
    bounds = (mean_ratio_bounds if of_means else median_ratio_bounds)(after.samples, before.samples, ALPHA / 2)
    if bounds.value is None:
        return Absent(metric, bounds.reason)
    provenance = next(
        (r.provenance for r in found if r.provenance is not Provenance.MEASURED), after.provenance
    )
    how = bounds.reason or bounds.method
    return Estimate(metric, "ratio", bounds.value, bounds.lower, bounds.upper, bounds.n, how, provenance)


def _notes(reference: Record, levels: Sequence[LevelChange]) -> Iterable[str]:
    asked = {len(_outcomes(reference).items), *(level.n for level in levels)}
    if len(asked) > 1:
        yield f"only the items that both levels answered are compared: at least {min(asked):,}"
    if any(level.record.candidate["model"].get("requantized") for level in levels):
        yield "a level that was made from a quantized file lost precision twice"
