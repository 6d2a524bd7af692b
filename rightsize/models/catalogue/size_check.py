"""Computed tensor bytes against every published file: what is left must be the vocabulary, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rightsize.models.catalogue.entry import CatalogueEntry, PublishedSize
from rightsize.models.shapes.quant_mix import QuantMix, quant_mixes

PLAUSIBLE_VOCABULARY_BYTES = (500_000, 16_000_000)
UNTIED = "untied output tensor"
# In these nothing is mixed: what a file has beyond its tensors is its vocabulary.
_UNMIXED = ("F16", "BF16", "Q8_0")


@dataclass(frozen=True, slots=True)
class SizeCheck:
    """One file whose bytes are known exactly.

    ``residual_bytes`` is the published file less the computed tensors. ``vocabulary_bytes`` is what another,
    unmixed file of the same model has beyond its tensors; None where there is no such file. ``untied`` files
    are computed with an output tensor of their own.
    """

    model: str
    published: PublishedSize
    tensor_bytes: int
    vocabulary_bytes: int | None

    @property
    def residual_bytes(self) -> int:
        """What the published file has beyond the computed tensors."""
        return self.published.size_bytes - self.tensor_bytes

    @property
    def untied(self) -> bool:
        """Whether the file has an output tensor that the model shares with its embeddings."""
        return self.published.differs == UNTIED

    @property
    def excepted(self) -> bool:
        """Whether the file is known not to follow today's rules."""
        return bool(self.published.differs) and not self.untied

    @property
    def error(self) -> float | None:
        """Deviation from the published file as a share of it; None where the vocabulary is not known."""
        if self.vocabulary_bytes is None:
            return None
        return abs(self.residual_bytes - self.vocabulary_bytes) / self.published.size_bytes

    @property
    def plausible(self) -> bool:
        """Whether what is left could be a vocabulary."""
        low, high = PLAUSIBLE_VOCABULARY_BYTES
        return low <= self.residual_bytes <= high


def size_checks(entries: Sequence[CatalogueEntry]) -> list[SizeCheck]:
    """Every exactly published size of every model with a shape, computed by llama.cpp's own rules."""
    checked = [entry for entry in entries if entry.shape and any(size.exact for size in entry.sizes)]
    levels = sorted({size.level for entry in checked for size in entry.sizes if size.exact})
    shapes = [entry.shape for entry in checked if entry.shape]
    untied = [replace(shape, tied_embeddings=False) for shape in shapes]
    mixes = zip(quant_mixes(shapes, levels), quant_mixes(untied, levels), strict=True)
    return [
        check for entry, pair in zip(checked, mixes, strict=True) for check in _checks(entry, pair[0], pair[1])
    ]


def _checks(
    entry: CatalogueEntry, tied: dict[str, QuantMix], untied: dict[str, QuantMix]
) -> Iterator[SizeCheck]:
    bare = [
        SizeCheck(entry.id, size, (untied if size.differs == UNTIED else tied)[size.level].tensor_bytes, None)
        for size in entry.sizes
        if size.exact
    ]
    for check in bare:
        yield replace(check, vocabulary_bytes=_vocabulary(check, bare))


def _vocabulary(check: SizeCheck, checks: Sequence[SizeCheck]) -> int | None:
    """From another file of the same kind, best one of the same source."""
    known = [
        other
        for other in checks
        if other is not check
        and not other.excepted
        and other.untied == check.untied
        and other.published.level in _UNMIXED
    ]
    known.sort(key=lambda other: other.published.source != check.published.source)
    return known[0].residual_bytes if known else None
