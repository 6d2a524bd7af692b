"""Bytes that a model keeps of what it has read, layer by layer, as llama.cpp allocates them.

Grouped heads keep fewer keys than they have queries, windows keep the last tokens only, latent attention keeps
one compressed vector a token and no values, recurrent layers keep a state of fixed size. From llama.cpp's
``llama-kv-cache*.cpp``, ``llama-memory-recurrent.cpp`` and ``llama-hparams.cpp`` (llama-cpp-python 0.3.36).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rightsize.models.shapes.shape import Mixer, Shape

CELL_STEP = 256  # llama.cpp rounds the number of cells up to this
_F32_BYTES = 4
_TYPE_BYTES = {"F32": 4.0, "F16": 2.0, "BF16": 2.0, "Q8_0": 34 / 32, "Q5_0": 22 / 32, "Q4_0": 18 / 32}


@dataclass(frozen=True, slots=True)
class Cached:
    """What one layer keeps: numbers for keys and values of one token, and numbers of a state per sequence.

    ``window`` is how many tokens back the layer sees; 0 means all.
    """

    key_width: int = 0
    value_width: int = 0
    window: int = 0
    state: int = 0


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """How much is kept. ``full_windows``: layers with a window get as many cells as the others all the same,
    which is llama.cpp's default, because it lets a prompt's beginning be reused.
    """

    context_tokens: int
    batch_tokens: int = 512
    sequences: int = 1
    key_type: str = "F16"
    value_type: str = "F16"
    full_windows: bool = True

    @property
    def cells(self) -> int:
        """Cells for tokens, in whole steps."""
        return _in_steps(self.context_tokens)

    def window_cells(self, window: int) -> int:
        """Cells of a layer with a window: the window and one batch, at most what the others have."""
        if self.full_windows:
            return self.cells
        return _in_steps(min(self.cells, window * self.sequences + self.batch_tokens))


def cache_bytes(layers: Sequence[Cached], settings: CacheSettings) -> int:
    """Bytes of keys, values and states of all layers together."""
    return sum(layer_bytes(layer, settings) for layer in layers)


def layer_bytes(layer: Cached, settings: CacheSettings) -> int:
    """Bytes that one layer keeps."""
    cells = settings.window_cells(layer.window) if layer.window else settings.cells
    per_cell = (
        layer.key_width * _TYPE_BYTES[settings.key_type] + layer.value_width * _TYPE_BYTES[settings.value_type]
    )
    return round(per_cell * cells) + layer.state * _F32_BYTES * settings.sequences


def cached_by(shape: Shape) -> tuple[Cached, ...]:
    """What each layer of a shape keeps."""
    return tuple(_cached(shape, number) for number in range(len(shape.layers)))


def grouped(kv_heads: int, head_width: int, *, value_width: int = 0, window: int = 0) -> Cached:
    """Attention with grouped heads: each key-value head keeps one key and one value a token."""
    return Cached(kv_heads * head_width, kv_heads * (value_width or head_width), window)


def latent(kv_rank: int, rope_width: int) -> Cached:
    """Multi-head latent attention in its absorbed form: one compressed vector and the rotated part, no
    values.
    """
    return Cached(key_width=kv_rank + rope_width)


def state_space(inner: int, state: int, kernel: int, groups: int = 0) -> Cached:
    """A Mamba layer: the last inputs of its convolution, and its state. Mamba 1 has no groups."""
    return Cached(state=(kernel - 1) * (inner + 2 * groups * state) + state * inner)


def short_convolution(width: int, kernel: int) -> Cached:
    """A gated short convolution: its last inputs."""
    return Cached(state=(kernel - 1) * width)


def _cached(shape: Shape, number: int) -> Cached:
    layer = shape.layers[number]
    if layer.mixer is Mixer.ATTENTION:
        value_width = shape.latent.value_width if shape.latent else 0
        return grouped(layer.kv_heads, layer.head_width, value_width=value_width, window=layer.window)
    if layer.mixer is Mixer.SHORT_CONVOLUTION:
        return short_convolution(shape.width, shape.convolution_kernel)
    space = shape.state_space
    assert space is not None
    groups = space.groups if layer.mixer is Mixer.MAMBA2 else 0
    return state_space(space.inner, space.state, space.kernel, groups)


def _in_steps(cells: int) -> int:
    return -(-cells // CELL_STEP) * CELL_STEP
