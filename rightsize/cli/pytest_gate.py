"""A pytest plugin: the gate beside a team's own tests.

``pytest --rightsize-gate rightsize.toml`` (or ``rightsize_gate = rightsize.toml`` in the pytest settings) adds
one test a policy: it fails when the gate fails, and is skipped with what would decide it when the gate is
undecided and the policy warns. The fixture ``rightsize_gate`` does the same inside a test:

    def test_the_new_prompt_is_no_worse(rightsize_gate):
        result = rightsize_gate("rightsize.toml")
        assert result.moved.worse < 10

Nothing of rightsize is imported until one of them is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from rightsize.decide.gate import GateResult

OPTION = "rightsize_gate"


class GateFailed(Exception):  # noqa: N818 - what a test report shows, not an error of ours
    """The gate failed, or could not be held; the message is what a person reads."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--rightsize-gate POLICY``, repeatable, and the setting of the same name."""
    group = parser.getgroup("rightsize")
    group.addoption(
        "--rightsize-gate",
        action="append",
        metavar="POLICY",
        default=None,
        help="Run rightsize's gate by this policy, a TOML file with a [gate] table.",
    )
    parser.addini(OPTION, "Policies of rightsize's gate to run with the tests.", type="paths", default=[])


def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Add one item a policy."""
    given: list[str] | None = session.config.getoption(OPTION)
    policies = [Path(name) for name in given] if given is not None else session.config.getini(OPTION)
    for policy in policies:
        name = f"rightsize gate {policy.name}"
        # An id of its own: a session's child would have none to tell JUnit's class name from.
        items.append(GateItem.from_parent(session, name=name, policy=policy, nodeid=f"{policy.name}::{name}"))


class GateItem(pytest.Item):
    """One policy as a test."""

    def __init__(self, *, policy: Path, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.policy = policy

    def runtest(self) -> None:
        """Hold the gate."""
        held_by(self.policy)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what the gate says, and no traceback of ours."""
        if isinstance(excinfo.value, GateFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it comes from: the policy."""
        return self.policy, None, self.name


@pytest.fixture
def rightsize_gate() -> Iterator[Callable[[str | Path], GateResult]]:
    """A function that holds the gate of a policy: it fails or skips the test, or returns the result."""
    yield lambda policy: held_by(Path(policy))


def held_by(policy: Path) -> GateResult:
    """Return the result of the gate that ``policy`` describes.

    Skips the test when it is undecided and the policy warns. Raises GateFailed with the table when it failed,
    when undecided counts as failed, and when there is nothing to compare.
    """
    from rightsize.cli.gate_run import by_policy, hold
    from rightsize.decide.gate import gate_exit_code
    from rightsize.domain import Verdict
    from rightsize.errors import RightsizeError
    from rightsize.reports.gate_lines import undecided_text

    try:
        chosen, slices = by_policy(policy)
        held = hold(chosen, slices)
    except RightsizeError as error:
        raise GateFailed(str(error)) from error
    if held.result is None:
        raise GateFailed(
            f"no finished run of {held.candidate} on {held.baseline.suite}: run rightsize bench first"
        )
    if gate_exit_code(held.result, chosen["on_undecided"]):
        raise GateFailed(_text(held.result))
    if held.result.verdict is Verdict.UNDECIDED:
        pytest.skip(undecided_text(held.result))
    return held.result


def _text(result: GateResult) -> str:
    """The gate's table as plain text."""
    from rich.console import Console

    from rightsize.reports.gate_table import gate_blocks

    console = Console(width=100, no_color=True, highlight=False)
    with console.capture() as captured:
        for block in gate_blocks(result):
            console.print(block)
    return captured.get()
