"""What a race says of a candidate beside its scores: by its file, by a short probe, by full measurements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from rightsize.bench.heat import FactsWanted, Heat
from rightsize.bench.plan import Cell
from rightsize.bench.records import record_of
from rightsize.bench.run import key_of
from rightsize.bench.supervise import WorkerFailed
from rightsize.decide.evidence import Evidence, evidence
from rightsize.decide.objective import Minimize
from rightsize.decide.thresholds import judge
from rightsize.domain import Candidate, Judgement, Machine, Provenance, Record, Threshold, Verdict
from rightsize.flows.race_ledger import Ledger
from rightsize.flows.race_workers import Workers
from rightsize.metrics import METRICS
from rightsize.settings import Settings
from rightsize.stats.order import least_samples
from rightsize.units import format_value

PROBE_REQUESTS = 8
PROBE_REPETITIONS = 3
_SPEED = ("decode_tokens_per_s", "prefill_tokens_per_s")
_OBJECTIVES = {
    Minimize.MEMORY: "memory_bytes",
    Minimize.ENERGY: "energy_j_per_request",
    Minimize.COST: "cost_usd_per_1k_requests",
}

#: What a candidate's requests cost by the records of a probe, in whatever unit is minimised; None: not known.
Price = Callable[[Sequence[Record]], float | None]


class Facts:
    """Measures speed, memory and energy with a race's workers and judges them by the thresholds on them."""

    def __init__(
        self,
        cells: Mapping[str, Cell],
        workers: Workers,
        ledger: Ledger,
        thresholds: Sequence[Threshold],
        *,
        machine: Machine,
        builds: Mapping[str, Mapping[str, Any]],
        settings: Settings,
    ) -> None:
        self._cells, self._workers, self._ledger = cells, workers, ledger
        self._machine, self._builds, self._settings = machine, builds, settings
        #: How what candidates are ordered by was got; one figure that was not measured makes all of it that.
        self.order_provenance = Provenance.MEASURED
        self._limits = [threshold for threshold in thresholds if not threshold.metric.startswith("score")]

    @property
    def judged(self) -> int:
        """How many limits on something else than scores a candidate is held against, over all tasks.

        A size errs never, and takes no share from the others.
        """
        tasks = max(len(cell.jobs) for cell in self._cells.values())
        uncertain = [limit for limit in self._limits if limit.metric != "size_bytes"]
        return max(1, len(uncertain) * tasks) if self._limits else 0

    def objectives(
        self, names: Sequence[str], minimize: Minimize, latency_metric: str, price: Price | None = None
    ) -> dict[str, float | None]:
        """What is minimised for the named candidates: file sizes, or a short probe of each."""
        if minimize is Minimize.SIZE:
            sizes = {name: self._cells[name].candidate.model.size_bytes for name in names}
            return {name: None if size is None else float(size) for name, size in sizes.items()}
        metric = latency_metric if minimize is Minimize.LATENCY else _OBJECTIVES[minimize]
        figure: Price = price if price and minimize is Minimize.COST else partial(largest, metric=metric)
        found: dict[str, float | None] = {}
        for name in names:
            try:
                records = self._probed(name, metric)
            except WorkerFailed:
                found[name] = None
                continue
            found[name] = figure(records)
            known = {Provenance.MODELLED} if figure is price else provenances(records, metric)
            self.order_provenance = next(iter(known - {Provenance.MEASURED}), self.order_provenance)
        self._workers.close()
        return found

    def cheap(self, candidate: str, alpha: float) -> list[Judgement]:
        """Judgements from the file alone; if they do not refuse it, from what is stored or from a short
        probe. Raises WorkerFailed."""
        known = judged_by_file(self._cells[candidate].candidate, self._limits, alpha)
        if any(judgement.verdict is Verdict.FAIL for judgement in known):
            return known
        return self._judged(self._ledger.measured(candidate) or self._probed(candidate), alpha)

    def confirmed(self, candidate: str, alpha: float) -> list[Judgement]:
        """Judgements that acceptance may rest on: from what is stored if that settles them, else measured in
        full; where both are looked at, each has half the error. Raises WorkerFailed."""
        if stored := self._ledger.measured(candidate):
            alpha /= 2
            known = self._judged(stored, alpha)
            if all(judgement.verdict is not Verdict.UNDECIDED for judgement in known):
                return known
        quantiles = [q for t in self._limits if (q := METRICS[t.metric].percentile)]
        requests = max([self._settings.requests, *(least_samples(q, alpha) for q in quantiles)])
        wanted = FactsWanted(requests, self._repetitions(self._settings.repetitions))
        return self._judged(self._readings(self._workers.measured(candidate, wanted)), alpha)

    def _probed(self, candidate: str, objective: str = "") -> list[Record]:
        """Records of a short probe, whose worker stays open for the answers."""
        needs = [t.metric for t in self._limits] + [objective]
        requests = 0 if all(metric in {"size_bytes", "", *_SPEED} for metric in needs) else PROBE_REQUESTS
        wanted = FactsWanted(requests, self._repetitions(PROBE_REPETITIONS))
        return self._readings(self._workers.measured(candidate, wanted))

    def _repetitions(self, wanted: int) -> int:
        return wanted if any(t.metric in _SPEED for t in self._limits) else 0

    def _readings(self, heat: Heat) -> list[Record]:
        build = self._builds[heat.cell.candidate.engine]
        return [
            record_of(
                job, heat.outcome(job.suite.name, (), {}), self._machine, build, key_of(job, self._machine)
            )
            for job in heat.cell.jobs
        ]

    def _judged(self, records: Sequence[Record], alpha: float) -> list[Judgement]:
        return [judge(threshold, record, alpha) for record in records for threshold in self._limits]


def judged_by_file(candidate: Candidate, thresholds: Sequence[Threshold], alpha: float) -> list[Judgement]:
    """Judgements of limits on size and memory. A file can only refuse: size passes when it is confirmed."""
    size = candidate.model.size_bytes
    if size is None:
        return []
    on_cpu = candidate.settings.gpu_layers == 0
    told = [t for t in thresholds if t.metric == "size_bytes" or (t.metric == "memory_bytes" and on_cpu)]
    return [_judged(threshold, size, alpha) for threshold in told]


def _judged(threshold: Threshold, size_bytes: int, alpha: float) -> Judgement:
    is_size = threshold.metric == "size_bytes"
    what = "size on disk is" if is_size else "the file alone, all of which is read into memory, is"
    return Judgement(
        threshold,
        Verdict.FAIL if size_bytes > threshold.limit else Verdict.UNDECIDED,
        size_bytes,
        size_bytes,
        None,
        1,
        alpha,
        "bytes of the files",
        f"{what} {format_value(size_bytes, 'byte')}, the limit is {threshold.text}",
        "",
        Provenance.MEASURED if is_size else Provenance.MODELLED,
    )


def largest(records: Sequence[Record], metric: str) -> float | None:
    """The worst task's figure, None unless every task has one."""
    seen = [evidence(record, metric, 0.05) for record in records]
    values = [one.bounds.value for one in seen if isinstance(one, Evidence)]
    figures = [value for value in values if value is not None]
    return max(figures) if figures and len(figures) == len(seen) else None


def provenances(records: Sequence[Record], metric: str) -> set[Provenance]:
    """How the figures of a metric were got."""
    seen = [evidence(record, metric, 0.05) for record in records]
    return {one.provenance for one in seen if isinstance(one, Evidence)}
