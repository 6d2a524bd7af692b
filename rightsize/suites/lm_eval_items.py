"""Turns a loaded lm-eval task into a suite: its requests become items, its metrics choose the score."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from numbers import Real
from typing import Any

from rightsize.domain import Conversation, Item, JsonValue, Request, Suite, TaskType
from rightsize.errors import SuiteError
from rightsize.suites.lm_eval_loading import LoadedTask, conversation_of

SCORER = "lm_eval"
DEFAULT_MAX_OUTPUT_TOKENS = 256  # what lm-eval's own models take when a task does not say

#: Which metric is the score of an item, the first that a task has; then any other that is better when higher.
SCORE_METRICS = ("exact_match", "acc", "acc_norm", "em", "pass@1", "f1")
#: lm-eval keeps these per item as ingredients of a corpus figure, not as a score.
_CORPUS_ONLY = frozenset(
    {"f1", "mcc", "bleu", "chrf", "chrf++", "ter", "brier_score", "likelihood", "acc_all", "bypass"}
)
_TOKEN_LIMITS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")


@dataclass(frozen=True, slots=True)
class GenerationRules:
    """How lm-eval asks for text: where to stop, and after how many tokens."""

    stop: tuple[str, ...]
    max_output_tokens: int

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> GenerationRules:
        """Read a task's ``generation_kwargs``. Raises ValueError for sampling: decoding here is greedy."""
        if options.get("do_sample") and float(options.get("temperature", 1.0)) > 0:
            raise ValueError("the task samples its answers, and rightsize decodes greedily")
        until = options.get("until") or ()
        limit = next((options[key] for key in _TOKEN_LIMITS if options.get(key)), DEFAULT_MAX_OUTPUT_TOKENS)
        return cls((until,) if isinstance(until, str) else tuple(until), int(limit))


def suite_of(loaded: LoadedTask, scorer_args: Mapping[str, JsonValue]) -> Suite:
    """Return the suite that asks what an lm-eval task asks.

    Raises:
        SuiteError: the task asks in a way that ``rightsize bench`` cannot measure; the message says which.
    """
    kind, task = _kind(loaded), loaded.task
    rules = next(_generations(loaded)) if kind is TaskType.GENERATE else GenerationRules((), 0)
    delimiter = _delimiter(loaded) if kind is TaskType.CHOICE else ""
    items = tuple(_item(loaded, kind, number, delimiter) for number in loaded.requests)
    extras = _extras(task)
    metric = score_metric(loaded)
    return Suite(
        name=loaded.name,
        title=str(extras.get("title") or task.get_config("task_alias") or loaded.name),
        task_type=kind,
        items=items,
        scorer=SCORER,
        score_name=metric[0] if metric else "",
        sha256=_sha256(loaded, items, metric),
        licence=str(extras.get("licence", "not stated")),
        source=str(
            extras.get("source") or f"lm-eval task, data {task.get_config('dataset_path') or 'of its own'}"
        ),
        stop=rules.stop,
        max_output_tokens=rules.max_output_tokens,
        target_delimiter=delimiter,
        chat_delimiter=_chat_delimiter(loaded, items) if kind is TaskType.CHOICE else "",
        description=str(extras.get("description", "")),
        scorer_args=scorer_args,
    )


def score_metric(loaded: LoadedTask) -> tuple[str, str] | None:
    """Return the metric and the filter that judge one item, or None: perplexities are no score in [0, 1], nor
    is what a task keeps of an item only to make a corpus figure of.

    ``metadata.rightsize.score`` decides (``metric`` or ``metric,filter``), else :data:`SCORE_METRICS` in that
    order; the filter is the task's first.
    """
    task = loaded.task
    filters = [ensemble.name for ensemble in task._filters]
    if declared := _extras(task).get("score"):
        metric, _, chosen = str(declared).partition(",")
        return metric, chosen or filters[0]
    better_when_higher = task.higher_is_better()
    own = callable(task.get_config("process_results"))
    fit = [m for m in better_when_higher if better_when_higher[m] and (own or m not in _CORPUS_ONLY)]
    if task.OUTPUT_TYPE == TaskType.ROLLING or not fit or fit == ["perplexity"]:
        return None
    metric = next((m for m in SCORE_METRICS if m in fit), fit[0])
    return (metric, filters[0]) if _is_of_items(loaded, metric) else None


def _is_of_items(loaded: LoadedTask, metric: str) -> bool:
    """Whether a task's own code gives a number for one item, and not what a corpus figure is made of.

    It is asked about an empty answer to the first item. Where it cannot judge that, its word is taken.
    """
    empty = {"generate_until": "", "loglikelihood": (-1.0, False), "loglikelihood_rolling": -1.0}
    first = next(iter(loaded.requests.values()))
    try:
        judged = loaded.task.process_results(first[0].doc, [empty[r.request_type] for r in first])
        return isinstance(judged.get(metric, 0.0), Real)
    except Exception:  # anyone's code, about an answer that it may not expect
        return True


# --- what kind of task --------------------------------------------------------------------------------------


def _kind(loaded: LoadedTask) -> TaskType:
    """What the items ask; ``MIXED`` where they make several requests that are not the choices of one."""
    asked = {request.request_type for requests in loaded.requests.values() for request in requests}
    counts = {len(requests) for requests in loaded.requests.values()}
    if asked == {TaskType.LOGLIKELIHOOD.value}:
        return TaskType.LOGLIKELIHOOD if counts == {1} else TaskType.CHOICE
    if len(asked) == 1 and counts == {1} and len(set(_generations(loaded))) < 2:
        return TaskType(asked.pop())
    return TaskType.MIXED


