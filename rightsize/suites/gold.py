"""Scores a suite's right answers as if a model had given them: each must score 1.

A suite whose targets are notes for readers rather than right answers says ``metadata.rightsize.gold: false``.
"""

from __future__ import annotations

from dataclasses import dataclass

from rightsize.domain import Answer, Item, Suite, TaskType
from rightsize.suites.findings import Finding, name_some, problem, warning
from rightsize.suites.scorers import RUNS_CODE, get_scorer, permitted_args
from rightsize.suites.scorers.interface import Scorer
from rightsize.suites.task_yaml import TaskYaml
from rightsize.units import counted


@dataclass(frozen=True, slots=True)
class Gold:
    """How many items have a right answer, how many of these score 1, and what was noticed."""

    known: int = 0
    right: int = 0
    findings: tuple[Finding, ...] = ()


def check_gold(task: TaskYaml, suite: Suite, *, allow_code: bool = False) -> Gold:
    """Answer every item with its own right answer; ``allow_code`` lets right answers that are code be run."""
    known = [item for item in suite.items if item.target.strip()]
    scored = suite.task_type in (TaskType.GENERATE, TaskType.CHOICE)
    if not known or not scored or task.extras.get("gold") is False:
        return Gold()
    if suite.scorer in RUNS_CODE and not allow_code:
        text = "right answers are code and were not run: --allow-code-execution runs them in a limited process"
        return Gold(findings=(warning("gold_not_run", text),))
    scorer = get_scorer(suite.scorer, permitted_args(suite.scorer, suite.scorer_args, allow_code))
    wrong = [item.id for item in known if not _scores_one(scorer, item, _right_answer(item))]
    unread = [item.id for item in known if item.choices and not _scores_one(scorer, item, Answer(item.target))]
    findings = []
    if wrong:
        text = f"{counted(len(wrong), 'right answer')} not scored 1: {name_some(wrong)}"
        findings.append(problem("gold", text, len(wrong)))
    if unread:
        text = f"{counted(len(unread), 'label')} not told apart in generated text: {name_some(unread)}"
        findings.append(warning("ambiguous_labels", text, len(unread)))
    return Gold(len(known), len(known) - len(wrong), tuple(findings))


def _right_answer(item: Item) -> Answer:
    return Answer(item.target, choice=item.choices.index(item.target) if item.choices else None)


def _scores_one(scorer: Scorer, item: Item, answer: Answer) -> bool:
    # Any error of a scorer means that this right answer would not count, whatever its kind.
    try:
        return scorer.score(item, answer).score == 1.0
    except Exception:
        return False
