"""Opens whatever a user calls a task: a bundled suite, a YAML file or folder, or a task that lm-eval ships.

A task that is bundled or names one of our scorers is read by our own loader, without importing lm-eval. Every
other one (groups, filters, functions, metrics, built-in names) goes through lm-eval.
"""

from __future__ import annotations

from pathlib import Path

from rightsize.domain import Suite
from rightsize.suites.loader import list_suites, load_suite, refuse_missing_path
from rightsize.suites.task_yaml import parse_yaml


def open_suites(
    name_or_path: str | Path, *, trusted: bool = False, num_fewshot: int | None = None
) -> list[Suite]:
    """Return the suites that a name or path stands for: several for a group, a tag or a folder.

    ``trusted`` lets a suite from elsewhere run its own code (``--trust-suite``); our suites and lm-eval's own
    tasks always may.

    Raises:
        SuiteError: there is no such task, its data is missing, it would run code, or it is malformed.
    """
    path = Path(name_or_path)
    if str(name_or_path) in list_suites() or (path.exists() and _is_written_for_us(path)):
        return [load_suite(name_or_path, num_fewshot=num_fewshot)]
    if not path.exists():
        refuse_missing_path(str(name_or_path))
    return _through_lm_eval(str(name_or_path), trusted, num_fewshot)


def _through_lm_eval(source: str, trusted: bool, num_fewshot: int | None) -> list[Suite]:
    from rightsize.suites.lm_eval_items import suite_of
    from rightsize.suites.lm_eval_loading import load_tasks
    from rightsize.suites.lm_eval_trust import rendering

    loaded = load_tasks(source, trusted=trusted, num_fewshot=num_fewshot)
    args = {"source": source, "trusted": trusted, "num_fewshot": num_fewshot}
    suites = []
    for name, task in loaded.items():
        with rendering(trusted=task.trusted):
            suites.append(suite_of(task, {**args, "task": name}))
    return suites


def _is_written_for_us(path: Path) -> bool:
    """Whether a task names one of our scorers, which stands for what lm-eval would do with its functions."""
    if path.is_dir():
        named = path / f"{path.resolve().name}.yaml"
        files = [named] if named.is_file() else list(path.rglob("*.yaml"))
        return len(files) == 1 and _is_written_for_us(files[0])
    metadata = parse_yaml(path).get("metadata")
    extras = metadata.get("rightsize") if isinstance(metadata, dict) else None
    return isinstance(extras, dict) and bool(extras.get("scorer"))
