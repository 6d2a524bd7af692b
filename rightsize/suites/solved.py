"""Solved examples of a task for engines that learn: from its training or few-shot rows, never from its test."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from rightsize.domain import SolvedExample, Suite, TaskType
from rightsize.suites.catalogue import training_sources
from rightsize.suites.loader import fewshot_rows, has_fewshot, has_training, training_rows
from rightsize.suites.rows import Row
from rightsize.suites.sources import local_data
from rightsize.suites.task_yaml import TaskYaml, read_task_yaml
from rightsize.suites.templates import Renderer


def solved_examples(suite: Suite) -> tuple[SolvedExample, ...]:
    """The task's solved examples, none of which asks what one of its items asks.

    Training data that were not pulled are not fetched here: the few-shot examples stand in, or none do.

    Raises:
        SuiteError: a declared file is malformed.
    """
    if suite.task_file is None:
        return ()
    asked = {item.prompt.removeprefix(suite.fewshot_prefix) for item in suite.items}
    return tuple(example for example in _rendered(suite.task_file) if example.prompt not in asked)


def prompt_frame(suite: Suite, examples: Sequence[SolvedExample]) -> tuple[str, str]:
    """What all prompts of a task begin and end with, in whole words: its instructions.

    The few-shot prefix is not part of the prompts meant here.
    """
    prompts = [item.prompt.removeprefix(suite.fewshot_prefix) for item in suite.items]
    prompts += [example.prompt for example in examples]
    if len(set(prompts)) < 2:
        return "", ""
    begin = _common_start(prompts)
    begin = begin[: max(begin.rfind(" "), begin.rfind("\n")) + 1]
    end = _common_start([prompt[len(begin) :][::-1] for prompt in prompts])[::-1]
    cut = min((at for at in (end.find(" "), end.find("\n")) if at >= 0), default=len(end))
    return begin, end[cut:]


def _common_start(texts: Sequence[str]) -> str:
    """What all begin with: what the first and the last in the alphabet's order do."""
    first, last = min(texts), max(texts)
    pairs = enumerate(zip(first, last, strict=False))
    return first[: next((at for at, (a, b) in pairs if a != b), min(len(first), len(last)))]


@lru_cache(maxsize=64)
def _rendered(task_file: Path) -> tuple[SolvedExample, ...]:
    task = read_task_yaml(task_file)
    renderer = Renderer(task)
    return tuple(_example(task, renderer, row) for row in _rows(task))


def _rows(task: TaskYaml) -> list[Row]:
    pulled = all(local_data(source) is not None for source in training_sources(task))
    if pulled and has_training(task):
        return training_rows(task)
    return fewshot_rows(task) if has_fewshot(task) else []


def _example(task: TaskYaml, renderer: Renderer, row: Row) -> SolvedExample:
    choices = renderer.choices(row) if task.task_type is TaskType.CHOICE else ()
    return SolvedExample(renderer.prompt(row), renderer.target(row, choices))
