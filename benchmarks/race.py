"""The race against the exhaustive grid: same winner, fewer items, less time, and no more errors than promised.

    python benchmarks/race.py [--quick] [--outcomes FILE] [--tasks classification,sql] [--families 2000]

Three parts. (1) Every answer of the embedded family is measured once and kept in a cache file outside the
repository, with the seconds of a load, of an item among all and of an item in a race's small batches; races are
then replayed over it in 20 item orders and a grid of thresholds, and compared with exact bounds over all items
at the split error. (2) A few real races, whose wall time is measured. (3) Simulated families whose truth is
known, the worst ones among them: up to thirty candidates, each just below the threshold. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from common import finish
from scipy.special import ndtri

from rightsize.bench.candidates import expand_candidates
from rightsize.bench.heat import Heat
from rightsize.bench.plan import Cell
from rightsize.decide.race import Race
from rightsize.decide.race_course import AskItems, Course, Finished, ScoreTest
from rightsize.decide.race_rules import RaceRules
from rightsize.decide.race_trace import Cost, Fate, TraceEntry
from rightsize.domain import Candidate, Direction, Job, Record, Suite, Threshold
from rightsize.flows.race import RaceWanted, course_of, run_race
from rightsize.machine import scan
from rightsize.paths import cache_dir
from rightsize.settings import Settings
from rightsize.stats.betting import score_bounds
from rightsize.stats.binomial import clopper_pearson_lower, clopper_pearson_upper
from rightsize.store import Store

ALPHA = 0.05
TASKS = ("classification", "sql", "extraction", "claims")
LEVELS = ("Q4_K_M", "Q8_0", "F16")
BATCH, BATCHES = 16, 4
EDGE = 1e-6  # How far below the threshold the candidates of the worst families are.
ALIKE = 0.6  # How much of an item's difficulty alike candidates share.


class Quiet:
    """A listener that says nothing."""

    def cell_started(self, cell: Cell, number: int, of: int) -> None:
        """A worker is about to start."""

    def progressed(self, task: str, phase: str, done: int, of: int) -> None:
        """The worker got further in a phase."""

    def stored(self, record: Record) -> None:
        """Something was stored."""

    def looked(self, candidate: str, task: str, items: int, of: int, mean: float) -> None:
        """A batch was answered."""

    def ended(self, entry: TraceEntry, cost: Cost) -> None:
        """A candidate's race is over."""


# --- every answer once --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answers:
    """All of one candidate's scores on one task, and what they cost in seconds."""

    candidate: str
    size_bytes: int
    load_s: float
    whole_item_s: float
    batch_item_s: float
    scores: dict[str, float]


def outcomes(path: Path, tasks: Sequence[str]) -> dict[str, tuple[Suite, list[Answers]]]:
    """Every answer of the embedded family on ``tasks``: from the cache file, measured where it is missing."""
    from rightsize.suites.loader import load_suite

    known = (
        {(e["suite"], e["model"]): e for e in map(json.loads, path.read_text().splitlines())}
        if path.exists()
        else {}
    )
    machine = scan(with_bandwidth=False)
    field = expand_candidates(
        (), LEVELS, machine=machine, settings=Settings(), allow_requantize=False, notify=print
    )
    found: dict[str, tuple[Suite, list[Answers]]] = {}
    for task in tasks:
        suite = load_suite(task)
        rows = []
        for candidate in field:
            key = (suite.sha256, candidate.model.sha256)
            if key not in known:
                known[key] = measured(candidate, suite, machine)
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("a") as file:
                    file.write(json.dumps(known[key]) + "\n")
            entry = {
                name: value for name, value in known[key].items() if name not in {"suite", "model", "task"}
            }
            rows.append(Answers(**entry))
        found[task] = suite, sorted(rows, key=lambda row: (row.size_bytes, row.candidate))
    return found


