"""Which tasks a check runs beside the ones that were named: the same items, changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING, TypeVar

from rightsize.bench.plan import chosen_items
from rightsize.checks import variants
from rightsize.checks.variants import CHECKS, VARIANTS, Variant, changed_text
from rightsize.domain import Item, Suite
from rightsize.errors import UsageError
from rightsize.suites.loader import load_suite
from rightsize.suites.rerender import Source, source_of

if TYPE_CHECKING:
    from rightsize.suites.lm_eval_variants import LmEvalSource

    AnySource = Source | LmEvalSource

T = TypeVar("T")

_FOREIGN_TASKS = ("sql", "classification")  # shipped with rightsize, and far from most tasks
_MOST_FOREIGN = 100
_EXAMPLES = 4  # solved examples for the consistency of a task that has fewer than two of its own


def read_checks(names: Sequence[str]) -> tuple[str, ...]:
    """The named checks. Raises UsageError for an unknown one."""
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        raise UsageError(f"there is no check {unknown[0]!r}", next_step=f"Checks: {', '.join(CHECKS)}")
    return tuple(check for check in CHECKS if check in names)


def check_suites(
    suites: Sequence[Suite],
    checks: Sequence[str],
    limit: int | None = None,
    notify: Callable[[str], None] = lambda _: None,
) -> list[Suite]:
    """Return what ``checks`` run beside ``suites``.

    They are made of the items that ``limit`` chooses of each suite, so that all of them pair. Items that a
    variant leaves as they are would be answered the same and are left out; ``notify`` hears of one that changes
    none.

    Raises:
        SuiteError: a task does not say which field its users write, has too few solved examples, or cannot be
            varied in this way.
    """
    if not set(checks) - {"calibration"}:
        return []
    found: list[Suite] = []
    for suite in suites:
        source, items = _source(suite), chosen_items(suite, limit)
        for check in checks:
            found += _suites_of(check, source, items)
    for empty in (suite for suite in found if not suite.items):
        notify(f"{empty.name}: changes no item, so there is nothing to measure")
    return [suite for suite in found if suite.items]


def _source(suite: Suite) -> AnySource:
    """What renders a suite's items again: lm-eval, or we."""
    if suite.scorer != "lm_eval":
        return source_of(suite)
    from rightsize.suites.lm_eval_variants import lm_eval_source

    return lm_eval_source(suite)


def _suites_of(check: str, source: AnySource, items: Sequence[Item]) -> list[Suite]:
    if check == "ood":
        return [_foreign(source, items)]
    if check == "consistency":
        return _reordered(source, items)
    of_check = [variant for variant in VARIANTS.values() if variant.check == check and variant.change]
    return [_changed(variant, source, items) for variant in of_check]


def _changed(variant: Variant, source: AnySource, items: Sequence[Item]) -> Suite:
    made = [(item, source.with_text(item, changed_text(variant, item, source.text(item)))) for item in items]
    return _derived(variant, source, [changed for item, changed in made if changed.prompt != item.prompt])


def _foreign(source: AnySource, items: Sequence[Item]) -> Suite:
    """Questions of a task about something else, each put where an item of this task has its text."""
    foreign = _foreign_source(source)
    others = chosen_items(foreign.suite, min(_MOST_FOREIGN, len(items)))
    pairs = zip(items, others, strict=False)
    return _derived(
        variants.FOREIGN, source, [source.foreign(item, other, foreign.text(other)) for item, other in pairs]
    )


def _foreign_source(source: AnySource) -> Source:
    """The task whose items are foreign to this one."""
    name = next(name for name in _FOREIGN_TASKS if name != source.suite.name)
    return source_of(load_suite(name))


def _reordered(source: AnySource, items: Sequence[Item]) -> list[Suite]:
    """The same items after the same solved examples in another order; both orders, unless the task's own has
    examples already."""
    first, other = source.reordered(items, _EXAMPLES, _other_order)
    reordered = _derived(variants.ORDER, source, other)
    return [reordered] if first is None else [_derived(variants.FEWSHOT, source, first), reordered]


def _other_order(examples: list[T]) -> list[T]:
    """Examples in another order, always the same."""
    other = list(examples)
    Random(variants.ORDER.identity).shuffle(other)  # noqa: S311  no secret
    return other if other != examples else other[::-1]


def _derived(variant: Variant, source: AnySource, items: Sequence[Item]) -> Suite:
    return source.derived(variant.task(source.suite.name), variant.title, items, variant.identity)
