from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from rightsize.engines.llama_cpp.no_alloc import Question, ask
from rightsize.errors import EngineError
from rightsize.models.shapes.quant_mix import unquantized
from rightsize.predict.cache import Cached, CacheSettings, cache_bytes, cached_by, grouped, latent, layer_bytes
from rightsize.predict.memory import Loading, layer_columns, packed_bytes, predict_memory, reserved_bytes
from tests.models.shape_documents import SHAPES
from tests.predict.sparse_files import sparse_file, sparse_latent_file, tiny_shape

LOG_BYTES = 0.011 * 2**20  # llama.cpp's log has two decimals of a MiB
RUNS = {
    "short": CacheSettings(512),
    "uneven": CacheSettings(1000, 64, full_windows=False),
    "long": CacheSettings(4096, 512, full_windows=False),
    "shared": CacheSettings(2048, 128, 3),
}


@pytest.fixture(scope="module")
def oracle(tmp_path_factory):
    """llama.cpp's own plan for every architecture and run, asked in one process: {(shape, run): allocation}."""
    folder = tmp_path_factory.mktemp("sparse")
    for name in SHAPES:
        sparse_file(folder / f"{name}.gguf", tiny_shape(name))
    asked = {
        (name, run): Question(
            folder / f"{name}.gguf", each.context_tokens, each.batch_tokens, each.sequences, each.full_windows
        )
        for name in SHAPES
        for run, each in RUNS.items()
    }
    return dict(zip(asked, ask(list(asked.values())), strict=True))


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("name", SHAPES)
def test_weights_and_cache_are_those_that_llama_cpp_plans(oracle, name, run):
    shape, planned = tiny_shape(name), oracle[name, run]
    memory = predict_memory(shape, unquantized(shape).tensors, RUNS[run], Loading())
    assert planned.context_tokens == RUNS[run].cells
    assert memory.weights == planned.weight_bytes
    assert memory.cache == pytest.approx(planned.cache_bytes, abs=2 * LOG_BYTES)


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_reserved_for_computing_is_near_what_llama_cpp_reserves(oracle, name):
    for run, each in RUNS.items():
        ours, theirs = reserved_bytes(tiny_shape(name), each), oracle[name, run].compute_bytes
        assert 0.6 < ours / theirs < 1.45, f"{run}: {ours} against {theirs}"


@pytest.mark.parametrize("layers", [1, 3])
def test_latent_attention_keeps_one_vector_a_token_and_no_values(tmp_path, layers):
    path = tmp_path / "latent.gguf"
    sparse_latent_file(path, layers=layers, kv_rank=256, rope_width=32)
    (planned,) = ask([Question(path, 4096)])
    ours = cache_bytes([latent(256, 32)] * layers, CacheSettings(4096))
    assert ours == pytest.approx(planned.cache_bytes, abs=LOG_BYTES)
    unabsorbed = cache_bytes([grouped(4, 96, value_width=64)] * layers, CacheSettings(4096))
    assert unabsorbed > 2 * ours


def test_a_window_bounds_the_cache_and_grouped_heads_divide_it():
    run = CacheSettings(32768, 512, full_windows=False)
    everything, windowed = grouped(8, 128), grouped(8, 128, window=1024)
    assert layer_bytes(windowed, run) == 1536 / 32768 * layer_bytes(everything, run)
    assert layer_bytes(windowed, CacheSettings(32768)) == layer_bytes(everything, run)
    assert layer_bytes(grouped(2, 128), run) == layer_bytes(everything, run) / 4


def test_a_recurrent_layer_does_not_grow_with_the_context():
    layers = cached_by(tiny_shape("mamba"))
    short, long = (cache_bytes(layers, CacheSettings(tokens)) for tokens in (256, 65536))
    assert short == long > 0


@settings(max_examples=50)
@given(some.integers(1, 200_000), some.integers(1, 8), some.sampled_from(sorted(SHAPES)))
def test_more_context_or_more_sequences_never_need_less(tokens, sequences, name):
    layers = cached_by(tiny_shape(name))
    base = cache_bytes(layers, CacheSettings(tokens, 512, sequences, full_windows=False))
    assert cache_bytes(layers, CacheSettings(tokens + 300, 512, sequences, full_windows=False)) >= base
    assert cache_bytes(layers, CacheSettings(tokens, 512, sequences + 1, full_windows=False)) >= base


def test_quantized_keys_take_their_blocks():
    layer = Cached(key_width=1024, value_width=1024)
    half = CacheSettings(256, key_type="Q8_0", value_type="Q8_0")
    assert layer_bytes(layer, half) == layer_bytes(layer, CacheSettings(256)) * 34 / 64


def test_only_what_is_multiplied_is_packed_and_a_tied_embedding_is():
    tied, untied = (unquantized(tiny_shape(name)).tensors for name in ("llama", "llama_biases"))
    matrices = [t for t in tied if len(t.shape) == 2 and t.type_name == "F16"]
    assert packed_bytes(tied, {"F16": 1.0}) == sum(t.size_bytes for t in matrices if t.shape[1] % 32 == 0)
    embedding = next(t for t in untied if t.name == "token_embd.weight")
    everything = sum(t.size_bytes for t in untied if len(t.shape) == 2 and t.shape[1] % 32 == 0)
    head = next(t for t in untied if t.name == "output.weight")
    assert packed_bytes(untied, {"F16": 1.0}) == everything - (embedding.shape[1] % 32 == 0) * head.size_bytes
    assert packed_bytes(tied, {"Q4_K": 1.03}) == 0


def test_a_short_prompt_touches_less_than_a_batch():
    shape = tiny_shape("llama")
    tensors, run = unquantized(shape).tensors, CacheSettings(1024)
    short = predict_memory(shape, tensors, run, Loading(base_bytes=50_000_000), prompt_tokens=10)
    full = predict_memory(shape, tensors, run, Loading(base_bytes=50_000_000), prompt_tokens=5000)
    assert short.compute < full.compute
    assert full.peak == 50_000_000 + full.weights + full.cache + full.compute
    assert layer_columns(shape) >= 3 * 512


def test_a_file_that_llama_cpp_refuses_is_one_line(tmp_path):
    path = tmp_path / "bad.gguf"
    path.write_bytes(b"GGUF" + b"\0" * 40)
    with pytest.raises(EngineError, match=r"bad\.gguf") as caught:
        ask([Question(path, 512)])
    assert "\n" not in str(caught.value)
