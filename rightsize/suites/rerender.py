"""Renders a task's items again with another text in the field that its users write, or after other examples."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from jinja2 import TemplateSyntaxError, meta

from rightsize.domain import Item, JsonValue, Suite, TaskType
from rightsize.suites.loader import fewshot_rows, find_task_file, has_fewshot
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
        return replace(item, prompt=self._before(item, renderer) + renderer.prompt(row), doc=row)

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

    def examples(self, wanted: int) -> list[Row]:
        """The first ``wanted`` solved examples that the task offers, or as many as there are."""
        return fewshot_rows(self.task)[:wanted] if has_fewshot(self.task) else []

    def after(self, item: Item, examples: Sequence[Row]) -> Item:
        """The item after these examples instead of its own."""
        renderer = Renderer(self.task)
        solved = "".join(renderer.example(row) + renderer.fewshot_delimiter for row in examples)
        return replace(item, prompt=solved + renderer.prompt(dict(item.doc)))

    def derived(self, name: str, title: str, items: Sequence[Item], identity: JsonValue) -> Suite:
        """A suite of these items. ``identity`` is what, beside them, makes it the same test again."""
        rendered = [(item.id, item.group, item.prompt, item.target, item.choices) for item in items]
        content = json.dumps([self.suite.sha256, identity, rendered], ensure_ascii=False, sort_keys=True)
        return replace(
            self.suite,
            name=name,
            title=f"{self.suite.title}: {title}",
            items=tuple(items),
            sha256=hashlib.sha256(content.encode("utf-8")).hexdigest(),
            derived_from=self.suite.sha256,
        )

    def _before(self, item: Item, renderer: Renderer) -> str:
        """What stands before the question in an item's prompt: solved examples."""
        own = renderer.prompt(dict(item.doc))
        if not item.prompt.endswith(own):
            raise self.task.error(f"the prompt of item {item.id!r} does not end with its own question")
        return item.prompt.removesuffix(own)


def source_of(name_or_path: str, suites: Sequence[Suite]) -> Source:
    """Find the task file of a loaded suite, and the field of its rows that holds what users write.

    Raises:
        SuiteError: the task is not in rightsize's own form, or it does not say which field that is.
    """
    task = read_task_yaml(find_task_file(name_or_path))
    suite = next((suite for suite in suites if suite.name == task.name), None)
    if suite is None or suite.scorer == "lm_eval":
        raise task.error("lm-eval renders this task's prompts, so its items cannot be varied", _FORM)
    if suite.task_type not in {TaskType.GENERATE, TaskType.CHOICE}:
        raise task.error(f"the items of a {suite.task_type.value} task cannot be varied", _FORM)
    return Source(task, suite, _input_field(task, suite))


_FORM = "Checks need a task that names a scorer in metadata.rightsize.scorer and renders with doc_to_text"


def _input_field(task: TaskYaml, suite: Suite) -> str:
    """As declared; else the only field that the prompt shows."""
    declared = task.extras.get("input")
    fields = {str(declared)} if declared else _shown_fields(task, suite.items[0].doc.keys())
    if len(fields) != 1 or not all(isinstance(item.doc.get(*fields), str) for item in suite.items):
        shown = f" (the prompt shows {', '.join(sorted(fields))})" if len(fields) > 1 else ""
        raise task.error(
            f"it is not clear which field holds the text that users write{shown}",
            "Name it in metadata.rightsize.input",
        )
    return fields.pop()


def _shown_fields(task: TaskYaml, known: Set[str]) -> set[str]:
    template = str(task.config["doc_to_text"])
    if template in known:
        return {template}
    try:
        return meta.find_undeclared_variables(sandbox().parse(template)) & set(known)
    except TemplateSyntaxError:
        return set()
