"""Renders a task's prompts, targets and choices with Jinja, as lm-eval does, but in a sandbox.

As in lm-eval, a template that is just the name of a row's field stands for that field's value.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from rightsize.domain import Conversation, JsonValue, Message
from rightsize.suites.rows import Row
from rightsize.suites.task_yaml import TaskYaml


@lru_cache(maxsize=1)
def sandbox() -> ImmutableSandboxedEnvironment:
    """The environment that suites' templates are rendered in, with what lm-eval's own offers."""
    # S701: prompts are plain text, so nothing is escaped here; reports escape what they show.
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    environment.filters["regex_replace"] = _regex_replace
    return environment


def _regex_replace(text: str, pattern: str, replacement: str, count: int = 0) -> str:
    return re.sub(pattern, replacement, text, count=count)


@dataclass(frozen=True, slots=True)
class Before:
    """What stands before every question: as plain text, and as the turns of a conversation."""

    text: str = ""
    turns: Conversation = ()


class Renderer:
    """The compiled templates of one task."""

    def __init__(self, task: TaskYaml) -> None:
        self._task = task
        self._compiled: dict[str, Template] = {}
        self.delimiter = str(task.config.get("target_delimiter", " "))
        self.fewshot_delimiter = str(task.config.get("fewshot_delimiter", "\n\n"))

    def prompt(self, row: Row) -> str:
        """Return what the model is given for a row, without description and few-shot examples."""
        question, begun = self._question(row), self._begun(row)
        return f"{question}{self._before_begun(question, begun)}{begun}" if begun else question

    def turn(self, row: Row) -> Conversation:
        """Return the same as turns: the question, and the answer as far as ``gen_prefix`` starts it."""
        begun = self._begun(row)
        started = (Message("assistant", begun),) if begun else ()
        return (Message("user", self._question(row)), *started)

    def chats(self, before: Before, row: Row) -> tuple[Conversation, ...]:
        """Return how the whole prompt reads as a conversation; none where it is just the question."""
        if not before.turns and not self._task.config.get("gen_prefix"):
            return ()
        return ((*before.turns, *self.turn(row)),)

    def description(self) -> str:
        """Return what stands before everything else, as instructions do; the same for all rows."""
        return str(self._value("description", {})) if self._task.config.get("description") else ""

    def before(self, rows: Sequence[Row]) -> Before:
        """Return what stands before every question: the description and solved rows."""
        description = self.description()
        examples = "".join(self.example(row) + self.fewshot_delimiter for row in rows)
        system = (Message("system", description),) if description else ()
        turns = (message for row in rows for message in self._solved(row))
        return Before(description + examples, (*system, *turns))

    def _question(self, row: Row) -> str:
        return str(self._value("doc_to_text", row))

    def _begun(self, row: Row) -> str:
        return str(self._value("gen_prefix", row)) if self._task.config.get("gen_prefix") else ""

    def _before_begun(self, question: str, begun: str) -> str:
        return self.delimiter if question and not _touch(question, begun) else ""

    def _solved(self, row: Row) -> Conversation:
        return (Message("user", self._question(row)), Message("assistant", self._answer(row)))

    def _answer(self, row: Row) -> str:
        begun, target = self._begun(row), self.target(row, self.choices(row))
        return f"{begun}{'' if not begun or not target or _touch(begun, target) else ' '}{target}"

    def choices(self, row: Row) -> tuple[str, ...]:
        """Return the answers to choose from, empty for generation."""
        declared = self._task.config.get("doc_to_choice")
        if declared is None:
            return ()
        if isinstance(declared, str):
            declared = self._value("doc_to_choice", row)
        if isinstance(declared, str):
            declared = self._literal(declared)
        if isinstance(declared, Mapping):
            declared = list(declared.values())
        if not isinstance(declared, list) or len(declared) < 2:
            raise self._task.error(f"doc_to_choice gives no list of two or more choices for row {_label(row)}")
        return tuple(str(choice) for choice in declared)

    def target(self, row: Row, choices: tuple[str, ...] = ()) -> str:
        """Return the right answer; with choices, the one that the target's text or index names."""
        value = self._value("doc_to_target", row)
        if not choices:
            return str(value)
        text = str(value)
        if text in choices:
            return text
        if text.isdecimal() and int(text) < len(choices):
            return choices[int(text)]
        raise self._task.error(
            f"the target {text!r} of row {_label(row)} is none of its {len(choices)} choices"
        )

    def example(self, row: Row) -> str:
        """Return a solved row, as it stands before the question in a few-shot prompt."""
        question, begun = self._question(row), self._begun(row)
        between = self._before_begun(question, begun) if begun else self.delimiter
        return f"{question}{between}{self._answer(row)}"

    def _value(self, key: str, row: Row) -> JsonValue:
        template = self._task.config[key]
        if not isinstance(template, str):
            return template
        if template in row:
            return row[template]
        try:
            if key not in self._compiled:
                self._compiled[key] = sandbox().from_string(template)
            return self._compiled[key].render(**row)
        except (TemplateError, TypeError, ValueError, ArithmeticError, re.error) as error:
            raise self._task.error(f"{key} cannot be rendered for row {_label(row)}: {error}") from error

    def _literal(self, text: str) -> JsonValue:
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError) as error:
            raise self._task.error(f"doc_to_choice is not a list: {text[:80]!r}") from error


def _touch(before: str, after: str) -> bool:
    """Whether white space already parts two texts, as lm-eval sees it."""
    return before[-1:].isspace() or after[:1].isspace()


def _label(row: Row) -> str:
    return repr(row.get("id", "without id"))
