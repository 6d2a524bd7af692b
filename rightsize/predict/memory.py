"""Peak resident memory of a model in llama.cpp, from its tensors and its shape.

Four parts: weights, which are mapped from the file, and copied besides where the build has kernels for a
packed form of their type; the cache; what one batch computes; and what the process holds without any model.
Column counts of a layer's computation were read off llama.cpp's own graph allocator for the shapes of the
catalogue, of which they reproduce the layers' part within 14%; ``no_alloc`` loading is the test's oracle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Protocol

from rightsize.models.shapes.architectures import architecture
from rightsize.models.shapes.shape import Layer, Mixer, Shape
from rightsize.predict.cache import CacheSettings, cache_bytes, cached_by

_F32_BYTES, _MASK_BYTES = 4, 2
_CONTEXT_BYTES = 6 << 20  # graph, tables and thread stacks of a context: what five twins had beyond the rest
_Q8_BYTES = 34 / 32  # a batch's activations are quantized before they are multiplied
_MAMBA_COLUMNS, _MAMBA2_COLUMNS = 6.2, 8.5  # columns of a recurrent layer's computation by its inner width


class Typed(Protocol):
    """A tensor with its type, as :class:`rightsize.models.shapes.gguf_file.TypedTensor` is one."""

    @property
    def name(self) -> str:
        """llama.cpp's name."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Row width first."""

    @property
    def type_name(self) -> str:
        """``Q4_K``, ``F32`` ..."""

    @property
    def size_bytes(self) -> int:
        """Bytes of its blocks."""


@dataclass(frozen=True, slots=True)
class Loading:
    """How a build loads weights, as a probe saw it.

    ``packed`` gives, for each type that the build copies into a packed form, the copy's bytes over the
    tensor's; ``base_bytes`` is the resident memory of the process before any model. ``n`` counts the files it
    was seen on.
    """

    packed: Mapping[str, float] = field(default_factory=dict)
    base_bytes: int = 0
    n: int = 0


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes by what they are for. ``reserved_bytes`` is what llama.cpp plans for computing at most; of it only
    ``compute_bytes`` are touched when one answer is wanted."""

    weights: int
    packed: int
    cache: int
    compute: int
    reserved: int
    base: int

    @property
    def while_loading(self) -> int:
        """Everything resident at the end of loading."""
        return self.base + self.weights + self.packed

    @property
    def peak(self) -> int:
        """The highest resident memory from the start of the process to the end of an answer."""
        return self.while_loading + self.cache + self.compute


def predict_memory(
    shape: Shape,
    tensors: Sequence[Typed],
    settings: CacheSettings,
    loading: Loading,
    *,
    prompt_tokens: int | None = None,
) -> Memory:
    """Memory of a run whose longest batch is ``prompt_tokens``, at most ``settings.batch_tokens``."""
    batch = min(settings.batch_tokens, prompt_tokens or settings.batch_tokens)
    return Memory(
        weights=sum(tensor.size_bytes for tensor in tensors),
        packed=packed_bytes(tensors, loading.packed),
        cache=cache_bytes(cached_by(shape), settings),
        compute=touched_bytes(shape, settings, batch),
        reserved=reserved_bytes(shape, settings),
        base=loading.base_bytes,
    )


def multiplied(tensors: Sequence[Typed]) -> list[Typed]:
    """The matrices that every token is multiplied with: not the embedding, unless it is the output as well."""
    tied = not any(tensor.name == "output.weight" for tensor in tensors)
    return [
        tensor
        for tensor in tensors
        if tensor.name.endswith(".weight")
        and len(tensor.shape) >= 2
        and tensor.type_name != "F32"
        and (tied or tensor.name != "token_embd.weight")
    ]


def packed_bytes(tensors: Sequence[Typed], packed: Mapping[str, float]) -> int:
    """Bytes of the copies that a build makes of what it multiplies with. Experts' tensors are not packed."""
    return round(
        sum(
            tensor.size_bytes * packed.get(tensor.type_name, 0.0)
            for tensor in multiplied(tensors)
            if len(tensor.shape) == 2 and prod(tensor.shape[1:]) % 32 == 0
        )
    )


def reserved_bytes(shape: Shape, settings: CacheSettings) -> int:
    """What llama.cpp reserves for computing: a whole batch with an answer wanted after every token."""
    widest = max(layer_columns(shape), shape.vocabulary + 2 * shape.width)
    return settings.batch_tokens * (widest * _F32_BYTES + _mask_columns(shape, settings) * _MASK_BYTES)


def touched_bytes(shape: Shape, settings: CacheSettings, batch_tokens: int) -> int:
    """What computing one batch touches, with one answer wanted, and the logits that are handed out."""
    computed = layer_columns(shape) * _F32_BYTES + _mask_columns(shape, settings) * _MASK_BYTES
    quantized = max(_widest_input(shape, layer) for layer in shape.layers) * _Q8_BYTES
    logits = 2 * shape.vocabulary * _F32_BYTES
    return round(batch_tokens * (computed + quantized)) + logits + _CONTEXT_BYTES


def layer_columns(shape: Shape) -> int:
    """Numbers that are alive at once in the widest layer, for each token of a batch."""
    return max(_columns(shape, layer) for layer in shape.layers)


def _columns(shape: Shape, layer: Layer) -> int:
    row = architecture(shape.architecture)
    feed_forward = (3 if row.gate else 2) * shape.active_feed_forward(layer) + 4 * shape.width
    attention = 3 * layer.query_width + 2 * layer.kv_width + 2 * shape.width
    return max(feed_forward, attention, _recurrent_columns(shape, layer))


def _recurrent_columns(shape: Shape, layer: Layer) -> int:
    if layer.mixer is Mixer.SHORT_CONVOLUTION:
        return 7 * shape.width
    space = shape.state_space
    if layer.mixer is Mixer.ATTENTION or space is None:
        return 0
    return round(space.inner * (_MAMBA2_COLUMNS if layer.mixer is Mixer.MAMBA2 else _MAMBA_COLUMNS))


def _widest_input(shape: Shape, layer: Layer) -> int:
    inner = shape.state_space.inner if shape.state_space else 0
    return max(shape.width, layer.feed_forward, layer.query_width, inner)


def _mask_columns(shape: Shape, settings: CacheSettings) -> int:
    """Which cells each token may see: one mask for all layers without a window and one for those with one."""
    windows = {layer.window for layer in shape.attention_layers}
    return sum(settings.window_cells(window) if window else settings.cells for window in windows)
