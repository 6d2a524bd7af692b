"""One model of the catalogue: who made it, its licence, its shape, what its files weigh, and who says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rightsize.domain import JsonValue
from rightsize.models.shapes.shape import Shape

_PERMISSIVE = {"apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "isc", "cc0-1.0", "unlicense"}


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence by name. Without a ``source`` it is a pointer that nobody checked."""

    name: str
    source: str | None = None
    note: str = ""

    @property
    def verified(self) -> bool:
        """Whether a source is named."""
        return bool(self.source)

    @property
    def permissive(self) -> bool:
        """Whether the named licence allows any use with no more than a notice."""
        return self.name.lower() in _PERMISSIVE


@dataclass(frozen=True, slots=True)
class PublishedSize:
    """A file that somebody published: its bytes, how exactly they are known, and where that was read.

    ``differs`` says why a file is not what llama.cpp's rules give today (an untied output tensor, an older
    quantizer ...); ``file`` names it where the usual conversion is listed too.
    """

    level: str
    size_bytes: int
    source: str
    precision: str = "exact"
    file: str = ""
    differs: str = ""

    @property
    def exact(self) -> bool:
        """Whether the byte count was quoted, not rounded."""
        return self.precision == "exact"


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One model. ``shape`` is None where ``no_shape`` says why; then there is no twin and no prediction.

    ``parameters`` counts the weights of the text decoder, in billions (rounded where only a rounded figure is
    known). ``runs_on`` maps an engine to the reason why it cannot run the model, empty where it can.
    ``context`` is in tokens. ``origin`` is ``shipped`` or the user's file.
    """

    id: str
    family: str
    developer: str
    licence: Licence
    released: str
    hub_id: str
    modality: str
    context: int
    parameters_b: float
    shape: Shape | None
    no_shape: str
    shape_verified: bool
    runs_on: Mapping[str, str]
    engine_notes: Mapping[str, str]
    sources: tuple[str, ...]
    note: str = ""
    published_parameters: int | None = None
    known_shape: Mapping[str, JsonValue] = field(default_factory=dict)
    sizes: tuple[PublishedSize, ...] = ()
    origin: str = "shipped"

    def size_at(self, level: str) -> PublishedSize | None:
        """The published size at a level of a file by today's rules."""
        return next((size for size in self.sizes if size.level == level and not size.differs), None)
