"""Checks that a suite measures what it says: gold scores 1, splits share nothing, nothing is empty."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rightsize.domain import Suite, TaskType
from rightsize.errors import SuiteError
from rightsize.suites.catalogue import require_data
from rightsize.suites.findings import (
    Finding,
    Level,
    imbalance,
    look_alikes,
    overlong,
    problem,
    single_examples,
)
from rightsize.suites.gold import Gold, check_gold
from rightsize.suites.item_findings import (
    Shown,
    cut_by_stop,
    empty,
    few_groups,
    leaks,
    overlong_prompts,
    repetitions,
)
from rightsize.suites.lm_eval_tasks import open_suites
from rightsize.suites.loader import fewshot_rows, find_task_file, load_suite
from rightsize.suites.rows import Row
from rightsize.suites.task_yaml import TaskYaml, parse_yaml, read_task_yaml
from rightsize.suites.templates import Renderer


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """Prompt lengths in a model's tokens, chat template included, and the context it was trained with."""

    counts: tuple[int, ...]
    context: int


CountTokens = Callable[[Sequence[str]], TokenCounts]


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long prompts are, few-shot examples included, in ``unit``."""

    unit: str
    n: int
    shortest: int
    median: float
    p95: int
    longest: int


@dataclass(frozen=True, slots=True)
class Soundness:
    """What a check found. ``gold`` counts the items with a right answer, ``gold_right`` those that score 1."""

    name: str
    sha256: str | None
    items: int
    groups: int
    largest_group: int
    fewshot: int
    gold: int
    gold_right: int
    labels: dict[str, int]
    lengths: tuple[Lengths, ...]
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        """Whether no problem was found; warnings do not count."""
        return all(finding.level is not Level.PROBLEM for finding in self.findings)


def check_suites(
    name_or_path: str | Path,
    *,
    count_tokens: CountTokens | None = None,
    allow_code: bool = False,
    trusted: bool = False,
) -> list[Soundness]:
    """Check all that a name or path stands for: a suite of ours, or lm-eval's task, group, tag or folder.

    ``trusted`` lets a suite from elsewhere run its own code. The gold of a task that lm-eval scores is left
    out: its metrics need not give it 1.

    Raises:
        SuiteError: there is no such suite, its data are not here, or its code is not trusted.
    """
    if _is_ours(name_or_path):
        return [check_suite(name_or_path, count_tokens=count_tokens, allow_code=allow_code)]
    bare = open_suites(name_or_path, trusted=trusted, num_fewshot=0)
    asked = {suite.name: suite for suite in open_suites(name_or_path, trusted=trusted)}
    return [_checked(each, asked[each.name], [], Gold(), count_tokens) for each in bare]


def _is_ours(name_or_path: str | Path) -> bool:
    """Whether our own loader is meant to read it: a malformed file is ours too, to be reported as a finding."""
    try:
        path = find_task_file(name_or_path)
    except SuiteError:
        return False
    try:
        metadata = parse_yaml(path).get("metadata")
    except SuiteError:
        return True
    return isinstance(metadata, dict) and "rightsize" in metadata


def check_suite(
    name_or_path: str | Path, *, count_tokens: CountTokens | None = None, allow_code: bool = False
) -> Soundness:
    """Load a suite of ours and check it; ``count_tokens`` adds prompt lengths in a model's tokens.

    ``allow_code`` lets right answers that are code be run, as ``--allow-code-execution`` does for a model's.

    Raises:
        SuiteError: there is no such suite, or its data are not here. What is malformed is a finding.
    """
    path = find_task_file(name_or_path)
    try:
        task = read_task_yaml(path)
    except SuiteError as error:
        return _unreadable(path.stem, error)
    require_data(task)
    try:
        bare = load_suite(path, num_fewshot=0)
        suite = load_suite(path) if task.config.get("num_fewshot") else bare
        examples = _fewshot_rows(task)
    except SuiteError as error:
        return _unreadable(task.name, error)
    gold = check_gold(task, suite, allow_code=allow_code)
    return _checked(bare, suite, examples, gold, count_tokens)


def _checked(
    bare: Suite,
    suite: Suite,
    examples: Sequence[Shown],
    gold: Gold,
    count_tokens: CountTokens | None,
) -> Soundness:
    groups = Counter(item.group for item in suite.items)
    labels = _labels(suite)
    prompts = [item.prompt for item in suite.items]
    lengths = [_lengths("characters", [len(prompt) for prompt in prompts])]
    if count_tokens is not None:
        tokens = count_tokens(prompts)
        lengths.append(_lengths("tokens", tokens.counts))
        long = overlong_prompts(suite, tokens.counts, tokens.context)
    else:
        asked = {item.id: len(item.prompt) for item in bare.items}
        long = overlong(asked | {row.id: len(row.prompt) for row in examples}, "prompt")
    findings = [
        *gold.findings,
        *leaks(bare, examples),
        *repetitions(bare, examples),
        *empty(bare),
        *cut_by_stop(suite),
        *long,
        *_label_findings(labels, examples, shared=_share_choices(suite)),
        *few_groups(groups),
    ]
    return Soundness(
        name=suite.name,
        sha256=suite.sha256,
        items=len(suite.items),
        groups=len(groups),
        largest_group=max(groups.values()),
        fewshot=len(examples),
        gold=gold.known,
        gold_right=gold.right,
        labels=dict(labels.most_common()),
        lengths=tuple(lengths),
        findings=tuple(findings),
    )


def _unreadable(name: str, error: SuiteError) -> Soundness:
    return Soundness(name, None, 0, 0, 0, 0, 0, 0, {}, (), (problem("unreadable", str(error)),))


def _label_findings(labels: Counter[str], examples: Sequence[Shown], *, shared: bool) -> list[Finding]:
    """What is odd about labels: of those tested on, and where all items share them, of those that rows have."""
    if not labels:
        return []
    if not shared:
        return imbalance(labels)
    every = labels + Counter(row.answer for row in examples if row.answer)
    alone = single_examples(every) if examples else []
    return [*alone, *imbalance(labels), *look_alikes(every)]


def _fewshot_rows(task: TaskYaml) -> list[Shown]:
    """Every row that may stand in a prompt as a solved example."""
    if not task.config.get("fewshot_split"):
        return []
    renderer = Renderer(task)
    return [Shown(str(row["id"]), renderer.prompt(row), _answer(renderer, row)) for row in fewshot_rows(task)]


def _answer(renderer: Renderer, row: Row) -> str:
    """The right answer of a row; empty where it has none, which only matters once it stands in a prompt."""
    try:
        return renderer.target(row, renderer.choices(row))
    except SuiteError:
        return ""


def _labels(suite: Suite) -> Counter[str]:
    """How often each label is right: by its text where all items share their choices, else by its place."""
    if suite.task_type is not TaskType.CHOICE:
        return Counter()
    shared = _share_choices(suite)
    return Counter(
        item.target if shared else f"choice {item.choices.index(item.target) + 1}" for item in suite.items
    )


def _share_choices(suite: Suite) -> bool:
    return len({item.choices for item in suite.items}) == 1


def _lengths(unit: str, values: Sequence[int]) -> Lengths:
    ordered = sorted(values)
    p95 = ordered[max(0, -(-95 * len(ordered) // 100) - 1)]
    return Lengths(unit, len(ordered), ordered[0], float(median(ordered)), p95, ordered[-1])
