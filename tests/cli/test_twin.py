"""``rightsize twin``: measured whole, in parts, by a header; what it says when it cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from rightsize.cli.common import SCHEMAS_DIR
from rightsize.cli.twin import twin
from rightsize.errors import ModelError, ResourceError, UsageError
from rightsize.models.catalogue.shape_yaml import shape_from
from rightsize.models.shapes.quant_mix import quant_mix
from rightsize.models.twins.plan import twin_plan
from rightsize.models.twins.write import write_twin
from tests.models.shape_documents import SHAPES

QUICK = (
    "--prompt-tokens",
    "20",
    "--output-tokens",
    "4",
    "--requests",
    "2",
    "--repetitions",
    "2",
    "--threads",
    "1",
)
APP = typer.Typer()
APP.command()(twin)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RIGHTSIZE_REMEASURE", "0")  # nobody looks at the times here


def model_file(tmp_path: Path, name: str, **others: Any) -> str:
    shape = {**SHAPES[name], **others}
    model = {
        "id": name,
        "licence": {"name": "MIT"},
        "context": 1024,
        "llama_cpp": {"runs": True},
        "sources": ["here"],
    }
    path = tmp_path / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"schema_version": 1, "models": [{**model, "shape": shape}]}))
    return str(path)


def run(*args: str) -> Result:
    result = CliRunner().invoke(APP, [*args, *QUICK])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def document(*args: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*args, "--json").stdout)
    schema = json.loads((SCHEMAS_DIR / "twin.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(found)
    return found


def readings(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {reading["metric"]: reading for reading in found["readings"]}


def test_speed_latency_and_memory_are_measured_and_nothing_is_left_behind(tmp_path: Path) -> None:
    found = document(model_file(tmp_path, "llama"), "--quant", "Q8_0")
    seen = readings(found)
    assert {"load_ms", "prefill_tokens_per_s", "decode_tokens_per_s", "latency_ms", "memory_bytes"} <= set(seen)
    assert seen["latency_ms"]["n"] == 2
    assert seen["prompt_tokens"]["samples"] == [20, 20]
    assert seen["output_tokens"]["samples"] == [4, 4]
    assert seen["latency_ms"]["provenance"] == "measured"
    assert {"metric": "score", "reason": "a shape twin has random weights: its answers mean nothing"} in found[
        "absent"
    ]
    assert "score" not in seen
    assert found["layers_measured"] is None
    assert not list(tmp_path.rglob("*.gguf"))


def test_the_table_fits_and_names_what_was_asked(tmp_path: Path) -> None:
    shown = run(model_file(tmp_path, "granitemoe"), "--quant", "Q4_K_M")
    assert [line.split()[0] for line in shown.stderr.splitlines()] == ["writing", "measuring"], "a line a step"
    assert all(len(line.rstrip()) <= 80 for line in shown.stdout.splitlines())
    assert "20 prompt and 4 output tokens" in shown.stdout
    assert "balanced on purpose" in shown.stdout
    assert "No score" in shown.stdout


def test_widths_that_make_the_level_fall_back_are_shown(tmp_path: Path) -> None:
    path = model_file(tmp_path, "llama", width=192, head_width=48, feed_forward=320)
    assert "tensors fall back to another type" in run(path, "--quant", "Q4_K_M").stdout


def test_a_kept_twin_stays_and_has_a_tokenizer_when_asked(tmp_path: Path) -> None:
    from rightsize.models.gguf_header import read_header

    found = document(model_file(tmp_path, "llama"), "--keep", str(tmp_path / "kept"), "--tokenizer")
    kept = Path(found["kept"])
    assert kept.is_file()
    assert read_header(kept).lengths["tokenizer.ggml.tokens"] == 300


def test_what_does_not_fit_is_measured_at_two_depths_and_says_so(tmp_path: Path) -> None:
    # Many experts of which one is used: large on disk, quick to run.
    experts = {"count": 64, "used": 1, "feed_forward": 256}
    path = model_file(tmp_path, "granitemoe", layers=20, width=512, heads=8, experts=experts)
    found = document(path, "--quant", "F16", "--memory-limit", "1.1GB")
    shallow, deep = found["layers_measured"]
    assert 1 <= shallow < deep < 20
    assert "does not fit" in found["why_reduced"]
    seen = readings(found)
    assert seen["decode_tokens_per_s"]["provenance"] == "modelled"
    label = f"extrapolated from {shallow} and {deep} of 20 layers"
    assert all(
        seen[metric]["note"] == label for metric in seen if metric not in {"prompt_tokens", "output_tokens"}
    )
    assert seen["memory_bytes"]["median"] > found["size_bytes"] * 0.9


def test_where_not_even_two_layers_fit_it_says_so(tmp_path: Path) -> None:
    path = model_file(tmp_path, "llama", width=1024, head_width=256, feed_forward=4096)
    with pytest.raises(ResourceError, match="nor do two of its layers"):
        run(path, "--memory-limit", "100MB")


def test_a_real_file_is_twinned_by_its_header(tmp_path: Path) -> None:
    shape = shape_from(SHAPES["qwen3"], 1024)
    real = write_twin(
        tmp_path / "real-IQ4_XS.gguf", twin_plan(shape, quant_mix(shape, "IQ4_XS"), name="real"), seed=7
    )
    found = document("--of", str(real))
    assert found["quant"] == "IQ4_XS"
    assert found["mix"] == "the header of real-IQ4_XS.gguf"
    assert found["size_bytes"] == real.stat().st_size


@pytest.mark.parametrize(
    ("args", "error", "said"),
    [
        (("no-such-model",), UsageError, "the catalogue has no model"),
        ((), UsageError, "name a model"),
        (("phi-4", "--quant", "Q4KM"), UsageError, "Q4_K_M"),
        (("hymba-1.5b-instruct",), ModelError, "no twin: llama.cpp cannot run it"),
        (("qwen3.5-2b",), ModelError, "its shapes are not sourced"),
        (("--of", "missing.gguf"), ModelError, "there is no such file"),
        (("--of", "hub:nothing"), ModelError, "hub:OWNER/NAME/FILE"),
    ],
)
def test_what_cannot_be_twinned_is_one_clear_line(
    args: tuple[str, ...], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        run(*args)
