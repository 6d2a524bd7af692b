"""Candidate settings: multiplied out, named, stored as before where they are the defaults, and heeded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rightsize.bench.candidates import expand_candidates
from rightsize.bench.plan import fingerprint
from rightsize.bench.protocol import in_frame
from rightsize.bench.variants import combinations
from rightsize.cli.variants import read_variants
from rightsize.domain import Candidate, CandidateSettings, Item, Job, Model
from rightsize.engines.interface import TaskRules
from rightsize.engines.llama_cpp.session import LlamaCppSession
from rightsize.errors import EngineError, ModelError, UsageError
from rightsize.machine import scan
from rightsize.settings import Settings
from rightsize.store.frame import COLUMNS, frame_row, ranked
from rightsize.suites.loader import load_suite
from tests.conftest import make_record
from tests.tiny_lora import make_tiny_lora
from tests.tiny_models import make_tiny_llama

MODEL = Model("m", Path("m.gguf"), 1, "abc", "llama", 1, "F16", 512)


def test_several_values_make_every_combination() -> None:
    variants = read_variants({"--threads": ["1,2"], "--kv-type": ["f16", "q8_0"], "--context": ["64"]})
    choices = combinations(CandidateSettings(), variants)
    assert [(c.settings.threads, c.settings.kv_type, c.settings.context_tokens) for c in choices] == [
        (1, "f16", 64),
        (1, "q8_0", 64),
        (2, "f16", 64),
        (2, "q8_0", 64),
    ]
    names = [Candidate(MODEL, "llama_cpp", c.settings, c.varied).id for c in choices]
    assert names == ["m:F16+1t", "m:F16+1t+kv-q8_0", "m:F16+2t", "m:F16+2t+kv-q8_0"]


def test_a_candidate_measured_again_alone_keeps_its_name() -> None:
    (again,) = combinations(CandidateSettings(threads=1), {}, ("threads",))
    assert Candidate(MODEL, "llama_cpp", again.settings, again.varied).id == "m:F16+1t"


def test_what_is_unusual_is_in_the_name_and_the_rest_is_not() -> None:
    usual = CandidateSettings(threads=4, context_tokens=2048, gpu_layers=3)
    assert Candidate(MODEL, "llama_cpp", usual).id == "m:F16"
    unusual = replace(
        usual,
        flash_attention="off",
        prompt="{prompt}!",
        prompt_name="polite",
        lora="/x/tuned.gguf",
        constrain="json",
    )
    assert Candidate(MODEL, "llama_cpp", unusual).id == "m:F16+fa-off+polite+json+lora-tuned"


def test_default_settings_are_stored_and_fingerprinted_as_before_there_was_a_choice() -> None:
    settings = CandidateSettings(threads=2)
    before = {"threads": 2, "context_tokens": 0, "gpu_layers": 0, "chat_template": "auto", "constrain": ""}
    assert settings.stated() == before
    assert CandidateSettings(**before) == settings
    suite, machine = load_suite("sql"), scan(with_bandwidth=False)

    def key(chosen: CandidateSettings) -> str:
        return fingerprint(Job(Candidate(MODEL, "llama_cpp", chosen), suite), machine, {"name": "x"})

    assert key(settings) == key(replace(settings, kv_type="f16"))
    others = [
        replace(settings, kv_type="q8_0"),
        replace(settings, flash_attention="on"),
        replace(settings, prompt="{prompt}", prompt_name="a"),
        replace(settings, lora="/x/a.gguf", lora_sha256="1"),
        replace(settings, lora="/x/a.gguf", lora_sha256="2"),
    ]
    assert len({key(settings), *map(key, others)}) == len(others) + 1
    # What a file is called, and where it lies, is no part of what is measured.
    assert key(others[2]) == key(replace(others[2], prompt_name="b"))
    assert key(others[3]) == key(replace(others[3], lora="/y/b.gguf"))


def test_every_setting_is_a_column_and_any_column_can_be_ranked_by() -> None:
    def stored(number: int, **settings: object) -> object:
        record = make_record(f"m{number}:F16", id=number, right=400 + number)
        return replace(record, candidate={**record.candidate, "settings": settings})

    old = stored(1, threads=2, context_tokens=0, gpu_layers=0, chat_template="auto", constrain="")
    new = stored(
        2, threads=1, kv_type="q8_0", constrain="{...", prompt="x", prompt_name="polite", lora="/a/b.gguf"
    )
    assert {
        "threads",
        "context_tokens",
        "kv_type",
        "flash_attention",
        "gpu_layers",
        "prompt",
        "constrain",
    } <= set(COLUMNS)
    assert frame_row(old)["kv_type"] == "f16"  # type: ignore[arg-type]
    row = frame_row(new)  # type: ignore[arg-type]
    assert (row["kv_type"], row["constrain"], row["prompt"], row["lora"]) == (
        "q8_0",
        "constrained",
        "polite",
        "b",
    )
    assert ranked([old, new], "score") == [new, old]  # type: ignore[list-item]  the higher score first
    assert ranked([old, new], "threads") == [new, old]  # type: ignore[list-item]
    assert ranked([new, old], "gpu_layers") == [old, new]  # type: ignore[list-item]  a missing one last
    with pytest.raises(UsageError, match="Did you mean kv_type"):
        ranked([old], "kv_typ")  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("flag", "text", "words"),
    [
        ("--threads", "0", "whole number of at least 1"),
        ("--gpu-layers", "-2", "whole number of at least -1"),
        ("--kv-type", "q5", "f16 or q8_0 or q4_0"),
        ("--flash-attention", "yes", "auto or on or off"),
        ("--prompt", "nowhere.txt", "no such file"),
        ("--lora", "nowhere.gguf", "no such file"),
    ],
)
def test_what_cannot_be_meant_is_refused(flag: str, text: str, words: str) -> None:
    with pytest.raises((UsageError, ModelError), match=words):
        read_variants({flag: [text]})


def test_a_prompt_variant_surrounds_what_the_task_asks(tmp_path: Path) -> None:
    file = tmp_path / "polite.txt"
    file.write_text("Please.\n{prompt}\nThank you.\n")
    (none, polite) = read_variants({"--prompt": [f"none,{file}"]})["--prompt"]
    assert none["prompt"] == ""
    item = Item("i", "g", "What?", "x", contexts=("a", ""))
    framed = in_frame(item, polite["prompt"])
    assert framed.prompt == "Please.\nWhat?\nThank you."
    assert framed.contexts[0] == "Please.\na\nThank you."
    assert in_frame(item, "") is item
    file.write_text("no mark")
    with pytest.raises(UsageError, match=r"has \{prompt\} 0 times"):
        read_variants({"--prompt": [str(file)]})


def test_a_setting_that_no_named_model_heeds_is_refused() -> None:
    with pytest.raises(UsageError, match="--kv-type means nothing to the named models"):
        expand_candidates(
            ["vllm:some-model"],
            [],
            machine=scan(with_bandwidth=False),
            settings=Settings(),
            allow_requantize=False,
            notify=lambda _: None,
            variants=read_variants({"--kv-type": ["q8_0"]}),
        )


# --- through llama.cpp ------------------------------------------------------------------------------------


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return make_tiny_llama(tmp_path / "tiny.gguf", width=128, heads=4)


def answers(model: Path, **settings: object) -> tuple[list[str], dict[str, object]]:
    suite = load_suite("extraction")
    items, rules = suite.items[:3], replace(TaskRules.of(suite), max_output_tokens=12)
    session = LlamaCppSession(model, CandidateSettings(threads=1, **settings))  # type: ignore[arg-type]
    list(session.time_requests(items[:1], rules))
    said = [answer.text for _, answer in sorted(session.answer(items, rules))]
    facts = dict(session.facts())
    session.close()
    return said, facts


def test_the_type_of_the_cache_is_heeded_and_its_bytes_show_it(tiny: Path) -> None:
    kv = {kind: answers(tiny, kv_type=kind)[1]["buffers_bytes"]["KV"] for kind in ("f16", "q8_0", "q4_0")}  # type: ignore[index]
    assert kv["q8_0"] == pytest.approx(kv["f16"] * 34 / 64, rel=0.1)
    assert kv["q4_0"] == pytest.approx(kv["f16"] * 18 / 64, rel=0.1)


def test_a_quantized_cache_without_flash_attention_fails_with_the_reason(tiny: Path) -> None:
    with pytest.raises(EngineError, match=r"(?i)flash"):
        answers(tiny, kv_type="q8_0", flash_attention="off")


def test_an_adapter_changes_the_answers_and_one_of_strength_nought_does_not(tiny: Path, tmp_path: Path) -> None:
    plain, _ = answers(tiny)
    strong = make_tiny_lora(tmp_path / "strong.gguf", width=128)
    nought = make_tiny_lora(tmp_path / "nought.gguf", width=128, strength=0.0)
    assert answers(tiny, lora=str(strong))[0] != plain
    assert answers(tiny, lora=str(nought))[0] == plain


def test_an_adapter_that_does_not_fit_is_refused_with_the_reason(tiny: Path, tmp_path: Path) -> None:
    narrow = make_tiny_lora(tmp_path / "narrow.gguf", width=64)
    with pytest.raises(EngineError, match=r"cannot use the adapter narrow\.gguf"):
        answers(tiny, lora=str(narrow))
    with pytest.raises(ModelError, match="not a LoRA adapter"):
        read_variants({"--lora": [str(tiny)]})


def test_bench_measures_an_adapter_with_its_cost(tiny: Path, tmp_path: Path) -> None:
    lora = make_tiny_lora(tmp_path / "tuned.gguf", width=128)
    other = make_tiny_lora(tmp_path / "other.gguf", width=128, architecture="qwen2")
    command = [
        sys.executable,
        "-m",
        "rightsize",
        "bench",
        "--task",
        "classification",
        "--no-baselines",
        "--limit",
        "4",
        "--json",
    ]
    command += [
        "--model",
        str(tiny),
        "--quant",
        "F16",
        "--requests",
        "4",
        "--repetitions",
        "2",
        "--threads",
        "1",
    ]
    command += ["--no-baselines", "--store", str(tmp_path / "results.db")]
    environment = {**os.environ, "RIGHTSIZE_CACHE": str(tmp_path / "cache")}

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *more], capture_output=True, text=True, timeout=120, check=False, env=environment
        )

    done = run("--lora", f"none,{lora}")
    assert done.returncode == 0, done.stderr
    cells = {cell["candidate"]: cell for cell in json.loads(done.stdout)["cells"]}
    assert list(cells) == ["tiny:F16", "tiny:F16+lora-tuned"]
    with_adapter, alone = (cells[name]["metrics"] for name in ("tiny:F16+lora-tuned", "tiny:F16"))
    for metric in ("latency_p50_ms", "decode_tokens_per_s", "memory_bytes", "load_ms"):
        assert with_adapter[metric]["value"] > 0
    assert with_adapter["size_bytes"]["value"] - alone["size_bytes"]["value"] == lora.stat().st_size
    refused = run("--lora", str(other))
    assert refused.returncode == 2
    assert "other.gguf is an adapter for qwen2, tiny is llama" in refused.stderr
