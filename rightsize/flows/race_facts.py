"""What a race says of a candidate beside its scores: by its file alone, and by what it is ordered."""

from __future__ import annotations

from collections.abc import Sequence

from rightsize.decide.evidence import Evidence, evidence
from rightsize.domain import Candidate, Judgement, Provenance, Record, Threshold, Verdict
from rightsize.units import format_value


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
