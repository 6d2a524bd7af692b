"""The items that a limit takes: nested, the same wherever it runs, every label and group in proportion."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightsize.bench.plan import chosen_items
from rightsize.bench.sample import sample_order
from rightsize.domain import Item, Suite, TaskType
from rightsize.suites.loader import load_suite

SIZES = st.lists(st.integers(1, 12), min_size=1, max_size=8)


def item(number: int, group: str, target: str) -> Item:
    return Item(f"i{number}", group, f"question {number}", target)


def in_groups(sizes: list[int]) -> list[Item]:
    """Every answer is another: no labels."""
    groups = [f"g{g}" for g, size in enumerate(sizes) for _ in range(size)]
    return [item(number, group, f"answer {number}") for number, group in enumerate(groups)]


def by_label(sizes: list[int]) -> list[Item]:
    """Sorted by label, as suites often are, every item a group of its own; labels repeat."""
    labels = [f"l{n}" for n, size in enumerate(sizes) for _ in range(2 * size)]
    return [item(number, f"g{number}", label) for number, label in enumerate(labels)]


def suite(items: list[Item]) -> Suite:
    return Suite("toy", "toy", TaskType.GENERATE, tuple(items), "reference", "exact", "sha", "", "")


def share_out(chosen: list[str], every: list[str]) -> bool:
    """Whether one share fits all parts, give or take an item of each."""
    sizes, taken = Counter(every), Counter(chosen)
    least = max((taken[part] - 1) / size for part, size in sizes.items())
    most = min((taken[part] + 1) / size for part, size in sizes.items())
    return least <= most


@given(SIZES, st.integers(1, 60), st.integers(0, 60))
def test_a_larger_limit_holds_the_items_of_a_smaller_one(sizes: list[int], few: int, more: int) -> None:
    whole = suite(in_groups(sizes))
    small, large = chosen_items(whole, few), chosen_items(whole, few + more)
    assert len(small) == min(few, len(whole.items))
    ids = [{one.id for one in part} for part in (small, large, whole.items)]
    assert ids[0] <= ids[1] <= ids[2]
    assert [*small] == [one for one in whole.items if one.id in ids[0]], "in the order of the suite"


@given(SIZES, st.integers(1, 60))
def test_every_group_is_there_in_proportion(sizes: list[int], limit: int) -> None:
    items = in_groups(sizes)
    chosen = chosen_items(suite(items), limit)
    assert share_out([one.group for one in chosen], [one.group for one in items])


@given(SIZES, st.integers(1, 120))
def test_every_label_is_there_in_proportion(sizes: list[int], limit: int) -> None:
    items = by_label(sizes)
    chosen = chosen_items(suite(items), limit)
    assert share_out([one.target for one in chosen], [one.target for one in items])


@given(SIZES, st.randoms(use_true_random=False), st.integers(1, 60))
def test_the_choice_follows_from_ids_groups_and_answers_alone(sizes: list[int], random, limit: int) -> None:
    items = in_groups(sizes)
    mixed = [replace(one, prompt=f"asked otherwise: {one.prompt}") for one in items]
    random.shuffle(mixed)
    one, other = chosen_items(suite(items), limit), chosen_items(suite(mixed), limit)
    assert {each.id for each in one} == {each.id for each in other}


def test_the_order_is_the_same_on_every_machine_and_in_every_version() -> None:
    assert sample_order(in_groups([3, 3, 2])) == [3, 1, 7, 4, 0, 5, 6, 2]


@pytest.mark.parametrize("limit", [10, 24, 50])
def test_few_items_of_the_ticket_suite_have_about_as_many_labels(limit: int) -> None:
    tickets = load_suite("classification")
    labels = {one.target for one in tickets.items}
    seen = Counter(one.target for one in chosen_items(tickets, limit))
    assert len(seen) == min(limit, len(labels)) or len(seen) >= 0.8 * min(limit, len(labels))
    assert max(seen.values()) <= 2 * ceil(limit / len(labels))
