"""Mixes by the quantizer's dry run: the same as a real quantization gives, for every kind of layer."""

from __future__ import annotations

from pathlib import Path

import pytest

from rightsize.errors import QuantizeError
from rightsize.models.catalogue.load import find_entry
from rightsize.models.catalogue.shape_yaml import shape_from
from rightsize.models.gguf_header import read_header
from rightsize.models.local_file import read_model
from rightsize.models.quantize import quantized
from rightsize.models.shapes import quant_mix as module
from rightsize.models.shapes.gguf_file import head_bytes, write_sparse
from rightsize.models.shapes.metadata import metadata_of
from rightsize.models.shapes.quant_mix import quant_mix, quant_mixes, unquantized
from tests.models.shape_documents import SHAPES

LEVELS = ("Q8_0", "Q5_K_M", "Q4_0", "IQ4_XS", "BF16")  # of one family; of the others one is enough


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("name", ["llama", "qwen2", "gemma3", "phi3", "granitehybrid", "granitemoe", "lfm2"])
def test_the_dry_run_gives_each_tensor_the_type_that_quantizing_gives(name: str, tmp_path: Path) -> None:
    shape = shape_from({**SHAPES[name], "layers": 6}, 512)
    plain = unquantized(shape).tensors
    source = tmp_path / f"{name}-F16.gguf"
    write_sparse(source, head_bytes(shape.architecture, metadata_of(shape), plain), plain)
    levels = ("Q4_K_M", "Q3_K_M", *(LEVELS if name == "llama" else ()))
    mixes = quant_mixes([shape], levels)[0]
    for level in levels:
        file = quantized(read_model(source), level)
        made = read_header(file.path)
        typed = {tensor.name: (ends(tensor.shape), tensor.type_id) for tensor in made.tensors}
        ours = {t.name: (ends(t.shape), type_id(t.type_name)) for t in mixes[level].tensors}
        assert ours == typed, level
        assert mixes[level].tensor_bytes == file.size_bytes - made.data_start, level


def ends(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Without a last dimension of 1, which llama.cpp does not write again."""
    return shape[:-1] if shape[-1] == 1 else shape


def type_id(name: str) -> int:
    import gguf

    return int(gguf.GGMLQuantizationType[name])


def test_widths_that_do_not_fit_fall_back_and_are_counted() -> None:
    shape = find_entry("smollm2-135m-instruct").shape
    assert shape
    mix = quant_mix(shape, "Q4_K_M")
    types = {tensor.type_name for tensor in mix.tensors}
    assert mix.fallback_tensors > 100
    assert {"Q5_0", "Q8_0"} <= types


def test_what_was_asked_before_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = shape_from(SHAPES["llama"], 512)
    first = quant_mix(shape, "Q4_K_M")

    def never(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("asked again")

    monkeypatch.setattr(module, "ask_worker", never)
    assert quant_mix(shape, "Q4_K_M") == first


def test_a_memory_that_was_damaged_is_asked_anew(tmp_path: Path) -> None:
    shape = shape_from(SHAPES["llama"], 512)
    first = quant_mix(shape, "Q4_K_M")
    for path in (tmp_path / "cache" / "mixes").glob("*.json"):
        path.write_text('{"types": {"token_embd.weight": "Q4_K"}, "fallback": 0}')
    assert quant_mix(shape, "Q4_K_M") == first


def test_a_shape_that_kills_the_quantizer_is_one_error() -> None:
    from dataclasses import replace

    shape = shape_from(SHAPES["llama"], 512)
    too_deep = replace(shape, layers=shape.layers * 400)
    with pytest.raises(QuantizeError, match=r"llama\.cpp will not quantize this llama shape to Q8_0"):
        quant_mix(too_deep, "Q8_0")
