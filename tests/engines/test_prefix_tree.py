"""The prefix tree: nothing lost, nothing worth sharing decoded twice, and plans that keep to a budget."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rightsize.engines.llama_cpp.plan import Limits, plan_separate, plan_shared
from rightsize.engines.llama_cpp.prefix_tree import Node, build, measure, walk

SEQUENCES = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=14).map(tuple), min_size=1, max_size=30)


def paths(nodes: list[Node], above: tuple[int, ...] = ()) -> list[tuple[tuple[int, ...], tuple[int, ...], int]]:
    """Every ending as (tokens from the root, endings, nodes on the way)."""
    found = []
    for node in nodes:
        tokens = above + node.tokens
        if node.endings:
            found.append((tokens, node.endings, 1))
        found += [(below, endings, depth + 1) for below, endings, depth in paths(node.children, tokens)]
    return found


@given(SEQUENCES, st.integers(1, 5))
def test_every_sequence_is_a_path_that_ends_in_a_leaf_of_its_own(
    sequences: list[tuple[int, ...]], depth: int
) -> None:
    top = build(sequences, max_depth=depth)
    found = {ending: tokens for tokens, endings, _ in paths(top) for ending in endings}
    assert found == dict(enumerate(sequences))
    assert all(bool(node.endings) != bool(node.children) for node in walk(top))
    assert all(node.tokens for node in walk(top))
    assert max(length for _, _, length in paths(top)) <= depth


@given(SEQUENCES)
def test_positions_follow_from_the_tokens_above(sequences: list[tuple[int, ...]]) -> None:
    def check(nodes: list[Node], position: int) -> None:
        for node in nodes:
            assert node.position == position
            check(node.children, position + len(node.tokens))

    check(build(sequences, position=7), 7)


def test_a_shared_instruction_is_decoded_once() -> None:
    instruction = tuple(range(400))
    top = build([(*instruction, 1000 + i, i) for i in range(50)])
    assert sum(len(node.tokens) for node in walk(top)) == 400 + 50 * 2


def test_prompts_with_nothing_in_common_share_nothing() -> None:
    top = build([tuple(range(i * 100, i * 100 + 20)) for i in range(10)])
    assert len(top) == 10
    assert sum(len(node.tokens) for node in walk(top)) == 10 * 20


def test_a_prompt_that_begins_another_keeps_its_last_token_to_itself() -> None:
    short, long = tuple(range(20)), tuple(range(30))
    (trunk,) = build([short, long])
    assert trunk.tokens == short[:-1]
    assert {node.tokens for node in trunk.children} == {short[-1:], long[19:]}


def test_sharing_one_token_is_not_worth_a_sequence() -> None:
    assert all(not node.children for node in build([(1, 2), (1, 3)]))


def test_a_scored_leaf_does_not_decode_its_last_token() -> None:
    node = Node((1, 2, 3), 0, endings=(0,), scored=True)
    assert node.to_decode == 2


@given(SEQUENCES, st.integers(0, 20), st.integers(1, 8))
def test_a_plan_has_room_for_the_longest_path_and_keeps_to_the_budget(
    sequences: list[tuple[int, ...]], generated: int, slots: int
) -> None:
    top = build(sequences)
    for node in walk(top):
        node.reserve = generated if node.endings else 0
    measure(top)
    limits = Limits(
        budget_bytes=512 * 100, bytes_per_cell=100, bytes_per_sequence=0, slots=slots, vocabulary=10
    )
    longest = max(map(len, sequences)) + generated
    shared = plan_shared(top, limits)
    assert longest <= shared.cells <= 512
    assert shared.sequences >= max(length for _, _, length in paths(top))
    flat = build(sequences, max_depth=1)
    separate = plan_separate(flat, limits)
    assert longest <= separate.cells // separate.sequences
    assert separate.cells <= 512


def test_recurrent_states_count_against_the_budget() -> None:
    limits = Limits(budget_bytes=1000, bytes_per_cell=1, bytes_per_sequence=50, slots=4, vocabulary=10)
    assert limits.sequences == 10
    assert limits.cells == 256
