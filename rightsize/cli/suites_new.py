"""``rightsize suites new``: a suite folder out of a table of one's own."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rightsize.cli.common import JsonFlag, examples, out, print_json, split_commas, working

if TYPE_CHECKING:
    from rightsize.suites.own_data.folder import NewSuite
    from rightsize.suites.soundness import Soundness

EPILOG = examples(
    "rightsize suites new tickets --from tickets.csv --input text --label category",
    "rightsize suites new invoices --from rows.jsonl --input document --fields total,currency,due_date",
    "rightsize suites new claims --from claims.parquet --input text --schema claim.schema.json",
    "rightsize suites new notes --from notes.csv --input dialogue --reference summary --group patient",
)
SCORE, OTHER, DISCORDANCE, ABOVE = 0.90, 0.88, 0.10, 0.92


def new(  # noqa: PLR0917  one parameter per option
    name: Annotated[str, typer.Argument(metavar="NAME", help="The suite's name.")],
    source: Annotated[
        Path, typer.Option("--from", metavar="FILE", help="CSV, JSONL or Parquet, one row an item.")
    ],
    text: Annotated[str, typer.Option("--input", metavar="COLUMN", help="The text that is asked about.")],
    label: Annotated[
        str | None, typer.Option("--label", metavar="COLUMN", help="Classification: the right label.")
    ] = None,
    fields: Annotated[
        list[str] | None, typer.Option("--fields", metavar="A,B", help="Extraction: the columns to extract.")
    ] = None,
    schema: Annotated[
        Path | None,
        typer.Option("--schema", metavar="FILE", help="Extraction: a JSON schema, a column for each property."),
    ] = None,
    reference: Annotated[
        str | None, typer.Option("--reference", metavar="COLUMN", help="Generation: a text to compare with.")
    ] = None,
    group: Annotated[
        str | None,
        typer.Option("--group", metavar="COLUMN", help="What belongs together: customer, document, template."),
    ] = None,
    test_share: Annotated[
        str, typer.Option("--test-share", metavar="SHARE", help="Share tested on; the rest gives examples.")
    ] = "80%",
    seed: Annotated[int, typer.Option("--seed", help="Another seed divides the rows differently.")] = 0,
    folder: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Folder to write.  [default: ./NAME]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the suite in a folder that exists.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Make a suite of your own data.

    Name one kind of answer: --label, --fields or --schema, or --reference. The result is a folder to edit:
    prompt, scorer, and few-shot examples that are never tested on.
    """
    from rightsize.suites.own_data.folder import make_suite, write_suite
    from rightsize.suites.own_data.request import SuiteRequest
    from rightsize.suites.soundness import check_suite
    from rightsize.units import parse_ratio

    request = SuiteRequest(
        name=name,
        source=source,
        input=text,
        label=label,
        fields=tuple(split_commas(fields)),
        schema=schema,
        reference=reference,
        group=group,
        test_share=parse_ratio(test_share, "--test-share"),
        seed=seed,
    )
    suite = make_suite(request)
    target = folder or Path(name)
    sizes = sample_sizes(suite.groups)
    paths = write_suite(suite, target, notes=notes(suite, sizes), force=force)
    with working(f"Checking {name}"):
        checked = check_suite(paths[0])
    if as_json:
        print_json(payload(suite, target, paths, sizes, checked))
    else:
        _print(suite, target, sizes, checked)


def sample_sizes(groups: int) -> dict[str, Any]:
    """How many independent items two ordinary questions need, and what ``groups`` of them can tell apart."""
    from rightsize.stats.binomial import clopper_pearson_lower
    from rightsize.stats.sample_size import (
        ALPHA,
        POWER,
        detectable_difference,
        paired_sample_size,
        proportion_sample_size,
    )

    return {
        "alpha_one_sided": ALPHA,
        "power": POWER,
        "discordance": DISCORDANCE,
        "available": groups,
        "paired": {"score": SCORE, "other": OTHER, "needed": paired_sample_size(SCORE - OTHER, DISCORDANCE)},
        "limit": {"score": ABOVE, "limit": SCORE, "needed": proportion_sample_size(ABOVE, SCORE)},
        "detectable_difference": detectable_difference(groups, DISCORDANCE),
        "perfect_score_shows": clopper_pearson_lower(groups, groups, ALPHA),
    }


