"""Judges answers with the lm-eval task they came from: its filters, its metrics, its aggregation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from numbers import Real
from typing import Any

from rightsize.domain import Answer, Item, ItemOutcome, ItemScore, JsonValue
from rightsize.errors import SuiteError
from rightsize.suites.lm_eval_items import score_metric
from rightsize.suites.lm_eval_loading import load_tasks
from rightsize.suites.lm_eval_trust import rendering
from rightsize.suites.scorers.interface import CorpusFigure

_UNREADABLE = "[invalid]"  # what lm-eval's extracting filters leave when they find nothing
_UNITS = {"perplexity": "", "word_perplexity": "", "byte_perplexity": "", "bits_per_byte": "bit/byte"}


class LmEvalScorer:
    """Score of an item: the metric that :func:`score_metric` chose, as lm-eval computes it.

    ``source`` and ``task`` say which task; it is loaded once a process. A task without a score in [0, 1]
    (perplexity) gives 0 to every item, and its suite has no ``score_name``, so that nothing is judged by it.
    """

    name = "lm_eval"
    version = version("lm-eval")

    def __init__(self, source: str, task: str, trusted: bool = False, num_fewshot: int | None = None) -> None:
        try:
            self._loaded = load_tasks(source, trusted=trusted, num_fewshot=num_fewshot)[task]
        except KeyError:
            raise SuiteError(f"{source} no longer holds the task {task!r}") from None
        self._task = self._loaded.task
        self._metric = score_metric(self._loaded)

    def score(self, item: Item, answer: Answer) -> ItemScore:
        """Apply every filter of the task and every metric; ``parts`` holds them as ``metric,filter``."""
        requests = self._loaded.requests[item.doc["doc_id"]]
        responses = _responses(requests, answer)
        answered = [
            replace(request, resps=[response] * (request.repeats or 1), filtered_resps={})
            for request, response in zip(requests, responses, strict=True)
        ]
        with rendering(trusted=self._loaded.trusted):
            for ensemble in self._task._filters:
                ensemble.apply(answered)
            parts = {
                f"{metric},{name}": _plain(value)
                for name in answered[0].filtered_resps
                for metric, value in self._metrics(requests, answered, name).items()
            }
        return self._judged(parts, answered)

    def corpus(self, outcomes: Sequence[ItemOutcome]) -> Mapping[str, CorpusFigure]:
        """Aggregate every metric as the task does. Items that failed count as 0 where a metric is a number; a
        metric made from something else is left out when an item failed."""
        figures: dict[str, CorpusFigure] = {}
        for key in dict.fromkeys(key for outcome in outcomes for key in outcome.parts):
            values = [
                _tuples(o.parts[key]) if key in o.parts else 0.0
                for o in outcomes
                if key in o.parts or not o.parts
            ]
            if any(not o.parts for o in outcomes) and not all(isinstance(value, Real) for value in values):
                continue
            metric, _, name = key.rpartition(",")
            figure = self._aggregated(metric, values)
            if isinstance(figure, Real):
                label = metric if name == "none" else key
                figures[label] = CorpusFigure(label, float(figure), _UNITS.get(metric, "ratio"))
        return figures

    def _metrics(self, requests: Sequence[Any], answered: Sequence[Any], filter_name: str) -> Mapping[str, Any]:
        results = [request.filtered_resps[filter_name] for request in answered]
        metrics = dict(self._task.process_results(requests[0].doc, results))
        of_choices = len(requests) > 1 and all(r.request_type == "loglikelihood" for r in requests)
        if of_choices and not callable(self._task.get_config("process_results")):
            metrics.pop(
                "exact_match", None
            )  # needs each choice's greediness, which a choice tree does not tell
        return metrics

    def _judged(self, parts: Mapping[str, JsonValue], answered: Sequence[Any]) -> ItemScore:
        if self._metric is None:
            return ItemScore(0.0, valid=True, parts=parts)
        value = parts.get(",".join(self._metric))
        if not isinstance(value, Real) or not 0 <= float(value) <= 1:
            problem = f"{self._metric[0]} is {value!r}, which is no score in [0, 1]"
            return ItemScore(0.0, valid=False, parts=parts, error=problem)
        readable = all(request.filtered_resps[self._metric[1]] != _UNREADABLE for request in answered)
        return ItemScore(float(value), valid=readable, parts=parts)

    def _aggregated(self, metric: str, values: Sequence[Any]) -> Any:
        from lm_eval.api.metrics import mean

        return self._task.aggregation().get(metric, mean)(values)


def _responses(requests: Sequence[Any], answer: Answer) -> list[Any]:
    """The answer in the form in which lm-eval's models give it to a task."""
    if answer.replies:
        if len(answer.replies) != len(requests):
            raise ValueError(f"{len(answer.replies)} replies for {len(requests)} requests")
        return [_response(request, reply) for request, reply in zip(requests, answer.replies, strict=True)]
    if len(requests) == 1 and requests[0].request_type != "loglikelihood":
        return [_response(requests[0], answer)]
    if len(answer.choice_logprobs) != len(requests):
        raise ValueError(f"{len(answer.choice_logprobs)} log-probabilities for {len(requests)} requests")
    return [(logprob, bool(answer.greedy)) for logprob in answer.choice_logprobs]


def _response(request: Any, reply: Answer) -> Any:
    """The reply to one request alone."""
    if request.request_type == "generate_until":
        return reply.text
    if len(reply.choice_logprobs) != 1:
        raise ValueError(f"{len(reply.choice_logprobs)} log-probabilities for 1 requests")
    (logprob,) = reply.choice_logprobs
    return logprob if request.request_type == "loglikelihood_rolling" else (logprob, bool(reply.greedy))


def _plain(value: Any) -> JsonValue:
    """A value that survives JSON: NumPy scalars and arrays as Python's own, tuples as lists."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value


def _tuples(value: JsonValue) -> Any:
    return tuple(_tuples(part) for part in value) if isinstance(value, list) else value
