"""``rightsize suites``: which tasks there are, where their data come from, whether a suite is sound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rightsize.cli.common import JsonFlag, examples, out, print_json, talk, working
from rightsize.cli.suites_new import EPILOG as NEW_EPILOG
from rightsize.cli.suites_new import new
from rightsize.errors import ExitCode, SuiteError, UsageError

if TYPE_CHECKING:
    from rightsize.suites.catalogue import SuiteEntry
    from rightsize.suites.soundness import CountTokens

app = typer.Typer(
    no_args_is_help=True,
    help="List, inspect and fetch task suites; check them; make one of your own data.",
    epilog=examples(
        "rightsize suites list",
        "rightsize suites pull banking77",
        "rightsize suites new tickets --from tickets.csv --input text --label category",
        "rightsize suites check ./tickets",
    ),
)
NameArgument = Annotated[str, typer.Argument(metavar="NAME|PATH", help="A suite's name, folder or YAML file.")]


@app.command("list", epilog=examples("rightsize suites list", "rightsize suites list --json"))
def list_suites(as_json: JsonFlag = False) -> None:
    """List the suites that ship, and where their data are.

    Fetches nothing; the title and the licence stand beside each.
    """
    from rightsize.suites.loader import list_suites as names

    entries, broken = [], []
    for name in names():
        try:
            entries.append(_entry(name))
        except SuiteError as error:
            broken.append(str(error))
    if as_json:
        suites = [entry_json(entry) for entry in entries]
        print_json({"schema_version": 1, "command": "suites list", "suites": suites, "broken": broken})
        return
    from rightsize.cli.suites_view import list_table

    out().print(list_table(entries))
    for problem in broken:
        talk().print(problem, markup=False)
    if any(entry.items is None and entry.error is None for entry in entries):
        talk().print("What is not pulled is fetched from its origin by: rightsize suites pull NAME")


@app.command(epilog=examples("rightsize suites show extraction", "rightsize suites show sql --items 3"))
def show(
    name: NameArgument,
    items: Annotated[int, typer.Option("--items", min=0, help="How many items to show.")] = 1,
    as_json: JsonFlag = False,
) -> None:
    """Show one suite: prompt, score, licence, hash.

    Also its source, its scorer, where an answer ends, and its first items. Fetches nothing.
    """
    from rightsize.suites.catalogue import DataState
    from rightsize.suites.loader import load_suite

    entry = _entry(name)
    suite = None if entry.state is DataState.NOT_PULLED else load_suite(name)
    if as_json:
        from rightsize.cli.suites_view import suite_json

        shown = suite_json(suite, items) if suite else None
        print_json({"schema_version": 1, "command": "suites show", **entry_json(entry), "suite": shown})
        return
    from rightsize.cli.suites_view import item_panels, show_table

    out().print(show_table(entry, suite))
    for panel in item_panels(suite, items) if suite else ():
        out().print(panel)
    if suite is None:
        talk().print(
            f"The data are not here. Fetch them with: rightsize suites pull {entry.name}", markup=False
        )


@app.command(epilog=examples("rightsize suites pull banking77 snips", "rightsize suites pull --all"))
def pull(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="Suites to fetch.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All suites whose data are not here.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Fetch suites' data from their origin.

    The licence is shown first. Files go to the cache, and only with the right checksum.
    """
    from rightsize.suites.loader import list_suites as known

    if bool(names) == every:
        raise UsageError("name the suites to pull, or give --all", next_step="See: rightsize suites list")
    wanted = list(dict.fromkeys(names or known()))
    pulled: list[dict[str, Any]] = []
    failed: list[SuiteError] = []
    for name in wanted:
        try:
            pulled.extend(_pull(name))
        except SuiteError as error:
            if len(wanted) == 1:
                raise
            talk().print(str(error), markup=False, soft_wrap=True)
            failed.append(error)
    if as_json:
        errors = [str(error) for error in failed]
        print_json({"schema_version": 1, "command": "suites pull", "files": pulled, "errors": errors})
    if failed:
        raise SuiteError(
            f"{len(failed)} of {len(wanted)} suites could not be pulled",
            next_step="What came is kept; try again",
        )


