"""What a twin's file will hold: its head, byte by byte, and where each tensor lies in what type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rightsize.models.levels import file_types
from rightsize.models.shapes.gguf_file import TypedTensor, head_bytes, padded
from rightsize.models.shapes.metadata import MetadataValue, metadata_of
from rightsize.models.shapes.quant_mix import QuantMix
from rightsize.models.shapes.shape import Shape
from rightsize.models.twins.tokenizer import no_tokenizer


@dataclass(frozen=True, slots=True)
class TwinPlan:
    """A file to write: ``tensors`` in the order they lie after the ``head``, each padded to the next.

    ``mix`` says where the types come from. ``approximate`` says what is not as in the real model, if anything.
    """

    head: bytes
    tensors: Sequence[TypedTensor]
    mix: str
    approximate: str = ""
    architecture: str = ""

    @property
    def size_bytes(self) -> int:
        """Length of the file."""
        return len(self.head) + sum(padded(tensor.size_bytes) for tensor in self.tensors)


def twin_plan(
    shape: Shape, mix: QuantMix, *, name: str, tokenizer: Mapping[str, MetadataValue] | None = None
) -> TwinPlan:
    """The twin of a shape at a mix; without the keys of a ``tokenizer`` it has none."""
    metadata = {**metadata_of(shape), **(no_tokenizer() if tokenizer is None else tokenizer)}
    file_type = file_types()[mix.level]
    head = head_bytes(shape.architecture, metadata, mix.tensors, name=name, file_type=file_type)
    approximate = "routing to experts is that of random gates, balanced on purpose" if shape.experts else ""
    return TwinPlan(head, mix.tensors, f"llama.cpp's rules for {mix.level}", approximate, shape.architecture)
