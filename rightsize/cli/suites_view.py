"""How suites are shown: tables that fit 80 columns, and the parts of the ``--json`` documents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from rightsize.domain import Item, Suite, TaskType
from rightsize.suites.catalogue import DataState, SuiteEntry
from rightsize.suites.findings import Finding, Level
from rightsize.suites.soundness import Lengths, Soundness

_TYPES = {
    TaskType.GENERATE: "generate",
    TaskType.CHOICE: "choose",
    TaskType.LOGLIKELIHOOD: "likelihood",
    TaskType.ROLLING: "rolling",
    TaskType.MIXED: "several",
}
_LONGEST_SHOWN = 1500
_LABELS_SHOWN = 6
_STYLES = {Level.PROBLEM: "bold red", Level.WARNING: "yellow"}


def list_table(entries: Sequence[SuiteEntry]) -> Table:
    """All suites, two lines each."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Suite", overflow="fold", ratio=1)
    table.add_column("Items", justify="right")
    table.add_column("Asks to")
    table.add_column("Licence", overflow="fold", max_width=14)
    table.add_column("Data", no_wrap=True)
    table.expand = True
    for entry in entries:
        items = "" if entry.items is None else f"{entry.items:,}"
        state = "broken" if entry.error else str(entry.state)
        about = Padding(Text("\n".join(_about(entry))), (0, 0, 0, 2))
        suite = Group(Text(entry.name, "bold"), about)
        table.add_row(suite, items, _TYPES[entry.task_type], _short_licence(entry.licence), state)
    return table


def _short_licence(licence: str) -> str:
    """A licence's name without its remarks, which ``suites show`` gives in full."""
    name = re.split(r" \(|;|, ", plain(licence))[0]
    return name if name == licence else f"{name} ..."


def _about(entry: SuiteEntry) -> Iterator[str]:
    yield plain(entry.title)
    if entry.error:
        yield plain(entry.error)
    elif entry.state is DataState.NOT_PULLED:
        yield f"from {origin(entry)}"


def origin(entry: SuiteEntry) -> str:
    """The repositories or hosts a suite's data come from."""
    places = []
    for url in entry.origin:
        parts = urlsplit(url)
        owner_and_name = parts.path.strip("/").split("/")[:2]
        hosted = parts.hostname == "raw.githubusercontent.com" and len(owner_and_name) == 2
        places.append("/".join(("github.com", *owner_and_name)) if hosted else parts.hostname or url)
    return ", ".join(dict.fromkeys(places))


def show_table(entry: SuiteEntry, suite: Suite | None) -> Table:
    """One suite as label and text."""
    rows = [
        ("Suite", entry.name),
        ("Title", entry.title),
        ("About", entry.description),
        ("Licence", entry.licence),
        ("Source", entry.source),
        ("Asks to", _TYPES[entry.task_type]),
        ("Scorer", f"{entry.scorer}; per item: {entry.score_name}, from 0 to 1"),
        ("Data", _data(entry)),
        *(_suite_rows(suite) if suite else ()),
    ]
    return key_values((label, text) for label, text in rows if text)


def _suite_rows(suite: Suite) -> list[tuple[str, str]]:
    groups = len({item.group for item in suite.items})
    choices = {item.choices for item in suite.items}
    rows = [("Items", f"{len(suite.items):,} in {groups:,} groups")]
    if suite.task_type is TaskType.CHOICE:
        labels = next(iter(choices))
        rows.append(("Choices", _some(labels) if len(choices) == 1 else "each item its own"))
    else:
        rows.append(("Stop", " ".join(repr(stop) for stop in suite.stop) or "none"))
        rows.append(("Limit", f"{suite.max_output_tokens:,} tokens"))
    return [*rows, ("Hash", suite.sha256)]


def _data(entry: SuiteEntry) -> str:
    if entry.state is DataState.SHIPPED:
        return "shipped with the suite"
    here = ", ".join(entry.files)
    return f"here: {here}" if entry.state is DataState.LOCAL else f"not here; from {origin(entry)}"


def item_panels(suite: Suite, count: int) -> Iterator[RenderableType]:
    """The first ``count`` items: the prompt as a model gets it, and the right answer."""
    for item in suite.items[:count]:
        prompt = Text(plain(_shortened(item.prompt)))
        answer = Text.assemble(("Right answer: ", "bold"), plain(_shortened(item.target) or "none is given"))
        yield Panel(Group(prompt, answer), title=f"item {plain(item.id)}", title_align="left")


def check_table(found: Soundness) -> Table:
    """What was checked and counted."""
    rows = [("Suite", found.name)]
    if found.sha256:
        rows += [
            ("Items", f"{found.items:,} in {found.groups:,} groups, at most {found.largest_group:,} in one"),
            ("Few-shot", f"{found.fewshot:,} rows" if found.fewshot else "no rows"),
            ("Gold", f"{found.gold_right:,} of {found.gold:,} score 1" if found.gold else "none was scored"),
            *(("Prompts", _lengths(lengths)) for lengths in found.lengths),
        ]
    if found.labels:
        rows.append(("Labels", _some([f"{label} {count:,}" for label, count in found.labels.items()])))
    if found.sha256:
        rows.append(("Hash", found.sha256))
    return key_values(rows)


def _lengths(lengths: Lengths) -> str:
    spread = f"{lengths.shortest:,} to {lengths.longest:,} {lengths.unit}"
    return f"{spread}; median {lengths.median:,g}, 95% up to {lengths.p95:,} (n = {lengths.n:,})"


def findings_text(findings: Sequence[Finding]) -> Table | Text:
    """Problems first, then warnings, one a line."""
    if not findings:
        return Text("No problem found.")
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in sorted(findings, key=lambda each: each.level):
        table.add_row(Text(str(finding.level), _STYLES[finding.level]), Text(plain(finding.text)))
    return table


def soundness_json(found: Soundness) -> dict[str, Any]:
    """A check as ``--json`` prints it."""
    return {"sound": found.sound, **asdict(found)}


def suite_json(suite: Suite, count: int) -> dict[str, Any]:
    """A loaded suite and its first items, as ``suites show --json`` prints them."""
    return {
        "sha256": suite.sha256,
        "groups": len({item.group for item in suite.items}),
        "stop": list(suite.stop),
        "max_output_tokens": suite.max_output_tokens,
        "shown": [_item_json(item) for item in suite.items[:count]],
    }


def _item_json(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "group": item.group,
        "prompt": item.prompt,
        "target": item.target,
        "choices": list(item.choices),
    }


def plain(text: str) -> str:
    """Text from elsewhere, safe to print: control characters, which could steer a terminal, are written out."""
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)


def key_values(rows: Iterable[tuple[str, str]]) -> Table:
    """Label and text, a line each."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(label, Text(plain(text)))
    return table


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LABELS_SHOWN:,} more" if len(names) > _LABELS_SHOWN else ""
    return ", ".join(names[:_LABELS_SHOWN]) + more


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST_SHOWN:
        return text
    return f"{text[:_LONGEST_SHOWN]} ... ({len(text):,} characters)"
