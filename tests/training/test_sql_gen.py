"""The sql generator: reproducible, tells right from wrong, and shares nothing between test and training."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest

from rightsize.paths import suites_dir
from rightsize.suites.scorers.sql_execution import same_rows
from rightsize.suites.scorers.sql_sandbox import database, rows_of
from training.suitegen import sql
from training.suitegen.common import Row, to_jsonl
from training.suitegen.sql_check_words import CHECK
from training.suitegen.sql_draw import TEST_RESIDUE, vocabulary
from training.suitegen.sql_shapes import CUES, SHAPES
from training.suitegen.sql_test_wordings import TEST_WORDINGS
from training.suitegen.sql_train_phrases import CUE_PHRASES, MANY_PHRASES, PHRASES
from training.suitegen.sql_train_wordings import TRAIN_GRAMMAR, sample_wording
from training.suitegen.sql_words import TEST, TRAIN


@pytest.fixture(scope="module")
def test_set() -> list[Row]:
    return sql.test_rows()


@pytest.fixture(scope="module")
def training_set() -> list[Row]:
    return list(sql.train_rows(4000, seed=5))


def identifiers(rows: list[Row]) -> set[str]:
    return {word for row in rows for word in re.findall(r"\w+", row["schema"])} - {"id"}


def conditions(rows: list[Row], pattern: str) -> set[str]:
    return {value for row in rows for value in re.findall(pattern, row["sql"])}


def grammar_matcher(shape: str) -> re.Pattern[str]:
    """A pattern that matches everything the training grammar can say for a shape, and a little more."""

    def alternatives(found: re.Match[str]) -> str:
        name = found[1]
        cue = [phrase for phrases in CUE_PHRASES.values() for phrase in phrases]
        many = [phrase for phrases in MANY_PHRASES.values() for phrase in phrases]
        options = {"cmp": cue, "cue": cue, "match": cue, "many": many}.get(name) or PHRASES[name]
        return "(?:" + "|".join(map(spell, options)) + ")"

    def spell(text: str) -> str:
        pieces = re.split(r"(<\w+>)", text)
        return "".join(
            re.sub(r"<(\w+)>", alternatives, piece)
            if piece.startswith("<")
            else re.escape(piece).replace(r"\ ", r"\s*")
            for piece in pieces
        )

    return re.compile("|".join(spell(frame) for frame in TRAIN_GRAMMAR[shape][1]), re.IGNORECASE)


def test_committed_files_are_what_the_generator_writes(test_set: list[Row]) -> None:
    folder = suites_dir() / "sql"
    assert (folder / "test.jsonl").read_bytes() == to_jsonl(test_set).encode()
    assert (folder / "fewshot.jsonl").read_bytes() == to_jsonl(sql.fewshot_rows()).encode()


def test_training_rows_depend_on_the_seed_alone() -> None:
    assert list(sql.train_rows(20, 1)) == list(sql.train_rows(20, 1))
    assert list(sql.train_rows(20, 1)) != list(sql.train_rows(20, 2))


def test_six_hundred_rows_in_equal_groups(test_set: list[Row]) -> None:
    sizes = Counter(row["group"] for row in test_set)
    assert len(sizes) == 120
    assert set(sizes.values()) == {5}
    assert len({row["id"] for row in test_set}) == len(test_set) == 600
    assert len({(row["schema"], row["question"]) for row in test_set}) == 600


def test_prompts_and_queries_are_short(test_set: list[Row]) -> None:
    assert max(len(f"{row['schema']} {row['question']}") for row in test_set) < 400
    assert max(len(row["sql"]) for row in test_set) < 240


def test_question_names_every_value_of_its_query(test_set: list[Row]) -> None:
    for row in test_set:
        for value in re.findall(r"'%?([^'%]+)%?'|\b(\d+)\b", row["sql"].replace("LIMIT 1", "")):
            assert "".join(value) in row["question"], row


def test_gold_has_rows_and_no_near_miss_gives_them(test_set: list[Row]) -> None:
    """Written apart from the generator's own check: drop WHERE, swap aggregate, turn order or comparison."""
    swaps = ((r" WHERE .*?(?= ORDER|$)", ""), ("AVG", "SUM"), ("MAX", "MIN"), ("MIN", "MAX"), ("SUM", "AVG"))
    swaps += (("DESC", "ASC"), ("ASC", "DESC"), (" > ", " >= "), (" < ", " > "), (" = '", " <> '"))
    for row in test_set:
        with database(row["setup"]) as connection:
            gold = rows_of(connection, row["sql"])
            assert gold
            for pattern, replacement in swaps:
                wrong = re.sub(pattern, replacement, row["sql"])
                if wrong != row["sql"]:
                    assert not same_rows(gold, rows_of(connection, wrong), ordered=False), (row, wrong)


