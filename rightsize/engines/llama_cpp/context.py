"""Models and contexts of llama.cpp with Python lifetimes: opened, used, closed; errors with reasons."""

from __future__ import annotations

import ctypes
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import llama_cpp.llama_cpp as llama
import numpy as np
from numpy.typing import NDArray

from rightsize.engines.llama_cpp import library
from rightsize.engines.llama_cpp.amx import has_amx, works
from rightsize.engines.llama_cpp.batch import TokenBatch
from rightsize.engines.llama_cpp.options import Adapter, ContextOptions
from rightsize.errors import EngineError

_NO_SLOT = 1  # llama_decode: no room in the KV cache
_PROBE_TOKENS = 256


@dataclass(frozen=True, slots=True)
class CacheBytes:
    """Bytes of the cache: of one cell (a token's keys and values), and of one sequence's recurrent state."""

    per_cell: float
    per_sequence: int

    def of(self, cells: int, sequences: int) -> int:
        """Bytes of a whole cache."""
        return round(cells * self.per_cell) + sequences * self.per_sequence


class LoadedModel:
    """Weights and vocabulary. ``load_ms`` is the wall time of loading, ``load_log`` what llama.cpp said.

    ``amx``: whether weights may be laid out for AMX; by default where that works. ``options`` are those of
    every context over it; loading their adapter is part of ``load_ms``.
    """

    def __init__(
        self,
        path: Path,
        *,
        gpu_layers: int = 0,
        amx: bool | None = None,
        options: ContextOptions = ContextOptions(),  # noqa: B008  frozen
    ) -> None:
        self.options = options
        library.start()
        params = llama.llama_model_default_params()
        params.n_gpu_layers = gpu_layers
        params.use_extra_bufts = works() if amx is None else amx
        self._load(path, params)
        if amx is None and self.keeps_state and has_amx():
            # Several sequences of a recurrent model get wrong answers from it: see docs/decisions/014.
            self.close()
            params.use_extra_bufts = False
            self._load(path, params)
        self.adapter = self._load_adapter(Path(options.lora)) if options.lora else None
        self.load_mode = llama.llama_load_mode_name(params.load_mode).decode()
        self.vocab = llama.llama_model_get_vocab(self.handle)
        self.vocab_size = int(llama.llama_vocab_n_tokens(self.vocab))
        self.context_length = int(llama.llama_model_n_ctx_train(self.handle))
        # Asked for each token that is generated, and few of a large vocabulary ever are.
        self._pieces: dict[int, bytes] = {}
        self._ends: dict[int, bool] = {}

    def _load(self, path: Path, params: Any) -> None:
        with library.captured_log() as self.load_log:
            started = time.perf_counter()
            self.handle = llama.llama_model_load_from_file(str(path).encode(), params)
            self.load_ms = (time.perf_counter() - started) * 1e3
        if not self.handle:
            reason = library.last_error(self.load_log)
            raise EngineError(f"llama.cpp cannot load {path.name}: {reason}")

    def _load_adapter(self, path: Path) -> Adapter:
        started = time.perf_counter()
        try:
            return Adapter(self.handle, path)
        except EngineError:
            self.close()
            raise
        finally:
            self.load_ms += (time.perf_counter() - started) * 1e3

    @cached_property
    def has_tokenizer(self) -> bool:
        """Whether the file carries a vocabulary that text can be turned into."""
        return bool(llama.llama_vocab_type(self.vocab) != llama.LLAMA_VOCAB_TYPE_NONE)

    @cached_property
    def keeps_state(self) -> bool:
        """Whether some layers are recurrent: each sequence then has a state beside, or instead of, KV cells."""
        return bool(llama.llama_model_is_recurrent(self.handle) or llama.llama_model_is_hybrid(self.handle))

    @cached_property
    def cache_bytes(self) -> CacheBytes:
        """What sequences cost in the cache, read from the log of the smallest context that can be made."""
        with Context(self, tokens=_PROBE_TOKENS, threads=1, batch_tokens=32) as context:
            sizes = library.buffer_sizes(context.log)
        return CacheBytes(per_cell=sizes.get("KV", 0) / _PROBE_TOKENS, per_sequence=sizes.get("RS", 0))

    @cached_property
    def attention_per_cell(self) -> float:
        """Work of attending to one cell over that of all weights for one token: 4 d L over 2 P operations."""
        width, layers = int(llama.llama_model_n_embd(self.handle)), int(llama.llama_model_n_layer(self.handle))
        return 2 * width * layers / max(1, int(llama.llama_model_n_params(self.handle)))

    @cached_property
    def long_rope_from(self) -> int | None:
        """Context size above which llama.cpp takes other rotation factors (long RoPE), or None.

        A larger cache would change what such a model says, even to short prompts.
        """
        architecture = self.metadata("general.architecture")
        size = self.metadata(f"{architecture}.rope.scaling.original_context_length")
        return int(size) if size and size.isdigit() and int(size) < self.context_length else None

    @cached_property
    def prefix_token(self) -> int | None:
        """What stands before a text that has nothing before it: BOS, else EOS, as lm-eval has it."""
        ids = (int(llama.llama_vocab_bos(self.vocab)), int(llama.llama_vocab_eos(self.vocab)))
        return next((token for token in ids if token >= 0), None)

    def metadata(self, key: str) -> str | None:
        """One metadata string of the file, or None."""
        size = llama.llama_model_meta_val_str(self.handle, key.encode(), ctypes.create_string_buffer(1), 1)
        if size < 0:
            return None
        buffer = ctypes.create_string_buffer(size + 1)
        llama.llama_model_meta_val_str(self.handle, key.encode(), buffer, size + 1)
        return buffer.value.decode("utf-8", "replace")

    def tokenize(self, text: str, *, special: bool, parse_special: bool) -> list[int]:
        """Token ids of a text. ``special`` adds what the model wants around a text (BOS)."""
        data = _as_bytes(text)
        room = len(data) + 8
        while True:
            tokens = (llama.llama_token * room)()
            count = llama.llama_tokenize(self.vocab, data, len(data), tokens, room, special, parse_special)
            if count >= 0:
                return list(tokens[:count])
            room = -count

    def piece(self, token: int) -> bytes:
        """The bytes of a token, of a control token none."""
        found = self._pieces.get(token)
        if found is None:
            found = self._pieces[token] = self._read_piece(token)
        return found

    def _read_piece(self, token: int) -> bytes:
        room = 256
        while True:
            buffer = ctypes.create_string_buffer(room)
            size = llama.llama_token_to_piece(self.vocab, token, buffer, room, 0, False)
            if size >= 0:
                return bytes(buffer.raw[:size])
            room = -size

    def ends(self, token: int) -> bool:
        """Whether this token ends an answer."""
        found = self._ends.get(token)
        if found is None:
            found = self._ends[token] = bool(llama.llama_vocab_is_eog(self.vocab, token))
        return found

    def close(self) -> None:
        """Free the weights."""
        if self.handle:
            llama.llama_model_free(self.handle)
            self.handle = None


