"""How much cache a run gets: cells, sequences, slots; within a budget of bytes that is never exceeded. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest
from math import ceil

from rightsize.engines.llama_cpp.prefix_tree import Node, walk

MAX_SEQUENCES = 256  # llama.cpp's own limit
MIN_SEQUENCES = 3  # instruction, question, answer choice: the shortest path on which anything is shared
_CELL_STEP = 256  # llama.cpp rounds caches up to this
_BATCH_TOKENS = 512  # one compute batch of llama.cpp; more at once gains nothing
_ROW_BYTES = 64 << 20  # logits read at once: a large vocabulary must not cost more than the model

# From CPU times on a busy 2-core machine, one thread: a pool took 0.87 of the streams' time with 1.2e9
# parameters and 1,280 cells, and 1.15 with 7e5 parameters and 5,120 cells. These two figures give both.
_PASSING_OVER = 0.07  # what a cell of another sequence costs, as a part of one that is attended to
_STREAMS_COST = 1.1


@dataclass(frozen=True, slots=True)
class CachePlan:
    """The cache of one run. ``unified``: all sequences draw on one pool of cells and may share them;
    otherwise each has ``cells / sequences`` of its own. ``slots`` generations run at a time."""

    cells: int
    sequences: int
    slots: int
    unified: bool
    batch_tokens: int
    batch_rows: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What a plan must keep to: the budget, what things cost, and how many cells the model allows in all."""

    budget_bytes: int
    bytes_per_cell: float
    bytes_per_sequence: int
    slots: int
    vocabulary: int
    max_cells: int | None = None
    attention_per_cell: float = 0.0  # work of attending to one cell over that of all weights for one token

    @property
    def sequences(self) -> int:
        """Sequences that can be had: recurrent states may take half of the budget."""
        if not self.bytes_per_sequence:
            return MAX_SEQUENCES
        affordable = self.budget_bytes // 2 // self.bytes_per_sequence
        return max(MIN_SEQUENCES, min(MAX_SEQUENCES, affordable))

    @property
    def cells(self) -> int:
        """Cells that can be had beside the recurrent states, in whole steps."""
        left = self.budget_bytes - (self.sequences * self.bytes_per_sequence)
        affordable = int(left / self.bytes_per_cell) if self.bytes_per_cell else MAX_SEQUENCES << 20
        if self.max_cells is not None:
            affordable = min(affordable, self.max_cells)
        return max(0, affordable // _CELL_STEP * _CELL_STEP)


def pool_pays(top: Sequence[Node], separate: Sequence[Node], pool_cells: int, limits: Limits) -> bool:
    """Whether one pool of cells is faster than a stream for every slot.

    A pool decodes shared tokens once, but each token then passes over the cells of all sequences; streams
    cannot mix prompts and answers in one computation.
    """
    pooled = sum(node.cells for node in walk(top)) * (
        1 + _PASSING_OVER * pool_cells * limits.attention_per_cell
    )
    return pooled <= sum(node.cells for node in walk(separate)) * _STREAMS_COST


def plan_shared(top: Sequence[Node], limits: Limits) -> CachePlan:
    """One pool of cells for a tree: room for its longest path, and beside it for as much as can run at once."""
    nodes = list(walk(top))
    longest = max((node.cells + node.cells_below for node in top), default=0)
    leaves = [node.cells for node in nodes if not node.children]
    generated = [node.cells for node in nodes if node.reserve]
    beside = (
        sum(nlargest(limits.slots, generated))
        if generated
        else 2 * _BATCH_TOKENS + sum(nlargest(limits.slots, leaves))
    )
    everything = sum(node.cells for node in nodes)
    cells = _in_steps(min(longest + beside, everything))
    return CachePlan(
        cells=max(_CELL_STEP, min(cells, limits.cells)),
        sequences=max(1, min(limits.sequences, len(nodes))),
        slots=limits.slots,
        unified=True,
        batch_tokens=_BATCH_TOKENS,
        batch_rows=_batch_rows(limits),
    )


def plan_separate(top: Sequence[Node], limits: Limits) -> CachePlan:
    """A stream of cells of its own for every slot: for requests that have nothing in common."""
    each = _in_steps(max(node.cells for node in top))
    slots = max(1, min(limits.slots, len(top), limits.sequences, limits.cells // each))
    return CachePlan(each * slots, slots, slots, False, _BATCH_TOKENS, _batch_rows(limits))


def _batch_rows(limits: Limits) -> int:
    return max(limits.slots + 1, min(_BATCH_TOKENS, _ROW_BYTES // (4 * max(1, limits.vocabulary))))


def _in_steps(cells: int) -> int:
    return ceil(cells / _CELL_STEP) * _CELL_STEP
