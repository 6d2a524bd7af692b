"""The small files that a machine is calibrated with: real widths, few layers, one type each, random weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rightsize.models.shapes.gguf_file import TypedTensor, head_bytes
from rightsize.models.shapes.metadata import metadata_of
from rightsize.models.shapes.shape import Experts, Layer, Mixer, Rope, Shape, StateSpace
from rightsize.models.shapes.tensors import TensorShape, tensors_of
from rightsize.models.twins.plan import TwinPlan
from rightsize.models.twins.tokenizer import no_tokenizer
from rightsize.models.twins.write import write_twin

_VOCABULARY = 1024
_CONTEXT = 8192
_WIDEST_BLOCK = 256


def named(tokens: int, depth: int) -> str:
    """A timed point in words."""
    what = "decoding" if tokens == 1 else f"{tokens} tokens at once"
    return f"{what} after {depth}" if depth else what


@dataclass(frozen=True, slots=True)
class ProbeFile:
    """One file of a probe: a shape with all its matrices in one type, and which points are timed.

    ``points`` are (tokens, depth): one token is decoding, more are a prompt. ``is_knot``: the file tells what
    size costs.
    """

    tag: str
    shape: Shape
    type_name: str
    points: tuple[tuple[int, int], ...]
    is_knot: bool = False

    @property
    def title(self) -> str:
        """What it tells of, for people: its type where that is what it is for."""
        return self.type_name if self.tag.startswith("type-") else self.tag

    @property
    def tensors(self) -> tuple[TypedTensor, ...]:
        """The tensors with their types: what stays F32, and what is too narrow for blocks, keeps its own."""
        return tuple(TypedTensor(each.name, each.shape, self._type_of(each)) for each in tensors_of(self.shape))

    def _type_of(self, tensor: TensorShape) -> str:
        fits = tensor.unquantized_type == "F16" and tensor.shape[0] % _WIDEST_BLOCK == 0
        return self.type_name if fits else tensor.unquantized_type

    def write(self, folder: Path) -> Path:
        """Write the file, a hundred MB in a tenth of a second, and return its path."""
        metadata = {**metadata_of(self.shape), **no_tokenizer()}
        head = head_bytes(self.shape.architecture, metadata, self.tensors, name=self.tag)
        return write_twin(folder / f"{self.tag}.gguf", TwinPlan(head, self.tensors, self.type_name))


def llama_shape(*, layers: int, width: int, heads: int, kv_heads: int, feed_forward: int) -> Shape:
    """A small decoder with a small vocabulary: what is timed is its layers."""
    layer = Layer(heads=heads, kv_heads=kv_heads, head_width=width // heads, feed_forward=feed_forward)
    return Shape("llama", width, _VOCABULARY, True, _CONTEXT, (layer,) * layers, rope=Rope(base=10000.0))


def expert_shape() -> Shape:
    """A small decoder whose tokens go through 4 of 16 experts."""
    experts = Experts(count=16, used=4, feed_forward=1024)
    layer = Layer(heads=8, kv_heads=2, head_width=128, feed_forward=1024)
    layers = (layer,) * 3
    return Shape("llama", 1024, _VOCABULARY, True, _CONTEXT, layers, rope=Rope(base=10000.0), experts=experts)


def mamba_shape(*, layers: int, width: int) -> Shape:
    """A small recurrent model."""
    space = StateSpace(inner=2 * width, state=16, kernel=4, rank=width // 16)
    layer = Layer(Mixer.MAMBA)
    return Shape("mamba", width, _VOCABULARY, True, _CONTEXT, (layer,) * layers, state_space=space)
