"""What a model of the catalogue weighs at a level: by llama.cpp's own rules, and as published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rightsize.models.catalogue.entry import CatalogueEntry, PublishedSize
from rightsize.models.shapes.quant_mix import quant_mixes


@dataclass(frozen=True, slots=True)
class LevelSize:
    """One level. ``tensor_bytes`` is the file less its metadata (tokenizer, keys); None: no shape is known."""

    level: str
    tensor_bytes: int | None
    fallback_tensors: int
    published: tuple[PublishedSize, ...]


def sizes_of(entry: CatalogueEntry, levels: Sequence[str]) -> list[LevelSize]:
    """A model's size at levels. Raises QuantizeError where llama.cpp refuses the shape."""
    mixes = quant_mixes([entry.shape], levels)[0] if entry.shape else {}
    return [
        LevelSize(
            level,
            mixes[level].tensor_bytes if mixes else None,
            mixes[level].fallback_tensors if mixes else 0,
            tuple(size for size in entry.sizes if size.level == level),
        )
        for level in levels
    ]