def _pull(name: str) -> list[dict[str, Any]]:
    """Fetch one suite's files, and say its licence first; what is here already is checked and kept."""
    from rightsize.suites.catalogue import data_sources, pull_folder, training_sources
    from rightsize.suites.loader import find_task_file
    from rightsize.suites.sources import fetch, find_data, local_data
    from rightsize.suites.task_yaml import read_task_yaml

    console = talk()
    task = read_task_yaml(find_task_file(name))
    sources = data_sources(task) + training_sources(task)
    licence = str(task.extras.get("licence", "not stated"))
    console.print(f"{task.name}: licence {licence}; {task.extras.get('source', '')}", markup=False)
    if not sources:
        console.print("  its data ship with rightsize")
    files = []
    for source in sources:
        here = local_data(source) is not None
        if here:
            path = find_data(source)
        else:
            total, seen = len(source.urls()), iter(range(1, len(source.urls()) + 1))
            with console.status(f"fetching {source.file}") as status:

                def told(url: str) -> None:
                    status.update(f"fetching {next(seen)} of {total}: {url}")  # noqa: B023  used in this turn only

                path = fetch(source, pull_folder(), told)
        size = path.stat().st_size
        console.print(
            f"  {'here' if here else 'fetched'}: {path} ({size:,} bytes)", markup=False, soft_wrap=True
        )
        files.append(
            {"suite": task.name, "licence": licence, "path": str(path), "size_bytes": size, "fetched": not here}
        )
    return files


@app.command(
    epilog=examples(
        "rightsize suites check ./tickets", "rightsize suites check extraction --model my-model-q4.gguf"
    )
)
def check(
    name: NameArgument,
    model: Annotated[
        Path | None, typer.Option("--model", "-m", metavar="GGUF", help="Count prompts in this model's tokens.")
    ] = None,
    allow_code: Annotated[
        bool,
        typer.Option("--allow-code-execution", help="Run right answers that are code, in a limited process."),
    ] = False,
    trust_suite: Annotated[
        bool, typer.Option("--trust-suite", help="Let a suite from elsewhere run its own code.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Check that a suite is sound.

    Gold scores 1, few-shot and test share nothing, no prompt is empty, no stop string cuts a right answer.

    Exit code 1 when a problem was found; warnings do not count.
    """
    from rightsize.cli.suites_view import check_table, findings_text, soundness_json
    from rightsize.suites.soundness import check_suites

    with working(f"Checking {name}"):
        checked = check_suites(name, count_tokens=_counter(model), allow_code=allow_code, trusted=trust_suite)
    if as_json:
        suites = [soundness_json(found) for found in checked]
        print_json({"schema_version": 1, "command": "suites check", "suites": suites})
    for found in () if as_json else checked:
        out().print(check_table(found))
        out().print(findings_text(found.findings))
    raise typer.Exit(int(ExitCode.PASS if all(found.sound for found in checked) else ExitCode.FAIL))


def _counter(model: Path | None) -> CountTokens | None:
    if model is None:
        return None
    if not model.is_file():
        raise UsageError(f"--model {model}: there is no such file", next_step="Name a GGUF file")
    path = model

    def count(prompts: Any) -> Any:
        from rightsize.engines.llama_cpp.token_counts import count_tokens
        from rightsize.suites.soundness import TokenCounts

        return TokenCounts(*count_tokens(path, prompts))

    return count


def _entry(name: str) -> SuiteEntry:
    from rightsize.suites.catalogue import suite_entry

    return suite_entry(name)


def entry_json(entry: SuiteEntry) -> dict[str, Any]:
    """One suite as ``--json`` prints it."""
    from dataclasses import asdict

    return asdict(entry)


app.command("new", epilog=NEW_EPILOG)(new)
