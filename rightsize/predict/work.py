"""What one computation has to do, counted from tensors and shape: bytes read, multiplications, attention,
layers.

A token's decoding reads every multiplied weight once; a batch of a prompt multiplies each with every token.
Both attend to what is in the cache. These counts times the machine's own rates are the roofline of Williams,
Waterman and Patterson (2009), added up instead of maximised, because llama.cpp does its operations one after
another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

from rightsize.models.shapes.shape import Mixer, Shape
from rightsize.predict.memory import Typed, multiplied

_CELL_NUMBER_BYTES = 2  # keys and values are kept as F16
_HEAD_NAMES = {"output.weight", "token_embd.weight"}


@dataclass(frozen=True, slots=True)
class Weights:
    """Of each type: bytes that the layers multiply with, and those of the output head.

    ``prompt_bytes`` are those of the layers that every token of a prompt is multiplied with: llama.cpp drops
    all tokens but those with an answer before the last layer's feed-forward. Of experts only the part that one
    token goes through counts, once more in ``expert_bytes``; ``idle_bytes`` are those of the others, which the
    next token may need.
    """

    layer_bytes: Mapping[str, float]
    head_bytes: Mapping[str, float]
    prompt_bytes: Mapping[str, float]
    expert_bytes: float = 0.0
    idle_bytes: float = 0.0

    @property
    def total_bytes(self) -> float:
        """All bytes that one token reads."""
        return sum(self.layer_bytes.values()) + sum(self.head_bytes.values())

    @property
    def resident_bytes(self) -> float:
        """All bytes that some token may read: what has to fit a cache to be read from there."""
        return self.total_bytes + self.idle_bytes

    @property
    def bytes_by_type(self) -> dict[str, float]:
        """All bytes that one token reads, by type."""
        types = sorted({*self.layer_bytes, *self.head_bytes})
        return {kind: self.layer_bytes.get(kind, 0.0) + self.head_bytes.get(kind, 0.0) for kind in types}


@dataclass(frozen=True, slots=True)
class Attention:
    """What all layers with equal heads and window do for one token and one cell it sees."""

    head_width: int
    window: int
    multiplications: float
    cell_bytes: float

    def seen(self, depth: float) -> float:
        """How many of ``depth`` tokens are seen; a window of 0 sees all."""
        return min(depth, self.window) if self.window else depth


@dataclass(frozen=True, slots=True)
class Work:
    """What a model does for a token, however many there are at a time.

    ``attention`` lists what layers attend with, equal ones together; ``state`` is numbers of recurrent state
    that one token updates; ``operations`` counts tensors, each of which is an operation or two; ``elements``
    is what goes through norms and activations; ``parameters`` counts the weights that each token of a prompt
    is multiplied with.
    """

    weights: Weights
    attention: tuple[Attention, ...]
    state: float
    operations: int
    elements: float
    parameters: float

    def attended(self, depth: float, width: int | None = None) -> float:
        """Multiplications for one token that sees ``depth`` tokens; of heads of one width, or of all."""
        chosen = [each for each in self.attention if width in (None, each.head_width)]
        return sum(each.multiplications * each.seen(depth) for each in chosen)

    def cached_bytes(self, depth: float) -> float:
        """Bytes of keys and values that one token reads at a depth."""
        return sum(each.cell_bytes * each.seen(depth) for each in self.attention)


def work_of(shape: Shape, tensors: Sequence[Typed]) -> Work:
    """Count the work of a shape whose tensors have these types."""
    return Work(
        weights=_weights(shape, tensors),
        attention=_attention(shape),
        state=_state(shape),
        operations=len(tensors),
        elements=sum(8 * shape.width + 3 * shape.active_feed_forward(layer) for layer in shape.layers)
        - 3 * shape.active_feed_forward(shape.layers[-1]),
        parameters=sum(
            _share(shape, t) * prod(t.shape) for t in multiplied(tensors) if t.name not in _HEAD_NAMES
        ),
    )


def _attention(shape: Shape) -> tuple[Attention, ...]:
    found: dict[tuple[int, int], tuple[float, float]] = {}
    for layer in shape.attention_layers:
        both = layer.head_width + (shape.latent.value_width if shape.latent else layer.head_width)
        multiplications, size = found.get((layer.head_width, layer.window), (0.0, 0.0))
        found[layer.head_width, layer.window] = (
            multiplications + layer.heads * both,
            size + layer.kv_heads * both * _CELL_NUMBER_BYTES,
        )
    return tuple(Attention(*key, *sums) for key, sums in found.items())


def _weights(shape: Shape, tensors: Sequence[Typed]) -> Weights:
    layer_bytes: dict[str, float] = {}
    head_bytes: dict[str, float] = {}
    prompt_bytes: dict[str, float] = {}
    dropped = f"blk.{len(shape.layers) - 1}.ffn_"
    expert_bytes = idle_bytes = 0.0
    for tensor in multiplied(tensors):
        kind = tensor.type_name
        if tensor.name in _HEAD_NAMES:
            head_bytes[kind] = head_bytes.get(kind, 0.0) + tensor.size_bytes
            continue
        used = _share(shape, tensor) * tensor.size_bytes
        layer_bytes[kind] = layer_bytes.get(kind, 0.0) + used
        if not tensor.name.startswith(dropped):
            prompt_bytes[kind] = prompt_bytes.get(kind, 0.0) + used
        if _is_of_experts(shape, tensor):
            expert_bytes += used
            idle_bytes += tensor.size_bytes - used
    return Weights(layer_bytes, head_bytes, prompt_bytes, expert_bytes, idle_bytes)


def _share(shape: Shape, tensor: Typed) -> float:
    """Which part of a tensor one token goes through."""
    if shape.experts and _is_of_experts(shape, tensor):
        return shape.experts.used / shape.experts.count
    return 1.0


def _is_of_experts(shape: Shape, tensor: Typed) -> bool:
    """Whether a tensor stacks one matrix for each expert."""
    return shape.experts is not None and len(tensor.shape) == 3


def _state(shape: Shape) -> float:
    recurrent = sum(layer.mixer in (Mixer.MAMBA, Mixer.MAMBA2) for layer in shape.layers)
    return float(recurrent * shape.state_space.inner * shape.state_space.state) if shape.state_space else 0.0
