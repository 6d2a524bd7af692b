"""From a shape to llama.cpp's tensors: their exact names and dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from rightsize.models.shapes.architectures import Architecture, architecture
from rightsize.models.shapes.shape import Layer, Mixer, Shape

_NEVER_QUANTIZED = ("_norm.weight", "ffn_gate_inp.weight", "ssm_conv1d.weight", "shortconv.conv.weight")


@dataclass(frozen=True, slots=True)
class TensorShape:
    """One tensor. ``shape`` is in GGUF order: ``shape[0]`` is the row width."""

    name: str
    shape: tuple[int, ...]

    @property
    def elements(self) -> int:
        """Number of weights."""
        return prod(self.shape)

    @property
    def unquantized_type(self) -> str:
        """``F32`` for what llama.cpp's converter never writes smaller, else ``F16``."""
        small = len(self.shape) < 2 or not self.name.endswith(".weight")
        kept = self.name.endswith(_NEVER_QUANTIZED) or self.name == "position_embd.weight"
        return "F32" if small or kept else "F16"


def tensors_of(shape: Shape) -> Sequence[TensorShape]:
    """Every tensor of a GGUF file of this shape. Raises ModelError for an architecture that is not known."""
    row = architecture(shape.architecture)
    return tuple(TensorShape(name, size) for name, size in _all(shape, row))


def parameters_of(shape: Shape) -> int:
    """How many weights the shape has; a table of rotations is not counted, because nobody trains it."""
    return sum(tensor.elements for tensor in tensors_of(shape) if not tensor.name.startswith("rope_"))


_Spec = Iterator[tuple[str, tuple[int, ...]]]


def _all(shape: Shape, row: Architecture) -> _Spec:
    yield "token_embd.weight", (shape.width, shape.vocabulary)
    if row.positions:
        yield "position_embd.weight", (shape.width, shape.context)
    yield from _norm(row.output_norm, shape.width, row)
    if row.output == "always" or (row.output == "optional" and not shape.tied_embeddings):
        yield "output.weight", (shape.width, shape.vocabulary)
    if row.output_bias:
        yield "output.bias", (shape.vocabulary,)
    yield from _rope_tables(shape)
    for number, layer in enumerate(shape.layers):
        for name, size in _layer(shape, row, layer):
            yield f"blk.{number}.{name}", size


