"""Items that ask in several ways, such as a text and the likelihood of another: answered kind by kind.

Engines never see such an item. Each of its requests becomes an item of its own, those of one kind are answered
side by side, and the replies are put together again. Items of every other task pass straight through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rightsize.domain import Answer, Item, TaskType
from rightsize.engines.interface import Arrival, RemoteSession, RequestTiming, Session, TaskRules


class Requests:
    """The requests of mixed items, by how they are asked."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.places: dict[str, tuple[str, int]] = {}
        self.by_rules: dict[TaskRules, list[Item]] = {}
        for number, item in enumerate(items):
            for at, request in enumerate(item.requests):
                rules = TaskRules(request.kind, request.stop, request.max_output_tokens, target_delimiter="")
                alone = _alone(item, at, f"{number}/{at}")
                self.places[alone.id] = (item.id, at)
                self.by_rules.setdefault(rules, []).append(alone)


def rejections(session: Session, items: Sequence[Item], rules: TaskRules) -> Mapping[str, str]:
    """Items that cannot run, with reasons: a mixed one when one of its requests cannot."""
    if rules.task_type is not TaskType.MIXED:
        return session.rejections(items, rules)
    requests, found = Requests(items), dict[str, str]()
    for how, alone in requests.by_rules.items():
        for request_id, reason in session.rejections(alone, how).items():
            found.setdefault(requests.places[request_id][0], reason)
    return found


def answer(session: Session, items: Sequence[Item], rules: TaskRules) -> Iterator[tuple[str, Answer]]:
    """Every item's answer; a mixed one's as soon as its last reply is there."""
    if rules.task_type is not TaskType.MIXED:
        yield from session.answer(items, rules)
        return
    requests = Requests(items)
    open_: dict[str, dict[int, Answer]] = {item.id: {} for item in items}
    wanted = {item.id: len(item.requests) for item in items}
    for how, alone in requests.by_rules.items():
        for request_id, reply in session.answer(alone, how):
            item_id, at = requests.places[request_id]
            open_[item_id][at] = reply
            if len(open_[item_id]) == wanted[item_id]:
                replies = open_.pop(item_id)
                yield item_id, joined([replies[n] for n in sorted(replies)])


def time_requests(session: Session, items: Sequence[Item], rules: TaskRules) -> Iterator[RequestTiming]:
    """Each item alone; of a mixed one, its requests one after the other, their times added up."""
    if rules.task_type is not TaskType.MIXED:
        return session.time_requests(items, rules)
    requests = Requests(items)
    # All warm-ups are done, and all contexts stand, before the first item is timed.
    timed = {how: session.time_requests(alone, how) for how, alone in requests.by_rules.items()}
    order: dict[str, list[TaskRules]] = {}
    for how, alone in requests.by_rules.items():
        for request in alone:
            order.setdefault(request.id.partition("/")[0], []).append(how)
    return _added(timed, [order[str(number)] for number in range(len(items))])


def under_load(
    session: RemoteSession, items: Sequence[Item], rules: TaskRules, rate_per_s: float, count: int
) -> Iterator[Arrival]:
    """Requests under load; of mixed items those that ask for text, if there are any."""
    if rules.task_type is not TaskType.MIXED:
        return session.under_load(items, rules, rate_per_s, count)
    for how, alone in Requests(items).by_rules.items():
        if how.task_type is TaskType.GENERATE:
            return session.under_load(alone, how, rate_per_s, count)
    return iter(())


def joined(replies: Sequence[Answer]) -> Answer:
    """One answer of several replies: the first text, tokens added up, the first error."""
    first = next((reply for reply in replies if reply.text), replies[0])
    return Answer(
        text=first.text,
        confidence=first.confidence,
        prompt_tokens=sum(reply.prompt_tokens for reply in replies),
        output_tokens=sum(reply.output_tokens for reply in replies),
        finish_reason=first.finish_reason,
        thinking_chars=sum(reply.thinking_chars for reply in replies),
        error=next((reply.error for reply in replies if reply.error), ""),
        replies=tuple(replies),
    )


def _alone(item: Item, at: int, name: str) -> Item:
    """One request as an item of its own."""
    request = item.requests[at]
    chats = () if request.chat is None else (request.chat,)
    if request.kind is not TaskType.LOGLIKELIHOOD:
        return Item(name, item.group, request.prompt, "", chats=chats)
    # As a context it may be empty, and then stands for nothing at all.
    return Item(
        name, item.group, request.prompt, "", (request.continuation,), contexts=(request.prompt,), chats=chats
    )


def _added(
    timed: Mapping[TaskRules, Iterator[RequestTiming]], order: Sequence[Sequence[TaskRules]]
) -> Iterator[RequestTiming]:
    for item in order:
        parts = [timing for how in item if (timing := next(timed[how], None)) is not None]
        if len(parts) == len(item):
            yield _sum(parts)
    for rest in timed.values():  # what is exhausted frees its context
        for _ in rest:
            pass


def _sum(parts: Sequence[RequestTiming]) -> RequestTiming:
    """Latencies and tokens added up. Its first token is that of its first text, counted from when that was
    asked for; a prompt that a server did not count leaves the sum unknown."""
    texts = [part for part in parts if part.ttft_ms is not None]
    prompts = [part.prompt_tokens for part in parts]
    return RequestTiming(
        sum(part.latency_ms for part in parts),
        texts[0].ttft_ms if texts else None,
        tuple(gap for part in texts for gap in part.itl_ms),
        None if None in prompts else sum(filter(None, prompts)),
        sum(part.output_tokens for part in parts),
    )
