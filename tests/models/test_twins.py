"""Twins on disk: what their bytes are, what stands in their head, and what happens when there is no room."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import gguf
import numpy as np
import pytest
from gguf.quants import dequantize

from rightsize.engines.llama_cpp.context import LoadedModel
from rightsize.errors import ResourceError, UsageError
from rightsize.models.catalogue.shape_yaml import shape_from
from rightsize.models.gguf_header import read_header
from rightsize.models.local_file import read_model
from rightsize.models.shapes.gguf_file import TypedTensor
from rightsize.models.shapes.quant_mix import quant_mix, unquantized
from rightsize.models.twins.plan import TwinPlan, twin_plan
from rightsize.models.twins.tokenizer import synthetic_tokenizer
from rightsize.models.twins.weights import patch_of
from rightsize.models.twins.write import write_twin
from tests.models.shape_documents import SHAPES

KINDS = ("F32", "F16", "BF16", "Q8_0", "Q6_K", "Q5_K", "Q4_K", "Q3_K", "Q2_K", "Q5_0", "Q4_0", "Q4_1", "IQ4_XS")


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path / "cache"))


def plan_of(name: str, **tokenizer: bool) -> TwinPlan:
    shape = shape_from(SHAPES[name], 256)
    keys = synthetic_tokenizer(shape.vocabulary) if tokenizer else None
    return twin_plan(shape, unquantized(shape), name=name, tokenizer=keys)


def values_of(tensor: TypedTensor, seed: int = 0) -> np.ndarray:
    kind = gguf.GGMLQuantizationType[tensor.type_name]
    return dequantize(np.frombuffer(patch_of(tensor, seed), np.uint8), kind).reshape(-1, tensor.shape[0])


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_of_every_type_are_finite_normal_and_not_zero(kind: str) -> None:
    values = values_of(TypedTensor("blk.0.attn_q.weight", (512, 4096), kind))
    assert np.isfinite(values).all()
    assert (np.abs(values).max(axis=1) > 0).all()
    assert values.std() == pytest.approx(512**-0.5, rel=0.15)
    assert np.abs(values.reshape(-1, 32)).max(axis=1).min() > 1e-3  # no block without a scale


@pytest.mark.parametrize("kind", ["IQ1_S", "IQ2_XXS", "IQ3_S", "IQ4_NL", "TQ2_0", "IQ1_M"])
def test_types_that_need_an_importance_matrix_are_made_too(kind: str) -> None:
    values = values_of(TypedTensor("blk.0.attn_q.weight", (512, 64), kind))
    assert np.isfinite(values).all()
    assert values.std() > 0


def test_norms_lie_around_one_and_vectors_hold_no_zero() -> None:
    norm = values_of(TypedTensor("blk.0.attn_norm.weight", (2048,), "F32"))
    bias = values_of(TypedTensor("blk.0.attn_q.bias", (2048,), "F32"))
    decay = values_of(TypedTensor("blk.0.ssm_a", (16, 64), "F32"))
    assert 0.7 < norm.min() < norm.max() < 1.3
    assert (np.abs(bias) > 1e-3).all()
    assert (decay < 0).all()


def test_two_seeds_are_independent_and_one_seed_is_one_file(tmp_path: Path) -> None:
    plan = plan_of("llama")
    once = write_twin(tmp_path / "a.gguf", plan).read_bytes()
    again = write_twin(tmp_path / "b.gguf", plan).read_bytes()
    other = write_twin(tmp_path / "c.gguf", plan, seed=1).read_bytes()
    assert once == again
    assert len(once) == len(other) == plan.size_bytes
    differing = np.frombuffer(once, np.uint8) != np.frombuffer(other, np.uint8)
    assert differing[len(plan.head) :].mean() > 0.8


def test_gates_of_experts_are_of_equal_weight_so_that_none_is_preferred() -> None:
    width, experts, used = 256, 8, 2
    gate = values_of(TypedTensor("blk.0.ffn_gate_inp.weight", (width, experts), "F32"))
    assert np.linalg.norm(gate, axis=1) == pytest.approx(np.full(experts, width**0.5 / width**0.5), rel=1e-3)
    states = np.random.default_rng(1).standard_normal((20_000, width))
    chosen = np.argsort(states @ gate.T, axis=1)[:, -used:]
    shares = np.bincount(chosen.ravel(), minlength=experts) / chosen.size
    assert shares.min() > 0.75 / experts
    assert shares.max() < 1.25 / experts
    assert "balanced on purpose" in plan_of("granitemoe").approximate
    assert plan_of("llama").approximate == ""


def test_the_file_is_what_the_plan_says_and_reads_as_any_model(tmp_path: Path) -> None:
    shape = shape_from(SHAPES["qwen2"], 256)
    mix = quant_mix(shape, "Q4_K_M")
    path = write_twin(tmp_path / "qwen2-Q4_K_M.gguf", twin_plan(shape, mix, name="qwen2"))
    model, header = read_model(path), read_header(path)
    assert (model.architecture, model.quant, model.context_length) == ("qwen2", "Q4_K_M", 256)
    assert path.stat().st_size - header.data_start == mix.tensor_bytes
    assert [tensor.name for tensor in header.tensors] == [tensor.name for tensor in mix.tensors]


def test_with_a_tokenizer_a_twin_reads_text(tmp_path: Path) -> None:
    path = write_twin(tmp_path / "text.gguf", plan_of("llama", tokenizer=True))
    model = LoadedModel(path)
    try:
        assert model.has_tokenizer
        assert model.vocab_size == 300
        assert len(model.tokenize("Grüße", special=False, parse_special=False)) == len("Grüße".encode())
    finally:
        model.close()
    with pytest.raises(UsageError, match="no room"):
        synthetic_tokenizer(200)


def test_without_room_on_the_disk_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10**9, 10**9 - 10**6, 10**6))
    path = tmp_path / "full.gguf"
    with pytest.raises(ResourceError, match="does not fit"):
        write_twin(path, plan_of("llama"))
    assert not path.exists()


def test_what_was_half_written_is_removed(tmp_path: Path) -> None:
    def interrupt(_written: int) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "half.gguf"
    with pytest.raises(KeyboardInterrupt):
        write_twin(path, plan_of("llama"), progress=interrupt)
    assert not path.exists()