def _rope_tables(shape: Shape) -> _Spec:
    if shape.rope.scaling == "llama3":
        yield "rope_freqs.weight", (shape.rotated // 2,)
    elif shape.rope.scaling == "longrope":
        yield "rope_factors_long.weight", (shape.rotated // 2,)
        yield "rope_factors_short.weight", (shape.rotated // 2,)


def _norm(name: str, width: int, row: Architecture) -> _Spec:
    yield f"{name}.weight", (width,)
    if row.layer_norm:
        yield f"{name}.bias", (width,)


def _layer(shape: Shape, row: Architecture, layer: Layer) -> _Spec:
    if row.pre_norm:
        yield from _norm("attn_norm", shape.width, row)
    if layer.mixer is Mixer.ATTENTION:
        yield from (_latent_attention if row.latent else _attention)(shape, row, layer)
    elif layer.mixer is Mixer.SHORT_CONVOLUTION:
        yield from _short_convolution(shape)
    else:
        yield from (_mamba if layer.mixer is Mixer.MAMBA else _mamba2)(shape)
    if shape.experts or layer.feed_forward:
        if row.pre_norm and row.feed_forward_norm:
            yield from _norm("ffn_norm", shape.width, row)
        yield from _experts(shape) if shape.experts else _feed_forward(shape, row, layer)
    if row.post_norm:
        yield "post_attention_norm.weight", (shape.width,)
        yield "post_ffw_norm.weight", (shape.width,)


def _attention(shape: Shape, row: Architecture, layer: Layer) -> _Spec:
    biased = row.biases | shape.biases
    query, key = layer.query_width, layer.kv_width
    parts = {"qkv": query + 2 * key} if row.fused_qkv else {"q": query, "k": key, "v": key}
    for part, columns in parts.items():
        yield f"attn_{part}.weight", (shape.width, columns)
        if "qkv" in biased:
            yield f"attn_{part}.bias", (columns,)
    if row.qk_norm:
        full = row.qk_norm == "full"
        yield "attn_q_norm.weight", (query if full else layer.head_width,)
        yield "attn_k_norm.weight", (key if full else layer.head_width,)
    yield "attn_output.weight", (query, shape.width)
    if "attention_output" in biased:
        yield "attn_output.bias", (shape.width,)


def _latent_attention(shape: Shape, _row: Architecture, layer: Layer) -> _Spec:
    latent = shape.latent
    assert latent is not None
    plain = layer.head_width - latent.rope_width
    yield "attn_q_a_norm.weight", (latent.query_rank,)
    yield "attn_kv_a_norm.weight", (latent.kv_rank,)
    yield "attn_q_a.weight", (shape.width, latent.query_rank)
    yield "attn_q_b.weight", (latent.query_rank, layer.query_width)
    yield "attn_kv_a_mqa.weight", (shape.width, latent.kv_rank + latent.rope_width)
    yield "attn_kv_b.weight", (latent.kv_rank, layer.heads * (plain + latent.value_width))
    yield "attn_output.weight", (layer.heads * latent.value_width, shape.width)


def _mamba(shape: Shape) -> _Spec:
    space = shape.state_space
    assert space is not None
    yield "ssm_in.weight", (shape.width, 2 * space.inner)
    yield "ssm_conv1d.weight", (space.kernel, space.inner)
    yield "ssm_conv1d.bias", (space.inner,)
    yield "ssm_x.weight", (space.inner, space.rank + 2 * space.state)
    yield "ssm_dt.weight", (space.rank, space.inner)
    yield "ssm_dt.bias", (space.inner,)
    yield "ssm_a", (space.state, space.inner)
    yield "ssm_d", (space.inner,)
    yield "ssm_out.weight", (space.inner, shape.width)


def _mamba2(shape: Shape) -> _Spec:
    space = shape.state_space
    assert space is not None
    convolved = space.inner + 2 * space.groups * space.state
    yield "ssm_in.weight", (shape.width, space.inner + convolved + space.rank)
    yield "ssm_conv1d.weight", (space.kernel, convolved)
    yield "ssm_conv1d.bias", (convolved,)
    yield "ssm_dt.bias", (space.rank,)
    yield "ssm_a", (1, space.rank)
    yield "ssm_d", (1, space.rank)
    yield "ssm_norm.weight", (space.inner // space.groups, space.groups)
    yield "ssm_out.weight", (space.inner, shape.width)


def _short_convolution(shape: Shape) -> _Spec:
    yield "shortconv.conv.weight", (shape.convolution_kernel, shape.width)
    yield "shortconv.in_proj.weight", (shape.width, 3 * shape.width)
    yield "shortconv.out_proj.weight", (shape.width, shape.width)


def _feed_forward(shape: Shape, row: Architecture, layer: Layer) -> _Spec:
    inner = layer.feed_forward
    matrices = {
        "gate": (shape.width, inner),
        "up": (shape.width, 2 * inner if row.gate == "fused" else inner),
        "down": (inner, shape.width),
    }
    for part, size in matrices.items():
        if part == "gate" and row.gate != "own":
            continue
        yield f"ffn_{part}.weight", size
        if "feed_forward" in row.biases | shape.biases:
            yield f"ffn_{part}.bias", (size[1],)


def _experts(shape: Shape) -> _Spec:
    experts = shape.experts
    assert experts is not None
    width, inner, shared = shape.width, experts.feed_forward, experts.shared_feed_forward
    yield "ffn_gate_inp.weight", (width, experts.count)
    yield "ffn_gate_exps.weight", (width, inner, experts.count)
    yield "ffn_up_exps.weight", (width, inner, experts.count)
    yield "ffn_down_exps.weight", (inner, width, experts.count)
    if shared:
        yield "ffn_gate_shexp.weight", (width, shared)
        yield "ffn_up_shexp.weight", (width, shared)
        yield "ffn_down_shexp.weight", (shared, width)
