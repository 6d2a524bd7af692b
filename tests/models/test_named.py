"""Models by the name that another tool gave them: folders laid out as those tools do, with real tiny GGUFs."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from rightsize.errors import ModelError
from rightsize.models.expand import at_levels, find_models
from rightsize.models.local import find_in_folder, find_local_models
from tests.tiny_models import make_tiny_llama


def into_ollama(
    home: Path, name: str, tag: str, file: Path, *, registry: str = "registry.ollama.ai/library"
) -> Path:
    """Put a file where ``ollama pull`` would."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    blob = home / ".ollama/models/blobs" / f"sha256-{digest}"
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(file.read_bytes())
    layer = {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}"}
    manifest = home / ".ollama/models/manifests" / registry / name / tag
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": [layer]}))
    return manifest


def into_hub(home: Path, repo: str, file: Path, name: str) -> Path:
    """Put a file where huggingface_hub would: a blob, and a link to it in a snapshot."""
    folder = home / ".cache/huggingface/hub" / f"models--{repo.replace('/', '--')}"
    blob = folder / "blobs" / hashlib.sha256(file.read_bytes()).hexdigest()
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(file.read_bytes())
    link = folder / "snapshots/0123abc" / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(blob)
    return link


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("OLLAMA_MODELS", "HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME", "LLAMA_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    home = tmp_path / "home"
    one, two = make_tiny_llama(tmp_path / "one.gguf"), make_tiny_llama(tmp_path / "two.gguf", seed=1)
    into_ollama(home, "llama3.2", "latest", one)
    into_ollama(home, "llama3.2", "1b", two)
    into_ollama(home, "model", "q8_0", one, registry="hf.co/someone")
    into_hub(home, "owner/repo-GGUF", one, "tiny-F16.gguf")
    into_hub(home, "owner/repo-GGUF", two, "tiny-Q8_0.gguf")
    studio = home / ".lmstudio/models/maker/pack/tiny-F16.gguf"
    studio.parent.mkdir(parents=True)
    studio.write_bytes(make_tiny_llama(tmp_path / "three.gguf", seed=2).read_bytes())
    llama = home / ".cache/llama.cpp/owner_repo_tiny.gguf"
    llama.parent.mkdir(parents=True)
    llama.write_bytes(make_tiny_llama(tmp_path / "four.gguf", seed=3).read_bytes())
    return home


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ("ollama:llama3.2", ["llama3.2"]),
        ("ollama:llama3.2:latest", ["llama3.2"]),
        ("ollama:llama3.2:1b", ["llama3.2-1b"]),
        ("hf:owner/repo-GGUF", ["tiny", "tiny"]),
        ("hf:owner/repo-GGUF:q8_0", ["tiny"]),
        ("owner/repo-GGUF:F16", ["tiny"]),
        ("lm-studio:maker/pack", ["tiny"]),
        ("lm-studio:tiny-F16", ["tiny"]),
        ("llama.cpp:owner_repo_tiny", ["owner_repo_tiny"]),
    ],
)
def test_a_name_of_another_tool_finds_its_file(home: Path, spec: str, names: list[str]) -> None:
    # In this home the same bytes may lie in two tools' folders: each tool still finds its own.
    assert [model.name.removesuffix("-Q8_0") for model in find_models([spec])] == names


def test_every_spec_that_discovery_gives_is_understood(home: Path) -> None:
    for model in find_local_models():
        if model.where != "embedded":
            assert find_models([model.spec])[0].path.resolve() == model.path.resolve()


def test_a_model_at_another_level_is_still_called_by_its_name(home: Path) -> None:
    (made,) = at_levels(find_models(["ollama:llama3.2"]), ["Q8_0"])
    assert (made.name, made.quant, made.spec) == ("llama3.2", "Q8_0", "ollama:llama3.2:latest")
    (again,) = at_levels(find_models([made.spec]), ["Q8_0"])
    assert again == made


def test_an_unknown_name_is_answered_with_those_there_are(home: Path) -> None:
    with pytest.raises(ModelError, match=r"no model 'llama3'.*It has .*llama3.2:1b.*ollama pull llama3"):
        find_models(["ollama:llama3"])
    with pytest.raises(ModelError, match=r"models pull other/repo"):
        find_models(["hf:other/repo"])


def test_a_model_with_an_adapter_is_not_taken_for_the_model_alone(home: Path, tmp_path: Path) -> None:
    manifest = into_ollama(home, "tuned", "latest", tmp_path / "one.gguf")
    content = json.loads(manifest.read_text())
    content["layers"].append({"mediaType": "application/vnd.ollama.image.adapter", "digest": "sha256:beef"})
    manifest.write_text(json.dumps(content))
    with pytest.raises(ModelError, match=r"--lora .*sha256-beef"):
        find_models(["ollama:tuned"])


def test_a_manifest_cannot_name_a_file_outside_the_blobs(home: Path, tmp_path: Path) -> None:
    manifest = into_ollama(home, "evil", "latest", tmp_path / "one.gguf")
    content = json.loads(manifest.read_text())
    content["layers"][0]["digest"] = "../../../../../two.gguf"
    manifest.write_text(json.dumps(content))
    with pytest.raises(ModelError, match="no model 'evil'"):
        find_models(["ollama:evil"])


def test_any_folder_can_be_looked_into(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere/deep"
    folder.mkdir(parents=True)
    make_tiny_llama(folder / "here.gguf")
    assert [(model.name, model.spec) for model in find_in_folder(tmp_path / "elsewhere")] == [
        ("here", str(folder / "here.gguf"))
    ]


def test_bench_measures_a_model_of_ollama_by_its_name(home: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "rightsize",
        "bench",
        "--task",
        "classification",
        "--no-baselines",
        "--limit",
        "2",
        "--json",
    ]
    command += ["--model", "ollama:llama3.2", "--quant", "F16", "--requests", "2", "--repetitions", "1"]
    command += ["--threads", "1", "--no-baselines", "--store", str(tmp_path / "results.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    (cell,) = json.loads(done.stdout)["cells"]
    assert cell["candidate"] == "llama3.2:F16"