class Context:
    """A KV cache and compute buffers over a model. ``unified`` lets sequences share cells."""

    def __init__(
        self,
        model: LoadedModel,
        *,
        tokens: int,
        threads: int,
        sequences: int = 1,
        batch_tokens: int = 2048,
        unified: bool = True,
    ) -> None:
        params = llama.llama_context_default_params()
        params.n_ctx = tokens
        params.n_batch = batch_tokens
        params.n_ubatch = min(512, batch_tokens)
        params.n_seq_max = sequences
        params.n_threads = threads
        params.n_threads_batch = threads
        params.kv_unified = unified
        params.no_perf = True
        model.options.apply(params)
        self.model = model
        with library.captured_log() as self.log:
            self.handle = llama.llama_init_from_model(model.handle, params)
        if not self.handle:
            raise EngineError(
                f"llama.cpp cannot make a context of {tokens} tokens: {library.last_error(self.log)}"
            )
        self.memory = llama.llama_get_memory(self.handle)
        if model.adapter:
            model.adapter.attach(self.handle)

    def __enter__(self) -> Context:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def decode(self, batch: TokenBatch) -> None:
        """Run a batch. Raises EngineError when the KV cache is full or the computation failed."""
        code = llama.llama_decode(self.handle, batch.raw)
        if code == _NO_SLOT:
            raise EngineError("the KV cache is full", next_step="Raise --context")
        if code != 0:
            raise EngineError(f"llama_decode failed with code {code}")

    def rows(self, count: int) -> NDArray[np.float32]:
        """All ``count`` rows of logits of the last batch, in its order: a view of shape (count, vocabulary)."""
        if not count:
            return np.empty((0, self.model.vocab_size), np.float32)
        return np.ctypeslib.as_array(llama.llama_get_logits(self.handle), (count, self.model.vocab_size))

    def logits(self, index: int) -> NDArray[np.float32]:
        """Logits after the token at that index of the last batch: a view of shape (vocabulary,)."""
        pointer = llama.llama_get_logits_ith(self.handle, index)
        return np.ctypeslib.as_array(pointer, (self.model.vocab_size,))

    def clear(self) -> None:
        """Forget everything, so that no request reuses another's cache."""
        llama.llama_memory_clear(self.memory, False)

    def copy(self, source: int, target: int) -> None:
        """Let an empty sequence begin as another stands; they share what is in the cache."""
        llama.llama_memory_seq_cp(self.memory, source, target, -1, -1)

    def forget(self, sequence: int) -> None:
        """Free the cells of one sequence."""
        llama.llama_memory_seq_rm(self.memory, sequence, -1, -1)

    def cut(self, sequence: int, tokens: int) -> bool:
        """Forget what a sequence holds after its first ``tokens``; False where its state cannot be cut back."""
        return bool(llama.llama_memory_seq_rm(self.memory, sequence, tokens, -1))

    def wait(self) -> None:
        """Return when the device has finished."""
        llama.llama_synchronize(self.handle)

    def close(self) -> None:
        """Free cache and buffers."""
        if self.handle:
            llama.llama_free(self.handle)
            self.handle = None


def _as_bytes(text: str) -> bytes:
    """UTF-8 of a text. Bytes that were never valid come back as they were; lone surrogates become ``?``."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")
