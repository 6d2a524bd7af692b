"""What can be wrong with a suite's items: leaks, repetitions, gaps, answers that cannot be reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rightsize.domain import Suite, TaskType
from rightsize.suites.findings import Finding, name_some, problem, repeated, same_text, warning
from rightsize.units import counted

LEAST_GROUPS = 10
"""Fewer independent groups carry no interval (:data:`rightsize.stats.bootstrap.LEAST_SAMPLES`)."""
ENOUGH_GROUPS = 59
"""With fewer, all right still leaves more than 5% of errors possible (0.95 ** 59 < 5%)."""
_ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Shown:
    """A few-shot row: its prompt and its right answer."""

    id: str
    prompt: str
    answer: str = ""


def leaks(suite: Suite, examples: Sequence[Shown]) -> list[Finding]:
    """Few-shot rows that are also tested on."""
    tested = {same_text(item.prompt): item.id for item in suite.items}
    shared = [f"{row.id} = {at}" for row in examples if (at := tested.get(same_text(row.prompt)))]
    if not shared:
        return []
    text = f"{counted(len(shared), 'few-shot row')} also tested on: {name_some(shared)}"
    return [problem("duplicates_between_splits", text, len(shared))]


def repetitions(suite: Suite, examples: Sequence[Shown] = ()) -> list[Finding]:
    """Questions asked more than once, and those with answers that contradict each other."""
    by_id = {item.id: item for item in suite.items}
    asked = [(item.id, "\n".join((item.prompt, *item.choices))) for item in suite.items]
    same = repeated(asked)
    apart = [ids for ids in same if len({by_id[name].group for name in ids}) > 1]
    together = [ids for ids in same if ids not in apart]
    shown = repeated((row.id, row.prompt) for row in examples)
    # Case and spacing may be what an answer turns on, so only the very same question contradicts itself.
    torn = [ids for ids in repeated(asked, key=str) if len({by_id[name].target for name in ids}) > 1]
    torn += [ids for ids in shown if _contradict([row for row in examples if row.id in ids])]
    findings = [
        *_duplicates(apart, "question", "asked before in another group"),
        *_duplicates(together, "question", "asked before in its own group, no evidence of its own"),
        *_duplicates(shown, "few-shot row", "with the text of another"),
    ]
    if torn:
        text = f"{counted(len(torn), 'question')} with different right answers: {_named(torn)}"
        findings.append(warning("conflicts", text, len(torn)))
    return findings


def _duplicates(groups: Sequence[Sequence[str]], noun: str, what: str) -> list[Finding]:
    extra = sum(len(ids) - 1 for ids in groups)
    text = f"{counted(extra, noun)} {what}: {_named(groups)}"
    return [warning("duplicates", text, extra)] if groups else []


def _contradict(rows: Sequence[Shown]) -> bool:
    """Whether rows with the very same prompt have different answers."""
    prompts = {row.prompt for row in rows}
    return any(len({row.answer for row in rows if row.prompt == prompt}) > 1 for prompt in prompts)


def _named(groups: Sequence[Sequence[str]]) -> str:
    return name_some([" = ".join(ids[:3]) for ids in groups])


def empty(suite: Suite) -> list[Finding]:
    """Prompts without a character."""
    empty = [item.id for item in suite.items if not item.prompt.strip()]
    text = f"{counted(len(empty), 'empty prompt')}: {name_some(empty)}"
    return [problem("empty_prompts", text, len(empty))] if empty else []


def cut_by_stop(suite: Suite) -> list[Finding]:
    """Right answers that could never be given whole, because a stop string is in them."""
    cut = [item.id for item in suite.items if any(stop in item.target for stop in suite.stop if stop)]
    text = f"{counted(len(cut), 'right answer')} that a stop string would cut: {name_some(cut)}"
    return [problem("stop_in_gold", text, len(cut))] if cut and suite.task_type is TaskType.GENERATE else []


def overlong_prompts(suite: Suite, counts: Sequence[int], context: int) -> list[Finding]:
    """Prompts whose tokens and the answer's limit exceed a context."""
    room = context - suite.max_output_tokens
    long = [item.id for item, count in zip(suite.items, counts, strict=True) if count > room]
    text = (
        f"{counted(len(long), 'prompt')} with {suite.max_output_tokens} tokens of answer over "
        f"the model's context of {context:,}: {name_some(long)}"
    )
    return [warning("overlong", text, len(long))] if long else []


def few_groups(groups: Counter[str]) -> list[Finding]:
    """Too few independent groups for an interval, or to show more of a model that is always right."""
    n = len(groups)
    if n < LEAST_GROUPS:
        return [warning("few_groups", f"{counted(n, 'independent group')}: an interval needs {LEAST_GROUPS}")]
    if n >= ENOUGH_GROUPS:
        return []
    shows = _ALPHA ** (1 / n)  # Clopper-Pearson's lower bound where all are right
    text = f"{n} independent groups are few: even with all right a model is shown to be above {shows:.0%} only"
    return [warning("few_items", text)]
