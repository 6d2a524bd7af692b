"""What sets llama.cpp's architectures apart, one row each.

Read from llama.cpp's loaders (``src/models/*.cpp``, as bundled with llama-cpp-python 0.3.36): a tensor missing
or too many makes it refuse the file, so that the tests hold this table to what the installed build does.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from rightsize.errors import ModelError


@dataclass(frozen=True, slots=True)
class Architecture:
    """One row. Norms stand before the mixers (``pre_norm``), after them (``post_norm``), or both.

    ``qk_norm``: norms of queries and keys by head (``head``) or over their whole width (``full``). ``gate``:
    the feed-forward block's gate is a tensor of its own (``own``), part of ``ffn_up`` (``fused``), or absent.
    ``layer_norm``: norms have a bias and subtract the mean. ``output``: the head's tensor is ``optional`` (tied
    or not), ``never`` there, or ``always``. ``global_every``: of so many layers the last sees the whole context
    and the others a window, unless the file says otherwise; 0 where llama.cpp knows no windows.
    """

    pre_norm: bool = True
    post_norm: bool = False
    qk_norm: str = ""
    fused_qkv: bool = False
    gate: str = "own"
    layer_norm: bool = False
    feed_forward_norm: bool = True
    biases: frozenset[str] = frozenset()
    output: str = "optional"
    output_bias: bool = False
    output_norm: str = "output_norm"
    positions: bool = False
    latent: bool = False
    global_every: int = 0


_QKV = frozenset({"qkv"})
_ALL = frozenset({"qkv", "attention_output", "feed_forward"})

ARCHITECTURES: dict[str, Architecture] = {
    "llama": Architecture(),
    "mistral3": Architecture(),
    "qwen2": Architecture(biases=_QKV),
    "qwen3": Architecture(qk_norm="head"),
    "gemma": Architecture(output="never"),
    "gemma2": Architecture(post_norm=True, output="never", global_every=2),
    "gemma3": Architecture(post_norm=True, qk_norm="head", global_every=6),
    "phi2": Architecture(
        layer_norm=True, gate="", feed_forward_norm=False, biases=_ALL, output="always", output_bias=True
    ),
    "phi3": Architecture(fused_qkv=True, gate="fused"),
    "granite": Architecture(),
    "granitemoe": Architecture(),
    "granitehybrid": Architecture(),
    "mamba": Architecture(),
    "mamba2": Architecture(),
    "olmo2": Architecture(pre_norm=False, post_norm=True, qk_norm="full", output="always", global_every=4),
    "smollm3": Architecture(),
    "lfm2": Architecture(qk_norm="head", output_norm="token_embd_norm"),
    "openelm": Architecture(qk_norm="head", fused_qkv=True, output="never"),
    "minicpm": Architecture(),
    "minicpm3": Architecture(latent=True),
    "exaone": Architecture(),
    "exaone4": Architecture(pre_norm=False, post_norm=True, qk_norm="head"),
    "starcoder": Architecture(layer_norm=True, fused_qkv=True, gate="", biases=_ALL, positions=True),
}


def architecture(name: str) -> Architecture:
    """The row of an architecture. Raises ModelError with the nearest names."""
    if name in ARCHITECTURES:
        return ARCHITECTURES[name]
    near = get_close_matches(name, ARCHITECTURES, n=3, cutoff=0.4)
    hint = f"Nearest: {', '.join(near)}" if near else f"Known: {', '.join(ARCHITECTURES)}"
    raise ModelError(f"no shape twin is known for the architecture {name!r}", next_step=hint)
