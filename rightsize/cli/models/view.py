"""How models are shown: tables that fit 80 columns, and the parts of the ``--json`` documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from rightsize.cli.suites_view import key_values, plain
from rightsize.models.catalogue.entry import CatalogueEntry, Licence
from rightsize.models.catalogue.sizes import LevelSize
from rightsize.models.shapes.shape import Mixer, Shape
from rightsize.models.shapes.tensors import parameters_of


def list_table(entries: Sequence[CatalogueEntry]) -> Table:
    """One model a line, by developer."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Model", no_wrap=True)
    table.add_column("Size", justify="right", no_wrap=True)
    table.add_column("Context", justify="right", no_wrap=True)
    table.add_column("Licence", overflow="ellipsis", no_wrap=True, ratio=1)
    table.add_column("Runs", no_wrap=True)
    table.expand = True
    for entry in sorted(entries, key=lambda each: (each.developer, each.family)):
        table.add_row(
            Text(plain(entry.id)),
            billions(entry.parameters_b),
            f"{entry.context:,}",
            Text(plain(_licence_name(entry.licence))),
            _runs(entry),
        )
    return table


def billions(parameters_b: float) -> str:
    """``1.24B`` or ``135M``."""
    return f"{parameters_b:.2f}B" if parameters_b >= 0.9995 else f"{parameters_b * 1000:.0f}M"


def _licence_name(licence: Licence) -> str:
    return licence.name if licence.verified else f"{licence.name}?"


def _runs(entry: CatalogueEntry) -> str:
    engines = [engine for engine, reason in entry.runs_on.items() if not reason]
    if not engines:
        return "no"
    return "yes" if entry.shape else "no twin"


def show_table(entry: CatalogueEntry) -> Table:
    """One model as label and text."""
    return key_values((label, text) for label, text in _rows(entry) if text)


def _rows(entry: CatalogueEntry) -> Iterator[tuple[str, str]]:
    yield "Model", entry.id
    yield "Family", f"{entry.family}, by {entry.developer}, {entry.released}"
    yield "Hub", entry.hub_id
    yield "Licence", _licence_text(entry.licence)
    yield "Weights", _weights(entry)
    yield "Context", f"{entry.context:,} tokens"
    yield "Modality", entry.modality
    for engine, reason in entry.runs_on.items():
        yield engine, f"cannot run it: {reason}" if reason else entry.engine_notes.get(engine, "runs it")
    if entry.shape:
        verified = "" if entry.shape_verified else " (shapes not verified)"
        yield "Shape", f"{shape_text(entry.shape)}{verified}"
    else:
        yield "Shape", entry.no_shape
    yield "Note", entry.note
    yield "Sources", "\n".join(entry.sources)
    yield "From", "" if entry.origin == "shipped" else entry.origin


def _licence_text(licence: Licence) -> str:
    note = f" ({licence.note})" if licence.note else ""
    source = f"read in {licence.source}" if licence.source else "unverified: no source; read the model's card"
    return f"{licence.name}{note}; {source}"


def _weights(entry: CatalogueEntry) -> str:
    counted = (
        f"{parameters_of(entry.shape):,} by its shape"
        if entry.shape
        else f"about {billions(entry.parameters_b)}"
    )
    return f"{counted}; published {entry.published_parameters:,}" if entry.published_parameters else counted


def shape_text(shape: Shape) -> str:
    """A shape in one sentence."""
    parts = [f"{shape.architecture}: {len(shape.layers)} layers of width {shape.width:,}"]
    heads = [layer for layer in shape.layers if layer.mixer is Mixer.ATTENTION]
    if heads:
        few = f" in {len(heads)} of them" if len(heads) < len(shape.layers) else ""
        widths = sorted({(layer.heads, layer.kv_heads) for layer in heads})
        counts = f"{widths[0][0]} heads, {widths[0][1]} for keys"
        if len(widths) > 1:
            counts += f", to {widths[-1][0]} and {widths[-1][1]}"
        parts.append(f"{counts}, {shape.head_width} wide{few}")
    windows = [layer.window for layer in shape.layers if layer.window]
    if windows:
        parts.append(f"{len(windows)} layers see {max(windows):,} tokens back")
    if shape.experts:
        parts.append(f"{shape.experts.used} of {shape.experts.count} experts")
    if shape.state_space:
        parts.append(f"a state of {shape.state_space.inner:,} x {shape.state_space.state}")
    parts.append(f"{shape.vocabulary:,} tokens{', tied' if shape.tied_embeddings else ''}")
    return "; ".join(parts)


def size_table(sizes: Sequence[LevelSize]) -> Table:
    """Sizes by level."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("Level", no_wrap=True)
    table.add_column("Tensors", justify="right", no_wrap=True)
    table.add_column("Fall back", justify="right")
    table.add_column("Published file", overflow="fold")
    for size in sizes:
        table.add_row(
            size.level,
            "unknown" if size.tensor_bytes is None else gigabytes(size.tensor_bytes),
            str(size.fallback_tensors or ""),
            Text(plain("\n".join(_published(size)))),
        )
    return table


def gigabytes(size_bytes: int) -> str:
    """``4.912 GB`` or ``253.1 MB``."""
    return f"{size_bytes / 1e9:.3f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.1f} MB"


def _published(size: LevelSize) -> Iterator[str]:
    for file in size.published:
        about = "" if file.exact else " about"
        name = f" {file.file}: {file.differs}" if file.differs else ""
        yield f"{about} {gigabytes(file.size_bytes)}{name}".strip()


def entry_json(entry: CatalogueEntry) -> dict[str, Any]:
    """One model as ``--json`` prints it; ``shape`` has one object a layer."""
    document = asdict(entry)
    document["licence"] |= {"verified": entry.licence.verified, "permissive": entry.licence.permissive}
    if entry.shape:
        document["shape"]["biases"] = sorted(entry.shape.biases)
    document["published_sizes"] = document.pop("sizes")
    return document


def sizes_json(sizes: Sequence[LevelSize]) -> list[dict[str, Any]]:
    """Sizes by level as ``models show --json`` prints them."""
    return [
        {"level": size.level, "tensor_bytes": size.tensor_bytes, "fallback_tensors": size.fallback_tensors}
        for size in sizes
    ]
