"""Token sequences as a prefix tree, so that what several requests share is decoded once. Pure: no llama.cpp.

Two rules shape the tree. The last token of a sequence is always its leaf's own, because its logits answer the
request. And sharing must pay: a short common run costs another sequence and another copy of it, so runs that
would save fewer than ``MIN_SAVED_TOKENS`` are decoded by each branch itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

MIN_SAVED_TOKENS = 4
_BLOCK = 64

Tokens = tuple[int, ...]


@dataclass(slots=True, eq=False)
class Node:
    """A run of tokens from ``position`` on, shared by everything below it.

    ``endings`` are the indices of the sequences that end here; only leaves have any. ``scored``: the
    probabilities of these tokens are wanted. ``reserve`` cells are kept for what is generated after them.
    ``cells_below`` and ``sequences_below`` bound what finishing any one path below this node takes; see
    :func:`measure`.
    """

    tokens: Tokens
    position: int
    endings: tuple[int, ...] = ()
    children: list[Node] = field(default_factory=list)
    scored: bool = False
    reserve: int = 0
    cells_below: int = 0
    sequences_below: int = 0

    @property
    def to_decode(self) -> int:
        """How many tokens must go through the model: nobody asks what comes after a scored leaf's last one."""
        return len(self.tokens) - (self.scored and not self.children)

    @property
    def cells(self) -> int:
        """KV cells of this node alone."""
        return self.to_decode + self.reserve


def build(sequences: Sequence[Tokens], *, position: int = 0, max_depth: int = 256) -> list[Node]:
    """The top nodes of the tree of non-empty ``sequences``; equal ones share a leaf.

    Below ``max_depth`` levels nothing more is shared: a path never needs more sequences than there are.
    """
    endings: dict[Tokens, list[int]] = {}
    for index, sequence in enumerate(sequences):
        endings.setdefault(sequence, []).append(index)
    ordered = sorted(endings)
    top: list[Node] = []
    # A group: the children to add to, first, past the last, how many tokens stand above, depth.
    groups = [(top, low, high, 0, 1) for low, high in _branches(ordered, 0, len(ordered), 0)]
    while groups:
        siblings, low, high, above, depth = groups.pop()
        if high - low == 1:
            sequence = ordered[low]
            siblings.append(Node(sequence[above:], position + above, tuple(endings[sequence])))
            continue
        shared, branches = _split(ordered, low, high)
        if depth < max_depth and (shared - above) * (len(branches) - 1) >= MIN_SAVED_TOKENS:
            node = Node(ordered[low][above:shared], position + above)
            siblings.append(node)
            siblings, above, depth = node.children, shared, depth + 1
        groups += [(siblings, *branch, above, depth) for branch in branches]
    return top


def _split(ordered: Sequence[Tokens], low: int, high: int) -> tuple[int, list[tuple[int, int]]]:
    """How many leading tokens a sorted group shares, and the smaller groups it falls into after them."""
    shared = _common_prefix(ordered[low], ordered[high - 1])
    if len(ordered[low]) == shared:  # the first is a prefix of all others: it keeps its last token for itself
        return shared - 1, [(low, low + 1), (low + 1, high)]
    return shared, list(_branches(ordered, low, high, shared))


def _branches(ordered: Sequence[Tokens], low: int, high: int, at: int) -> Iterator[tuple[int, int]]:
    """Ranges of a sorted group by the token at one place."""
    for _, members in groupby(range(low, high), key=lambda index: ordered[index][at]):
        indices = list(members)
        yield indices[0], indices[-1] + 1


def _common_prefix(first: Tokens, second: Tokens) -> int:
    at, end = 0, min(len(first), len(second))
    while at < end and first[at : at + _BLOCK] == second[at : at + _BLOCK]:
        at = min(at + _BLOCK, end)
    while at < end and first[at] == second[at]:
        at += 1
    return at


def walk(nodes: Sequence[Node]) -> Iterator[Node]:
    """Every node below and including ``nodes``, parents before children."""
    stack = list(nodes)
    while stack:
        node = stack.pop()
        yield node
        stack += node.children


def measure(nodes: Sequence[Node]) -> None:
    """Fill in ``cells_below`` and ``sequences_below``, from the leaves upwards."""
    for node in reversed(list(walk(nodes))):
        decoded = [child for child in node.children if child.to_decode]
        node.cells_below = max((child.cells + child.cells_below for child in decoded), default=0)
        node.sequences_below = max((1 + child.sequences_below for child in decoded), default=0)
