"""Does the gate cry wolf, and does it bite? False alarms and power of its verdicts, simulated and real.

    python benchmarks/gate_power.py            # about six minutes
    python benchmarks/gate_power.py --quick    # about one

Every verdict is the gate's own (``rightsize.decide.gate_checks``) at an allowance of 0:

- *No change*: pairs of answers in which equally many items get better and worse, in the mean. A FAIL is a false
  alarm. 5,000 simulated ones over sizes, discordances and groups; and 50 real ones: an embedded model's
  answers, side by side, by fours and one by one. Such runs differ in the last digits, and some answers flip.
- *A real drop*: of 3 points among 500 items when 3.5% of them flip, and of 5.2 points when 10% do.
- *10% slower* on a noisy machine: both sides in turns as ``--remeasure-baseline`` takes them, and, for
  comparison, one after the other as a stored baseline would have it. The noise is simulated: log-normal
  requests, a slow drift, and bursts in which everything takes up to three times as long.
"""

from __future__ import annotations

import argparse
import functools
import random
import statistics
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from common import finish, show

from rightsize.decide.gate_checks import FAIL_ALPHA, increase_check, score_check
from rightsize.decide.pairs import Pairs
from rightsize.domain import Measured, Reading, Record, Verdict
from rightsize.stats.paired import drop_p
from rightsize.stats.sample_size import paired_sample_size

SEEDS = (1, 2, 3)
SIZES, DISCORDANCES = (100, 300, 500, 1000), (0.01, 0.035, 0.10, 0.25)
SCENARIOS = ((0.03, 0.035), (0.052, 0.10))
DROPS = (0.01, 0.02, 0.03, 0.05, 0.10)
TURNS, REQUESTS_A_TURN = 30, 4


def record_of(n: int) -> Record:
    """A record that says no more than how many items its suite has."""
    return Record(
        id=1,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        fingerprint="",
        candidate_id="",
        candidate={},
        embedded=False,
        size_bytes=1,
        suite="",
        suite_sha256="",
        suite_info={"items": n},
        limit=None,
        machine_fingerprint="",
        machine={},
        engine={},
        outcome=Measured((), ()),
    )


def verdict(before: Sequence[float], after: Sequence[float], groups: Sequence[str]) -> Verdict | None:
    """The gate's own verdict on these scores at an allowance of 0."""
    ids = tuple(map(str, range(len(before))))
    pairs = Pairs(ids, tuple(before), tuple(after), tuple(groups))
    return score_check(pairs, 0.0, record_of(len(before))).verdict


@functools.cache
def fails(lost: int, won: int, n: int) -> bool:
    """Whether the gate fails ``n`` independent right-or-wrong items: its bound lies above 0 when this p-value
    is at most 1%, which :func:`agreeing` checks against the gate itself."""
    return lost > won and drop_p(lost, won, n, 0.0) <= FAIL_ALPHA


def agreeing(draw: random.Random, count: int) -> bool:
    """Whether the p-value and the gate's verdict agree on ``count`` tables near the border."""
    for _ in range(count):
        n = draw.choice(SIZES)
        won = draw.randrange(0, 12)
        lost = min(n - won, won + draw.randrange(4, 22))
        before = [1.0] * lost + [0.0] * (n - lost)
        after = [0.0] * lost + [1.0] * won + [0.0] * (n - lost - won)
        if (verdict(before, after, tuple(map(str, range(n)))) is Verdict.FAIL) != fails(lost, won, n):
            return False
    return True


def flips(draw: random.Random, n: int, drop: float, discordance: float) -> tuple[int, int]:
    """How many of ``n`` items are lost and won when so many flip and the true drop is ``drop``."""
    lost = won = 0
    p_lost = (discordance + drop) / 2
    for _ in range(n):
        chance = draw.random()
        lost += chance < p_lost
        won += p_lost <= chance < discordance
    return lost, won


def grouped(draw: random.Random, groups: int, size: int) -> tuple[list[float], list[float], list[str]]:
    """No change in fractions of answers that come in groups: whole templates get better or worse together."""
    before, after, names = [], [], []
    for group in range(groups):
        shift = draw.gauss(0, 0.15) if draw.random() < 0.3 else 0.0
        for _ in range(size):
            score = draw.random()
            moved = min(0.5, abs(shift)) * (1 if shift > 0 else -1)
            inside = min(max(score, abs(moved)), 1 - abs(moved))  # what would be cut off would be a change
            before.append(inside)
            after.append(inside + moved)
            names.append(f"g{group}")
    return before, after, names