def _generations(loaded: LoadedTask) -> Iterator[GenerationRules]:
    """How each text is asked for. Raises SuiteError for sampling."""
    requests = (request for requests in loaded.requests.values() for request in requests)
    try:
        for request in requests:
            if request.request_type == TaskType.GENERATE.value:
                yield GenerationRules.of(request.args[1])
    except ValueError as error:
        raise SuiteError(
            f"{loaded.name}: {error}", next_step="Set do_sample: false in generation_kwargs"
        ) from error


def _delimiter(loaded: LoadedTask) -> str:
    """The task's own delimiter, which engines leave out after a chat template, where all choices begin with it;
    else none, and the choices keep what precedes them."""
    delimiter = str(loaded.task.get_config("target_delimiter") or "")
    continuations = (r.args[1] for requests in loaded.requests.values() for r in requests)
    return delimiter if all(text.startswith(delimiter) for text in continuations) else ""


def _chat_delimiter(loaded: LoadedTask, items: Sequence[Item]) -> str:
    """What lm-eval puts between a started answer and a choice; it is the same for all items."""
    if not loaded.chats or not items:
        return ""
    request = loaded.chats[items[0].doc["doc_id"]][0]
    return str(request.args[1]).removesuffix(items[0].choices[0])


def item_of(loaded: LoadedTask, suite: Suite, number: int) -> Item:
    """One item of a suite, as ``loaded`` asks it."""
    return _item(loaded, suite.task_type, number, suite.target_delimiter)


# --- items --------------------------------------------------------------------------------------------------


def _item(loaded: LoadedTask, kind: TaskType, number: int, delimiter: str) -> Item:
    requests = loaded.requests[number]
    contexts = tuple(str(request.args[0]) for request in requests)
    chats = tuple(conversation_of(str(request.args[0])) for request in loaded.chats.get(number, ()))
    alone = len(set(contexts)) > 1 or len(set(chats)) > 1
    choices: list[str] = []
    if kind in {TaskType.CHOICE, TaskType.LOGLIKELIHOOD}:
        choices = [str(request.args[1]).removeprefix(delimiter) for request in requests]
    asked = tuple(map(_request, requests, chats or (None,) * len(requests))) if kind is TaskType.MIXED else ()
    item_id = f"{loaded.name}-{number}"
    return Item(
        id=item_id,
        group=_group(loaded, requests[0].doc, item_id),
        prompt=contexts[0],
        target=_target(loaded, kind, requests[0].doc, choices),
        choices=tuple(choices),
        doc={"doc_id": number},
        contexts=contexts if alone and not asked else (),
        chats=() if asked else chats if alone else chats[:1],
        requests=asked,
    )


def _request(request: Any, chat: Conversation | None) -> Request:
    """One request of an item that makes several."""
    kind, prompt = TaskType(request.request_type), str(request.args[0])
    if kind is TaskType.GENERATE:
        rules = GenerationRules.of(request.args[1])
        return Request(kind, prompt, stop=rules.stop, max_output_tokens=rules.max_output_tokens, chat=chat)
    if kind is TaskType.LOGLIKELIHOOD:
        return Request(kind, prompt, str(request.args[1]), chat=chat)
    return Request(kind, prompt)


def _group(loaded: LoadedTask, document: Any, item_id: str) -> str:
    field = _extras(loaded.task).get("group")
    return str(document[field]) if field and field in document else item_id


def _target(loaded: LoadedTask, kind: TaskType, document: Any, choices: Sequence[str]) -> str:
    """The right answer as text, for reports; scores come from the task itself."""
    if kind is TaskType.ROLLING:
        return ""
    if kind is TaskType.LOGLIKELIHOOD:
        return choices[0]
    gold = loaded.task.doc_to_target(document)
    if isinstance(gold, list) and gold:
        gold = gold[0]
    if kind in {TaskType.GENERATE, TaskType.MIXED}:
        return str(gold)
    if isinstance(gold, int) and 0 <= gold < len(choices):
        return choices[gold]
    return next((choice for choice in choices if choice.strip() == str(gold).strip()), "")


def _extras(task: Any) -> Mapping[str, JsonValue]:
    metadata = task.get_config("metadata")
    extras = metadata.get("rightsize") if isinstance(metadata, Mapping) else None
    return extras if isinstance(extras, Mapping) else {}


# --- identity -----------------------------------------------------------------------------------------------


def _sha256(loaded: LoadedTask, items: Sequence[Item], metric: tuple[str, str] | None) -> str:
    """Hash what makes two tests the same: settings and code, documents, requests, metric, lm-eval's version.

    Where the data and the YAML lie is left out: the documents themselves are in.
    """
    digest = hashlib.sha256()
    for part in _identity(loaded, items, metric):
        digest.update(
            json.dumps(part, ensure_ascii=False, sort_keys=True, default=_plain).encode("utf-8", "replace")
        )
    return digest.hexdigest()


def _identity(loaded: LoadedTask, items: Sequence[Item], metric: tuple[str, str] | None) -> Iterator[JsonValue]:
    config = loaded.task.dump_config()
    metadata = {k: v for k, v in (config.pop("metadata", None) or {}).items() if k != "config_source"}
    config.pop("dataset_kwargs", None)
    yield [version("lm-eval"), metric, config, metadata]
    for item in items:
        yield [item.id, item.group, item.prompt, item.target, item.choices, item.contexts]
        if item.chats:
            yield [[asdict(message) for message in chat] for chat in item.chats]
        if item.requests:
            yield [asdict(request) for request in item.requests]
        yield loaded.requests[item.doc["doc_id"]][0].doc


def _plain(value: Any) -> str:
    if not callable(value):
        return str(value)
    try:
        return inspect.getsource(value)
    except (TypeError, OSError):
        return getattr(value, "__qualname__", type(value).__qualname__)
