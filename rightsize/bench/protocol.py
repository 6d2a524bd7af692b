"""What the bench and its worker process say to each other: one JSON request in, JSON lines out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rightsize.domain import (
    Answer,
    Candidate,
    CandidateSettings,
    Conversation,
    Item,
    Message,
    Model,
    ModelKind,
    Request,
    SolvedExample,
    TaskType,
)
from rightsize.engines.conversation import framed
from rightsize.engines.interface import RemoteRun, Spending, TaskRules


@dataclass(frozen=True, slots=True)
class TaskWork:
    """One task for the worker: its items without their gold, which the worker never sees. What an engine learns
    from are the solved examples in ``rules``, which are none of the items.

    Single requests are ``timed``, save of a task that a check made: its speed is that of the task it came from.
    Items that were ``answered`` before are timed with the others, and not asked again.
    """

    name: str
    items: tuple[Item, ...]
    rules: TaskRules
    timed: bool = True
    answered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TokenWork:
    """Requests by their token counts alone, for a model whose answers mean nothing."""

    prompt_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class CellRequest:
    """Everything a worker needs to measure one candidate.

    A window of requests, or a repetition of a speed test, that something else disturbed is measured again at
    most ``remeasure`` times. ``soak_s`` is how long to generate without a rest. With ``turns`` the requests
    come in so many windows, each of which waits for a line on stdin. With ``by_batch`` it answers only the
    items that are named on stdin while it runs, the model loaded once.
    """

    engine: str
    model: Model
    settings: CandidateSettings
    tasks: tuple[TaskWork, ...]
    requests: int
    repetitions: int
    speed: bool = True
    watts_idle: float | None = None
    watts_load: float | None = None
    remote: RemoteRun = field(default_factory=RemoteRun)
    remeasure: int = 2
    soak_s: float = 0.0
    turns: int = 0
    answers: bool = True
    tokens: TokenWork | None = None
    by_batch: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Items of one task that a worker should answer next."""

    task: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One line from the worker. ``kind`` is one of ``loaded``, ``speed``, ``soak``, ``requests``, ``ready``,
    ``progress``, ``answer``, ``task_done``, ``listening``, ``batch_done``, ``done`` and ``error``; ``data`` is
    what that kind carries. ``waiting`` says that the worker said nothing for a moment."""

    kind: str
    task: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


def without_gold(item: Item, prefix: str = "") -> Item:
    """The item as the worker may see it, less ``prefix`` before its question."""
    prompt = item.prompt.removeprefix(prefix)
    return Item(
        item.id,
        item.group,
        prompt,
        "",
        item.choices,
        contexts=item.contexts,
        chats=item.chats,
        requests=item.requests,
    )


def in_frame(item: Item, frame: str) -> Item:
    """The item with its prompt, or what stands before each of its choices, inside a prompt variant; of a
    conversation, the question."""
    if not frame:
        return item
    before, _, after = frame.partition("{prompt}")
    contexts = tuple(f"{before}{text}{after}" for text in item.contexts)
    chats = tuple(framed(chat, before, after) for chat in item.chats)
    requests = tuple(
        replace(r, prompt=f"{before}{r.prompt}{after}", chat=r.chat and framed(r.chat, before, after))
        for r in item.requests
    )
    prompt = f"{before}{item.prompt}{after}"
    return replace(item, prompt=prompt, contexts=contexts, chats=chats, requests=requests)


def encode_request(request: CellRequest) -> str:
    """The request as one line of JSON."""
    return json.dumps(asdict(request), default=str)


def decode_request(text: str) -> CellRequest:
    """The request from JSON."""
    raw = json.loads(text)
    tasks = tuple(_task(task) for task in raw.pop("tasks"))
    settings = CandidateSettings(**raw.pop("settings"))
    model = _model(raw.pop("model"))
    remote = _remote(raw.pop("remote"))
    counts = raw.pop("tokens")
    tokens = TokenWork(**counts) if counts else None
    return CellRequest(**raw, tasks=tasks, settings=settings, model=model, remote=remote, tokens=tokens)


def _remote(raw: dict[str, Any]) -> RemoteRun:
    spending = raw.pop("spending")
    if spending is None:
        return RemoteRun(**raw)
    ledger, price = Path(spending["ledger"]), (spending["usd_per_mtok"][0], spending["usd_per_mtok"][1])
    return RemoteRun(**raw, spending=Spending(ledger, spending["limit_usd"], price))


def candidate_from(raw: Mapping[str, Any]) -> Candidate:
    """The candidate that a stored record describes."""
    return Candidate(_model(dict(raw["model"])), str(raw["engine"]), CandidateSettings(**raw["settings"]))


def _model(raw: dict[str, Any]) -> Model:
    path = None if raw.get("path") is None else Path(raw["path"])
    return Model(**{**raw, "path": path, "kind": ModelKind(raw.get("kind", ModelKind.LANGUAGE_MODEL))})


def _task(raw: dict[str, Any]) -> TaskWork:
    items = tuple(_item(item) for item in raw["items"])
    rules = raw["rules"]
    return TaskWork(
        raw["name"],
        items,
        TaskRules(
            TaskType(rules["task_type"]),
            tuple(rules["stop"]),
            rules["max_output_tokens"],
            rules["target_delimiter"],
            tuple(SolvedExample(**example) for example in rules["examples"]),
            (rules["frame"][0], rules["frame"][1]),
            rules["chat_delimiter"],
        ),
        raw["timed"],
        tuple(raw["answered"]),
    )


def _item(raw: dict[str, Any]) -> Item:
    lists = {key: tuple(raw[key]) for key in ("choices", "contexts")}
    chats = tuple(_chat(chat) for chat in raw["chats"])
    return Item(**{**raw, **lists, "chats": chats, "requests": tuple(map(_request, raw["requests"]))})


def _chat(raw: list[dict[str, str]]) -> Conversation:
    return tuple(Message(**message) for message in raw)


def _request(raw: dict[str, Any]) -> Request:
    chat = None if raw["chat"] is None else _chat(raw["chat"])
    return Request(**{**raw, "kind": TaskType(raw["kind"]), "stop": tuple(raw["stop"]), "chat": chat})


def encode_batch(batch: Batch) -> str:
    """The batch as one line of JSON."""
    return json.dumps(asdict(batch))


def decode_batch(line: str) -> Batch:
    """The batch from one line of JSON."""
    raw = json.loads(line)
    return Batch(raw["task"], tuple(raw["items"]))


def encode_event(event: Event) -> str:
    """The event as one line of JSON."""
    return json.dumps(asdict(event))


def decode_event(line: str) -> Event:
    """The event from one line of JSON."""
    return Event(**json.loads(line))


def answer_from(data: Mapping[str, Any]) -> Answer:
    """The answer that an ``answer`` event carries."""
    replies = tuple(answer_from(reply) for reply in data.get("replies", ()))
    return Answer(**{**data, "choice_logprobs": tuple(data["choice_logprobs"]), "replies": replies})
