"""Reading the catalogue: the files that ship, then the users' own, which win where an id is the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from rightsize.errors import ModelError, UsageError, why_unreadable
from rightsize.models.catalogue.entry import CatalogueEntry, Licence, PublishedSize
from rightsize.models.catalogue.shape_yaml import shape_from
from rightsize.models.levels import parse_level
from rightsize.models.shapes.tensors import parameters_of

SCHEMA_VERSION = 1
ADDED_IN = Path("model_catalogue")
_SHIPPED = Path(__file__).resolve().parent / "data"
_SEE = "See rightsize/models/catalogue/README.md for the format"


def catalogue() -> list[CatalogueEntry]:
    """Every model, the shipped ones first; a user's entry replaces the shipped one of the same id.

    Users' files are ``model_catalogue/*.yaml`` in the current folder. Raises ModelError naming the file and
    what is wrong in it.
    """
    entries = {entry.id: entry for entry in _shipped()}
    for path in sorted(ADDED_IN.glob("*.yaml")):
        entries |= {entry.id: entry for entry in read_catalogue(path)}
    return list(entries.values())


def find_entry(name: str) -> CatalogueEntry:
    """The model that an id, a hub id or a YAML file with one model stands for; case does not matter.

    Raises UsageError with the nearest names, or ModelError for a file that cannot be read.
    """
    path = Path(name)
    if path.suffix in {".yaml", ".yml"}:
        return _only(read_catalogue(path), path)
    known = {key.lower(): entry for entry in catalogue() for key in (entry.id, entry.hub_id)}
    if name.lower() in known:
        return known[name.lower()]
    near = get_close_matches(name.lower(), known, n=3, cutoff=0.4)
    hint = (
        f"Did you mean {', '.join(known[each].id for each in near)}?" if near else "See: rightsize models list"
    )
    raise UsageError(f"the catalogue has no model {name!r}", next_step=hint)


def read_catalogue(path: Path) -> list[CatalogueEntry]:
    """Read one file of models. Raises ModelError naming the file, the model and what is wrong."""
    document = _document(path)
    if document.get("schema_version") != SCHEMA_VERSION:
        found = document.get("schema_version")
        raise ModelError(f"{path}: schema_version {found} is not {SCHEMA_VERSION}", next_step=_SEE)
    origin = "shipped" if path.parent == _SHIPPED else str(path)
    legend = _legend() if origin == "shipped" else {}
    entries = []
    for number, each in enumerate(_list(document, "models", path)):
        name = each.get("id", f"number {number + 1}") if isinstance(each, dict) else f"number {number + 1}"
        try:
            entries.append(_entry(each, legend, origin))
        except ModelError as error:
            raise ModelError(
                f"{path}: model {name}: {error.problem}", next_step=error.next_step or _SEE
            ) from error
        except (KeyError, TypeError, ValueError, AttributeError, UsageError) as error:
            what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
            raise ModelError(f"{path}: model {name}: {what}", next_step=_SEE) from error
    return entries


@cache
def _shipped() -> tuple[CatalogueEntry, ...]:
    files = sorted(path for path in _SHIPPED.glob("*.yaml") if path.name != "sources.yaml")
    return tuple(entry for path in files for entry in read_catalogue(path))


@cache
def _legend() -> Mapping[str, str]:
    return dict(_document(_SHIPPED / "sources.yaml")["sources"])


def _document(path: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), loader)  # noqa: S506  a safe loader either way
    except FileNotFoundError:
        raise ModelError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"cannot read {path}: {why_unreadable(error)}") from error
    except yaml.YAMLError as error:
        where = " ".join(str(error).split())
        raise ModelError(f"{path} is not YAML: {where}", next_step=_SEE) from error
    if not isinstance(document, dict):
        raise ModelError(f"{path} is not a catalogue of models", next_step=_SEE)
    return document


def _list(document: Mapping[str, Any], key: str, path: Path) -> list[Any]:
    found = document.get(key)
    if not isinstance(found, list) or not found:
        raise ModelError(f"{path} holds no list of {key}", next_step=_SEE)
    return found


def _only(entries: Sequence[CatalogueEntry], path: Path) -> CatalogueEntry:
    if len(entries) != 1:
        names = ", ".join(entry.id for entry in entries[:5])
        raise UsageError(
            f"{path} holds {len(entries)} models ({names})",
            next_step=f"Move it to {ADDED_IN}/ and name one of them",
        )
    return entries[0]


def _entry(each: Mapping[str, Any], legend: Mapping[str, str], origin: str) -> CatalogueEntry:
    licence = each["licence"]
    stated = each["llama_cpp"]
    context = int(each["context"])
    shape = shape_from(each["shape"], context) if "shape" in each else None
    parameters = each.get("parameters", {})
    reason = str(stated.get("note", "not supported")) if not stated["runs"] else ""
    counted = parameters_of(shape) / 1e9 if shape else parameters["billions"]
    return CatalogueEntry(
        id=str(each["id"]),
        family=str(each.get("family", each["id"])),
        developer=str(each.get("developer", "not stated")),
        licence=Licence(str(licence["name"]), licence.get("source"), str(licence.get("note", ""))),
        released=str(each.get("released", "not stated")),
        hub_id=str(each.get("hub_id", "")),
        modality=str(each.get("modality", "text")),
        context=context,
        parameters_b=float(counted),
        shape=shape,
        no_shape="" if shape else str(each.get("no_twin") or f"no twin: llama.cpp cannot run it ({reason})"),
        shape_verified=each.get("shape_verified") is True,
        runs_on={"llama_cpp": reason},
        engine_notes={"llama_cpp": str(stated["note"])} if stated["runs"] and stated.get("note") else {},
        sources=tuple(_sourced(source, legend) for source in each["sources"]),
        note=str(each.get("note", "")),
        published_parameters=parameters.get("published"),
        known_shape=dict(each.get("known_shape", {})),
        sizes=tuple(_sizes(each, legend)),
        origin=origin,
    )


def _sourced(key: str, legend: Mapping[str, str]) -> str:
    return legend.get(key, key)


def _sizes(each: Mapping[str, Any], legend: Mapping[str, str]) -> list[PublishedSize]:
    usual = [_size(level, row, legend) for level, row in each.get("published_sizes", {}).items()]
    others = [
        _size(level, row, legend, file=other["file"], differs=other["differs"])
        for other in each.get("other_files", ())
        for level, row in other["sizes"].items()
    ]
    return usual + others


def _size(
    level: str, row: Mapping[str, Any], legend: Mapping[str, str], *, file: str = "", differs: str = ""
) -> PublishedSize:
    source, precision = _sourced(row["source"], legend), row.get("precision", "exact")
    differs = row.get("differs", differs)
    return PublishedSize(parse_level(level), int(row["bytes"]), source, precision, file, differs)
