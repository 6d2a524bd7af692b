"""The catalogue: every model there, its shape sound, its sizes those of the published files."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rightsize.errors import ModelError, UsageError
from rightsize.models.catalogue.load import catalogue, find_entry, read_catalogue
from rightsize.models.catalogue.shape_yaml import shape_from
from rightsize.models.shapes.shape import Mixer
from rightsize.models.shapes.tensors import parameters_of

FACTS = Path(__file__).parents[3] / "shared/facts/models.yaml"
LLAMA = {
    "architecture": "llama",
    "layers": 2,
    "width": 64,
    "heads": 4,
    "feed_forward": 128,
    "vocabulary": 300,
    "tied_embeddings": True,
}
MAMBA = {**LLAMA, "architecture": "mamba", "mixer": "mamba", "heads": 0, "feed_forward": 0}
SPACE = {"inner": 128, "state": 16, "kernel": 4, "rank": 4}
FAMILIES = {
    "Phi-3",
    "Phi-4",
    "Llama 3",
    "Llama 3.1",
    "Llama 3.2",
    "Gemma",
    "Gemma 2",
    "Gemma 3",
    "Gemma 4",
    "Mistral 7B",
    "Mistral Nemo",
    "Ministral",
    "Qwen2",
    "Qwen2.5",
    "Qwen3",
    "Qwen3.5",
    "Granite 3.2",
    "Granite 4.0",
    "Granite Code",
    "SmolLM2",
    "SmolLM3",
    "TinyLlama",
    "OpenELM",
    "Zephyr",
    "Mamba",
    "MiniCPM-V",
    "Hymba",
    "Orca 2",
    "LFM2",
    "OLMo 2",
    "Falcon3",
    "EXAONE 4.0",
    "DistilBERT",
}


def test_every_family_is_there_with_sources_and_what_runs_it() -> None:
    entries = catalogue()
    assert {entry.family for entry in entries} >= FAMILIES
    assert len({entry.id for entry in entries}) == len(entries) == 87
    for entry in entries:
        assert entry.sources
        assert entry.licence.name
        assert entry.context > 0
        assert entry.shape is not None or entry.no_shape
        assert entry.runs_on["llama_cpp"] == "" or entry.shape is None
        assert entry.no_shape == "" or entry.no_shape.startswith("no twin: ")


@pytest.mark.skipif(not FACTS.exists(), reason="../shared/facts is not beside this checkout")
def test_every_model_of_the_facts_is_there_and_no_licence_is_more_certain_than_there() -> None:
    facts = {model["id"]: model for model in yaml.safe_load(FACTS.read_text(encoding="utf-8"))["models"]}
    entries = {entry.id: entry for entry in catalogue()}
    assert set(facts) <= set(entries)
    for name, fact in facts.items():
        entry = entries[name]
        assert entry.family == fact["family"], name
        assert entry.developer == fact["developer"], name
        assert not (entry.licence.verified and "unsourced" in str(fact["licence"])), name
        assert entry.context == fact["context"] or not fact.get("context"), name


def test_the_weights_that_a_shape_implies_are_those_that_were_published() -> None:
    counted = [(e.id, parameters_of(e.shape), e.published_parameters) for e in catalogue() if e.shape]
    checked = [(name, ours, theirs) for name, ours, theirs in counted if theirs]
    assert len(checked) > 30
    # SmolLM3's source counts one vector of 2304 more than its published configuration has.
    assert [name for name, ours, theirs in checked if ours != theirs] == ["smollm3-3b"]


def test_layers_that_differ_are_told_apart() -> None:
    gemma = find_entry("gemma-3-1b-it").shape
    hybrid = find_entry("granite-4.0-h-tiny").shape
    elm = find_entry("openelm-270m").shape
    assert gemma and hybrid and elm
    assert [layer.window for layer in gemma.layers[:6]] == [512] * 5 + [0]
    assert [n for n, layer in enumerate(hybrid.layers) if layer.mixer is Mixer.ATTENTION] == [5, 15, 25, 35]
    assert {layer.kv_heads for layer in hybrid.layers} == {0, 4}
    assert [layer.heads for layer in elm.layers][:6] == [12, 12, 12, 12, 12, 16]


def test_a_model_is_found_by_id_hub_id_or_case_and_a_slip_names_the_nearest() -> None:
    assert find_entry("PHI-4").id == "phi-4"
    assert find_entry("meta-llama/Llama-3.2-1B-Instruct").id == "llama-3.2-1b-instruct"
    with pytest.raises(UsageError, match=r"Did you mean .*gemma-3-1b-it"):
        find_entry("gemma3-1b")
    with pytest.raises(UsageError, match="rightsize models list"):
        find_entry("&&&&")


def test_ones_own_entry_replaces_the_shipped_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = len(catalogue())
    (tmp_path / "model_catalogue").mkdir()
    own = {"id": "phi-4", "licence": {"name": "MIT", "source": "LICENSE"}, "context": 99, "shape": LLAMA}
    document = {"schema_version": 1, "models": [{**own, "llama_cpp": {"runs": True}, "sources": ["here"]}]}
    (tmp_path / "model_catalogue" / "own.yaml").write_text(yaml.safe_dump(document))
    assert len(catalogue()) == shipped
    assert find_entry("phi-4").context == 99
    assert find_entry("phi-4").licence.verified


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not a catalogue"),
        ("models: [", "not YAML"),
        ("schema_version: 9\nmodels: [{}]", "schema_version 9"),
        ("schema_version: 1\nmodels: []", "no list of models"),
        ("schema_version: 1\nmodels: [{id: x}]", "model x: 'licence' is missing"),
        ("schema_version: 1\nmodels: [7]", "model number 1"),
    ],
)
def test_an_unreadable_file_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(ModelError, match=said) as caught:
        read_catalogue(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({**LLAMA, "kv_heads": 3}, "4 heads cannot share 3"),
        ({**LLAMA, "heads": [4, 4, 4]}, "heads lists 3 values for 2 layers"),
        ({**LLAMA, "feed_forward": [128]}, "feed_forward lists 1 values for 2 layers"),
        ({**LLAMA, "layers": 0}, "between 1 and 512"),
        ({**LLAMA, "width": -64}, "must be positive|attends with"),
        ({**LLAMA, "tied_embeddings": "no"}, "true or false"),
        ({**LLAMA, "head_widht": 16}, "unknown key 'head_widht'"),
        ({**LLAMA, "heads": 0}, "attends with 0 heads"),
        ({**LLAMA, "architecture": "lama"}, "Nearest: llama"),
        ({**LLAMA, "experts": {"count": 4, "used": 8, "feed_forward": 8}}, "8 of 4 experts"),
        ({**LLAMA, "rope": {"bass": 1.0}}, "bass"),
        (MAMBA, "need state_space"),
        ({**MAMBA, "state_space": {**SPACE, "inner": 100}}, "twice the width"),
        ({**LLAMA, "architecture": "minicpm3"}, "latent attention"),
        ({key: value for key, value in LLAMA.items() if key != "vocabulary"}, "lacks 'vocabulary'"),
    ],
)
def test_a_shape_that_contradicts_itself_is_refused(document: dict[str, object], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        shape_from(document, 512)
