"""Divides examples into those that are tested on and those that may stand in a prompt as few-shot examples."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from rightsize.errors import SuiteError
from rightsize.suites.findings import Finding, same_text, warning
from rightsize.suites.own_data.request import Example
from rightsize.units import counted


@dataclass(frozen=True, slots=True)
class Split:
    """``test`` in file order; ``fewshot`` so that its first rows are good examples: one label after another."""

    test: tuple[Example, ...]
    fewshot: tuple[Example, ...]


def split(
    examples: Sequence[Example], test_share: float, seed: int, *, by_label: bool
) -> tuple[Split, list[Finding]]:
    """Divide by whole groups, so that no group and no text is on both sides; ``by_label`` in the same share.

    A label keeps at least one group for testing, and gives at least one to the examples if it has two.

    Raises:
        SuiteError: nothing can be kept apart for examples.
    """
    shuffle = random.Random(seed)  # noqa: S311 - a reproducible draw, not a secret
    aside: set[str] = set()
    for groups in _headings(examples, by_label).values():
        shuffle.shuffle(groups)
        aside |= _set_aside(groups, 1 - test_share)
    test = [example for example in examples if example.group not in aside]
    tested = {same_text(example.text) for example in test}
    others = [example for example in examples if example.group in aside]
    clean = [example for example in others if same_text(example.text) not in tested]
    if not clean:
        raise SuiteError(
            "no row can be kept apart for examples: too few groups of rows with different texts",
            next_step="Add rows, or name another --group column",
        )
    shuffle.shuffle(clean)
    fewshot = _interleaved(clean) if by_label else clean
    return Split(tuple(test), tuple(fewshot)), _removed(len(others) - len(clean))


def _headings(examples: Sequence[Example], by_label: bool) -> dict[str, list[list[Example]]]:
    """The groups under the label of their first example; without labels, all under one heading."""
    groups: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        groups[example.group].append(example)
    headings: dict[str, list[list[Example]]] = defaultdict(list)
    for group in groups.values():
        headings[str(group[0].answer) if by_label else ""].append(group)
    return headings


def _set_aside(groups: Sequence[Sequence[Example]], share: float) -> set[str]:
    """Take whole groups up to ``share`` of the rows: at least one group, never all of them."""
    wanted = max(1, round(share * sum(map(len, groups))))
    taken: list[Sequence[Example]] = []
    rows = 0
    for group in groups:
        if rows + len(group) <= wanted:
            taken.append(group)
            rows += len(group)
    if not taken:
        taken = [min(groups, key=len)]
    if len(taken) == len(groups):
        taken.pop()
    return {group[0].group for group in taken}


def _interleaved(examples: Sequence[Example]) -> list[Example]:
    """One example of each label in turn."""
    by_answer: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        by_answer[str(example.answer)].append(example)
    turns = zip_longest(*by_answer.values())
    return [example for example in chain.from_iterable(turns) if example is not None]


def _removed(count: int) -> list[Finding]:
    if not count:
        return []
    text = (
        f"{counted(count, 'row')} left out of the few-shot examples: their text is tested on in another group"
    )
    return [warning("duplicates_between_splits", text, count)]
