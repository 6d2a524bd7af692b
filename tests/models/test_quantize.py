"""Quantizing with llama.cpp's own quantizer, and finding files to measure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rightsize.errors import ModelError, QuantizeError, ResourceError, UsageError
from rightsize.models import quantize
from rightsize.models.expand import at_levels, embedded_family, find_models
from rightsize.models.levels import file_types, parse_level
from rightsize.models.local_file import read_model
from rightsize.models.quantize import cached_path, quantized
from tests.tiny_models import make_tiny_llama


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path / "cache"))
    return


def test_a_missing_level_is_made_once_and_then_comes_from_the_cache(tmp_path: Path) -> None:
    source = read_model(make_tiny_llama(tmp_path / "wide-F16.gguf", width=256))
    said: list[str] = []
    made = quantized(source, "Q4_K_M", notify=said.append)
    again = quantized(source, "Q4_K_M", notify=said.append)
    assert said == ["quantizing wide to Q4_K_M"]
    assert made == again
    assert made.quant == "Q4_K_M"
    assert made.size_bytes < source.size_bytes / 2
    assert made.fallback_tensors == 0


def test_tensors_whose_width_does_not_fit_are_counted_and_shown_in_the_name(tmp_path: Path) -> None:
    from rightsize.domain import Candidate

    source = read_model(make_tiny_llama(tmp_path / "narrow-F16.gguf", width=64))
    made = quantized(source, "Q4_K_M")
    assert made.fallback_tensors == made.quantizable_tensors == 1 + 2 * 7
    assert Candidate(made, "llama_cpp").id == "narrow:Q4_K_M+15fb"


def test_a_quantized_file_is_not_quantized_again_unless_asked(tmp_path: Path) -> None:
    source = read_model(make_tiny_llama(tmp_path / "wide-F16.gguf", width=256))
    eight = quantized(source, "Q8_0")
    with pytest.raises(QuantizeError, match="--allow-requantize"):
        quantized(eight, "Q4_K_M")
    again = quantized(eight, "Q4_K_M", allow_requantize=True)
    assert again.requantized


def test_the_most_precise_file_is_the_source(tmp_path: Path) -> None:
    full = read_model(make_tiny_llama(tmp_path / "wide-F16.gguf", width=256))
    copy = tmp_path / "wide-Q8_0.gguf"
    copy.write_bytes(quantized(full, "Q8_0").path.read_bytes())
    models = at_levels(find_models([str(tmp_path / "*.gguf")]), ["Q8_0", "Q4_0"])
    assert [model.quant for model in models] == ["Q8_0", "Q4_0"]
    assert models[0].path == copy, "a level that exists is used as it is"
    assert models[1].path == cached_path(full, "Q4_0")


def test_without_levels_an_unquantized_file_gets_the_usual_ones(tmp_path: Path) -> None:
    make_tiny_llama(tmp_path / "wide-F16.gguf", width=256)
    assert [model.quant for model in at_levels(find_models([str(tmp_path)]), [])] == ["F16", "Q8_0", "Q4_K_M"]


def test_a_full_disk_is_known_before_the_quantizer_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = read_model(make_tiny_llama(tmp_path / "wide-F16.gguf", width=256))
    usage = quantize.shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(quantize.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ResourceError, match="MB of disk, 10B are free"):
        quantized(source, "Q8_0")


def test_a_quantizer_that_dies_leaves_nothing_behind(tmp_path: Path) -> None:
    source = read_model(make_tiny_llama(tmp_path / "wide-F16.gguf", width=256))
    source.path.write_bytes(source.path.read_bytes()[:2000])  # broken after it was read
    with pytest.raises(QuantizeError, match=r"cannot quantize wide-F16\.gguf"):
        quantized(source, "Q8_0")
    assert not list(cached_path(source, "Q8_0").parent.iterdir())


def test_levels_are_llama_cpps_and_typos_are_answered() -> None:
    assert file_types()["Q4_K_M"] == 15
    assert parse_level("q4_k_m") == "Q4_K_M"
    with pytest.raises(UsageError, match="Did you mean"):
        parse_level("Q4_K_N")


def test_names_that_stand_for_nothing_are_answered(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no GGUF file in this folder"):
        find_models([str(tmp_path)])
    with pytest.raises(ModelError, match="there is no such file"):
        find_models([str(tmp_path / "none.gguf")])
    name = embedded_family()[0].stem
    with pytest.raises(UsageError, match=f"Did you mean {name}"):
        find_models([name[:-1]])
    assert [model.name for model in find_models([name])] == [name]
