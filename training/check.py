"""Score models on the check rows: ``python -m training.check a.gguf b.gguf``, in the project's environment.

Check rows use wording, names and words that neither training nor the test sets use. Weights, stages and
proportions are chosen by these scores, so that the test sets stay blind.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from importlib import import_module
from pathlib import Path

import numpy as np

from rightsize.domain import CandidateSettings, Suite
from rightsize.engines.interface import TaskRules
from rightsize.engines.llama_cpp.session import LlamaCppSession
from rightsize.paths import suites_dir
from rightsize.suites.loader import load_suite
from rightsize.suites.scorers import get_scorer
from training.suitegen.common import to_jsonl

ROWS = {"extraction": 240, "classification": 480, "sql": 240}


def main() -> None:
    """Print each model's mean score on each suite's check rows, with twice its standard error."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        suites = [check_suite(name, rows, Path(folder)) for name, rows in ROWS.items()]
        for path in options.models:
            session = LlamaCppSession(path, CandidateSettings(threads=options.threads))
            for suite in suites:
                scores = _scores(session, suite)
                error = 2 * scores.std() / len(scores) ** 0.5
                print(f"{path} {suite.name}: {scores.mean():.3f} ± {error:.3f} (n={len(scores)})", flush=True)
            session.close()


def check_suite(name: str, rows: int, folder: Path) -> Suite:
    """The bundled suite with check rows in place of its test rows; its files are written to ``folder``."""
    target = folder / name
    shutil.copytree(suites_dir() / name, target)
    drawn = import_module(f"training.suitegen.{name}").check_rows(rows)
    numbered = [{**row, "id": f"check-{number}"} for number, row in enumerate(drawn)]
    (target / "test.jsonl").write_text(to_jsonl(numbered), encoding="utf-8")
    return load_suite(target)


def _scores(session: LlamaCppSession, suite: Suite) -> np.ndarray:
    scorer = get_scorer(suite.scorer, suite.scorer_args)
    answers = dict(session.answer(suite.items, TaskRules.of(suite)))
    return np.array([scorer.score(item, answers[item.id]).score for item in suite.items])


if __name__ == "__main__":
    main()
