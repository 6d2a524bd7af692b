"""The shape of a real file, read from its header: what :mod:`rightsize.models.shapes.metadata` writes, back.

Widths come from the tensors themselves; keys say what tensors cannot: heads, windows, how many experts are
used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rightsize.errors import ModelError
from rightsize.models.gguf_header import GgufHeader, Tensor
from rightsize.models.shapes.architectures import architecture
from rightsize.models.shapes.gguf_file import TypedTensor
from rightsize.models.shapes.shape import Experts, Latent, Layer, Mixer, Shape, StateSpace

_BLOCK = re.compile(r"blk\.(\d+)\.(.+)")
_MIXERS = (
    ("attn_output.weight", Mixer.ATTENTION),
    ("ssm_x.weight", Mixer.MAMBA),
    ("ssm_in.weight", Mixer.MAMBA2),
    ("shortconv.in_proj.weight", Mixer.SHORT_CONVOLUTION),
)


def shape_of(header: GgufHeader, tensors: Sequence[Tensor]) -> Shape:
    """The shape of a model with these keys and tensors (of all its parts).

    Raises ModelError for an architecture that is not known, and for keys that are missing or contradict the
    tensors. Rotation, biases and multipliers are not read: no prediction depends on them.
    """
    name = header.text("general.architecture") or ""
    architecture(name)
    try:
        return _Reader(name, header, tensors).shape()
    except (KeyError, IndexError, ValueError, ZeroDivisionError) as error:
        raise ModelError(f"the header does not say what shape this {name} model has: {error}") from None


def typed(tensors: Sequence[Tensor]) -> list[TypedTensor]:
    """The tensors with their types by name."""
    from gguf.constants import GGMLQuantizationType

    return [TypedTensor(t.name, t.shape, str(GGMLQuantizationType(t.type_id).name)) for t in tensors]


class _Reader:
    """One header's keys and tensors, asked for by what they mean."""

    def __init__(self, name: str, header: GgufHeader, tensors: Sequence[Tensor]) -> None:
        self._name, self._header = name, header
        self._sizes = {tensor.name: tensor.shape for tensor in tensors}
        self._count = self._number("block_count")
        self._blocks: list[dict[str, tuple[int, ...]]] = [{} for _ in range(self._count)]
        for full, size in self._sizes.items():
            if (found := _BLOCK.fullmatch(full)) and int(found[1]) < self._count:
                self._blocks[int(found[1])][found[2]] = size

    def shape(self) -> Shape:
        return Shape(
            architecture=self._name,
            width=self._number("embedding_length"),
            vocabulary=self._sizes["token_embd.weight"][1],
            tied_embeddings="output.weight" not in self._sizes,
            context=self._number("context_length"),
            layers=self._layers(),
            state_space=self._state_space(),
            convolution_kernel=self._number("shortconv.l_cache", 0),
            experts=self._experts(),
            latent=self._latent(),
            stated_window=self._number("attention.sliding_window", 0),
        )

    def _layers(self) -> tuple[Layer, ...]:
        heads = self._each("attention.head_count", 0)
        kv_heads = [
            own or given for own, given in zip(self._each("attention.head_count_kv", 0), heads, strict=True)
        ]
        inner = self._each("feed_forward_length", 0)
        windows = self._windows()
        mixers = [self._mixer(block) for block in self._blocks]
        first = mixers.index(Mixer.ATTENTION) if Mixer.ATTENTION in mixers else None
        head_width = 0
        if first is not None:
            head_width = (
                self._number("attention.key_length", 0) or self._number("embedding_length") // heads[first]
            )
        return tuple(
            Layer(
                mixer,
                heads[number] if mixer is Mixer.ATTENTION else 0,
                kv_heads[number] if mixer is Mixer.ATTENTION else 0,
                head_width if mixer is Mixer.ATTENTION else 0,
                self._inner(number, inner[number]),
                windows[number] if mixer is Mixer.ATTENTION else 0,
            )
            for number, mixer in enumerate(mixers)
        )

    def _mixer(self, block: Mapping[str, Any]) -> Mixer:
        for tensor, mixer in _MIXERS:
            if tensor in block:
                return mixer
        raise KeyError("a layer mixes by no tensor that is known")

    def _inner(self, number: int, stated: int) -> int:
        down = self._blocks[number].get("ffn_down.weight")
        if down:
            return down[0]
        return stated if "ffn_down_exps.weight" in self._blocks[number] else 0

    def _windows(self) -> list[int]:
        tokens, every = self._number("attention.sliding_window", 0), architecture(self._name).global_every
        slides = self._header.numbers.get(f"{self._name}.attention.sliding_window_pattern")
        if slides is None:
            slides = tuple(int(bool(every) and (number + 1) % every > 0) for number in range(self._count))
        return [tokens if slide else 0 for slide in slides]

    def _experts(self) -> Experts | None:
        down = next(
            (block["ffn_down_exps.weight"] for block in self._blocks if "ffn_down_exps.weight" in block), None
        )
        if down is None:
            return None
        shared = next((b["ffn_down_shexp.weight"][0] for b in self._blocks if "ffn_down_shexp.weight" in b), 0)
        return Experts(down[2], self._number("expert_used_count"), down[0], shared)

    def _latent(self) -> Latent | None:
        if not architecture(self._name).latent:
            return None
        return Latent(
            self._number("attention.q_lora_rank"),
            self._number("attention.kv_lora_rank"),
            self._number("rope.dimension_count"),
            self._number("attention.value_length"),
        )

    def _state_space(self) -> StateSpace | None:
        if not self._number("ssm.inner_size", 0):
            return None
        return StateSpace(
            self._number("ssm.inner_size"),
            self._number("ssm.state_size"),
            self._number("ssm.conv_kernel"),
            self._number("ssm.time_step_rank"),
            self._number("ssm.group_count", 1),
        )

    def _number(self, key: str, default: int | None = None) -> int:
        value = self._header.number(f"{self._name}.{key}")
        if value is None:
            value = default
        if value is None:
            raise KeyError(key)
        if value < 0:
            raise ValueError(f"{key} is {value}")
        return value

    def _each(self, key: str, default: int) -> list[int]:
        """One number for each layer: a list of them, or one that all share."""
        listed = self._header.numbers.get(f"{self._name}.{key}")
        if listed is None:
            return [self._number(key, default)] * self._count
        if len(listed) != self._count:
            raise ValueError(f"{key} lists {len(listed)} values for {self._count} layers")
        return list(listed)
