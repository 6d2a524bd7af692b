"""A gate's result for GitHub: a step summary and a comment in Markdown, and annotations on the run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rightsize.decide.gate import GateResult
from rightsize.domain import Verdict
from rightsize.errors import UsageError
from rightsize.reports.gate_lines import GateLine, cause_text, gate_lines, moved_text, undecided_text

_SIGNS = {
    Verdict.PASS: "✅ PASS",
    Verdict.FAIL: "❌ FAIL",
    Verdict.UNDECIDED: "❔ UNDECIDED",
    None: "not judged",
}
_ESCAPES = {
    ord("|"): "\\|",
    ord("<"): "&lt;",
    ord("`"): "'",
    ord("\n"): " ",
    ord("\r"): " ",
    ord("["): "\\[",
    ord("!"): "\\!",
    # A name with an @ must not call anybody.
    ord("@"): "@\u200b",
}
#: What GitHub's runner unescapes in the message of a workflow command, and in its properties.
_IN_MESSAGE = {ord("%"): "%25", ord("\r"): "%0D", ord("\n"): "%0A"}
_IN_PROPERTY = {**_IN_MESSAGE, ord(":"): "%3A", ord(","): "%2C"}


def step_summary(result: GateResult) -> str:
    """Return the Markdown: the verdict, a table of checks, what moved and what changed."""
    subject = f"`{_plain(result.candidate_id)}` on `{_plain(result.suite)}`"
    head = f"### rightsize gate: {_SIGNS[result.verdict]}\n\n{subject}"
    rows = "\n".join(_row(line) for line in gate_lines(result))
    table = f"| | check | change | allowed | detail |\n|---|---|---|---|---|\n{rows}"
    said = (moved_text(result), cause_text(result), undecided_text(result), *result.remarks)
    return "\n\n".join([head, table, *(_plain(text) for text in said if text)]) + "\n"


def comment_body(result: GateResult) -> str:
    """Return the Markdown of a comment; its first line marks it, so that the next run replaces it."""
    name = f"{result.suite} {result.baseline_candidate_id}"
    kept = "".join(letter for letter in name if letter.isalnum() or letter in " :._+-")
    # Two hyphens in a row would end the comment.
    return f"<!-- rightsize gate: {re.sub('-{2,}', '-', kept)} -->\n{step_summary(result)}"


def workflow_commands(result: GateResult) -> Iterator[str]:
    """Yield one workflow command per failed or undecided check: an error or a warning on the run."""
    for line in gate_lines(result):
        if line.verdict in {Verdict.FAIL, Verdict.UNDECIDED}:
            level = "error" if line.verdict is Verdict.FAIL else "warning"
            title = f"rightsize gate: {result.candidate_id} on {result.suite}".translate(_IN_PROPERTY)
            words = " ".join(word for word in (line.name, line.stated) if word)
            message = f"{line.verdict.value}: {words}{': ' if line.detail else ''}{line.detail}"
            yield f"::{level} title={title}::{message.translate(_IN_MESSAGE)}"
    for text in (cause_text(result), undecided_text(result)):
        if text and result.verdict is not Verdict.PASS:
            yield f"::notice title=rightsize gate::{text.translate(_IN_MESSAGE)}"


def append_step_summary(result: GateResult, path: Path) -> None:
    """Append to the summary file. Raises UsageError when it cannot be written."""
    _write(path, "a", step_summary(result), "step summary")


def write_comment(result: GateResult, path: Path) -> None:
    """Write the comment's Markdown. Raises UsageError when it cannot be written."""
    _write(path, "w", comment_body(result), "--comment")


def _write(path: Path, mode: str, text: str, what: str) -> None:
    try:
        with path.open(mode, encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        problem = f"{what} {path}: {error.strerror}"
        raise UsageError(problem, next_step="Name a file in a folder that exists") from error


def _row(line: GateLine) -> str:
    cells = (_SIGNS[line.verdict], line.name, line.change, line.allowed, line.detail)
    return f"| {' | '.join(_plain(cell) for cell in cells)} |"


def _plain(text: str) -> str:
    """Names of models and labels come from files: nothing in them may become markup."""
    return text.translate(_ESCAPES)
