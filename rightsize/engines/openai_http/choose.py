"""Answer choices over HTTP: scored where the server can, else generated, held to the choices where it can."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

from rightsize.domain import Answer, Conversation, Item, TaskType
from rightsize.engines.interface import TaskRules
from rightsize.engines.openai_http.requests import Dialect
from rightsize.engines.openai_http.scoring import Scored

_LEAST_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent for one item; ``constrain`` None leaves the candidate's own constraint. ``chat`` is how the
    prompt reads as a conversation, empty where it is one message."""

    prompt: str
    stop: tuple[str, ...]
    max_output_tokens: int
    constrain: str | None = None
    chat: Conversation = ()


def question_for(item: Item, rules: TaskRules, dialect: Dialect) -> Question:
    """The item as a question to be answered in text; of choices, a label on one line."""
    chat = item.chats[0] if item.chats else ()
    if rules.task_type is TaskType.GENERATE:
        return Question(item.prompt, rules.stop, rules.max_output_tokens, chat=chat)
    longest = max((len(choice.encode()) for choice in item.choices), default=0)
    grammar = _grammar(item.choices) if dialect.preset.grammar_field else None
    return Question(item.prompt, ("\n",), max(_LEAST_TOKENS, longest), grammar, chat)


def scored_pairs(item: Item, rules: TaskRules) -> list[tuple[str, str]]:
    """(context, continuation) of each choice, or of a likelihood request."""
    delimiter = rules.target_delimiter if rules.task_type is TaskType.CHOICE else ""
    contexts = item.contexts or (item.prompt,) * len(item.choices)
    return [(context, delimiter + choice) for context, choice in zip(contexts, item.choices, strict=True)]


def best_choice(item: Item, rules: TaskRules, values: Sequence[Scored]) -> Answer:
    """The answer that the scores stand for."""
    logprobs = tuple(value.logprob for value in values)
    prompt_tokens = max(value.prompt_tokens for value in values)
    if rules.task_type is not TaskType.CHOICE:
        greedy = all(value.greedy for value in values)
        return Answer("", choice_logprobs=logprobs, prompt_tokens=prompt_tokens, greedy=greedy)
    best = max(range(len(logprobs)), key=logprobs.__getitem__)
    total = sum(math.exp(value - logprobs[best]) for value in logprobs)
    return Answer(
        item.choices[best],
        choice=best,
        choice_logprobs=logprobs,
        confidence=1 / total,
        prompt_tokens=prompt_tokens,
    )


def _grammar(choices: Sequence[str]) -> str:
    """GBNF that allows one of the choices and nothing else; a JSON string is a GBNF literal."""
    literals = " | ".join(json.dumps(choice, ensure_ascii=False) for choice in choices)
    return f'root ::= [ ]? ({literals}) "\\n"?'
