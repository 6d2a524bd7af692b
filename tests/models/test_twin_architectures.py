"""Every architecture: a tiny twin of its shape that the installed llama.cpp loads and runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rightsize.engines.llama_cpp.batch import TokenBatch
from rightsize.engines.llama_cpp.context import Context, LoadedModel
from rightsize.models.catalogue.load import catalogue
from rightsize.models.catalogue.shape_yaml import shape_from
from rightsize.models.gguf_header import read_header
from rightsize.models.shapes.architectures import ARCHITECTURES
from rightsize.models.shapes.quant_mix import QuantMix, quant_mixes
from rightsize.models.shapes.tensors import parameters_of
from rightsize.models.twins.plan import twin_plan
from rightsize.models.twins.write import write_twin
from tests.models.shape_documents import SHAPES

CONTEXT = 256
WANTED = {
    *("llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "phi2", "phi3", "granite", "granitemoe"),
    *("granitehybrid", "mamba", "olmo2", "smollm3", "lfm2", "openelm", "minicpm"),
}


@pytest.fixture(scope="module")
def mixes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, QuantMix]]:
    """All mixes, asked of one worker."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RIGHTSIZE_CACHE", str(tmp_path_factory.mktemp("cache")))
        shapes = [shape_from(document, CONTEXT) for document in SHAPES.values()]
        found = quant_mixes(shapes, ["Q4_K_M"])
        yield {name: mix["Q4_K_M"] for name, mix in zip(SHAPES, found, strict=True)}


@pytest.mark.parametrize("name", SHAPES)
def test_a_tiny_twin_loads_and_decodes(name: str, mixes: dict[str, QuantMix], tmp_path: Path) -> None:
    shape = shape_from(SHAPES[name], CONTEXT)
    path = write_twin(tmp_path / f"{name}.gguf", twin_plan(shape, mixes[name], name=name))
    assert parameters_of(shape) == sum(
        tensor.elements for tensor in read_header(path).tensors if not tensor.name.startswith("rope_")
    )
    model = LoadedModel(path)
    try:
        assert not model.has_tokenizer
        rows = run(model, shape.vocabulary)
    finally:
        model.close()
    assert all(np.isfinite(row).all() for row in rows)
    assert all(row.std() > 0 for row in rows)
    assert not np.array_equal(rows[0], rows[1])


def run(model: LoadedModel, vocabulary: int) -> list[np.ndarray]:
    """Logits after a prompt of 100 tokens, which is more than any window here, and after each of three more."""
    chosen = np.random.default_rng(0).integers(0, vocabulary, 103).tolist()
    batch, rows = TokenBatch(100), []
    with Context(model, tokens=CONTEXT, threads=1) as context:
        batch.add(chosen[:100], 0, 0, rows=1)
        context.decode(batch)
        rows.append(context.rows(1)[0].copy())
        for position in range(100, 103):
            batch.clear()
            batch.add(chosen[position : position + 1], position, 0, rows=1)
            context.decode(batch)
            rows.append(context.rows(1)[0].copy())
    return rows


def test_every_architecture_is_proven_and_every_twin_of_the_catalogue_has_one() -> None:
    proven = {document["architecture"] for document in SHAPES.values()}
    assert proven == set(ARCHITECTURES)
    assert proven >= WANTED
    assert {"mistral", "phi3", "granitemoe", "granitehybrid_moe"} <= set(SHAPES)
    assert {entry.shape.architecture for entry in catalogue() if entry.shape} <= proven