def measured(candidate: Candidate, suite: Suite, machine: Any) -> dict[str, Any]:
    """One candidate's answers: a few small batches first, then all the rest at once."""
    print(f"measuring {candidate.id} on {suite.name}", flush=True)
    cell = Cell(candidate, (Job(candidate, suite),))
    order = [item for _, ids in course_of(suite).groups for item in ids]
    few, rest = order[: BATCH * BATCHES], order[BATCH * BATCHES :]
    with Heat(cell, machine, Settings(), Quiet()) as heat:
        heat.start()
        for at in range(0, len(few), BATCH):
            heat.answer(suite.name, few[at : at + BATCH])
        in_batches = heat.spent.answer_s
        heat.answer(suite.name, rest)
        whole = heat.spent.answer_s - in_batches
        scores = {outcome.item_id: outcome.score for outcome in heat.heard(suite.name, order)}
    return {
        "suite": suite.sha256,
        "model": candidate.model.sha256,
        "task": suite.name,
        "candidate": candidate.id,
        "size_bytes": candidate.model.size_bytes,
        "load_s": heat.spent.load_s,
        "whole_item_s": whole / len(rest),
        "batch_item_s": in_batches / len(few),
        "scores": scores,
    }


# --- replaying ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Replayed:
    """One race over known answers."""

    winner: str | None
    undecided: bool
    asked: dict[str, int]
    why: dict[str, str]


def replay(course: Course, limit: float, scores: dict[str, dict[str, float]]) -> Replayed:
    """Run the race's own state machine on known answers."""
    race = Race(list(scores), {course.task: course}, [ScoreTest(course.task, limit)], RaceRules(alpha=ALPHA))
    asked: Counter[str] = Counter()
    while not isinstance(step := race.step(), Finished):
        assert isinstance(step, AskItems)
        asked[step.candidate] = max(asked[step.candidate], len(step.items))
        race.hear_scores(step.candidate, step.task, {item: scores[step.candidate][item] for item in step.items})
    undecided = race.winner is None and any(entry.fate is Fate.UNDECIDED for entry in race.trace)
    return Replayed(
        race.winner, undecided, dict(asked), {e.candidate: f"{e.fate}: {e.reason}" for e in race.trace}
    )


def fixed(course: Course, limit: float, scores: dict[str, dict[str, float]]) -> tuple[str | None, bool, bool]:
    """The exhaustive grid: winner, whether it is undecided without one, whether it is decided throughout."""
    share = ALPHA / len(scores)
    groups = [group for group, ids in course.groups for _ in ids]
    ids = [item for _, ids in course.groups for item in ids]
    verdicts = []
    for answers in scores.values():
        values = [answers[item] for item in ids]
        if course.largest == 1 and set(values) <= {0.0, 1.0}:
            right = round(sum(values))
            low, high = (
                bound(right, len(values), share) for bound in (clopper_pearson_lower, clopper_pearson_upper)
            )
        else:
            bounds = score_bounds(values, groups, share)
            low, high = bounds.lower or 0.0, 1.0 if bounds.upper is None else bounds.upper
        verdicts.append(1 if low >= limit else -1 if high < limit else 0)
    return verdict_of(list(scores), verdicts)


def verdict_of(names: Sequence[str], verdicts: Sequence[int]) -> tuple[str | None, bool, bool]:
    """Winner, undecided, decided throughout, from +1 (passes), -1 (fails) and 0 (open) in ascending order."""
    first = next((at for at, verdict in enumerate(verdicts) if verdict == 1), None)
    smaller = verdicts if first is None else verdicts[:first]
    winner = None if first is None else names[first]
    return winner, first is None and 0 in verdicts, 0 not in smaller


def over_the_family(found: dict[str, tuple[Suite, list[Answers]]], orders: int, step: float) -> dict[str, Any]:
    """Replay all thresholds and orders; print a table and every disagreement."""
    ratios, walls, same, decided, disagreements = [], [], 0, 0, []
    print(f"\n{'task':<16}{'races':>7}{'decided':>9}{'same':>8}{'items':>9}{'wall':>8}   (medians)")
    for task, (suite, rows) in found.items():
        base, scores = course_of(suite), {row.candidate: row.scores for row in rows}
        whole_s = sum(row.load_s + row.whole_item_s * base.items for row in rows)
        here: list[tuple[float, float]] = []
        own_same = own_decided = 0
        for limit in [round(float(at), 4) for at in np.arange(step, 1.0, step)]:
            winner, _, is_decided = fixed(base, limit, scores)
            for order in range(orders):
                shuffled = list(base.groups)
                np.random.default_rng(order).shuffle(shuffled)
                result = replay(Course(task, tuple(shuffled)), limit, scores)
                asked = sum(result.asked.values())
                race_s = sum(
                    row.load_s + row.batch_item_s * result.asked[row.candidate]
                    for row in rows
                    if row.candidate in result.asked
                )
                here.append((len(rows) * base.items / asked, whole_s / race_s))
                own_decided += is_decided
                own_same += is_decided and winner == result.winner
                if is_decided and winner != result.winner:
                    disagreements.append((task, limit, order, winner, result))
        evaluations, wall = np.median(np.array(here), axis=0)
        share = own_same / own_decided if own_decided else float("nan")
        print(f"{task:<16}{len(here):>7}{own_decided:>9}{share:>8.3f}{evaluations:>8.1f}x{wall:>7.1f}x")
        ratios += [ratio for ratio, _ in here]
        walls += [ratio for _, ratio in here]
        same, decided = same + own_same, decided + own_decided
    explain(disagreements)
    return {
        "same_winner_rate": same / decided,
        "evaluations_ratio": float(np.median(ratios)),
        "wall_ratio": float(np.median(walls)),
    }


