"""Writes a suite folder: task YAML, test and few-shot rows, and a README for whoever edits it next."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rightsize.domain import JsonValue
from rightsize.errors import SuiteError, UsageError
from rightsize.suites.findings import Finding, imbalance
from rightsize.suites.own_data.examples import examples_of
from rightsize.suites.own_data.fields import Field, fields_of
from rightsize.suites.own_data.prompts import TaskText, task_text
from rightsize.suites.own_data.request import Example, Kind, SuiteRequest
from rightsize.suites.own_data.split import Split, split
from rightsize.suites.own_data.table import read_table
from rightsize.suites.own_data.yaml_text import task_yaml, title
from rightsize.units import counted

_ANSWER_KEY = {Kind.CLASSIFICATION: "label", Kind.EXTRACTION: "fields", Kind.GENERATION: "reference"}


@dataclass(frozen=True, slots=True)
class NewSuite:
    """A suite made but not yet written."""

    request: SuiteRequest
    rows: int
    split: Split
    fields: tuple[Field, ...]
    text: TaskText
    source: str
    findings: tuple[Finding, ...]

    @property
    def grouped(self) -> bool:
        """Whether some items belong together: then the rows say to which group."""
        return any(each.group != each.id for each in (*self.split.test, *self.split.fewshot))

    @property
    def groups(self) -> int:
        """How many independent groups are tested on."""
        return len({each.group for each in self.split.test})


def make_suite(request: SuiteRequest) -> NewSuite:
    """Read the file, choose and check its rows, divide them, and word the task. Writes nothing.

    Raises:
        UsageError: the request cannot be meant, or names a column that is not there.
        SuiteError: the file or the schema cannot be read, or its rows make no suite.
    """
    request.check()
    table = read_table(request.source)
    fields = fields_of(request, table) if request.kind is Kind.EXTRACTION else ()
    examples, noticed = examples_of(request, table, fields)
    parts, removed = split(
        examples, request.test_share, request.seed, by_label=request.kind is Kind.CLASSIFICATION
    )
    digest = hashlib.sha256(request.source.read_bytes()).hexdigest()
    return NewSuite(
        request=request,
        rows=len(table.rows),
        split=parts,
        fields=fields,
        text=task_text(request, [*parts.fewshot, *parts.test], fields),
        source=f"{request.source.name} (SHA-256 {digest[:12]}), seed {request.seed}",
        findings=(*noticed, *removed, *_unequal(request, parts)),
    )


def _unequal(request: SuiteRequest, parts: Split) -> list[Finding]:
    """Whether labels are unequal where it matters: among the rows tested on."""
    if request.kind is not Kind.CLASSIFICATION:
        return []
    return imbalance(Counter(str(each.answer) for each in parts.test))


def write_suite(suite: NewSuite, folder: Path, *, notes: Sequence[str] = (), force: bool = False) -> list[Path]:
    """Write the suite's four files into ``folder`` and return their paths; ``notes`` end the README.

    Raises:
        UsageError: the folder holds something already and ``force`` was not given, or the source is among the
            files that would be replaced.
        SuiteError: the folder cannot be written.
    """
    contents = {
        folder / f"{suite.request.name}.yaml": task_yaml(
            suite.request, suite.text, source=suite.source, grouped=suite.grouped
        ),
        folder / "test.jsonl": _lines(suite, suite.split.test),
        folder / "fewshot.jsonl": _lines(suite, suite.split.fewshot),
        folder / "README.md": readme(suite, notes),
    }
    _check_folder(folder, suite.request.source, list(contents), force)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in contents.items():
            path.write_text(content, encoding="utf-8", newline="\n")
    except OSError as error:
        raise SuiteError(f"{folder}: cannot be written ({error.strerror})") from error
    return list(contents)


def _check_folder(folder: Path, source: Path, paths: Sequence[Path], force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file", next_step="Choose another folder with --out")
    if not force and folder.is_dir() and any(folder.iterdir()):
        raise UsageError(
            f"{folder} exists and is not empty",
            next_step="Choose another with --out, or replace the suite in it with --force",
        )
    if source.resolve() in {path.resolve() for path in paths}:
        raise UsageError(
            f"{source} would be replaced by the suite made of it", next_step="Choose another --out"
        )


def _lines(suite: NewSuite, examples: Sequence[Example]) -> str:
    key, grouped = _ANSWER_KEY[suite.request.kind], suite.grouped
    rows: list[dict[str, JsonValue]] = [
        {"id": each.id, **({"group": each.group} if grouped else {}), "text": each.text, key: each.answer}
        for each in examples
    ]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def readme(suite: NewSuite, notes: Sequence[str] = ()) -> str:
    """Return the README: what is here, how it came about, what was noticed, and what to do with it."""
    request, text = suite.request, suite.text
    warnings = [f"- {finding.text}" for finding in suite.findings] or ["- nothing"]
    tested, kept = counted(len(suite.split.test), "row"), counted(len(suite.split.fewshot), "row")
    lines = [
        f"# {request.name}: {title(request, text)}",
        "",
        f"Made by `rightsize suites new` from {suite.source}.",
        f"The file has {counted(suite.rows, 'row')}; an item's id names its row.",
        "",
        f"- `{request.name}.yaml`: the prompt, the answer's limits, the score. Edit it freely.",
        f"- `test.jsonl`: {tested} in {counted(suite.groups, 'group')}, which models are tested on.",
        f"- `fewshot.jsonl`: {kept} that are never tested on. The first ones stand in prompts when",
        "  `num_fewshot` says so; move the best to the top.",
        "",
        f"Score per item: `{text.score}`, by the scorer `{text.scorer}`. An edit makes it another test:",
        "results from before and after are not compared.",
        "",
        "## Noticed when it was made",
        "",
        *warnings,
        "",
        *(["## How sure it can make you", "", *notes, ""] if notes else []),
        "## Use",
        "",
        "    rightsize suites check .",
        "    rightsize bench --task .",
        "",
    ]
    return "\n".join(lines)
