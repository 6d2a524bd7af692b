"""What the HTTP engine costs: its requests against a raw httpx loop on the same server, one of each in turn.

The raw loop does the least that could be called measuring: it sends the same body, reads lines, and notes when
each event came; it parses nothing. The embedded model writes a token in about a millisecond, so that whatever
the engine adds shows. guidellm's figures for the same server are printed beside ours where it is installed.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import httpx
from common import Ratio, show
from guidellm_tool import guidellm_rows
from servers import llama_server

from rightsize.domain import Item
from rightsize.engines.openai_http.address import Address, parse_address
from rightsize.engines.openai_http.ask import Asker
from rightsize.engines.openai_http.requests import Dialect
from rightsize.engines.openai_http.server import Server
from rightsize.paths import embedded_models_dir
from rightsize.suites.loader import load_suite

_PAIRS, _OUTPUT_TOKENS = 120, 128
_MODEL = "rightsize-mini.gguf"


@dataclass(frozen=True, slots=True)
class _Timed:
    tokens_per_s: float
    ttft_ms: float
    itl_ms: float


def http(quick: bool) -> Mapping[str, Any]:
    """Ask the same questions both ways, interleaved, and compare."""
    items = load_suite("extraction").items
    pairs = 6 if quick else _PAIRS
    chosen = [items[i * len(items) // pairs] for i in range(pairs)]
    ours: list[_Timed] = []
    raw: list[_Timed] = []
    with llama_server(embedded_models_dir() / _MODEL, 1, slots=1, context_per_slot=1024) as url:
        address = _address(url)
        asker = Asker(Server(address), Dialect(address.preset, address.model, chat=False))
        with httpx.Client(timeout=60) as client:
            for number, item in enumerate([chosen[0], *chosen]):
                sides = [(ours, lambda i: _ours(asker, i)), (raw, lambda i: _raw(client, asker, i))]
                for seen, ask in sides if number % 2 else reversed(sides):
                    seen.append(ask(item))
        asker.server.close()
        beside = guidellm_rows(url, [item.prompt for item in chosen], _OUTPUT_TOKENS)
    return _figures(ours[1:], raw[1:], beside)  # the first of each warmed up


def _address(url: str) -> Address:
    """The server's only model; every answer is made as long, whatever the model would do."""
    (model,) = (entry["id"] for entry in httpx.get(f"{url}/v1/models").json()["data"])
    address = parse_address(f"llama-server+{url}/v1#{model}")
    preset = replace(address.preset, extra={**address.preset.extra, "ignore_eos": True})
    return Address(preset, address.base_url, address.model)


def _ours(asker: Asker, item: Item) -> _Timed:
    reply = asker.ask(item.prompt, (), _OUTPUT_TOKENS).reply
    return _timed(reply.started, reply.stamps)


def _raw(client: httpx.Client, asker: Asker, item: Item) -> _Timed:
    body = asker.dialect.body(item.prompt, (), _OUTPUT_TOKENS, logprobs=False)
    try:
        return _raw_once(client, f"{asker.server.address.base_url}/completions", body)
    except httpx.RemoteProtocolError:  # llama-server closes connections that it said it would keep
        return _raw_once(client, f"{asker.server.address.base_url}/completions", body)


def _raw_once(client: httpx.Client, url: str, body: Mapping[str, Any]) -> _Timed:
    started = time.perf_counter()
    with client.stream("POST", url, json=body) as response:
        stamps = [time.perf_counter() for line in response.iter_lines() if line.startswith("data:")]
    return _timed(started, stamps)


def _timed(started: float, stamps: list[float]) -> _Timed:
    """The same figures of both sides; the last events are the reason of the end, the usage and [DONE]."""
    tokens = stamps[:_OUTPUT_TOKENS]
    gaps = [(after - before) * 1e3 for before, after in pairwise(tokens)]
    return _Timed(len(tokens) / (tokens[-1] - started), (tokens[0] - started) * 1e3, statistics.median(gaps))


def _figures(ours: list[_Timed], raw: list[_Timed], beside: list[tuple[str, str]]) -> Mapping[str, Any]:
    ratio = Ratio.of([t.tokens_per_s for t in ours], [t.tokens_per_s for t in raw])
    added = [mine.ttft_ms - theirs.ttft_ms for mine, theirs in zip(ours, raw, strict=True)]
    overhead_ms = statistics.median(added)
    low, _, high = statistics.quantiles(added, n=4)
    rows = [
        ("tokens/s, ours", f"{statistics.median(t.tokens_per_s for t in ours):.0f}"),
        ("tokens/s, raw httpx loop", f"{statistics.median(t.tokens_per_s for t in raw):.0f}"),
        ("tokens/s, ratio", str(ratio)),
        ("TTFT, ours", f"{statistics.median(t.ttft_ms for t in ours):.2f} ms"),
        ("TTFT, raw httpx loop", f"{statistics.median(t.ttft_ms for t in raw):.2f} ms"),
        ("TTFT, added", f"{overhead_ms:.3f} ms, middle half of the pairs {low:.3f} to {high:.3f}"),
        ("ITL, ours", f"{statistics.median(t.itl_ms for t in ours):.3f} ms"),
        ("ITL, raw httpx loop", f"{statistics.median(t.itl_ms for t in raw):.3f} ms"),
        *beside,
    ]
    show(f"llama-server with {_MODEL}, {_OUTPUT_TOKENS} tokens a request, {len(ours)} pairs", rows)
    return {
        "tokens_ratio": ratio.value,
        "tokens_ratio_low": ratio.low,
        "ttft_overhead_ms": overhead_ms,
        "http_pairs": len(ours),
    }