def explain(disagreements: Sequence[tuple[str, float, int, str | None, Replayed]]) -> None:
    """Each kind of disagreement once, with how many orders had it and why."""
    kinds: dict[tuple[str, float, str | None, str | None], list[str]] = {}
    for task, limit, _, winner, result in disagreements:
        why = result.why.get(winner or "", "") or next(iter(result.why.values()), "")
        kinds.setdefault((task, limit, winner, result.winner), []).append(why)
    print(f"\n{len(disagreements)} disagreements" + (":" if kinds else ""))
    for (task, limit, winner, raced), reasons in kinds.items():
        print(f"  {task} at least {limit:g}: grid {winner}, race {raced}, {len(reasons)} orders; {reasons[0]}")


# --- real races ---------------------------------------------------------------------------------------------


def real_races(found: dict[str, tuple[Suite, list[Answers]]], many: int) -> None:
    """Race for real from an empty store, at the threshold half-way between the worst and the best score."""
    print(f"\n{'real race':<34}{'winner':<30}{'items':>7}{'wall':>9}{'grid':>9}")
    machine = scan(with_bandwidth=False)
    for task, (suite, rows) in list(found.items())[:many]:
        means = [float(np.mean(list(row.scores.values()))) for row in rows]
        limit = round((min(means) + max(means)) / 2, 2)
        threshold = Threshold("score", Direction.HIGHER, limit, f"{limit:g}")
        grid_s = sum(row.load_s + row.whole_item_s * len(suite.items) for row in rows)
        with TemporaryDirectory() as folder, Store.open(Path(folder) / "race.db") as store:
            began = time.monotonic()
            result = run_race(
                RaceWanted([suite], [threshold], levels=LEVELS),
                machine=machine,
                settings=Settings(),
                store=store,
                listener=Quiet(),
            )
            wall = time.monotonic() - began
        name = f"{task} at least {limit:g}"
        print(f"{name:<34}{result.winner!s:<30}{result.items_asked:>7,}{wall:>8.1f}s{grid_s:>8.1f}s")


# --- simulation ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Family:
    """Candidates of known mean scores, ascending in size; ``margin`` is the least distance to the threshold."""

    means: np.ndarray
    course: Course
    limit: float
    scores: dict[str, dict[str, float]]

    @property
    def margin(self) -> float:
        """The least distance of any mean from the threshold."""
        return float(np.abs(self.means - self.limit).min())


