"""``rightsize models list``: the catalogue, and under which licence each model may be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rightsize.cli.common import JsonFlag, examples, out, print_json, talk
from rightsize.errors import UsageError

if TYPE_CHECKING:
    from rightsize.models.catalogue.entry import CatalogueEntry

EPILOG = examples(
    "rightsize models list",
    "rightsize models list granite --license permissive",
    "rightsize models list --json",
)


def list_models(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORD...", help="Only models whose name, family or developer match."),
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(
            "--license", metavar="permissive", help="Only models whose permissive licence has a source."
        ),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """List the models of the catalogue: size, context, licence, and what can run them.

    Your own stand in model_catalogue/*.yaml. A licence without a source is a pointer, marked with a question
    mark; --license permissive admits only those with a source and names the rest.
    """
    from rightsize.cli.models.view import entry_json, list_table

    kept, unverified = admitted(words or [], licence)
    if as_json:
        models = [entry_json(entry) for entry in kept]
        names = [entry.id for entry in unverified]
        print_json({"schema_version": 1, "command": "models list", "models": models, "unverified": names})
        return
    if kept:
        out().print(list_table(kept))
    if unverified:
        listed = ", ".join(entry.id for entry in unverified)
        talk().print(f"Permissive by name, but unverified (no source): {listed}", markup=False)
    if not kept:
        talk().print("No model here has a permissive licence with a source.")


def admitted(words: list[str], licence: str | None) -> tuple[list[CatalogueEntry], list[CatalogueEntry]]:
    """The catalogue's models that match all words, and those left out for a licence without a source.

    Raises UsageError where no model matches, or where the licence cannot be asked for.
    """
    from rightsize.models.catalogue.load import catalogue

    if licence not in {None, "permissive"}:
        raise UsageError(f"--license {licence}: only 'permissive' can be asked for")
    found = [entry for entry in catalogue() if _matches(entry, words)]
    if not found:
        raise UsageError(f"no model matches {' '.join(words)!r}", next_step="See: rightsize models list")
    return _by_licence(found, licence)


def _matches(entry: CatalogueEntry, words: list[str]) -> bool:
    text = f"{entry.id} {entry.family} {entry.developer} {entry.hub_id}".lower()
    return all(word.lower() in text for word in words)


def _by_licence(
    entries: list[CatalogueEntry], wanted: str | None
) -> tuple[list[CatalogueEntry], list[CatalogueEntry]]:
    """The admitted ones, and those whose licence is permissive by name only."""
    if not wanted:
        return entries, []
    permissive = [entry for entry in entries if entry.licence.permissive]
    kept = [entry for entry in permissive if entry.licence.verified]
    return kept, [entry for entry in permissive if not entry.licence.verified]