def false_alarms(seed: int, count: int) -> tuple[int, int]:
    """FAILs among ``count`` comparisons without a change, a fifth of them grouped."""
    draw = random.Random(seed)
    alarms = 0
    for number in range(count):
        if number % 5 == 4:
            alarms += verdict(*grouped(draw, draw.choice((30, 60, 120)), 4)) is Verdict.FAIL
        else:
            n = draw.choice(SIZES)
            alarms += fails(*flips(draw, n, 0.0, draw.choice(DISCORDANCES)), n)
    return alarms, count


def power(seed: int, drop: float, discordance: float, count: int, n: int = 500) -> float:
    """The share of true drops that FAIL."""
    draw = random.Random(seed)
    return statistics.fmean(fails(*flips(draw, n, drop, discordance), n) for _ in range(count))


def noisy_requests(draw: random.Random, count: int) -> Iterator[float]:
    """What the machine does to ``count`` requests in a row: factors on their times."""
    drift, burst, left = 0.0, 1.0, 0
    for _ in range(count):
        drift = 0.97 * drift + draw.gauss(0, 0.03)
        if left == 0 and draw.random() < 0.02:
            burst, left = draw.uniform(1.3, 3.0), draw.randrange(2, 12)
        left = max(0, left - 1)
        yield draw.lognormvariate(drift, 0.08) * (burst if left else 1.0)


def slower_found(draw: random.Random, slower: float) -> tuple[bool, bool]:
    """Whether a slow-down FAILs in turns, and from one run after the other."""
    work = [draw.lognormvariate(4, 0.3) for _ in range(TURNS * REQUESTS_A_TURN)]
    machine = list(noisy_requests(draw, 2 * len(work)))
    before: list[float] = []
    after: list[float] = []
    for turn in range(TURNS):
        items = work[turn * REQUESTS_A_TURN : (turn + 1) * REQUESTS_A_TURN]
        spans = [machine[2 * turn * REQUESTS_A_TURN :], machine[(2 * turn + 1) * REQUESTS_A_TURN :]]
        if turn % 2:
            spans.reverse()
        before.append(sum(w * m for w, m in zip(items, spans[0], strict=False)))
        after.append(slower * sum(w * m for w, m in zip(items, spans[1], strict=False)))
    in_turns = latency_verdict(after, before, in_turns=True)
    first, second = machine[: len(work)], machine[len(work) :]
    apart = latency_verdict(
        [slower * w * m for w, m in zip(work, second, strict=True)],
        [w * m for w, m in zip(work, first, strict=True)],
        in_turns=False,
    )
    return in_turns is Verdict.FAIL, apart is Verdict.FAIL


def latency_verdict(after: Sequence[float], before: Sequence[float], *, in_turns: bool) -> Verdict | None:
    """The gate's verdict on two series of times at an allowance of 0."""
    readings = [Reading("latency_ms", "ms", tuple(samples)) for samples in (before, after)]
    flag = "--max-latency-increase"
    return increase_check(flag, *readings, 0.0, same_machine=True, in_turns=in_turns).verdict


def real_pairs(limit: int, count: int) -> Iterator[tuple[list[float], list[float], list[str]]]:
    """Answers of the embedded family to the shipped suites, twice: all side by side, then alone or by fours."""
    from rightsize.bench.candidates import expand_candidates
    from rightsize.machine import scan
    from rightsize.settings import Settings
    from rightsize.suites.loader import load_suite

    suites = [load_suite(name) for name in ("extraction", "classification", "sql")]
    candidates = expand_candidates(
        (), (), machine=scan(with_bandwidth=False), settings=Settings(), allow_requantize=False, notify=print
    )
    made = 0
    for candidate in candidates:
        for suite in suites:
            batched, alone, few = (_scores(candidate.model.file, suite, limit, n) for n in (None, 1, 4))
            groups = [item.group for item in _items(suite, limit)]
            for other in (alone, few):
                if made < count:
                    made += 1
                    yield batched, other, groups


def _items(suite: object, limit: int) -> Sequence[object]:
    from rightsize.bench.plan import chosen_items

    return chosen_items(suite, limit)  # type: ignore[arg-type]


