"""The one table of metrics: name, unit, direction and how it is written.

Reports and thresholds read this table; a new metric is one more row. ``summary`` says which statistic stands
for a sampled metric: a quantile (``percentile``, None: the median), the mean of windows that are averages
themselves, or the largest sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rightsize.domain import Direction


@dataclass(frozen=True, slots=True)
class Metric:
    """One thing that is measured. ``reading`` is the raw reading it derives from; what is not ``stored`` comes
    from more than one record (a comparison) or from assumptions (a cost)."""

    name: str
    title: str
    unit: str
    direction: Direction
    reading: str
    percentile: float | None = None
    summary: Literal["quantile", "mean", "maximum"] = "quantile"
    stored: bool = True


_L, _H = Direction.LOWER, Direction.HIGHER

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("score", "score", "ratio", _H, "score"),
        Metric("score_drop", "score drop", "ratio", _L, "score_drop", stored=False),
        Metric("invalid_rate", "invalid output", "ratio", _L, "invalid_rate"),
        Metric("size_bytes", "size on disk", "byte", _L, "size_bytes"),
        Metric("memory_bytes", "peak memory", "byte", _L, "memory_bytes", summary="maximum"),
        Metric(
            "memory_anonymous_bytes",
            "peak anonymous memory",
            "byte",
            _L,
            "memory_anonymous_bytes",
            summary="maximum",
        ),
        Metric("memory_file_bytes", "file-backed memory", "byte", _L, "memory_file_bytes", summary="maximum"),
        Metric("latency_p50_ms", "latency p50", "ms", _L, "latency_ms", 0.50),
        Metric("latency_p90_ms", "latency p90", "ms", _L, "latency_ms", 0.90),
        Metric("latency_p95_ms", "latency p95", "ms", _L, "latency_ms", 0.95),
        Metric("latency_p99_ms", "latency p99", "ms", _L, "latency_ms", 0.99),
        Metric("ttft_p50_ms", "TTFT p50", "ms", _L, "ttft_ms", 0.50),
        Metric("ttft_p90_ms", "TTFT p90", "ms", _L, "ttft_ms", 0.90),
        Metric("ttft_p95_ms", "TTFT p95", "ms", _L, "ttft_ms", 0.95),
        Metric("ttft_p99_ms", "TTFT p99", "ms", _L, "ttft_ms", 0.99),
        Metric("itl_p50_ms", "ITL p50", "ms", _L, "itl_ms", 0.50),
        Metric("itl_p95_ms", "ITL p95", "ms", _L, "itl_ms", 0.95),
        Metric("itl_p99_ms", "ITL p99", "ms", _L, "itl_ms", 0.99),
        Metric("latency_under_load_p50_ms", "latency p50 under load", "ms", _L, "latency_under_load_ms", 0.50),
        Metric("latency_under_load_p95_ms", "latency p95 under load", "ms", _L, "latency_under_load_ms", 0.95),
        Metric("ttft_under_load_p95_ms", "TTFT p95 under load", "ms", _L, "ttft_under_load_ms", 0.95),
        Metric("prefill_tokens_per_s", "prefill pp512", "token/s", _H, "prefill_tokens_per_s"),
        Metric("decode_tokens_per_s", "decode tg128", "token/s", _H, "decode_tokens_per_s"),
        Metric("load_ms", "load time", "ms", _L, "load_ms"),
        Metric("cpu_s_per_request", "CPU time per request", "s", _L, "cpu_s_per_request", summary="mean"),
        Metric("energy_j_per_request", "energy per request", "J", _L, "energy_j_per_request", summary="mean"),
        Metric(
            "energy_net_j_per_request",
            "energy per request less idle",
            "J",
            _L,
            "energy_net_j_per_request",
            summary="mean",
        ),
        Metric(
            "energy_j_per_1k_tokens",
            "energy per 1,000 tokens",
            "J",
            _L,
            "energy_j_per_1k_tokens",
            summary="mean",
        ),
        Metric(
            "energy_j_per_correct", "energy per correct answer", "J", _L, "energy_j_per_correct", summary="mean"
        ),
        Metric(
            "cost_usd_per_1k_requests",
            "cost per 1,000 requests",
            "USD",
            _L,
            "cost_usd_per_1k_requests",
            stored=False,
        ),
    )
}
