"""Requests of so many random tokens in and so many out: what a model without a vocabulary can be asked."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from itertools import pairwise

from rightsize.engines.interface import RequestTiming
from rightsize.engines.llama_cpp.batch import TokenBatch
from rightsize.engines.llama_cpp.context import Context

_SEED = 0


def time_token_requests(
    context: Context, prompt_tokens: int, output_tokens: int, count: int
) -> Iterator[RequestTiming]:
    """``count`` greedy requests, each on an empty cache, after one that is not counted.

    Nothing ends an answer before its ``output_tokens``. The context is closed with the iterator.
    """
    chooser = random.Random(_SEED)  # noqa: S311
    batch = TokenBatch(prompt_tokens)
    with context:
        for number in range(-1, count):
            prompt = [chooser.randrange(context.model.vocab_size) for _ in range(prompt_tokens)]
            timing = _time_request(context, batch, prompt, output_tokens if number >= 0 else 1)
            if number >= 0:
                yield timing


def _time_request(context: Context, batch: TokenBatch, prompt: list[int], output_tokens: int) -> RequestTiming:
    context.clear()
    shown: list[float] = []
    started = time.perf_counter()
    batch.clear()
    batch.add(prompt, 0, 0, rows=1)
    while True:
        context.decode(batch)
        token = int(context.rows(1)[0].argmax())
        shown.append(time.perf_counter())
        if len(shown) == output_tokens:
            break
        batch.clear()
        batch.add((token,), len(prompt) + len(shown) - 1, 0, rows=1)
    gaps = tuple((after - before) * 1e3 for before, after in pairwise(shown))
    return RequestTiming((shown[-1] - started) * 1e3, (shown[0] - started) * 1e3, gaps, len(prompt), len(shown))
