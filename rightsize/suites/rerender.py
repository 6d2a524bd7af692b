"""Renders a task's items again with another text in the field that its users write, or after other examples."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from jinja2 import TemplateSyntaxError, meta

from rightsize.domain import Item, JsonValue, Suite, TaskType
from rightsize.errors import SuiteError
from rightsize.suites.loader import fewshot_rows, has_fewshot, rendered_parts
from rightsize.suites.rows import Row
from rightsize.suites.task_yaml import TaskYaml, read_task_yaml
from rightsize.suites.templates import Renderer, sandbox


@dataclass(frozen=True, slots=True)
class Source:
    """A loaded suite with the task file it came from. ``field`` holds the text that users write."""

    task: TaskYaml
    suite: Suite
    field: str

    def text(self, item: Item) -> str:
        """The user's text of an item."""
        return str(item.doc[self.field])

    def with_text(self, item: Item, text: str) -> Item:
        """The item with another text: prompt rendered again, everything else as it was."""
        renderer = Renderer(self.task)
        row = {**item.doc, self.field: text}
        turn = renderer.turn(row)
        chats = tuple((*chat[: len(chat) - len(turn)], *turn) for chat in item.chats)
        return replace(item, prompt=self._before(item, renderer) + renderer.prompt(row), doc=row, chats=chats)

    def foreign(self, item: Item, other: Item, text: str) -> Item:
        """The item with the text of another task's item; right is then to decline, where that can be said."""
        renamed = replace(item, id=f"foreign:{other.id}", group=f"foreign:{other.group}")
        return replace(self.with_text(renamed, text), target=self.declining(item))

    def declining(self, item: Item) -> str:
        """The answer that declines, empty where the task has none.

        ``metadata.rightsize.abstain`` is that answer; ``null`` stands for a JSON answer with every field null.
        """
        if "abstain" not in self.task.extras:
            return ""
        declared = self.task.extras["abstain"]
        if declared is None:
            return json.dumps(dict.fromkeys(json.loads(item.target)))
        if item.choices and declared not in item.choices:
            raise self.task.error(f"metadata.rightsize.abstain {declared!r} is none of the choices")
        return str(declared)

    def reordered(
        self, items: Sequence[Item], wanted: int, other_order: Callable[[list[Row]], list[Row]]
    ) -> tuple[list[Item] | None, list[Item]]:
        """The items after the first ``wanted`` solved examples, or as many as there are, and after the same in
        another order. The first is None where the task's own prompts have several examples already.

        Raises:
            SuiteError: it offers fewer than two.
        """
        own = self.task.config.get("num_fewshot") or 0
        count = own if own > 1 else wanted
        examples = fewshot_rows(self.task)[:count] if has_fewshot(self.task) else []
        if len(examples) < 2:
            raise SuiteError(
                f"the task {self.suite.name!r} has fewer than two solved examples, so there is no other order",
                next_step="Give it a fewshot_split, or leave --check consistency out",
            )
        first = None if own > 1 else [self.after(item, examples) for item in items]
        other = other_order(examples)
        return first, [self.after(item, other) for item in items]

    def after(self, item: Item, examples: Sequence[Row]) -> Item:
        """The item after these examples instead of its own."""
        renderer, row = Renderer(self.task), dict(item.doc)
        before = renderer.before(examples)
        return replace(item, prompt=before.text + renderer.prompt(row), chats=renderer.chats(before, row))

    def derived(self, name: str, title: str, items: Sequence[Item], identity: JsonValue) -> Suite:
        """See :func:`derived_suite`."""
        return derived_suite(self.suite, name, title, items, identity)

    def _before(self, item: Item, renderer: Renderer) -> str:
        """What stands before the question in an item's prompt: solved examples."""
        own = renderer.prompt(dict(item.doc))
        if not item.prompt.endswith(own):
            raise self.task.error(f"the prompt of item {item.id!r} does not end with its own question")
        return item.prompt.removesuffix(own)


def derived_suite(suite: Suite, name: str, title: str, items: Sequence[Item], identity: JsonValue) -> Suite:
    """A suite of these items, made from ``suite``. ``identity`` is what, beside them, makes it the same test
    again."""
    rendered = [rendered_parts(item) for item in items]
    content = json.dumps([suite.sha256, identity, rendered], ensure_ascii=False, sort_keys=True)
    return replace(
        suite,
        name=name,
        title=f"{suite.title}: {title}",
        items=tuple(items),
        sha256=hashlib.sha256(content.encode("utf-8")).hexdigest(),
        derived_from=suite.sha256,
    )


def source_of(suite: Suite) -> Source:
    """Find the task file of a loaded suite, and the field of its rows that holds what users write.

    Raises:
        SuiteError: it has none, its items cannot be varied, or it does not say which field that is.
    """
    if suite.task_file is None:
        raise SuiteError(f"the task {suite.name} has no file to render its prompts from", next_step=_FORM)
    task = read_task_yaml(suite.task_file)
    if suite.task_type not in {TaskType.GENERATE, TaskType.CHOICE}:
        raise task.error(f"the items of a {suite.task_type.value} task cannot be varied", _FORM)
    documents = [item.doc for item in suite.items]
    template, declared = task.config["doc_to_text"], task.extras.get("input")
    return Source(task, suite, input_field(template, declared, documents, task.error))


_FORM = "Checks need a task that names a scorer in metadata.rightsize.scorer and renders with doc_to_text"


def input_field(
    template: JsonValue,
    declared: JsonValue,
    documents: Sequence[Mapping[str, JsonValue]],
    error: Callable[[str, str], SuiteError],
) -> str:
    """The field of every document that holds what users write: as declared, else the only one that the prompt
    shows. Raises what ``error`` makes where that is not clear."""
    fields = {str(declared)} if declared else shown_fields(template, documents[0].keys())
    if len(fields) != 1 or not all(isinstance(document.get(*fields), str) for document in documents):
        shown = f" (the prompt shows {', '.join(sorted(fields))})" if len(fields) > 1 else ""
        raise error(
            f"it is not clear which field holds the text that users write{shown}",
            "Name it in metadata.rightsize.input",
        )
    return fields.pop()


def shown_fields(template: JsonValue, known: Collection[str]) -> set[str]:
    """The fields of a document that a template shows; none where it is no template."""
    if not isinstance(template, str):
        return set()
    if template in known:
        return {template}
    try:
        return meta.find_undeclared_variables(sandbox().parse(template)) & set(known)
    except TemplateSyntaxError:
        return set()
