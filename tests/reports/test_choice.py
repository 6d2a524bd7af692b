from __future__ import annotations

from rightsize.decide.ranking import recommend
from rightsize.domain import Direction, Threshold
from rightsize.reports.choice import choice_of
from rightsize.reports.data import Choice
from tests.reports.builders import family, items, measured, record


def _choice(limit: float) -> Choice:
    threshold = Threshold("score", Direction.HIGHER, limit, f"{limit:.0%}")
    return choice_of(recommend(family(), [threshold], ["extraction"], include_demo=True))


def test_the_winner_is_named_with_its_evidence_and_smaller_ones_with_their_reason() -> None:
    choice = _choice(0.6)
    assert choice.winner == "nano-1.2m:Q4_K_M"
    assert choice.winner in choice.sentence
    assert "the limit is 60%" in choice.sentence
    assert choice.thresholds == ("--min-accuracy 60%",)
    assert "nano-0.5m:Q4_K_M" in choice.refusals
    assert all(choice.refusals.values())


def test_without_a_winner_every_candidate_has_its_reason() -> None:
    choice = _choice(0.999)
    assert choice.winner is None
    assert "No candidate passes" in choice.sentence
    assert {"nano-0.5m:F16", "big-1b:F16"} <= set(choice.refusals)


def test_of_several_tasks_every_reason_says_whose_it_is() -> None:
    cells = [
        record(name, suite=suite, suite_sha256=suite, size_bytes=size, outcome=measured(answers, []))
        for name, size, answers in (("small:Q8_0", 1, items(40, 300)), ("large:Q8_0", 2, items(300, 40)))
        for suite in ("extraction", "sql")
    ]
    limit = Threshold("score", Direction.HIGHER, 0.5, "50%")
    choice = choice_of(recommend(cells, [limit], ["extraction", "sql"]))
    assert choice.winner == "large:Q8_0"
    assert "threshold: on extraction, score is at least" in choice.sentence
    assert "; on sql, score is at least" in choice.sentence
    assert choice.refusals["small:Q8_0"].startswith("on extraction, score is at most")
    alone = choice_of(recommend(cells, [limit], ["sql"]))
    assert "threshold: score is at least" in alone.sentence
