"""The ticket generator: the committed bytes, balance, and no wording shared between training and test."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice

import pytest

from rightsize.paths import suites_dir
from rightsize.suites.loader import load_suite
from training.suitegen import classification as tickets
from training.suitegen.common import to_jsonl

TRAIN, TEST = tickets.wide_phrases(), tickets.phrases("test")
CHECK = tickets.check_phrases()


@pytest.fixture(scope="module")
def test_rows():
    return tickets.test_rows()


def plain(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()


def spelled_out(lists: dict[str, list[str]]) -> set[str]:
    return {plain(variant) for texts in lists.values() for text in texts for variant in tickets.variants(text)}


@pytest.mark.parametrize("split", ["test", "fewshot"])
def test_it_writes_the_committed_bytes(split):
    rows = tickets.test_rows() if split == "test" else tickets.fewshot_rows()
    committed = (suites_dir() / "classification" / f"{split}.jsonl").read_bytes()
    assert to_jsonl(rows).encode("utf-8") == committed


def test_every_template_and_every_queue_is_equally_frequent(test_rows):
    groups = Counter(row["group"] for row in test_rows)
    labels = Counter(row["label"] for row in test_rows)
    assert len(test_rows) >= 600
    assert len(groups) >= 100
    assert set(labels) == set(tickets.LABELS)
    assert len(tickets.LABELS) == 24
    assert len(set(groups.values())) == len(set(labels.values())) == 1


def test_no_two_templates_are_alike_and_every_frame_is_used():
    templates = tickets.test_templates()
    assert len({template.say for template in templates}) == len(templates)
    assert {template.frame for template in templates} == {f for frames in TEST.frames.values() for f in frames}


def test_ids_and_texts_are_unique(test_rows):
    assert len({row["id"] for row in test_rows}) == len({row["text"] for row in test_rows}) == len(test_rows)


def test_tickets_have_15_to_60_words_and_no_slot_left(test_rows):
    for row in [*test_rows, *tickets.fewshot_rows(), *tickets.train_rows(500, seed=3)]:
        assert 15 <= len(row["text"].split()) <= 60
        assert not re.search(r"[{}|()#]", row["text"]), row["text"]


@pytest.mark.parametrize("part", ["statements", "topics"])
def test_wording_is_disjoint(part):
    assert not spelled_out(getattr(TRAIN, part)) & spelled_out(getattr(TEST, part))


def test_check_wording_is_neither_trainings_nor_the_tests():
    check = spelled_out(CHECK.statements)
    assert not check & (spelled_out(TRAIN.statements) | spelled_out(TEST.statements))
    assert all(CHECK.statements[label] for label in tickets.LABELS)
    assert {row["label"] for row in tickets.check_rows(48)} == set(tickets.LABELS)


def test_frames_are_disjoint_in_their_words():
    def words(side: tickets.Phrases) -> set[str]:
        bare = {k: [re.sub(r"\{\w+\}", " ", frame) for frame in frames] for k, frames in side.frames.items()}
        return spelled_out(bare) - {""}  # plain frames only say in which order things stand

    assert not words(TRAIN) & words(TEST)


def test_values_and_courtesies_are_disjoint():
    assert TRAIN.pools.keys() == TEST.pools.keys()
    for name in TRAIN.pools:
        assert not {x.casefold() for x in TRAIN.pools[name]} & {x.casefold() for x in TEST.pools[name]}


def test_people_share_no_first_or_last_name():
    train, test = ({word for name in side.pools["name"] for word in name.split()} for side in (TRAIN, TEST))
    assert not train & test


def test_order_numbers_look_different():
    def shapes(side: tickets.Phrases) -> set[str]:
        return {re.sub(r"\d|#", "9", pattern) for pattern in side.pools["order"]}

    assert not shapes(TRAIN) & shapes(TEST)


def test_no_test_text_can_be_drawn_in_training(test_rows):
    train = {row["text"] for wide in (False, True) for row in tickets.train_rows(5000, seed=1, wide=wide)}
    assert not train & {row["text"] for row in test_rows}


def test_enough_paraphrases_to_learn_from():
    assert all(len(TRAIN.statements[label]) >= 14 for label in tickets.LABELS)
    assert all(len(TEST.statements[label]) == 5 for label in tickets.LABELS)


def test_the_same_seed_gives_the_same_rows_and_more_rows_begin_the_same():
    first = list(tickets.train_rows(50, seed=7))
    assert first == list(islice(tickets.train_rows(500, seed=7), 50))
    assert first != list(tickets.train_rows(50, seed=8))


def test_the_suite_offers_the_generators_labels():
    assert load_suite("classification").items[0].choices == tickets.LABELS
