"""What a candidate must do: items, suites, and the answers they get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rightsize.domain.terms import JsonValue, TaskType


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation; ``role`` is ``system``, ``user`` or ``assistant``."""

    role: str
    content: str


#: What a chat template is applied to. A last message of the assistant's is the start of the answer.
Conversation = tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One of the requests of an item that asks in several ways.

    ``continuation`` is what is scored after the prompt (``LOGLIKELIHOOD``); ``stop`` and ``max_output_tokens``
    are those of a text that is asked for (``GENERATE``). ``chat`` is how the prompt reads as a conversation;
    None: as one message.
    """

    kind: TaskType
    prompt: str
    continuation: str = ""
    stop: tuple[str, ...] = ()
    max_output_tokens: int = 0
    chat: Conversation | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One question of a suite.

    ``group`` names the template or document the item came from: items of one group are not independent, so
    intervals resample by group. ``choices`` is empty for generation; for multiple choice ``target`` equals one
    of the choices; for ``LOGLIKELIHOOD`` it holds the one continuation; for ``ROLLING`` it is empty and the
    prompt is the text to score. Both prompt and target are already rendered. ``contexts``, where it is not
    empty, holds what stands before each choice instead of the prompt.

    ``chats``, where it is not empty, says how the prompt (or each context) reads as a conversation, for models
    with a chat template: instructions as the system's text, solved examples as turns, a started answer. Without
    it the prompt is one message of the user's. An empty conversation stands for nothing. ``requests`` are
    what a ``MIXED`` item asks, in the order in which its scorer wants the replies.
    """

    id: str
    group: str
    prompt: str
    target: str
    choices: tuple[str, ...] = ()
    doc: Mapping[str, JsonValue] = field(default_factory=dict)
    contexts: tuple[str, ...] = ()
    chats: tuple[Conversation, ...] = ()
    requests: tuple[Request, ...] = ()


@dataclass(frozen=True, slots=True)
class SolvedExample:
    """A question of the task's training or few-shot rows with its right answer; never one of its items."""

    prompt: str
    target: str


@dataclass(frozen=True, slots=True)
class Suite:
    """A task: its items, how answers are asked for, and how they are scored.

    ``score_name`` names the per-item score in [0, 1] that ``--min-accuracy`` judges. ``sha256`` covers the
    task YAML, the rendered items and the scorer's version, so that two equal hashes are the same test.
    ``derived_from`` is the hash of the task that a check made this one of, empty for a task of its own.
    ``task_file`` is where solved examples for engines that learn are found (None: nowhere), and
    ``fewshot_prefix`` what stands before the question in every prompt. ``target_delimiter`` stands between
    prompt and choice, ``chat_delimiter`` between a started answer and choice where a chat template is applied.
    """

    name: str
    title: str
    task_type: TaskType
    items: tuple[Item, ...]
    scorer: str
    score_name: str
    sha256: str
    licence: str
    source: str
    stop: tuple[str, ...] = ()
    max_output_tokens: int = 0
    target_delimiter: str = " "
    description: str = ""
    scorer_args: Mapping[str, JsonValue] = field(default_factory=dict)
    derived_from: str = ""
    task_file: Path | None = None
    fewshot_prefix: str = ""
    chat_delimiter: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a candidate said to one item.

    ``choice_logprobs`` are summed natural-log probabilities, one per choice. ``confidence`` is in [0, 1]: the
    geometric-mean token probability for text, the normalised probability of the winner for choices.
    ``greedy`` tells, for ``LOGLIKELIHOOD``, whether every token of the continuation was the most likely one.
    ``thinking_chars`` counts what a reasoning model thought aloud, which was cut from ``text``. ``error`` says
    why there is no answer: a server may refuse a single item. ``replies`` are those to the requests of a
    ``MIXED`` item.
    """

    text: str
    choice: int | None = None
    choice_logprobs: tuple[float, ...] = ()
    confidence: float | None = None
    prompt_tokens: int = 0
    output_tokens: int = 0
    finish_reason: str = "stop"
    greedy: bool | None = None
    thinking_chars: int = 0
    error: str = ""
    replies: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemScore:
    """The judgement on one answer: ``score`` in [0, 1], ``valid`` whether the output could be read at all.

    ``parts`` holds what corpus figures need (``tp``, ``fp``, ``fn``, ``exact`` ...). ``error`` is the message
    of a scorer that raised: the item then counts as wrong and says why.
    """

    score: float
    valid: bool
    parts: Mapping[str, JsonValue] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """One item's stored result, for pairing, resampling and listing."""

    item_id: str
    group: str
    score: float
    valid: bool
    output: str
    target: str = ""
    confidence: float | None = None
    prompt_tokens: int = 0
    output_tokens: int = 0
    parts: Mapping[str, JsonValue] = field(default_factory=dict)
    error: str | None = None