def notes(suite: NewSuite, sizes: dict[str, Any]) -> list[str]:
    """The same in sentences; few rows are said plainly."""
    from rightsize.suites.item_findings import ENOUGH_GROUPS

    paired, limit, seen = sizes["paired"], sizes["limit"], sizes["detectable_difference"]
    what = "groups" if suite.groups < len(suite.split.test) else "rows"
    able = (
        f"two models can be told apart if their scores differ by {100 * seen:.1f} points or more"
        if seen
        else "no two models can be told apart"
    )
    perfect = sizes["perfect_score_shows"]
    few = [
        f"That is few: even with all {suite.groups:,} right a model is shown to be above {perfect:.0%} only."
    ]
    return [
        f"How many {what} are enough? To tell a model that is right on {SCORE:.0%} of them from one right on",
        f"{OTHER:.0%} takes about {paired['needed']:,}; to show that a model right on {ABOVE:.0%} meets",
        f"--min-accuracy {SCORE:.0%} takes about {limit['needed']:,}",
        f"(in 4 of 5 tries, at 5% error; {DISCORDANCE:.0%} of the answers differing between the two).",
        f"With the {suite.groups:,} {what} tested on here {able}.",
        *(few if suite.groups < ENOUGH_GROUPS else []),
    ]


def payload(
    suite: NewSuite, folder: Path, paths: list[Path], sizes: dict[str, Any], checked: Soundness
) -> dict[str, Any]:
    """What ``--json`` prints; ``schemas/suites.schema.json`` describes it."""
    from dataclasses import asdict

    text = suite.text
    return {
        "schema_version": 1,
        "command": "suites new",
        "name": suite.request.name,
        "kind": str(suite.request.kind),
        "folder": str(folder),
        "files": [str(path) for path in paths],
        "rows": suite.rows,
        "test_rows": len(suite.split.test),
        "test_groups": suite.groups,
        "fewshot_rows": len(suite.split.fewshot),
        "scorer": text.scorer,
        "score_name": text.score,
        "num_fewshot": text.num_fewshot,
        "max_output_tokens": text.max_tokens,
        "stop": list(text.stop),
        "labels": list(text.choices),
        "fields": [asdict(each) for each in suite.fields],
        "prompt": text.prompt,
        "findings": [asdict(finding) for finding in suite.findings],
        "sample_size": sizes,
        "sound": checked.sound,
        "sha256": checked.sha256,
    }


def _print(suite: NewSuite, folder: Path, sizes: dict[str, Any], checked: Soundness) -> None:
    from rich.text import Text

    from rightsize.cli.suites_view import findings_text, key_values, plain

    console = out()
    console.print(key_values(_facts(suite, folder)))
    problems = [finding for finding in checked.findings if finding.level == "problem"]
    if suite.findings or problems:
        console.print()
        console.print(findings_text([*problems, *suite.findings]))
    console.print()
    console.print(Text(" ".join(notes(suite, sizes))))
    path = shlex.quote(str(folder if folder.is_absolute() else f"./{folder}"))
    console.print()
    console.print(
        Text(plain(f"Next: read {path}/README.md, then: rightsize bench --task {path}")), soft_wrap=True
    )


def _facts(suite: NewSuite, folder: Path) -> list[tuple[str, str]]:
    text, tested, kept = suite.text, len(suite.split.test), len(suite.split.fewshot)
    rows = [
        ("Suite", f"{suite.request.name}, {suite.request.kind}, in {folder}"),
        ("Tested on", f"{tested:,} of {suite.rows:,} rows, in {suite.groups:,} groups"),
        ("Few-shot", f"{kept:,} rows kept apart; {text.num_fewshot} stand in each prompt"),
        ("Scored by", f"{text.scorer}; per item: {text.score}"),
    ]
    if text.choices:
        rows.append(("Labels", f"{len(text.choices):,}"))
    if suite.fields:
        rows.append(("Fields", "; ".join(field.description for field in suite.fields)))
    if text.max_tokens:
        rows.append(("Answers", f"at most {text.max_tokens:,} tokens"))
    return rows
