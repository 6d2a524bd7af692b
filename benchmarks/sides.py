"""The two sides of the throughput benchmark: our session, and lm-eval's own model classes over a server."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rightsize.domain import Answer, CandidateSettings, Item, TaskType
from rightsize.engines.interface import TaskRules
from rightsize.engines.llama_cpp.session import LlamaCppSession

NEVER = "\x00never\x00"  # a stop string that no model says: lm-eval insists on one


@dataclass(frozen=True, slots=True)
class Workload:
    """Prompts to continue for ``output_tokens``, or, with labels, to score each label under."""

    name: str
    prompts: tuple[str, ...]
    output_tokens: int = 0
    labels: tuple[str, ...] = ()

    def items(self, count: int) -> list[Item]:
        """The first ``count`` prompts as items."""
        return [Item(str(i), str(i), prompt, "", self.labels) for i, prompt in enumerate(self.prompts[:count])]

    def after(self, skipped: int) -> Workload:
        """The same prompts, beginning after the first ``skipped`` of them."""
        return replace(self, prompts=self.prompts[skipped:] + self.prompts[:skipped])

    @property
    def rules(self) -> TaskRules:
        """How our engine is asked."""
        if self.labels:
            return TaskRules(TaskType.CHOICE, target_delimiter=" ")
        return TaskRules(TaskType.GENERATE, (NEVER,), self.output_tokens)


class Ours:
    """rightsize's session on the model; remembers whether every run kept to its KV budget."""

    def __init__(self, model: Path, threads: int, *, slots: int, kv_budget_bytes: int) -> None:
        settings = CandidateSettings(threads=threads)
        self._session = LlamaCppSession(model, settings, slots=slots, kv_budget_bytes=kv_budget_bytes)
        self._budget_bytes = kv_budget_bytes
        self.budget_held = True

    def run(self, workload: Workload, count: int) -> dict[str, Answer]:
        """Answer the first ``count`` items, tokenizing and setting up the cache included."""
        answers = dict(self._session.answer(workload.items(count), workload.rules))
        assert self._session.last_run is not None
        plan, stats, buffers = self._session.last_run
        cache_bytes = buffers.get("KV", 0) + buffers.get("RS", 0)
        self.budget_held &= stats.cells_peak <= plan.cells and cache_bytes <= self._budget_bytes
        return answers

    def close(self) -> None:
        """Free the weights."""
        self._session.close()


def gguf_model(base_url: str) -> Any:
    """lm-eval's ``gguf`` model: one request at a time, always 16 tokens."""
    from lm_eval.models.gguf import GGUFLM

    return GGUFLM(base_url=base_url)


def local_completions(base_url: str, concurrent: int) -> Any:
    """lm-eval's ``local-completions`` model with concurrent requests; prompts go as text."""
    from lm_eval.models.openai_completions import LocalCompletionsAPI

    return LocalCompletionsAPI(
        model="model",
        base_url=f"{base_url}/v1/completions",
        tokenizer_backend=None,
        tokenized_requests=False,
        num_concurrent=concurrent,
        timeout=3600,
    )


def ask(model: Any, workload: Workload, count: int) -> list[Any]:
    """The same items through an lm-eval model: texts, or log probability and greediness of every label."""
    from lm_eval.api.instance import Instance

    prompts = workload.prompts[:count]
    if workload.labels:
        arguments = [(prompt, f" {label}") for prompt in prompts for label in workload.labels]
        requests = [Instance("loglikelihood", {}, pair, number) for number, pair in enumerate(arguments)]
        return list(model.loglikelihood(requests, disable_tqdm=True))
    options = {"until": [NEVER], "max_gen_toks": workload.output_tokens, "temperature": 0, "do_sample": False}
    requests = [Instance("generate_until", {}, (prompt, dict(options)), i) for i, prompt in enumerate(prompts)]
    return list(model.generate_until(requests, disable_tqdm=True))


def asked_per_s(model: Any, workload: Workload, count: int) -> float:
    """Items per second of an lm-eval model on the first ``count`` items."""
    started = time.perf_counter()
    ask(model, workload, count)
    return count / (time.perf_counter() - started)