def families(kind: str, many: int, seed: int) -> Iterator[Family]:
    """Wide: means anywhere. Clustered: a few points from the threshold. Grouped: five items go together.

    Edge: ten to thirty candidates, all just below the threshold. Alike: most of an item's difficulty is shared.
    """
    rng = np.random.default_rng(seed)
    for _ in range(many):
        candidates, items = int(rng.integers(5, 11)), int(rng.choice([200, 400, 600, 1000]))
        limit = float(rng.uniform(0.5, 0.9))
        if "edge" in kind:
            candidates = int(rng.integers(10, 31))
            means = np.full(candidates, limit - EDGE)
        elif "clustered" in kind:
            means = np.clip(limit + rng.normal(0, 0.04, candidates), 0.02, 0.98)
        else:
            means = rng.uniform(0.05, 0.98, candidates)
        means = np.sort(means)
        size = 5 if "grouped" in kind else 1
        chance = means[:, None]
        if size > 1:
            chance = rng.beta(
                np.repeat(12 * chance, items // size, 1), np.repeat(12 * (1 - chance), items // size, 1)
            )
            chance = np.repeat(chance, size, axis=1)
        shared = ALIKE if "alike" in kind else 0.0
        own, common = rng.normal(size=(candidates, items)), rng.normal(size=items)
        luck = np.sqrt(1 - shared) * own + np.sqrt(shared) * common
        right = (luck < ndtri(chance)).astype(float)
        ids = [str(item) for item in range(items)]
        groups = tuple((f"g{at}", tuple(ids[at : at + size])) for at in range(0, items, size))
        scores = {f"c{k}": dict(zip(ids, map(float, right[k]), strict=True)) for k in range(candidates)}
        yield Family(means, Course("task", groups), limit, scores)


def simulate(many: int, seeds: Sequence[int]) -> dict[str, Any]:
    """Race simulated families and judge by the truth; wide ones count for the saving, all for the errors."""
    kinds = {
        "wide": many // 2,
        "wide grouped": many - many // 2,
        "clustered": many // 4,
        "clustered grouped": many // 4,
        "edge": many // 4,
        "edge alike": many // 4,
    }
    print(f"\n{'families':<20}{'seed':>5}{'races':>7}{'saved':>8}{'error':>8}{'undecided':>11}{'fixed n':>9}")
    wide: list[tuple[float, float]] = []
    errors, excess = [], []
    for kind, share in kinds.items():
        wrong = open_race = open_fixed = 0
        for seed in seeds:
            rows, bad, undecided, undecided_fixed = [], 0, 0, 0
            for family in families(kind, max(1, share // len(seeds)), seed):
                result = replay(family.course, family.limit, family.scores)
                everything = len(family.means) * family.course.items
                rows.append((everything / sum(result.asked.values()), family.margin))
                bad += result.winner is not None and family.means[int(result.winner[1:])] < family.limit
                undecided += result.undecided
                undecided_fixed += fixed(family.course, family.limit, family.scores)[1]
            n = len(rows)
            saved = float(np.median([ratio for ratio, _ in rows]))
            print(
                f"{kind:<20}{seed:>5}{n:>7}{saved:>7.2f}x{bad / n:>8.4f}"
                f"{undecided / n:>11.3f}{undecided_fixed / n:>9.3f}"
            )
            wrong, open_race, open_fixed = wrong + bad, open_race + undecided, open_fixed + undecided_fixed
            wide += rows if kind.startswith("wide") else []
        total = max(1, share // len(seeds)) * len(seeds)
        errors.append(wrong / total)
        excess.append(100 * (open_race - open_fixed) / total)
    print("\nwide families by the least distance of a mean from the threshold")
    for low, high in ((0.0, 0.01), (0.01, 0.03), (0.03, 0.06), (0.06, 0.1), (0.1, 1.0)):
        inside = [ratio for ratio, margin in wide if low <= margin < high]
        if inside:
            print(f"  {low:.2f} to {high:.2f}: {np.median(inside):5.2f}x in the median of {len(inside)}")
    return {
        "sim_evaluations_ratio": float(np.median([ratio for ratio, _ in wide])),
        "sim_error_rate": max(errors),
        "sim_undecided_excess": max(excess),
    }


def main() -> None:
    """Run the parts and print the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick", action="store_true", help="few orders, thresholds and families: tries the script"
    )
    parser.add_argument("--outcomes", type=Path, default=cache_dir() / "benchmarks" / "race-outcomes.jsonl")
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--families", type=int, default=2000)
    parser.add_argument("--orders", type=int, default=20)
    parser.add_argument("--real", type=int, default=2, help="how many tasks to race for real")
    options = parser.parse_args()
    orders, step, many = (3, 0.1, 80) if options.quick else (options.orders, 0.05, options.families)
    found = outcomes(options.outcomes, options.tasks.split(","))
    keys = over_the_family(found, orders, step)
    real_races(found, min(options.real, 1) if options.quick else options.real)
    keys |= simulate(many, (1, 2))
    finish({key: round(value, 4) for key, value in keys.items()})


if __name__ == "__main__":
    main()