def _scores(path: Path, suite: object, limit: int, slots: int | None) -> list[float]:
    from rightsize.bench.run import scorer_of
    from rightsize.domain import CandidateSettings
    from rightsize.engines.interface import TaskRules
    from rightsize.engines.llama_cpp.session import LlamaCppSession

    items = _items(suite, limit)
    options = {} if slots is None else {"slots": slots}
    session = LlamaCppSession(path, CandidateSettings(threads=1), **options)  # type: ignore[arg-type]
    try:
        answers = dict(session.answer(items, TaskRules.of(suite)))  # type: ignore[arg-type]
    finally:
        session.close()
    scorer = scorer_of(suite)  # type: ignore[arg-type]
    return [scorer.score(item, answers[item.id]).score for item in items]  # type: ignore[arg-type, attr-defined]


def main() -> None:
    """Run all parts and print the table and the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="fewer simulations and real pairs")
    quick = parser.parse_args().quick
    per_seed, powers, slow, real, limit = (300, 300, 60, 6, 24) if quick else (1667, 2000, 400, 50, 60)
    agree = agreeing(random.Random(0), 6 if quick else 30)
    alarms = [false_alarms(seed, per_seed) for seed in SEEDS]
    found = {case: [power(seed, *case, powers) for seed in SEEDS] for case in SCENARIOS}
    draw = random.Random(4)
    slower = [slower_found(draw, 1.10) for _ in range(slow)]
    same = [slower_found(draw, 1.00) for _ in range(slow)]
    pairs = list(real_pairs(limit, real))
    real_alarms = sum(verdict(*pair) is Verdict.FAIL for pair in pairs)
    moved = sum(a != b for before, after, _ in pairs for a, b in zip(before, after, strict=True))
    in_all = sum(len(before) for before, _, _ in pairs)
    shares = (f"{bad / of:.3%}" for bad, of in alarms)
    show("No change (allowance 0)", [
        ("simulated, by seed", ", ".join(shares)),
        ("real", f"{real_alarms} FAIL of {len(pairs)}; {moved} of {in_all} items moved"),
        ("p-value and gate agree", str(agree)),
    ])  # fmt: skip
    show("A true drop among 500 items: share found, by seed", [
        (f"{100 * drop:g} points, {100 * discordance:g}% discordant", ", ".join(f"{p:.1%}" for p in values))
        for (drop, discordance), values in found.items()
    ])  # fmt: skip
    in_turns, apart = (statistics.fmean(column) for column in zip(*slower, strict=True))
    same_turns, same_apart = (statistics.fmean(column) for column in zip(*same, strict=True))
    show("10% slower on a noisy machine: share found", [
        ("in turns", f"{in_turns:.1%} (false alarms {same_turns:.1%})"),
        ("one after the other", f"{apart:.1%} (false alarms {same_apart:.1%})"),
    ])  # fmt: skip
    show("Items needed to FAIL a drop with 90% power (allowance 0), by discordance", [
        (f"{100 * drop:g} points", "  ".join(_needed(drop, share) for share in DISCORDANCES)) for drop in DROPS
    ])  # fmt: skip
    finish({
        "false_alarm_rate": sum(bad for bad, _ in alarms) / sum(of for _, of in alarms),
        "comparisons": sum(of for _, of in alarms),
        "real_false_alarms": real_alarms,
        "real_comparisons": len(pairs),
        "real_items_moved": moved / in_all,
        "power_accuracy": min(statistics.fmean(values) for values in found.values()),
        "power_by_case": {f"{d}/{p}": statistics.fmean(values) for (d, p), values in found.items()},
        "power_speed": in_turns,
        "power_speed_apart": apart,
        "false_alarm_rate_speed": same_turns,
        "false_alarm_rate_speed_apart": same_apart,
        "items_needed": {f"{d}/{p}": needed(d, p) for d in DROPS for p in DISCORDANCES},
        "gate_agrees_with_p": agree,
    })  # fmt: skip


def needed(drop: float, discordance: float) -> int | None:
    """Items for 90% power at 1% error; None when more items would have to move than do."""
    return paired_sample_size(drop, discordance, alpha=FAIL_ALPHA, power=0.9) if drop <= discordance else None


def _needed(drop: float, discordance: float) -> str:
    count = needed(drop, discordance)
    return f"{100 * discordance:g}%: {'-' if count is None else f'{count:,}'}"


if __name__ == "__main__":
    main()
