"""Decoders in the layout of onnxruntime-genai, through that package where it is installed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from rightsize.domain import Answer, CandidateSettings, Item, JsonValue
from rightsize.engines.interface import RequestTiming, TaskRules
from rightsize.engines.llama_cpp.text import TextStream, without_thinking
from rightsize.engines.onnx.folder import OnnxFolder
from rightsize.engines.onnx.runtime import one_line
from rightsize.errors import EngineError


class GenaiSession:
    """See :class:`rightsize.engines.interface.Session`; one item after the other."""

    def __init__(self, folder: OnnxFolder, settings: CandidateSettings) -> None:
        if settings.constrain:
            raise EngineError(
                f"{folder.path.name} runs through onnxruntime-genai, which is not held to --constrain here",
                next_step="Leave --constrain out, or export the model with Optimum",
            )
        try:
            import onnxruntime_genai
        except ImportError as error:
            raise EngineError(
                f"{folder.path.name} has the layout of onnxruntime-genai, which is not installed",
                next_step="Install it: pip install onnxruntime-genai",
            ) from error
        self._library: Any = onnxruntime_genai
        started = time.perf_counter()
        try:
            self._model = onnxruntime_genai.Model(str(folder.path))
            self._tokenizer = onnxruntime_genai.Tokenizer(self._model)
        except Exception as error:  # the package raises bare exceptions
            raise EngineError(f"onnxruntime-genai cannot load {folder.path.name}: {one_line(error)}") from error
        self._load_ms = (time.perf_counter() - started) * 1e3
        declared = folder.json("genai_config.json").get("model") or {}
        ends = declared.get("eos_token_id")
        self._ends = set(ends if isinstance(ends, list) else [ends])
        self._allowed = settings.context_tokens or int(declared.get("context_length") or 0) or 1 << 20
        self._threads = settings.threads

    def facts(self) -> Mapping[str, JsonValue]:
        """How long it took to load."""
        why = "onnxruntime-genai tells no speed of its own"
        return {
            "load_ms": self._load_ms,
            "threads": None,  # its own configuration decides
            "absent": {"prefill_tokens_per_s": why, "decode_tokens_per_s": why},
        }

    def rejections(self, items: Sequence[Item], rules: TaskRules) -> Mapping[str, str]:
        """Items that are too long for the context."""
        found = {}
        for item in items:
            needed = len(self._tokenizer.encode(item.prompt)) + rules.max_output_tokens
            if needed > self._allowed:
                found[item.id] = f"needs a context of {needed} tokens, {self._allowed} are allowed"
        return found

    def answer(self, items: Sequence[Item], rules: TaskRules) -> Iterator[tuple[str, Answer]]:
        """One after the other."""
        for item in items:
            ids = list(self._tokenizer.encode(item.prompt))
            text, tokens, reason = self._generate(ids, rules, [])
            visible, thought = without_thinking(text)
            yield (
                item.id,
                Answer(
                    visible,
                    prompt_tokens=len(ids),
                    output_tokens=tokens,
                    finish_reason=reason,
                    thinking_chars=thought,
                ),
            )

    def time_requests(self, items: Sequence[Item], rules: TaskRules) -> Iterator[RequestTiming]:
        """Each item alone, after a warm-up."""
        self._timed(items[0], rules)
        return (self._timed(item, rules) for item in items)

    def _timed(self, item: Item, rules: TaskRules) -> RequestTiming:
        ids = list(self._tokenizer.encode(item.prompt))
        shown: list[float] = []
        started = time.perf_counter()
        self._generate(ids, rules, shown)
        gaps = tuple((after - before) * 1e3 for before, after in pairwise(shown))
        first = shown[0] if shown else time.perf_counter()
        last = shown[-1] if shown else first
        return RequestTiming((last - started) * 1e3, (first - started) * 1e3, gaps, len(ids), len(shown))

    def _generate(self, ids: list[int], rules: TaskRules, shown: list[float]) -> tuple[str, int, str]:
        params = self._library.GeneratorParams(self._model)
        params.set_search_options(do_sample=False, max_length=len(ids) + rules.max_output_tokens)
        generator = self._library.Generator(self._model, params)
        generator.append_tokens(ids)
        pieces, stream = self._tokenizer.create_stream(), TextStream(rules.stop)
        while not generator.is_done():
            generator.generate_next_token()
            shown.append(time.perf_counter())
            token = int(generator.get_next_tokens()[0])
            if token in self._ends:
                return stream.text, len(shown) - 1, "eos"
            if stream.push(pieces.decode(token).encode()):
                return stream.text, len(shown), "stop"
        return stream.text, len(shown), "length"

    def prefill_tokens_per_s(self, tokens: int, repetitions: int) -> Iterator[float]:
        """None."""
        return iter(())

    def decode_tokens_per_s(self, tokens: int, repetitions: int) -> Iterator[float]:
        """None."""
        return iter(())

    def close(self) -> None:
        """The package frees itself."""
