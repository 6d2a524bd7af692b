"""A shape as people write it in YAML: one number where all layers agree, a list where they do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rightsize.errors import ModelError
from rightsize.models.shapes.architectures import architecture
from rightsize.models.shapes.shape import Experts, Latent, Layer, Mixer, Rope, Shape, StateSpace

_KEYS = {
    "architecture",
    "layers",
    "width",
    "heads",
    "kv_heads",
    "head_width",
    "feed_forward",
    "vocabulary",
    "tied_embeddings",
    "context_in_file",
    "attention_layers",
    "mixer",
    "convolution_kernel",
    "state_space",
    "experts",
    "latent",
    "sliding_window",
    "rope",
    "biases",
    "softcap",
    "multipliers",
}


def shape_from(document: Mapping[str, Any], context: int) -> Shape:
    """Read a ``shape:`` block. Raises ModelError for what is missing, misspelt or contradicts itself."""
    unknown = set(document) - _KEYS
    if unknown:
        raise ModelError(f"shape has the unknown key {sorted(unknown)[0]!r}")
    try:
        shape = _shape(document, context)
    except KeyError as error:
        raise ModelError(f"shape lacks {error.args[0]!r}") from None
    except (TypeError, ValueError) as error:
        raise ModelError(f"shape holds what cannot be read: {error}") from None
    for problem in contradictions(shape):
        raise ModelError(f"the shape contradicts itself: {problem}")
    return shape


def _shape(document: Mapping[str, Any], context: int) -> Shape:
    name = str(document["architecture"])
    window = document.get("sliding_window") or {}
    experts = document.get("experts")
    space, latent = document.get("state_space"), document.get("latent")
    rope = {key: value for key, value in document.get("rope", {}).items() if key != "none_every"}
    return Shape(
        architecture=name,
        width=int(document["width"]),
        vocabulary=int(document["vocabulary"]),
        tied_embeddings=_yes_or_no(document["tied_embeddings"]),
        context=int(document.get("context_in_file", context)),
        layers=_layers(document, window),
        rope=Rope(**rope),
        biases=frozenset(document.get("biases", ())),
        state_space=StateSpace(**space) if space else None,
        convolution_kernel=int(document.get("convolution_kernel", 0)),
        experts=Experts(**experts) if experts else None,
        latent=Latent(**latent) if latent else None,
        stated_window=int(window.get("tokens", 0)),
        multipliers=dict(document.get("multipliers", {})),
        softcap=dict(document.get("softcap", {})),
    )


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"tied_embeddings must be true or false, not {value!r}")
    return value


def _layers(document: Mapping[str, Any], window: Mapping[str, Any]) -> tuple[Layer, ...]:
    count = int(document["layers"])
    if not 0 < count <= 512:
        raise ValueError(f"layers must lie between 1 and 512, not {count}")
    other = Mixer(document.get("mixer", "attention"))
    attends = set(document.get("attention_layers", range(count) if other is Mixer.ATTENTION else ()))
    heads, inner = _each(document, "heads", count), _each(document, "feed_forward", count)
    kv_heads = _each(document, "kv_heads", count, heads)
    head_width = int(document.get("head_width") or (int(document["width"]) // heads[0] if heads[0] else 0))
    tokens = int(window.get("tokens", 0)) if window.get("used", True) else 0
    every = int(window.get("global_every", 0))
    return tuple(
        Layer(
            Mixer.ATTENTION,
            heads[number],
            kv_heads[number],
            head_width,
            inner[number],
            tokens if not every or (number + 1) % every else 0,
        )
        if number in attends
        else Layer(other, feed_forward=inner[number])
        for number in range(count)
    )


def _each(document: Mapping[str, Any], key: str, count: int, default: list[int] | None = None) -> list[int]:
    value = document.get(key)
    if value is None:
        if default is None and key != "heads":
            raise KeyError(key)
        return default or [0] * count
    values = [int(each) for each in value] if isinstance(value, list) else [int(value)] * count
    if len(values) != count:
        raise ValueError(f"{key} lists {len(values)} values for {count} layers")
    return values


def contradictions(shape: Shape) -> list[str]:
    """What cannot be true together, as sentences; empty for a sound shape. May raise ModelError."""
    architecture(shape.architecture)
    found = []
    for number, layer in enumerate(shape.layers):
        if layer.mixer is Mixer.ATTENTION and not (
            layer.heads > 0 and layer.kv_heads > 0 and layer.head_width > 0
        ):
            found.append(f"layer {number} attends with {layer.heads} heads, {layer.kv_heads} for keys")
        elif layer.kv_heads and layer.heads % layer.kv_heads:
            found.append(f"{layer.heads} heads cannot share {layer.kv_heads} key-value heads")
        if min(layer.feed_forward, layer.window) < 0:
            found.append(f"layer {number} has a negative width")
    mixers = {layer.mixer for layer in shape.layers}
    if mixers & {Mixer.MAMBA, Mixer.MAMBA2}:
        found += _state_space_problems(shape)
    if Mixer.SHORT_CONVOLUTION in mixers and shape.convolution_kernel <= 0:
        found.append("short convolutions need convolution_kernel")
    if shape.experts and not 0 < shape.experts.used <= shape.experts.count:
        found.append(f"{shape.experts.used} of {shape.experts.count} experts cannot be used")
    if architecture(shape.architecture).latent != (shape.latent is not None):
        found.append(f"{shape.architecture} and latent attention go together or not at all")
    if min(shape.width, shape.vocabulary, shape.context) <= 0:
        found.append("width, vocabulary and context must be positive")
    if shape.architecture == "gemma2" and "final" not in shape.softcap:
        found.append("gemma2 needs its softcap")
    return list(dict.fromkeys(found))


def _state_space_problems(shape: Shape) -> list[str]:
    space = shape.state_space
    if space is None:
        return ["Mamba layers need state_space"]
    found = []
    if space.inner != 2 * shape.width:
        found.append(
            f"llama.cpp runs state_space.inner of twice the width only: {space.inner}, not {shape.width * 2}"
        )
    if space.groups <= 0 or space.inner % space.groups:
        found.append(f"state_space.inner {space.inner} is no multiple of {space.groups} groups")
    if any(layer.mixer is Mixer.MAMBA2 for layer in shape.layers) and (
        space.rank <= 0 or space.inner % space.rank
    ):
        found.append(f"state_space.inner {space.inner} is no multiple of its {space.rank} heads")
    return found
