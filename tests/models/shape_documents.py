"""Shrunken shapes of every architecture, as people write them in YAML."""

from __future__ import annotations

from typing import Any

_BASE: dict[str, Any] = {
    "layers": 2,
    "width": 256,
    "heads": 4,
    "kv_heads": 2,
    "head_width": 64,
    "feed_forward": 512,
    "vocabulary": 300,
    "tied_embeddings": True,
    "rope": {"base": 10000.0},
}
_STATE = {"inner": 512, "state": 16, "kernel": 4, "rank": 8}
_MULTIPLIERS = {"embedding": 12.0, "residual": 0.22, "logits": 8.0, "attention": 0.015625}


def _shape(architecture: str, **others: Any) -> dict[str, Any]:
    return {"architecture": architecture, **_BASE, **others}


SHAPES: dict[str, dict[str, Any]] = {
    "llama": _shape(
        "llama", rope={"base": 500000.0, "scaling": "llama3", "factor": 8.0, "original_context": 64}
    ),
    "llama_biases": _shape("llama", biases=["qkv", "attention_output", "feed_forward"], tied_embeddings=False),
    "mistral": _shape("llama", tied_embeddings=False, sliding_window={"tokens": 64, "used": False}),
    "mistral3": _shape(
        "mistral3",
        rope={
            "base": 1e6,
            "scaling": "yarn",
            "factor": 16.0,
            "original_context": 128,
            "attention_temperature": 0.1,
        },
    ),
    "qwen2": _shape("qwen2"),
    "qwen3": _shape("qwen3"),
    "gemma": _shape("gemma"),
    "gemma2": _shape(
        "gemma2", sliding_window={"tokens": 32, "global_every": 2}, softcap={"attention": 50.0, "final": 30.0}
    ),
    "gemma3": _shape(
        "gemma3",
        layers=6,
        sliding_window={"tokens": 32, "global_every": 6},
        rope={"base": 1e6, "local_base": 1e4, "scaling": "linear", "factor": 8.0},
    ),
    "phi2": _shape("phi2", kv_heads=4, tied_embeddings=False, rope={"base": 1e4, "rotated_share": 0.5}),
    "phi3": _shape("phi3", tied_embeddings=False, sliding_window={"tokens": 63, "used": False}),
    "phi3_longrope": _shape(
        "phi3", rope={"base": 1e4, "rotated_share": 0.75, "scaling": "longrope", "original_context": 128}
    ),
    "granite": _shape("granite", multipliers=_MULTIPLIERS),
    "granitemoe": _shape(
        "granitemoe",
        feed_forward=256,
        experts={"count": 8, "used": 2, "feed_forward": 256},
        multipliers=_MULTIPLIERS,
    ),
    "granitehybrid": _shape(
        "granitehybrid",
        layers=3,
        attention_layers=[1],
        mixer="mamba2",
        state_space={**_STATE, "groups": 1},
        rope={},
    ),
    "granitehybrid_moe": _shape(
        "granitehybrid",
        layers=3,
        attention_layers=[1],
        mixer="mamba2",
        state_space={**_STATE, "groups": 1},
        feed_forward=128,
        experts={"count": 8, "used": 2, "feed_forward": 128, "shared_feed_forward": 256},
        rope={},
    ),
    "mamba": _shape("mamba", mixer="mamba", heads=0, feed_forward=0, state_space=_STATE),
    "mamba2": _shape("mamba2", mixer="mamba2", heads=0, feed_forward=0, state_space={**_STATE, "groups": 2}),
    "olmo2": _shape("olmo2", tied_embeddings=False),
    "smollm3": _shape("smollm3", layers=4),
    "lfm2": _shape("lfm2", layers=3, attention_layers=[2], mixer="short_convolution", convolution_kernel=3),
    "openelm": _shape("openelm", heads=[4, 8], kv_heads=[1, 2], feed_forward=[256, 512]),
    "minicpm": _shape("minicpm"),
    "minicpm3": _shape(
        "minicpm3",
        kv_heads=4,
        head_width=96,
        latent={"query_rank": 128, "kv_rank": 256, "rope_width": 32, "value_width": 64},
    ),
    "exaone": _shape("exaone"),
    "exaone4": _shape("exaone4"),
    "starcoder": _shape("starcoder", kv_heads=1, rope={}),
}
