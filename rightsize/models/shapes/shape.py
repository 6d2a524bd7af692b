"""A language model's shape: every number its tensors, its cache and its metadata follow from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Mixer(StrEnum):
    """How one layer lets tokens see each other, and so what it remembers of them."""

    ATTENTION = "attention"  # keys and values of every token, or of the last ``window`` tokens
    MAMBA = "mamba"  # a fixed state, first version
    MAMBA2 = "mamba2"  # a fixed state, second version
    SHORT_CONVOLUTION = "short_convolution"  # the last few tokens only


@dataclass(frozen=True, slots=True)
class Layer:
    """One block. Heads and their width are 0 where ``mixer`` is no attention.

    ``window`` is how many tokens back llama.cpp lets the layer see; 0 means all of them.
    """

    mixer: Mixer = Mixer.ATTENTION
    heads: int = 0
    kv_heads: int = 0
    head_width: int = 0
    feed_forward: int = 0
    window: int = 0

    @property
    def query_width(self) -> int:
        """Columns of all query heads together."""
        return self.heads * self.head_width

    @property
    def kv_width(self) -> int:
        """Columns of all key heads together; the values have as many."""
        return self.kv_heads * self.head_width


@dataclass(frozen=True, slots=True)
class StateSpace:
    """A Mamba mixer. ``rank`` is the time step's rank (Mamba) or the number of heads (Mamba 2)."""

    inner: int
    state: int
    kernel: int
    rank: int
    groups: int = 1


@dataclass(frozen=True, slots=True)
class Experts:
    """A mixture of experts: each token goes to ``used`` of ``count``; the shared one (0: none) sees all."""

    count: int
    used: int
    feed_forward: int
    shared_feed_forward: int = 0


@dataclass(frozen=True, slots=True)
class Latent:
    """Attention with compressed queries and keys (multi-head latent attention).

    Of each head's width ``rope_width`` columns are rotated; ``value_width`` is the width of a value head.
    """

    query_rank: int
    kv_rank: int
    rope_width: int
    value_width: int


@dataclass(frozen=True, slots=True)
class Rope:
    """Rotary position encoding. ``base`` 0 means the model has none."""

    base: float = 0.0
    local_base: float = 0.0
    rotated_share: float = 1.0
    scaling: str = ""  # "", llama3, longrope, linear, yarn
    factor: float = 1.0
    original_context: int = 0
    attention_temperature: float = 0.0


@dataclass(frozen=True, slots=True)
class Shape:
    """A decoder's shape; ``architecture`` is llama.cpp's name for the family of tensors.

    ``width`` is that of the residual stream, ``biases`` names the projections that have one (``qkv``,
    ``attention_output``, ``feed_forward``), ``multipliers`` are Granite's and MiniCPM's (``embedding``,
    ``residual``, ``logits``, ``attention``), ``softcap`` Gemma 2's (``attention``, ``final``).
    ``stated_window`` is what the file says of a sliding window, whether llama.cpp follows it (``Layer.window``)
    or not.
    """

    architecture: str
    width: int
    vocabulary: int
    tied_embeddings: bool
    context: int
    layers: tuple[Layer, ...]
    rope: Rope = Rope()
    biases: frozenset[str] = frozenset()
    state_space: StateSpace | None = None
    convolution_kernel: int = 0
    experts: Experts | None = None
    latent: Latent | None = None
    stated_window: int = 0
    multipliers: Mapping[str, float] = field(default_factory=dict)
    softcap: Mapping[str, float] = field(default_factory=dict)

    @property
    def attention_layers(self) -> tuple[Layer, ...]:
        """The layers that keep keys and values."""
        return tuple(layer for layer in self.layers if layer.mixer is Mixer.ATTENTION)

    @property
    def head_width(self) -> int:
        """Width of one attention head; 0 where there is no attention."""
        return next((layer.head_width for layer in self.attention_layers), 0)

    @property
    def rotated(self) -> int:
        """How many columns of a head are rotated by position."""
        if self.latent:
            return self.latent.rope_width
        return int(self.head_width * self.rope.rotated_share)

    def active_feed_forward(self, layer: Layer) -> int:
        """Columns of a layer's feed-forward block that one token goes through: those of the used experts."""
        if self.experts is None:
            return layer.feed_forward
        return self.experts.used * self.experts.feed_forward + self.experts.shared_feed_forward

    def with_layers(self, count: int) -> Shape:
        """The same model cut down to its first ``count`` layers."""
        return replace(self, layers=self.layers[:count])
