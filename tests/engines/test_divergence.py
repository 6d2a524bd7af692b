"""Next-token distributions of two models on the same texts: known values, real models, broken workers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rightsize.domain import Absent, Estimate, Item, Suite, TaskType
from rightsize.engines.llama_cpp.context import LoadedModel
from rightsize.engines.llama_cpp.divergence import compare_rows, distances
from rightsize.errors import EngineError
from rightsize.flows import divergence as flow
from rightsize.models.expand import embedded_family
from rightsize.models.local_file import read_model
from rightsize.models.quantize import quantized
from tests.tiny_models import make_tiny_llama

TEXTS = ["the thing over there is in the inner " * 20, "there", ""]


def test_known_distributions_give_the_known_divergence() -> None:
    p, q = np.log(np.array([[0.5, 0.5]], np.float32)), np.log(np.array([[0.9, 0.1]], np.float32))
    found = compare_rows(p, q + 3)  # a constant added to logits changes nothing
    expected = 0.5 * np.log(0.5 / 0.9) + 0.5 * np.log(0.5 / 0.1)
    assert found.kl_nats == pytest.approx(expected, rel=1e-5)
    assert (found.tokens, found.agree) == (1, 1)


def test_a_model_is_no_distance_from_itself_and_chunks_do_not_matter(tmp_path: Path) -> None:
    model = LoadedModel(make_tiny_llama(tmp_path / "tiny.gguf"))
    other = LoadedModel(make_tiny_llama(tmp_path / "other.gguf", seed=1))
    same = list(distances(model, model, TEXTS, threads=1, context_tokens=256))
    assert [found.kl_nats for found in same] == pytest.approx([0, 0, 0], abs=1e-9)
    assert [found.agree for found in same] == [found.tokens for found in same]
    apart = list(distances(model, other, TEXTS, threads=1, context_tokens=256))
    assert apart[0].tokens == len(model.tokenize(TEXTS[0], special=True, parse_special=False)) > 64
    assert apart[0].kl_nats > 0.01 * apart[0].tokens


def test_other_vocabularies_cannot_be_compared(tmp_path: Path) -> None:
    tiny = LoadedModel(make_tiny_llama(tmp_path / "tiny.gguf"))
    with pytest.raises(EngineError, match="vocabularies differ"):
        next(distances(tiny, LoadedModel(embedded_family()[0]), TEXTS, threads=1, context_tokens=256))


@pytest.fixture
def suite() -> Suite:
    items = tuple(
        Item(f"i{n}", f"g{n}", f"Classify ticket {n}: the invoice of May is wrong. Queue:", "billing")
        for n in range(12)
    )
    return Suite("tickets", "Tickets", TaskType.GENERATE, items, "choice", "acc", "s" * 64, "CC0", "made")


def cell(record, path: Path, quant: str, engine: str = "llama_cpp"):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    model = {"name": "nano", "quant": quant, "path": str(path), "sha256": f"{path.name}-{quant}"}
    return replace(record(f"nano:{quant}"), candidate={"model": model, "engine": engine})


def test_levels_of_a_real_model(record, suite: Suite, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path))
    source = read_model(embedded_family()[0])
    cells = [cell(record, source.path, "F16")]
    for quant in ("Q8_0", "Q4_0"):
        made = quantized(source, quant)
        assert made.path is not None
        cells.append(cell(record, made.path, quant))
    unmeasured = flow.level_distances(cells[0], cells[1:], suite, threads=1, measure=False)
    assert unmeasured["nano:Q8_0"]["kl_nats"] == Absent("kl_nats", "not measured; --bench does it")
    found = flow.level_distances(cells[0], cells[1:], suite, threads=1)
    kl = [found[f"nano:{quant}"]["kl_nats"] for quant in ("Q8_0", "Q4_0")]
    assert all(isinstance(each, Estimate) and each.low is not None and each.unit == "nat" for each in kl)
    assert 0 < kl[0].value < kl[1].value  # type: ignore[union-attr]
    again = flow.level_distances(cells[0], cells[1:], suite, threads=1, measure=False)
    assert again == found  # from the cache, nothing was measured


def test_reasons_where_there_is_nothing_to_read(record, suite: Suite, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path))
    reference = cell(record, embedded_family()[0], "F16")
    broken = tmp_path / "broken.gguf"
    broken.write_text("no model")
    others = [
        cell(record, tmp_path / "gone.gguf", "Q8_0"),
        cell(record, embedded_family()[0], "int8", engine="onnx"),
        cell(record, broken, "Q4_0"),
    ]
    found = flow.level_distances(reference, others, suite, threads=1)
    reasons = [found[each.candidate_id]["top1_agreement"].reason for each in others]  # type: ignore[union-attr]
    assert "no longer where it was measured" in reasons[0]
    assert "onnx does not show" in reasons[1]
    assert "cannot load broken.gguf" in reasons[2]
    assert json.dumps(reasons)
