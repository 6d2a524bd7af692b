"""The extraction generator: reproducible, exact, and nothing shared between test and training."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

import pytest

from rightsize.paths import suites_dir
from training.suitegen import (
    extraction,
    extraction_check_fragments,
    extraction_more_fragments,
    extraction_test_fragments,
    extraction_train_fragments,
)
from training.suitegen.common import Row, to_jsonl
from training.suitegen.extraction_words import TEST_WORDS, TRAIN_WORDS

CLOSED = {"type", "incident", "currency"}
NUMBERS = {"total", "claimed_amount"}


@pytest.fixture(scope="module")
def test_set() -> list[Row]:
    return extraction.test_rows()


@pytest.fixture(scope="module")
def training_set() -> list[Row]:
    return [row for wide in (False, True) for row in extraction.train_rows(3000, seed=5, wide=wide)]


def expanded(pools: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Every wording of a pool, its ``[a|b]`` choices written out."""
    return {text for pool in pools.values() for fragment in pool for text in _expansions(fragment)} - {""}


def _expansions(text: str) -> Iterator[str]:
    choice = re.search(r"\[([^\[\]]*)\]", text)
    if choice is None:
        yield re.sub(" +", " ", text).strip().lower()
        return
    for option in choice[1].split("|"):
        yield from _expansions(text[: choice.start()] + option + text[choice.end() :])


def test_the_committed_files_are_what_the_generator_writes(test_set: list[Row]) -> None:
    folder = suites_dir() / "extraction"
    assert (folder / "test.jsonl").read_text(encoding="utf-8") == to_jsonl(test_set)
    assert (folder / "fewshot.jsonl").read_text(encoding="utf-8") == to_jsonl(extraction.fewshot_rows())


def test_templates_kinds_and_rows_are_balanced(test_set: list[Row]) -> None:
    groups = Counter(row["group"] for row in test_set)
    assert len(groups) == 120
    assert set(groups.values()) == {5}
    assert set(Counter(row["kind"] for row in test_set).values()) == {200}
    assert len({row["document"] for row in test_set}) == len(test_set)


def test_equal_seeds_give_equal_rows_and_others_do_not() -> None:
    first, again, other = (list(extraction.train_rows(20, seed)) for seed in (1, 1, 2))
    assert first == again
    assert [row["document"] for row in first] != [row["document"] for row in other]


def test_no_wording_is_shared() -> None:
    for name in ("FRAGMENTS", "PHRASES"):
        test = expanded(getattr(extraction_test_fragments, name))
        check = expanded(getattr(extraction_check_fragments, name))
        for source in (extraction_train_fragments, extraction_more_fragments):
            training = expanded(getattr(source, name))
            assert not test & training
            assert not check & training
        assert not check & test


@pytest.mark.parametrize("name", sorted(TEST_WORDS))
def test_no_word_is_shared(name: str) -> None:
    check = set(extraction_check_fragments.WORDS[name])
    assert not set(TEST_WORDS[name]) & set(TRAIN_WORDS[name])
    assert not check & (set(TEST_WORDS[name]) | set(TRAIN_WORDS[name]))


def test_no_value_is_shared(test_set: list[Row], training_set: list[Row]) -> None:
    for fields in extraction.FIELDS.values():
        for field in set(fields) - CLOSED:
            test, training = _values(test_set, field), _values(training_set, field)
            assert test, field
            assert not test & training, field


def _values(rows: list[Row], field: str) -> set[object]:
    return {row["fields"].get(field) for row in rows} - {None}


def test_every_training_template_differs_from_every_test_document(
    test_set: list[Row], training_set: list[Row]
) -> None:
    def lines(rows: list[Row]) -> set[str]:
        return {line for row in rows for line in row["document"].split("\n")}

    assert not lines(test_set) & lines(training_set)


def test_gold_is_in_the_document_and_derivable(test_set: list[Row], training_set: list[Row]) -> None:
    for row in test_set + training_set:
        assert tuple(row["fields"]) == extraction.FIELDS[row["kind"]]
        for field, value in row["fields"].items():
            if value is None or field in CLOSED:
                continue
            if field in NUMBERS:
                assert f"{round(value * 100):d}" in re.sub(r"(?<=\d)[., ](?=\d)", "", row["document"]), row[
                    "id"
                ]
            else:
                assert str(value).rstrip(".") in row["document"], (row["id"], field)


def test_some_fields_are_absent_and_documents_are_short(test_set: list[Row]) -> None:
    absent = [value is None for row in test_set for value in row["fields"].values()]
    assert 0.05 < sum(absent) / len(absent) < 0.25
    assert max(len(row["document"].split()) for row in test_set) <= 100


def test_the_prompt_names_every_field_and_option(test_set: list[Row]) -> None:
    for row in test_set[::100]:
        names = [part.split(" ")[0] for part in row["ask"].split(", ")]
        assert names == list(row["fields"])
