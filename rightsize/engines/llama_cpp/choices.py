"""Scoring continuations by likelihood: answer choices, single continuations, and whole texts in windows.

All continuations of a context form one tree below it, and all contexts of a task one tree above: 77 labels cost
about their distinct tokens. A label's last token is never decoded, since nobody asks what comes after it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

from rightsize.engines.interface import RequestTiming
from rightsize.engines.llama_cpp.context import Context
from rightsize.engines.llama_cpp.prefix_tree import Node, Tokens, build, walk
from rightsize.engines.llama_cpp.requests import Scoring
from rightsize.engines.llama_cpp.scheduler import Scheduler, Scored

Place = tuple[int, int]  # which request, which of its pairs


def scoring_tree(requests: Sequence[Scoring], sequences: int) -> tuple[list[Node], list[Place]]:
    """The tree of all pairs, for at most ``sequences`` on a path. Endings are indices of the second list."""
    places: list[Place] = []
    by_context: dict[Tokens, list[Tokens]] = {}
    indices: dict[Tokens, list[int]] = {}
    for at, request in enumerate(requests):
        for which, (context, continuation) in enumerate(request.pairs):
            if continuation:
                by_context.setdefault(context, []).append(continuation)
                indices.setdefault(context, []).append(len(places))
                places.append((at, which))
    contexts = list(by_context)
    for_continuations = max(1, sequences // 3)
    top = build(contexts, max_depth=sequences - for_continuations)
    for leaf in [node for node in walk(top) if node.endings]:
        (which,) = leaf.endings
        numbers = indices[contexts[which]]
        leaf.endings = ()
        leaf.children = build(
            by_context[contexts[which]], position=leaf.position + len(leaf.tokens), max_depth=for_continuations
        )
        for node in walk(leaf.children):
            node.scored = True
            node.endings = tuple(numbers[index] for index in node.endings)
    return top, places


def collect(
    requests: Sequence[Scoring], places: Sequence[Place], results: Iterable[Scored]
) -> Iterator[tuple[int, tuple[float, ...], bool]]:
    """Gather endings into requests: ``(request, log probability of each pair, greedy)`` as they complete."""
    values = [[0.0] * len(request.pairs) for request in requests]
    greedy = [True] * len(requests)
    missing = [sum(1 for _, continuation in request.pairs if continuation) for request in requests]
    for at, count in enumerate(missing):
        if not count:
            yield at, tuple(values[at]), True
    for result in results:
        for ending in result.endings:
            at, which = places[ending]
            values[at][which] = result.log_probability
            greedy[at] &= result.greedy
            missing[at] -= 1
            if not missing[at]:
                yield at, tuple(values[at]), greedy[at]


def time_scoring(
    context: Context, scheduler: Scheduler, request: Scoring, top: Sequence[Node]
) -> RequestTiming:
    """One item with all its pairs, timed alone on an empty cache. It has no first token, hence no TTFT."""
    context.clear()
    started = time.perf_counter()
    for _ in scheduler.run(top):
        pass
    latency_ms = (time.perf_counter() - started) * 1e3
    return RequestTiming(latency_ms, None, (), len(request.pairs[0][0]) if request.pairs else 0, 0)
