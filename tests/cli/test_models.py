"""``rightsize models list`` and ``show``, as people and as programs read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner, Result

from rightsize.cli.common import SCHEMAS_DIR
from rightsize.cli.models import app
from rightsize.errors import ModelError, UsageError

OWN = """
schema_version: 1
models:
- id: my-model
  developer: Us
  licence: {name: Apache-2.0, source: "LICENSE in our repository"}
  context: 2048
  llama_cpp: {runs: true}
  sources: ["config.json"]
  shape: {architecture: llama, layers: 2, width: 192, heads: 4, feed_forward: 512, vocabulary: 300,
          tied_embeddings: true}
"""


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path / "cache"))


def run(*args: str) -> Result:
    result = CliRunner().invoke(app, list(args))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def document(*args: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*args, "--json").stdout)
    name = found["command"].replace(" ", "-")
    schema = json.loads((SCHEMAS_DIR / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(found)
    return found


def fits(result: Result) -> bool:
    return all(len(line.rstrip()) <= 80 for line in result.stdout.splitlines())


def own_model(tmp_path: Path) -> None:
    (tmp_path / "model_catalogue").mkdir()
    (tmp_path / "model_catalogue" / "mine.yaml").write_text(OWN)


def test_the_list_names_every_model_and_why_some_do_not_run() -> None:
    listed = run("list")
    assert fits(listed)
    assert "llama-3.2-1b-instruct" in listed.stdout
    models = {model["id"]: model for model in document("list")["models"]}
    assert len(models) >= 87
    assert "Hymba" in models["hymba-1.5b-instruct"]["runs_on"]["llama_cpp"]
    assert models["hymba-1.5b-instruct"]["shape"] is None
    assert models["qwen3.5-0.8b"]["no_shape"] == "no twin: its shapes are not sourced"


def test_permissive_admits_only_licences_with_a_source_and_names_the_rest(tmp_path: Path) -> None:
    own_model(tmp_path)
    found = document("list", "--license", "permissive")
    assert all(model["licence"]["verified"] for model in found["models"])
    assert "my-model" in {model["id"] for model in found["models"]}
    assert not {"llama-3.2-1b-instruct", "gemma-2b-it"} & {model["id"] for model in found["models"]}
    shipped = document("list")["models"]
    unsourced = {m["id"] for m in shipped if m["licence"]["permissive"] and not m["licence"]["verified"]}
    assert set(found["unverified"]) == unsourced


def test_a_model_is_shown_with_its_sizes_and_what_falls_back() -> None:
    shown = run("show", "qwen2.5-0.5b-instruct", "--quant", "Q4_K_M,F16")
    assert fits(shown)
    assert "144" in shown.stdout  # 896 is no multiple of 256: most matrices fall back
    sizes = {size["level"]: size for size in document("show", "Qwen/Qwen2.5-0.5B-Instruct")["model"]["sizes"]}
    assert sizes["Q4_K_M"]["fallback_tensors"] == 144
    assert sizes["F16"]["fallback_tensors"] == 0


def test_ones_own_model_is_listed_and_shown_by_its_file(tmp_path: Path) -> None:
    own_model(tmp_path)
    assert "my-model" in run("list", "my-model").stdout
    by_file = document("show", "model_catalogue/mine.yaml", "--quant", "Q8_0")["model"]
    assert by_file["origin"] == "model_catalogue/mine.yaml"
    assert by_file["sizes"][0]["tensor_bytes"] > 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["show", "lama-3.2-1b"], "llama-3.2-1b-instruct"),
        (["list", "no-such-family"], "no model matches"),
        (["list", "--license", "any"], "only 'permissive'"),
        (["show", "phi-4", "--quant", "Q4KM"], "Q4_K_M"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(args: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        run(*args)


def test_a_broken_file_of_ones_own_names_file_model_and_fault(tmp_path: Path) -> None:
    own_model(tmp_path)
    path = tmp_path / "model_catalogue" / "mine.yaml"
    path.write_text(OWN.replace("heads: 4", "heads: 4, kv_heads: 3"))
    with pytest.raises(ModelError, match=r"mine\.yaml: model my-model: .* 4 heads cannot share 3"):
        run("list")
