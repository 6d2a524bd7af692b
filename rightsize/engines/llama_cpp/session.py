"""A loaded GGUF model: turns items into tokens, plans caches, and hands them to the right procedure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

from rightsize.domain import Answer, CandidateSettings, Item, JsonValue, TaskType
from rightsize.engines.interface import RequestTiming, TaskRules
from rightsize.engines.llama_cpp import library
from rightsize.engines.llama_cpp.batch import TokenBatch
from rightsize.engines.llama_cpp.choices import collect, scoring_tree, time_scoring
from rightsize.engines.llama_cpp.constrain import Grammar
from rightsize.engines.llama_cpp.context import Context, LoadedModel
from rightsize.engines.llama_cpp.generate import begin, prompt_tree, time_request
from rightsize.engines.llama_cpp.generation import Generation
from rightsize.engines.llama_cpp.options import ContextOptions
from rightsize.engines.llama_cpp.plan import CachePlan, Limits, plan_separate, plan_shared, pool_pays
from rightsize.engines.llama_cpp.prompts import AUTO, PromptStyle, style_of
from rightsize.engines.llama_cpp.requests import Encoder, Scoring, scored_answer
from rightsize.engines.llama_cpp.scheduler import RunStats, Scheduler, Scored
from rightsize.engines.llama_cpp.speed import decode_speed, prefill_speed
from rightsize.engines.llama_cpp.token_requests import time_token_requests
from rightsize.errors import EngineError

SLOTS = 16
KV_BUDGET_BYTES = 1 << 30
_CONTEXT_STEP = 256  # llama.cpp rounds contexts up to this anyway
_PAIRS_AT_ONCE = 1 << 14  # pairs of context and continuation in one tree: bounds memory, not speed


class LlamaCppSession:
    """See :class:`rightsize.engines.interface.Session`. ``kv_budget_bytes`` bounds the cache of batched
    answers, ``slots`` how many are generated at a time; ``last_run`` tells what the latest batch did."""

    def __init__(
        self,
        path: Path,
        settings: CandidateSettings,
        *,
        kv_budget_bytes: int = KV_BUDGET_BYTES,
        slots: int = SLOTS,
    ) -> None:
        self._settings = settings
        self._budget_bytes = kv_budget_bytes
        self._slots = slots
        options = ContextOptions.of(settings)
        self._model = LoadedModel(path, gpu_layers=settings.gpu_layers, options=options)
        self._style = style_of(self._model, settings.chat_template)
        self._encoder = Encoder(self._model, self._style)
        self._threads = max(1, settings.threads)
        self._buffers = dict(library.buffer_sizes(self._model.load_log))
        self._context_tokens = 0
        self.last_run: tuple[CachePlan, RunStats, Mapping[str, int]] | None = None

    def facts(self) -> Mapping[str, JsonValue]:
        """What is known of the load, and of the last single-sequence context once requests were timed."""
        return {
            "load_ms": self._model.load_ms,
            "load_mode": self._model.load_mode,
            "buffers_bytes": self._buffers,
            "context_tokens": self._context_tokens or None,
            "threads": self._threads,
            "chat_template_sha256": self._style.sha256,
            "thinking": self._style.thinking,
        }

    def rejections(self, items: Sequence[Item], rules: TaskRules) -> Mapping[str, str]:
        """Items that cannot be asked: too long for the context or the cache, or nothing to tokenize with."""
        if not self._model.has_tokenizer:
            return dict.fromkeys((item.id for item in items), "the model file has no tokenizer")
        reasons = ((item.id, self._why_not(item, rules)) for item in items)
        return {item_id: reason for item_id, reason in reasons if reason}

    def _why_not(self, item: Item, rules: TaskRules) -> str | None:
        try:
            needed = self._tokens_needed(item, rules)
        except EngineError as error:
            return str(error)
        if needed > self._allowed:
            return f"needs a context of {needed} tokens, {self._allowed} are allowed"
        affordable = self._limits().cells
        if needed > affordable:
            budget_mib = self._budget_bytes >> 20
            return f"needs {needed} cells of cache, the budget of {budget_mib} MiB has {affordable}"
        return None

    def time_requests(self, items: Sequence[Item], rules: TaskRules) -> Iterator[RequestTiming]:
        """Each item alone, on a cache made for one, cleared before each.

        Tokenizing, the context and a warm-up request are done before this returns: none of it is timed.
        """
        if rules.task_type is TaskType.GENERATE:
            return self._time_generation(items, rules)
        return self._time_scoring(items, rules)

    def answer(self, items: Sequence[Item], rules: TaskRules) -> Iterator[tuple[str, Answer]]:
        """All items, side by side; what their prompts share is decoded once."""
        if not items:
            return
        if rules.task_type is TaskType.GENERATE:
            yield from self._generate(items, rules)
            return
        portion: list[Scoring] = []
        for item in items:
            portion.append(self._scoring(item, rules))
            if sum(len(request.pairs) for request in portion) >= _PAIRS_AT_ONCE:
                yield from self._score(portion, rules.task_type)
                portion = []
        yield from self._score(portion, rules.task_type)

    def time_token_requests(
        self, prompt_tokens: int, output_tokens: int, count: int
    ) -> Iterator[RequestTiming]:
        """See :func:`rightsize.engines.llama_cpp.token_requests.time_token_requests`."""
        tokens = self._settings.context_tokens or prompt_tokens + output_tokens
        return time_token_requests(
            self._single_context(tokens, prompt_tokens), prompt_tokens, output_tokens, count
        )

    def prefill_tokens_per_s(self, tokens: int, repetitions: int) -> Iterator[float]:
        """See :func:`rightsize.engines.llama_cpp.speed.prefill_speed`."""
        return prefill_speed(self._model, self._threads, tokens, repetitions)

    def decode_tokens_per_s(self, tokens: int, repetitions: int) -> Iterator[float]:
        """See :func:`rightsize.engines.llama_cpp.speed.decode_speed`."""
        return decode_speed(self._model, self._threads, tokens, repetitions)

    def chat_style(self) -> PromptStyle:
        """The model's own chat template, for those who render whole conversations before they ask."""
        return style_of(self._model, AUTO)

    def close(self) -> None:
        """Free the grammar and the weights."""
        if "_grammar" in self.__dict__ and self._grammar:
            self._grammar.close()
        self._model.close()

    # --- batched ------------------------------------------------------------------------------------------

    def _generate(self, items: Sequence[Item], rules: TaskRules) -> Iterator[tuple[str, Answer]]:
        prompts = [self._encoder.prompt(item) for item in items]
        limits = self._limits(max(map(len, prompts)) + rules.max_output_tokens)
        top = prompt_tree(prompts, rules.max_output_tokens, limits.sequences)
        plan = plan_shared(top, limits)
        separate = prompt_tree(prompts, rules.max_output_tokens, 1)
        if not pool_pays(top, separate, plan.cells, limits):
            top, plan = separate, plan_separate(separate, limits)
        with self._planned_context(plan) as context:
            scheduler = self._scheduler(context, plan, rules)
            for generation in scheduler.run(top):
                if isinstance(generation, Generation):
                    yield from ((items[ending].id, generation.answer()) for ending in generation.endings)

    def _score(self, requests: Sequence[Scoring], task_type: TaskType) -> Iterator[tuple[str, Answer]]:
        limits = self._limits(max((request.longest for request in requests), default=0))
        top, places = scoring_tree(requests, limits.sequences)
        plan = plan_shared(top, limits)
        with self._planned_context(plan) as context:
            scheduler = self._scheduler(context, plan, TaskRules(task_type))
            endings = (ending for ending in scheduler.run(top) if isinstance(ending, Scored))
            for at, values, greedy in collect(requests, places, endings):
                yield requests[at].item.id, scored_answer(requests[at], task_type, values, greedy)

    def _scheduler(self, context: Context, plan: CachePlan, rules: TaskRules) -> Scheduler:
        scheduler = Scheduler(context, plan, partial(begin, context, rules=rules, grammar=self._grammar))
        self.last_run = plan, scheduler.stats, library.buffer_sizes(context.log)
        return scheduler

    @cached_property
    def _grammar(self) -> Grammar | None:
        return Grammar(self._model.vocab, self._settings.constrain) if self._settings.constrain else None

    # --- alone --------------------------------------------------------------------------------------------

    def _time_generation(self, items: Sequence[Item], rules: TaskRules) -> Iterator[RequestTiming]:
        prompts = [self._encoder.prompt(item) for item in items]
        longest = max(map(len, prompts))
        context = self._single_context(
            self._settings.context_tokens or longest + rules.max_output_tokens, longest
        )
        batch = TokenBatch(longest)
        time_request(context, batch, prompts[0], rules, self._grammar)
        return _one_by_one(
            context, [partial(time_request, context, batch, tokens, rules, self._grammar) for tokens in prompts]
        )

    def _time_scoring(self, items: Sequence[Item], rules: TaskRules) -> Iterator[RequestTiming]:
        requests = [self._scoring(item, rules) for item in items]
        limits = self._limits(max(request.longest for request in requests))
        trees = [scoring_tree([request], limits.sequences)[0] for request in requests]
        plan = max((plan_shared(top, limits) for top in trees), key=lambda plan: (plan.cells, plan.sequences))
        context = self._single_context(
            self._settings.context_tokens or plan.cells, plan.batch_tokens, plan.sequences
        )
        scheduler = self._scheduler(context, plan, rules)
        time_scoring(context, scheduler, requests[0], trees[0])
        runs = [partial(time_scoring, context, scheduler, *pair) for pair in zip(requests, trees, strict=True)]
        return _one_by_one(context, runs)

    # --- how much cache things need -----------------------------------------------------------------------

    @property
    def _allowed(self) -> int:
        """Tokens of one sequence that the model or ``--context`` allows."""
        return self._settings.context_tokens or self._model.context_length

    def _scoring(self, item: Item, rules: TaskRules) -> Scoring:
        return self._encoder.scoring(item, rules, min(self._allowed, self._limits().cells))

    def _tokens_needed(self, item: Item, rules: TaskRules) -> int:
        if rules.task_type is TaskType.GENERATE:
            return len(self._encoder.prompt(item)) + rules.max_output_tokens
        return max(0, self._scoring(item, rules).longest - 1)  # a continuation's last token is never an input

    def _limits(self, longest: int = 0) -> Limits:
        """What a plan must keep to when the longest sequence has so many tokens."""
        long_rope = self._model.long_rope_from
        return Limits(
            budget_bytes=self._budget_bytes,
            bytes_per_cell=self._model.cache_bytes.per_cell,
            bytes_per_sequence=self._model.cache_bytes.per_sequence,
            slots=self._slots,
            vocabulary=self._model.vocab_size,
            max_cells=long_rope if long_rope and longest <= long_rope else None,
            attention_per_cell=self._model.attention_per_cell,
        )

    def _planned_context(self, plan: CachePlan) -> Context:
        return Context(
            self._model,
            tokens=plan.cells,
            threads=self._threads,
            sequences=plan.sequences,
            batch_tokens=plan.batch_tokens,
            unified=plan.unified,
        )

    def _single_context(self, tokens: int, batch_tokens: int, sequences: int = 1) -> Context:
        """The context a deployment of this task would have: one request at a time."""
        tokens = -(-tokens // _CONTEXT_STEP) * _CONTEXT_STEP
        context = Context(
            self._model,
            tokens=tokens,
            threads=self._threads,
            sequences=sequences,
            batch_tokens=max(batch_tokens, 512),
        )
        self._buffers.update(library.buffer_sizes(context.log))
        self._context_tokens = tokens
        return context


def _one_by_one(context: Context, requests: Sequence[Callable[[], RequestTiming]]) -> Iterator[RequestTiming]:
    with context:
        for request in requests:
            yield request()
