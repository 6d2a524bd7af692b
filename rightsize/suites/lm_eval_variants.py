"""Renders an lm-eval task's items again: with another text in the document, or its examples in another order.

The document and what is right stay, so lm-eval judges the answers as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from rightsize.domain import Conversation, Item, JsonValue, Message, Suite, TaskType
from rightsize.errors import SuiteError
from rightsize.suites.lm_eval_items import item_of
from rightsize.suites.lm_eval_loading import LoadedTask, as_lm_eval_runs, built, load_tasks
from rightsize.suites.lm_eval_trust import rendering
from rightsize.suites.rerender import derived_suite, input_field, shown_fields

_BY_HAND = "A task that names a scorer in metadata.rightsize.scorer can be varied freely"


@dataclass(frozen=True, slots=True)
class LmEvalSource:
    """A suite with the lm-eval task that renders it. ``field`` of its documents holds what users write."""

    loaded: LoadedTask
    suite: Suite
    field: str

    def text(self, item: Item) -> str:
        """The user's text of an item."""
        return str(self._document(item)[self.field])

    def with_text(self, item: Item, text: str) -> Item:
        """The item with another text: its last turn rendered again, everything else as it was."""
        document = self._document(item)
        with rendering(trusted=self.loaded.trusted):
            was, is_now = (self._turn(doc) for doc in (document, {**document, self.field: text}))
        if not item.prompt.endswith(was.text):
            raise refusal(self.suite, f"the prompt of item {item.id!r} does not end with its own question")
        prompt = item.prompt.removesuffix(was.text) + is_now.text
        return replace(
            item,
            prompt=prompt,
            contexts=tuple(prompt if context == item.prompt else context for context in item.contexts),
            chats=tuple(_with_turn(chat, was.messages, is_now.messages) for chat in item.chats),
        )

    def foreign(self, item: Item, other: Item, text: str) -> Item:
        """Refused: raises SuiteError."""
        why = "lm-eval judges by the document, so that no answer could be right to decline (--check ood)"
        raise refusal(self.suite, why)

    def reordered(
        self, items: Sequence[Item], wanted: int, other_order: Callable[[list[Any]], list[Any]]
    ) -> tuple[list[Item] | None, list[Item]]:
        """The items after ``wanted`` solved examples of the task's own choice, and after the same in another
        order. The first is None where the task has several examples already.

        Raises:
            SuiteError: it has no examples apart from what it tests.
        """
        own = self.loaded.task.get_config("num_fewshot") or 0
        if own > 1:
            return None, self._rebuilt(items, own, other_order)
        if not _has_examples(self.loaded.task):
            raise SuiteError(
                f"the task {self.suite.name!r} has fewer than two solved examples, so there is no other order",
                next_step="Give it a fewshot_split, or leave --check consistency out",
            )
        count = min(wanted, len(self.loaded.task.sampler.df))
        return self._rebuilt(items, count, list), self._rebuilt(items, count, other_order)

    def derived(self, name: str, title: str, items: Sequence[Item], identity: JsonValue) -> Suite:
        """See :func:`rightsize.suites.rerender.derived_suite`."""
        return derived_suite(self.suite, name, title, items, identity)

    def _document(self, item: Item) -> Mapping[str, Any]:
        document: Mapping[str, Any] = self.loaded.requests[item.doc["doc_id"]][0].doc
        return document

    def _turn(self, document: Mapping[str, Any]) -> _Turn:
        """The last turn of a prompt, as lm-eval makes it."""
        task = self.loaded.task
        said = task.build_qa_turn(
            q=task.doc_to_text(document),
            gen_prefix=task.doc_to_prefix(document),
            tgt_delim=task.config.target_delimiter,
            few_delim="",
        )
        messages = tuple(Message(message.role, message.content) for message in said)
        return _Turn("".join(message.to_text() for message in said), messages)

    def _rebuilt(
        self, items: Sequence[Item], count: int, order: Callable[[list[Any]], list[Any]]
    ) -> list[Item]:
        loaded = self.loaded
        with (
            as_lm_eval_runs(),
            rendering(trusted=loaded.trusted),
            _examples(loaded.task, count, order),
        ):
            again = built(loaded.name, loaded.task, loaded.trusted, loaded.source)
        made = (item_of(again, self.suite, item.doc["doc_id"]) for item in items)
        return [
            replace(item, prompt=new.prompt, contexts=new.contexts, chats=new.chats)
            for item, new in zip(items, made, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class _Turn:
    text: str
    messages: Conversation


def lm_eval_source(suite: Suite) -> LmEvalSource:
    """A suite of lm-eval's with its task.

    Raises:
        SuiteError: its items cannot be varied; the message says why.
    """
    args = suite.scorer_args
    tasks = load_tasks(args["source"], trusted=args["trusted"], num_fewshot=args["num_fewshot"])
    loaded = tasks[args["task"]]
    task = loaded.task
    if suite.task_type not in {TaskType.GENERATE, TaskType.CHOICE}:
        raise refusal(suite, f"the items of a {suite.task_type.value} task cannot be varied")
    if not hasattr(task, "build_qa_turn"):
        raise refusal(suite, "it renders its prompts by a class of its own")
    if task.multiple_input:
        raise refusal(suite, "each of its choices stands after a text of its own")
    documents = [requests[0].doc for requests in loaded.requests.values()]
    metadata = task.get_config("metadata") or {}
    declared = (metadata.get("rightsize") or {}).get("input")
    field = input_field(task.get_config("doc_to_text"), declared, documents, lambda *why: refusal(suite, *why))
    if field in shown_fields(task.get_config("doc_to_choice"), documents[0].keys()):
        raise refusal(suite, f"its choices are made of {field!r}, the text that would be changed")
    return LmEvalSource(loaded, suite, field)


def refusal(suite: Suite, why: str, next_step: str = _BY_HAND) -> SuiteError:
    """That this task of lm-eval's cannot be varied, and why."""
    return SuiteError(f"the lm-eval task {suite.name}: {why}", next_step=next_step)


def _with_turn(chat: Conversation, was: Conversation, is_now: Conversation) -> Conversation:
    """A conversation, empty for nothing at all, with its last turn replaced."""
    return (*chat[: len(chat) - len(was)], *is_now) if chat else chat


def _has_examples(task: Any) -> bool:
    """Whether there are documents to take examples from that are not the ones tested."""
    config, shots = task.config, task.fewshot_cfg
    tested = config.test_split or config.validation_split
    if shots.split is not None:
        return bool(shots.split != tested)
    return bool(shots.samples or config.training_split or (config.test_split and config.validation_split))


@contextmanager
def _examples(task: Any, count: int, order: Callable[[list[Any]], list[Any]]) -> Iterator[None]:
    """Let a task put ``count`` examples before each question, in this order, for a while."""
    sampler, own = task.sampler, task.get_config("num_fewshot")
    task.sampler = _Ordered(sampler, order)
    task.set_config(key="num_fewshot", value=count)
    try:
        yield
    finally:
        task.sampler = sampler
        task.set_config(key="num_fewshot", value=own)


class _Ordered:
    """A sampler of lm-eval's whose examples come in another order."""

    def __init__(self, sampler: Any, order: Callable[[list[Any]], list[Any]]) -> None:
        self._sampler, self._order = sampler, order

    def sample(self, *args: Any, **kwargs: Any) -> list[Any]:
        return self._order(list(self._sampler.sample(*args, **kwargs)))

    def set_rnd(self, seed: int | None) -> None:
        self._sampler.set_rnd(seed)
