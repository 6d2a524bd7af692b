"""A decoder as a session: greedy generation in batches, likelihoods of continuations, and both timed alone."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from rightsize.domain import Answer, CandidateSettings, Item, JsonValue, TaskType
from rightsize.engines.interface import RequestTiming, TaskRules
from rightsize.engines.llama_cpp.generation import Generation
from rightsize.engines.llama_cpp.prompts import style_from
from rightsize.engines.llama_cpp.requests import Encoder, Scoring, scored_answer
from rightsize.engines.llama_cpp.text import TextStream
from rightsize.engines.onnx.constrain import OnnxGrammar
from rightsize.engines.onnx.folder import OnnxFolder
from rightsize.engines.onnx.graph import Cache, DecoderGraph
from rightsize.engines.onnx.runtime import Runtime
from rightsize.engines.onnx.tokens import OnnxVocabulary
from rightsize.errors import EngineError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BATCH = 16
_CONTINUATIONS = 128  # at once
_FALLBACK_CONTEXT = 1 << 20

Tokens = tuple[int, ...]


class OnnxDecoderSession:
    """See :class:`rightsize.engines.interface.Session`."""

    def __init__(self, folder: OnnxFolder, runtime: Runtime, settings: CandidateSettings) -> None:
        self._runtime, self._settings = runtime, settings
        self._graph = DecoderGraph(runtime, folder)
        self._vocabulary = OnnxVocabulary(folder)
        texts = (self._vocabulary.special_text("bos"), self._vocabulary.special_text("eos"))
        self._style = style_from(self._vocabulary.chat_template(), *texts, settings.chat_template)
        self._encoder = Encoder(self._vocabulary, self._style)
        self._grammar: OnnxGrammar | None = None
        self._allowed = settings.context_tokens or self._graph.context_length or _FALLBACK_CONTEXT

    def facts(self) -> Mapping[str, JsonValue]:
        """How it was loaded, and where it runs."""
        return {
            "load_ms": self._runtime.load_ms,
            "provider": self._runtime.provider,
            "threads": self._settings.threads,
            "chat_template_sha256": self._style.sha256,
            "thinking": self._style.thinking,
        }

    def rejections(self, items: Sequence[Item], rules: TaskRules) -> Mapping[str, str]:
        """Items that are too long for the context."""
        found = {}
        for item in items:
            needed = self._needed(item, rules)
            if needed > self._allowed:
                found[item.id] = f"needs a context of {needed} tokens, {self._allowed} are allowed"
        return found

    def _needed(self, item: Item, rules: TaskRules) -> int:
        if rules.task_type is TaskType.GENERATE:
            return len(self._encoder.prompt(item)) + rules.max_output_tokens
        return self._scoring(item, rules).longest - 1

    def _scoring(self, item: Item, rules: TaskRules) -> Scoring:
        return self._encoder.scoring(item, rules, self._allowed)

    def answer(self, items: Sequence[Item], rules: TaskRules) -> Iterator[tuple[str, Answer]]:
        """Generations in batches of like lengths; scores item by item, all choices together."""
        if rules.task_type is not TaskType.GENERATE:
            for item in items:
                yield item.id, self._scored(self._scoring(item, rules), rules.task_type)
            return
        prompts = sorted(
            ((self._encoder.prompt(item), item.id) for item in items), key=lambda pair: len(pair[0])
        )
        for start in range(0, len(prompts), _BATCH):
            batch = prompts[start : start + _BATCH]
            done = self._generate([tokens for tokens, _ in batch], rules)
            for (_, item_id), generation in zip(batch, done, strict=True):
                yield item_id, generation.answer()

    def time_requests(self, items: Sequence[Item], rules: TaskRules) -> Iterator[RequestTiming]:
        """Each item alone on an empty cache, after a warm-up; tokenizing is not timed."""
        if rules.task_type is TaskType.GENERATE:
            prompts = [self._encoder.prompt(item) for item in items]
            self._time_generation(prompts[0], rules)
            return (self._time_generation(prompt, rules) for prompt in prompts)
        requests = [self._scoring(item, rules) for item in items]
        self._time_scoring(requests[0], rules.task_type)
        return (self._time_scoring(request, rules.task_type) for request in requests)

    def prefill_tokens_per_s(self, tokens: int, repetitions: int) -> Iterator[float]:
        """Many tokens at once, on an empty cache."""
        ids = self._any_tokens(min(tokens, self._allowed))
        self._prefill([ids])
        for _ in range(repetitions):
            started = time.perf_counter()
            self._prefill([ids])
            yield len(ids) / (time.perf_counter() - started)

    def decode_tokens_per_s(self, tokens: int, repetitions: int) -> Iterator[float]:
        """One token after the other, from an empty cache."""
        ids = self._any_tokens(min(tokens, self._allowed))
        self._one_by_one(ids)
        for _ in range(repetitions):
            started = time.perf_counter()
            self._one_by_one(ids)
            yield len(ids) / (time.perf_counter() - started)

    def close(self) -> None:
        """Free the grammar; the runtime frees itself."""
        if self._grammar:
            self._grammar.close()

    # --- generation ---------------------------------------------------------------------------------------

    def _generate(
        self, prompts: Sequence[Tokens], rules: TaskRules, shown: list[float] | None = None
    ) -> list[Generation]:
        """Greedy answers to prompts side by side, padded on the left. ``shown`` gets the time of each token."""
        logits, cache, mask = self._prefill(prompts)
        grammar = self._held_to(logits.shape[-1])
        states = [
            Generation(
                self._vocabulary,
                (n,),
                len(prompt),
                rules.max_output_tokens,
                TextStream(rules.stop),
                grammar.begin() if grammar else None,
            )
            for n, prompt in enumerate(prompts)
        ]
        while True:
            self._take(states, logits[:, -1], with_probabilities=shown is None)
            if shown is not None:
                shown.append(time.perf_counter())
            if all(state.finish_reason for state in states):
                return states
            # What has ended goes on as padding: its row is computed, and nobody reads it.
            ids = np.array([[max(0, state.next_token)] for state in states])
            positions = np.minimum(mask.sum(axis=1, keepdims=True), self._last_position)
            mask = np.concatenate([mask, np.ones_like(ids)], axis=1)
            logits, cache = self._graph.run(ids, mask, positions, cache)

    def _take(
        self, states: Sequence[Generation], rows: NDArray[np.float32], *, with_probabilities: bool
    ) -> None:
        best = rows.argmax(axis=1)
        for at, state in enumerate(states):
            if not state.finish_reason:
                best[at] = state.allowed(rows[at], int(best[at]))
        sure = _log_softmax(rows)[np.arange(len(rows)), best] if with_probabilities else np.zeros(len(rows))
        for state, token, log_probability in zip(states, best, sure, strict=True):
            if not state.finish_reason:
                state.take(int(token), float(log_probability))

    def _held_to(self, width: int) -> OnnxGrammar | None:
        """The grammar of ``--constrain``, made once the width of the vocabulary is known."""
        if self._settings.constrain and self._grammar is None:
            self._grammar = OnnxGrammar(self._vocabulary, width, self._settings.constrain)
        return self._grammar

    def _prefill(self, prompts: Sequence[Tokens]) -> tuple[NDArray[np.float32], Cache, NDArray[np.int64]]:
        """Logits and cache of prompts from nothing, with their mask."""
        longest = max(map(len, prompts))
        ids, mask = np.zeros((len(prompts), longest), np.int64), np.zeros((len(prompts), longest), np.int64)
        for row, prompt in enumerate(prompts):
            ids[row, longest - len(prompt) :] = prompt
            mask[row, longest - len(prompt) :] = 1
        positions = np.maximum(mask.cumsum(axis=1) - 1, 0)
        logits, cache = self._graph.run(ids, mask, positions, None)
        return logits, cache, mask

    @property
    def _last_position(self) -> int:
        return (self._graph.context_length or _FALLBACK_CONTEXT) - 1

    def _time_generation(self, prompt: Tokens, rules: TaskRules) -> RequestTiming:
        shown: list[float] = []
        started = time.perf_counter()
        self._generate([prompt], rules, shown)
        gaps = tuple((after - before) * 1e3 for before, after in pairwise(shown))
        return RequestTiming(
            (shown[-1] - started) * 1e3, (shown[0] - started) * 1e3, gaps, len(prompt), len(shown)
        )

    # --- likelihoods --------------------------------------------------------------------------------------

    def _time_scoring(self, request: Scoring, task_type: TaskType) -> RequestTiming:
        started = time.perf_counter()
        self._scored(request, task_type)
        latency_ms = (time.perf_counter() - started) * 1e3
        return RequestTiming(latency_ms, None, (), len(request.pairs[0][0]) if request.pairs else 0, 0)

    def _scored(self, request: Scoring, task_type: TaskType) -> Answer:
        by_context: dict[Tokens, list[int]] = {}
        for at, (context, _) in enumerate(request.pairs):
            by_context.setdefault(context, []).append(at)
        values, greedy = [0.0] * len(request.pairs), True
        for context, numbers in by_context.items():
            found = self._likelihoods(context, [request.pairs[at][1] for at in numbers])
            for at, (value, likeliest) in zip(numbers, found, strict=True):
                values[at] = value
                greedy = greedy and likeliest
        return scored_answer(request, task_type, values, greedy)

    def _likelihoods(self, context: Tokens, continuations: Sequence[Tokens]) -> list[tuple[float, bool]]:
        """Log probability of each continuation, and whether it is what greedy decoding would write."""
        logits, cache, _ = self._prefill([context])
        first = _log_softmax(logits[:, -1])[0]
        found: list[tuple[float, bool]] = []
        for start in range(0, len(continuations), _CONTINUATIONS):
            chunk = continuations[start : start + _CONTINUATIONS]
            later = self._later_rows(len(context), cache, chunk)
            for row, tokens in enumerate(chunk):
                rows = [first, *(later[row, at] for at in range(len(tokens) - 1))]
                pairs = list(zip(rows, tokens, strict=False))
                value = math.fsum(float(given[token]) for given, token in pairs)
                found.append((value, all(int(given.argmax()) == token for given, token in pairs)))
        return found

    def _later_rows(self, context: int, cache: Cache, chunk: Sequence[Tokens]) -> Any:
        """Log probabilities (B, S, V) after each token of each continuation but its last."""
        longest = max((len(tokens) for tokens in chunk), default=0) - 1
        if longest < 1:
            return None
        ids, mask = np.zeros((len(chunk), longest), np.int64), np.zeros((len(chunk), longest), np.int64)
        for row, tokens in enumerate(chunk):
            ids[row, : len(tokens) - 1] = tokens[:-1]
            mask[row, : len(tokens) - 1] = 1
        seen = np.concatenate([np.ones((len(chunk), context), np.int64), mask], axis=1)
        positions = np.minimum(np.broadcast_to(context + np.arange(longest), ids.shape), self._last_position)
        logits, _ = self._graph.run(ids, seen, positions, self._graph.repeated(cache, len(chunk)))
        return _log_softmax(logits)

    # --- speed --------------------------------------------------------------------------------------------

    def _one_by_one(self, ids: Tokens) -> None:
        cache: Cache | None = None
        for at, token in enumerate(ids):
            mask = np.ones((1, at + 1), np.int64)
            _, cache = self._graph.run(np.array([[token]]), mask, np.array([[at]]), cache)

    def _any_tokens(self, count: int) -> Tokens:
        """Tokens to time: ordinary ones, all different if there are enough."""
        known = len(self._vocabulary.pieces)
        if known == 0:
            raise EngineError("its tokenizer has no tokens")
        return tuple(number % known for number in range(count))


def _log_softmax(rows: NDArray[Any]) -> NDArray[np.float32]:
    rows = rows.astype(np.float32, copy=False)
    rows = rows - rows.max(axis=-1, keepdims=True)
    return np.asarray(rows - np.log(np.exp(rows).sum(axis=-1, keepdims=True)))