def test_another_column_gives_another_result(test_set: list[Row]) -> None:
    plain = re.compile(r"SELECT (\w+) FROM \w+ (?:WHERE|ORDER)")
    single = [(row, found[1]) for row in test_set if (found := plain.match(row["sql"]))]
    assert len(single) > 200
    for row, column in single:
        with database(row["setup"]) as connection:
            gold = rows_of(connection, row["sql"])
            for other in set(re.findall(r"\w+", row["schema"])[2:]) - {column}:
                wrong = row["sql"].replace(f"SELECT {column} ", f"SELECT {other} ")
                assert not same_rows(gold, rows_of(connection, wrong), ordered=False), (row, wrong)


def test_vocabularies_share_no_word(test_set: list[Row], training_set: list[Row]) -> None:
    assert not vocabulary(TEST) & vocabulary(TRAIN)
    assert not identifiers(test_set) & identifiers([*training_set, *sql.fewshot_rows()])


def test_values_are_disjoint(test_set: list[Row], training_set: list[Row]) -> None:
    training = [*training_set, *sql.fewshot_rows()]
    text, number = r"= '([^']*)'", r"(?:[<>]=?|BETWEEN \d+ AND|BETWEEN) (\d+)(?! LIMIT)"
    assert not conditions(test_set, text) & conditions(training, text)
    compared = [row for row in test_set if "HAVING" not in row["sql"]]
    assert {int(value) % 7 for value in conditions(compared, number)} == {TEST_RESIDUE}
    trained = [row for row in training if "HAVING" not in row["sql"]]
    assert TEST_RESIDUE not in {int(value) % 7 for value in conditions(trained, number)}


@pytest.mark.parametrize("shape", SHAPES)
def test_wordings_are_disjoint(shape: str) -> None:
    matcher = grammar_matcher(shape)
    _, sampled = sample_wording(shape, Random(3))
    assert matcher.fullmatch(sampled), "the matcher has to know the grammar"
    for _, wording in TEST_WORDINGS[shape]:
        assert not matcher.fullmatch(wording), wording


def test_every_shape_has_four_wordings_with_a_known_cue() -> None:
    assert TEST_WORDINGS.keys() == TRAIN_GRAMMAR.keys() == SHAPES.keys()
    for shape, wordings in TEST_WORDINGS.items():
        assert len({wording for _, wording in wordings}) == 4
        assert {cue for cue, _ in wordings} <= {"", *CUES}
        assert {cue for cue, _ in wordings} <= set(TRAIN_GRAMMAR[shape][0])


def test_training_pool_is_large(training_set: list[Row]) -> None:
    assert len(identifiers(training_set)) > 4000
    assert len({sample_wording("select_eq", Random(seed)) for seed in range(500)}) > 300


def test_training_queries_run(training_set: list[Row]) -> None:
    for row in training_set[:300]:
        with database(row["setup"]) as connection:
            rows_of(connection, row["sql"])


def test_check_rows_have_words_of_their_own() -> None:
    assert not vocabulary(CHECK) & (vocabulary(TRAIN) | vocabulary(TEST))
    rows = sql.check_rows(60)
    assert len({row["sql"] for row in rows}) > 50
