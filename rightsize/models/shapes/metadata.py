"""From a shape to the metadata that llama.cpp reads: the keys its converter writes for the architecture."""

from __future__ import annotations

from collections.abc import Iterator

from rightsize.models.shapes.architectures import architecture
from rightsize.models.shapes.shape import Mixer, Shape

MetadataValue = bool | int | float | str | list[int] | list[bool] | list[str]
_EPSILON = {"openelm": 1e-6, "gemma": 1e-6, "gemma2": 1e-6, "gemma3": 1e-6, "qwen2": 1e-6, "qwen3": 1e-6}
_DEFAULT_EPSILON = 1e-5
_NEEDS_MULTIPLIERS = {"granite", "granitemoe", "granitehybrid", "minicpm"}
_MULTIPLIER_KEYS = {
    "embedding": "embedding_scale",
    "residual": "residual_scale",
    "logits": "logit_scale",
    "attention": "attention.scale",
}


def metadata_of(shape: Shape) -> dict[str, MetadataValue]:
    """Keys without ``general.*`` and the tokenizer; integers are written as uint32, floats as float32."""
    return {f"{shape.architecture}.{key}": value for key, value in _pairs(shape)}


def _pairs(shape: Shape) -> Iterator[tuple[str, MetadataValue]]:
    row = architecture(shape.architecture)
    yield "block_count", len(shape.layers)
    yield "context_length", shape.context
    yield "embedding_length", shape.width
    yield "vocab_size", shape.vocabulary
    yield "feed_forward_length", _each([_inner(shape, number) for number in range(len(shape.layers))])
    norm = "layer_norm_epsilon" if row.layer_norm else "layer_norm_rms_epsilon"
    yield f"attention.{norm}", _EPSILON.get(shape.architecture, _DEFAULT_EPSILON)
    yield from _heads(shape)
    yield from _rope(shape)
    yield from _windows(shape)
    yield from _mixers(shape)
    if shape.architecture in _NEEDS_MULTIPLIERS or shape.multipliers:
        yield from ((_MULTIPLIER_KEYS[name], value) for name, value in _multipliers(shape).items())
    for name, value in shape.softcap.items():
        yield f"{'attn' if name == 'attention' else name}_logit_softcapping", value


def _each(values: list[int]) -> int | list[int]:
    """One number where all layers agree, as the converter writes it, else one for each layer."""
    return values[0] if len(set(values)) == 1 else values


def _inner(shape: Shape, number: int) -> int:
    return shape.experts.feed_forward if shape.experts else shape.layers[number].feed_forward


def _heads(shape: Shape) -> Iterator[tuple[str, MetadataValue]]:
    heads = [layer.heads for layer in shape.layers]
    if len(shape.attention_layers) < len(shape.layers):
        # Which layers have attention is told by the key-value heads alone; the head count stays one number.
        heads = [max(heads)] * len(heads)
    yield "attention.head_count", _each(heads)
    if not shape.attention_layers:
        return
    yield "attention.head_count_kv", _each([layer.kv_heads for layer in shape.layers])
    value = shape.latent.value_width if shape.latent else shape.head_width
    yield "attention.key_length", shape.head_width
    yield "attention.value_length", value
    if shape.latent:
        yield "attention.q_lora_rank", shape.latent.query_rank
        yield "attention.kv_lora_rank", shape.latent.kv_rank


def _rope(shape: Shape) -> Iterator[tuple[str, MetadataValue]]:
    rope = shape.rope
    if shape.architecture == "granitehybrid":
        yield "rope.scaling.finetuned", bool(rope.base)
    if not shape.attention_layers:
        return
    yield "rope.dimension_count", shape.rotated
    if rope.base:
        yield "rope.freq_base", rope.base
    if rope.local_base:
        yield "rope.freq_base_swa", rope.local_base
    if rope.scaling in {"linear", "yarn", "longrope"}:
        yield "rope.scaling.type", rope.scaling
        if rope.scaling != "longrope":
            yield "rope.scaling.factor", rope.factor
    if rope.original_context and rope.scaling != "llama3":
        yield "rope.scaling.original_context_length", rope.original_context
    if rope.attention_temperature:
        yield "attention.temperature_scale", rope.attention_temperature


def _windows(shape: Shape) -> Iterator[tuple[str, MetadataValue]]:
    if not shape.stated_window:
        if shape.architecture == "phi3":
            yield "attention.sliding_window", 0
        return
    if shape.architecture == "llama":
        return  # llama.cpp has no window there, and its converter writes none
    yield "attention.sliding_window", shape.stated_window
    slides = [layer.window > 0 for layer in shape.layers]
    every = architecture(shape.architecture).global_every
    if every and slides != [(number + 1) % every > 0 for number in range(len(slides))]:
        yield "attention.sliding_window_pattern", slides


def _mixers(shape: Shape) -> Iterator[tuple[str, MetadataValue]]:
    if shape.state_space:
        yield "ssm.conv_kernel", shape.state_space.kernel
        yield "ssm.inner_size", shape.state_space.inner
        yield "ssm.state_size", shape.state_space.state
        yield "ssm.time_step_rank", shape.state_space.rank
        if any(layer.mixer is Mixer.MAMBA2 for layer in shape.layers):
            yield "ssm.group_count", shape.state_space.groups
    if shape.convolution_kernel:
        yield "shortconv.l_cache", shape.convolution_kernel
    if shape.experts:
        yield "expert_count", shape.experts.count
        yield "expert_used_count", shape.experts.used
        if shape.experts.shared_feed_forward:
            yield "expert_shared_feed_forward_length", shape.experts.shared_feed_forward


def _multipliers(shape: Shape) -> dict[str, float]:
    """Those stated; else neutral ones, which cost the same operations."""
    neutral = {"embedding": 1.0, "residual": 1.0, "logits": 1.0}
    if shape.head_width and shape.architecture.startswith("granite"):
        neutral["attention"] = shape.head_width**-0.5
    return {**neutral, **shape.multipliers}
