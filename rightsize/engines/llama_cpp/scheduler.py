"""Continuous batching over a prefix tree: what several requests share is decoded once, and slots never idle.

A node of the tree is decoded in one sequence of the KV cache; each branch below it starts from a copy of that
sequence, which shares the cells (of a recurrent model: the state, which stands exactly at the branch point).
The last branch takes the sequence over instead of copying it. Nothing is ever removed from the middle of a
sequence, so attention, sliding windows and recurrent states are served by the same few operations.

Nothing can overflow. A node starts only when, after it, the cache still has room to finish the costliest path
below it. Then the node started last can always be finished, which frees what it held, and so on upwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rightsize.engines.llama_cpp.batch import TokenBatch
from rightsize.engines.llama_cpp.context import Context
from rightsize.engines.llama_cpp.generation import Generation
from rightsize.engines.llama_cpp.plan import CachePlan
from rightsize.engines.llama_cpp.prefix_tree import Node, measure
from rightsize.engines.llama_cpp.rows import Rows


@dataclass(frozen=True, slots=True)
class Scored:
    """A path of scored nodes that ended: its summed natural-log probability, and whether greedy decoding
    would have said the same."""

    endings: tuple[int, ...]
    log_probability: float
    greedy: bool


@dataclass(slots=True)
class RunStats:
    """What a run did: model calls, tokens through the model, and the most cells that were taken at once."""

    steps: int = 0
    decoded_tokens: int = 0
    cells_peak: int = 0


@dataclass(slots=True, eq=False)
class _Branch:
    """A node on its way through the model, with the log probability of the scored tokens up to it."""

    node: Node
    above: _Branch | None = None
    log_probability: float = 0.0
    greedy: bool = True
    sequence: int = -1
    decoded: int = 0
    unstarted: int = 0  # branches below that still have to copy this one's sequence
    unfinished: int = 0  # branches below that still use this one's cells


@dataclass(frozen=True, slots=True)
class _Part:
    """Tokens of a branch in the current batch: which of them, and where their rows of logits begin."""

    branch: _Branch
    start: int
    stop: int
    first_row: int
    rows: int


class Scheduler:
    """Runs prefix trees on one context. ``begin`` makes the state of a generation for a leaf that wants one."""

    def __init__(self, context: Context, plan: CachePlan, begin: Callable[[Node], Generation]) -> None:
        self._context = context
        self._plan = plan
        self._begin = begin
        self._batch = TokenBatch(plan.batch_tokens)
        self._ready: list[_Branch] = []
        self._decoding: list[_Branch] = []
        self._generating: list[tuple[_Branch, Generation]] = []
        self._parts: list[_Part] = []
        self._free_cells = plan.cells
        self._free_sequences = list(range(plan.sequences))
        self._free_slots = plan.slots
        self.stats = RunStats()

    def run(self, top: Sequence[Node]) -> Iterator[Scored | Generation]:
        """Decode everything below ``top`` and yield each ending as it is reached."""
        measure(top)
        self._ready += [_Branch(node) for node in reversed(top)]
        while self._ready or self._decoding or self._generating:
            self._fill()
            self._context.decode(self._batch)
            self.stats.steps += 1
            self.stats.decoded_tokens += len(self._batch)
            rows = Rows.of(self._context.rows(self._batch.rows))
            parts, generating = self._parts, self._generating
            self._generating = []
            yield from self._continue(generating, rows)
            for part in parts:
                yield from self._advance(part, rows)

    # --- filling a batch ----------------------------------------------------------------------------------

    def _fill(self) -> None:
        """The next token of every generation, then as much of the prompts as there is room for."""
        self._batch.clear()
        self._parts = []
        if self._generating:
            running = [generation for _, generation in self._generating]
            self._batch.add_one_each(
                [g.next_token for g in running],
                [g.position for g in running],
                [branch.sequence for branch, _ in self._generating],
            )
        for branch in self._decoding:
            self._add(branch)
        while self._ready and self._has_room() and self._can_start(self._ready[-1]):
            branch = self._ready.pop()
            self._start(branch)
            self._add(branch)
        self._decoding = [b for b in self._decoding if b.decoded < b.node.to_decode]

    def _has_room(self) -> bool:
        return self._batch.room > 0 and self._batch.rows < self._plan.batch_rows

    def _can_start(self, branch: _Branch) -> bool:
        node, above = branch.node, branch.above
        inherits = above is not None and above.unstarted == 1
        return (
            self._free_cells - node.cells >= node.cells_below
            and len(self._free_sequences) - (not inherits) >= node.sequences_below
            and (self._free_slots > 0 or not _generates(node))
        )

    def _start(self, branch: _Branch) -> None:
        above = branch.above
        if above is not None and above.unstarted == 1:
            branch.sequence = above.sequence
        else:
            branch.sequence = self._free_sequences.pop()
            if above is not None:
                self._context.copy(above.sequence, branch.sequence)
        if above is not None:
            above.unstarted -= 1
        self._free_cells -= branch.node.cells
        self._free_slots -= _generates(branch.node)
        self.stats.cells_peak = max(self.stats.cells_peak, self._plan.cells - self._free_cells)
        self._decoding.append(branch)

    def _add(self, branch: _Branch) -> None:
        """Put as many of the branch's tokens into the batch as fit."""
        node, batch = branch.node, self._batch
        count = min(batch.room, node.to_decode - branch.decoded)
        if node.scored:
            count = rows = min(count, self._plan.batch_rows - batch.rows)
        else:
            at_end = branch.decoded + count == node.to_decode
            rows = int(at_end and (_generates(node) or any(child.scored for child in node.children)))
        if count <= 0 or batch.rows + rows > self._plan.batch_rows:
            return
        start, stop = branch.decoded, branch.decoded + count
        self._parts.append(_Part(branch, start, stop, batch.rows, rows))
        batch.add(node.tokens[start:stop], node.position + start, branch.sequence, rows=rows)
        branch.decoded = stop

    # --- reading what came out ----------------------------------------------------------------------------

    def _continue(self, generating: Sequence[tuple[_Branch, Generation]], rows: Rows) -> Iterator[Generation]:
        """Give every generation its next token."""
        for row, (branch, generation) in enumerate(generating):
            _give(generation, rows, row)
            yield from self._settle(branch, generation)

    def _advance(self, part: _Part, rows: Rows) -> Iterator[Scored | Generation]:
        """Take in what one part of the batch brought; go on below its branch when that is complete."""
        branch, node = part.branch, part.branch.node
        if node.scored:
            value, greedy = rows.score(part.first_row, node.tokens[part.start + 1 : part.stop + 1])
            branch.log_probability += value
            branch.greedy &= greedy
        if part.stop < node.to_decode:
            return
        last_row = part.first_row + part.rows - 1
        if node.children:
            yield from self._open(branch, rows, last_row)
        elif node.scored:
            yield Scored(node.endings, branch.log_probability, branch.greedy)
            self._end(branch)
        else:
            yield from self._generate(branch, rows, last_row)

    def _open(self, branch: _Branch, rows: Rows, row: int) -> Iterator[Scored]:
        """Make what is below a decoded branch ready. A single scored token needs no decoding of its own."""
        waiting = []
        for node in branch.node.children:
            below = _Branch(node, branch, branch.log_probability, branch.greedy)
            if node.scored:
                value, greedy = rows.score(row, node.tokens[:1])
                below.log_probability += value
                below.greedy &= greedy
            if node.to_decode:
                waiting.append(below)
            else:
                yield Scored(node.endings, below.log_probability, below.greedy)
        branch.unstarted = branch.unfinished = len(waiting)
        self._ready += waiting
        if not waiting:
            self._end(branch)

    def _generate(self, branch: _Branch, rows: Rows, row: int) -> Iterator[Generation]:
        """Begin a generation with the token that the last row of its prompt gives."""
        generation = self._begin(branch.node)
        _give(generation, rows, row)
        yield from self._settle(branch, generation)

    def _settle(self, branch: _Branch, generation: Generation) -> Iterator[Generation]:
        """Keep a generation running, or hand it out and give its slot to the next at once."""
        if not generation.finish_reason:
            self._generating.append((branch, generation))
            return
        self._free_slots += 1
        self._end(branch)
        yield generation

    def _end(self, branch: _Branch) -> None:
        """Free a sequence, and the cells of every node upwards that nothing uses any more."""
        self._context.forget(branch.sequence)
        self._free_sequences.append(branch.sequence)
        self._free_cells += branch.node.cells
        above = branch.above
        while above is not None:
            above.unfinished -= 1
            if above.unfinished:
                return
            self._free_cells += above.node.cells
            above = above.above


def _generates(node: Node) -> bool:
    """Whether text is generated after this node: it ends a request, and is neither scored nor continued."""
    return bool(node.endings) and not node.scored and not node.children


def _give(generation: Generation, rows: Rows, row: int) -> None:
    """Give a generation its next token: the likeliest, or under a constraint the likeliest allowed."""
    token = generation.allowed(rows.logits[row], rows.likeliest[row])
    generation.take(token, rows.log_probability(row, token))
