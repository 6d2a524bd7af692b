"""What a twin is made of: a model of the catalogue at a level, or a real file's header."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from rightsize.domain import Model
from rightsize.errors import ModelError
from rightsize.models.catalogue.entry import CatalogueEntry
from rightsize.models.shapes.metadata import MetadataValue
from rightsize.models.shapes.quant_mix import QuantMix, quant_mix
from rightsize.models.shapes.shape import Shape
from rightsize.models.shapes.tensors import parameters_of
from rightsize.models.twins.plan import TwinPlan, twin_plan
from rightsize.models.twins.tokenizer import synthetic_tokenizer


@dataclass(frozen=True)
class TwinSubject:
    """A model at a level. ``fixed`` is the plan of a real file's header, which then decides everything."""

    name: str
    level: str
    shape: Shape | None
    tokenizer: bool = False
    fixed: TwinPlan | None = None

    @classmethod
    def of(cls, entry: CatalogueEntry, level: str, *, tokenizer: bool = False) -> TwinSubject:
        """The twin of a catalogue model. Raises ModelError with the reason where it can have none."""
        if entry.shape is None:
            raise ModelError(
                f"{entry.id}: {entry.no_shape}", next_step="See: rightsize models show " + entry.id
            )
        return cls(entry.id, level, entry.shape, tokenizer)

    @cached_property
    def mix(self) -> QuantMix | None:
        """The types by llama.cpp's rules; None where a header decides."""
        return quant_mix(self.shape, self.level) if self.shape and not self.fixed else None

    def plan(self) -> TwinPlan:
        """What the file will hold. Raises QuantizeError where llama.cpp refuses the shape."""
        if self.fixed is not None:
            return self.fixed
        assert self.shape is not None
        assert self.mix is not None
        keys: Mapping[str, MetadataValue] | None = None
        if self.tokenizer:
            keys = synthetic_tokenizer(self.shape.vocabulary)
        return twin_plan(self.shape, self.mix, name=f"{self.name} (shape twin)", tokenizer=keys)

    def cut(self, depth: int) -> TwinSubject:
        """The same with its first ``depth`` layers only."""
        assert self.shape is not None
        return replace(self, shape=self.shape.with_layers(depth))

    @property
    def weights(self) -> int:
        """How many weights it has."""
        if self.shape is not None:
            return parameters_of(self.shape)
        return sum(tensor.elements for tensor in self.plan().tensors)

    def model(self) -> Model:
        """The twin as a candidate's model; its hash is that of the plan, because no weight says more."""
        plan = self.plan()
        digest = hashlib.sha256(plan.head)
        digest.update(repr([(t.name, t.shape, t.type_name) for t in plan.tensors]).encode())
        return Model(
            name=self.name,
            path=None,
            size_bytes=plan.size_bytes,
            sha256=digest.hexdigest(),
            architecture=self.shape.architecture if self.shape else plan.architecture,
            parameters=self.weights,
            quant=self.level,
            context_length=self.shape.context if self.shape else 0,
            fallback_tensors=self.mix.fallback_tensors if self.mix else 0,
            twin=True,
        )
