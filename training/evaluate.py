"""Measure the exported models on the full test sets, through llama.cpp and rightsize's own engine and scorers.

``python -m training.evaluate --model nano`` runs in the project's environment (no torch) and writes each item's
outcome to ``training/runs/scores/<model>/<suite>.json``. The cards are written from these files.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from rightsize.domain import Answer, CandidateSettings, Item, ItemOutcome, Suite
from rightsize.engines.interface import Session, TaskRules
from rightsize.engines.registry import get_engine
from rightsize.errors import SuiteError
from rightsize.models.local_file import read_model
from rightsize.paths import embedded_models_dir
from rightsize.suites.loader import load_suite
from rightsize.suites.scorers import get_scorer
from rightsize.suites.scorers.interface import Scorer

SUITES = ("extraction", "classification", "sql", "banking77", "snips")
MODELS = ("nano", "micro", "mini")
SCORES = Path("training/runs/scores")


def main() -> None:
    """Evaluate the models and suites named, or all."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--model", choices=MODELS, action="append")
    parser.add_argument("--suite", choices=SUITES, action="append")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    for model in options.model or MODELS:
        path = embedded_models_dir() / f"rightsize-{model}.gguf"
        session = get_engine("llama_cpp").open(read_model(path), CandidateSettings(threads=options.threads))
        for suite in options.suite or SUITES:
            _evaluate(session, model, suite)
        session.close()


def scores_file(model: str, suite: str) -> Path:
    """Where one model's outcomes on one suite lie."""
    return SCORES / model / f"{suite}.json"


def read_outcomes(model: str, suite: str) -> list[ItemOutcome]:
    """The stored outcomes of a model on a suite, in the suite's order."""
    return [ItemOutcome(**row) for row in json.loads(scores_file(model, suite).read_text(encoding="utf-8"))]


def _evaluate(session: Session, model: str, suite_name: str) -> None:
    try:
        suite = load_suite(suite_name)
    except SuiteError as problem:
        print(f"{model} {suite_name}: skipped, {problem}")
        return
    outcomes = _answered(session, suite)
    path = scores_file(model, suite_name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(outcome) for outcome in outcomes], ensure_ascii=False), encoding="utf-8")
    mean = sum(outcome.score for outcome in outcomes) / len(outcomes)
    invalid = sum(not outcome.valid for outcome in outcomes)
    figures = {
        name: round(figure.value, 4)
        for name, figure in get_scorer(suite.scorer, suite.scorer_args).corpus(outcomes).items()
    }
    print(f"{model} {suite_name}: {mean:.4f} (n={len(outcomes)}, invalid {invalid}) {figures}", flush=True)


def _answered(session: Session, suite: Suite) -> list[ItemOutcome]:
    scorer = get_scorer(suite.scorer, suite.scorer_args)
    answers = dict(session.answer(suite.items, TaskRules.of(suite)))
    return [_outcome(scorer, item, answers[item.id]) for item in suite.items]


def _outcome(scorer: Scorer, item: Item, answer: Answer) -> ItemOutcome:
    judged = scorer.score(item, answer)
    return ItemOutcome(
        item_id=item.id,
        group=item.group,
        score=judged.score,
        valid=judged.valid,
        output=answer.text,
        target=item.target,
        confidence=answer.confidence,
        prompt_tokens=answer.prompt_tokens,
        output_tokens=answer.output_tokens,
        parts=judged.parts,
        error=judged.error,
    )


if __name__ == "__main__":
    main()
