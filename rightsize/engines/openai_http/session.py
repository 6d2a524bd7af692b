"""A served model as a session: items become questions, one after the other or many at a time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import cached_property, partial
from itertools import islice

from rightsize.domain import Answer, CandidateSettings, Item, JsonValue, TaskType
from rightsize.engines.interface import Arrival, RemoteRun, RequestTiming, TaskRules
from rightsize.engines.openai_http.address import Address
from rightsize.engines.openai_http.ask import Asker, Exchange
from rightsize.engines.openai_http.choose import Question, best_choice, question_for, scored_pairs
from rightsize.engines.openai_http.listing import not_served
from rightsize.engines.openai_http.load import open_loop
from rightsize.engines.openai_http.problems import ServerError
from rightsize.engines.openai_http.requests import Dialect, constraint_fields
from rightsize.engines.openai_http.retry import Patience
from rightsize.engines.openai_http.scoring import PROBE, Scored, offers_echo, score
from rightsize.engines.openai_http.server import Server
from rightsize.engines.openai_http.spend import Price, Purse
from rightsize.errors import EngineError

_NOT_DRIVEN = "a server cannot be driven token by token; its requests show its speed"


class OpenAiSession:
    """See :class:`rightsize.engines.interface.Session`."""

    def __init__(
        self,
        address: Address,
        settings: CandidateSettings,
        run: RemoteRun | None = None,
        patience: Patience | None = None,
    ) -> None:
        chat = settings.chat_template != "none"
        if not chat and not address.preset.completions:
            raise EngineError(
                f"{address.preset.name} has only chat, which applies a template",
                next_step="Leave out --chat-template",
            )
        constraint_fields(address.preset, settings.constrain, chat)  # refuses what the server cannot do
        self._address = address
        self._server = Server(address)
        try:
            self._check_model()
        except EngineError:
            self._server.close()
            raise
        dialect = Dialect(address.preset, address.model, chat, settings.constrain)
        self._asker = Asker(self._server, dialect, patience or Patience())
        self.treat(run or RemoteRun())

    def treat(self, run: RemoteRun) -> None:
        """See :class:`rightsize.engines.interface.RemoteSession`."""
        bears = self._address.preset.at_a_time or run.concurrency
        self._concurrency = min(run.concurrency, bears)
        self._server.request_limit_s = run.request_limit_s
        self._asker.purse = None
        if run.spending:
            price = Price(*run.spending.usd_per_mtok)
            self._asker.purse = Purse(run.spending.ledger, run.spending.limit_usd, price)

    def _check_model(self) -> None:
        """Raise unless the server serves the model. Some have no list: they are taken at their word."""
        try:
            served = [model.name for model in self._server.models()]
        except ServerError as problem:
            if problem.kind in {"unknown", "garbage", "status"}:
                return
            raise
        if served and self._address.model not in served:
            raise not_served(self._address, served)

    def facts(self) -> Mapping[str, JsonValue]:
        """Where answers came from and what was remarkable; ``absent`` says what a server cannot show."""
        asker = self._asker
        return {
            "server": self._address.base_url,
            "served_model": self._address.model,
            # A hosted name may stand for a dated version, and a server may ignore the name altogether.
            "answered_by": sorted(asker.answered_by - {""}),
            "server_kind": self._address.preset.name,
            "endpoint": asker.dialect.path,
            "prompt_cache": self._address.preset.cache,
            "retries": dict(asker.retries.by_kind),
            "retry_wait_s": round(asker.retries.waited_s, 3),
            "fields_left_out": sorted(asker.dialect.left_out),
            "remarks": {name: count for name, count in asker.remarks.items() if count},
            "spent_usd": asker.spent_usd if asker.purse else None,
            "absent": dict.fromkeys(("prefill_tokens_per_s", "decode_tokens_per_s"), _NOT_DRIVEN)
            | {"load_ms": "the server was running already"},
        }

    def rejections(self, items: Sequence[Item], rules: TaskRules) -> Mapping[str, str]:
        """Items that need log-probabilities of given text where the server gives none."""
        if rules.task_type is TaskType.GENERATE:
            return {}
        needs = [item for item in items if rules.task_type is not TaskType.CHOICE or item.contexts]
        if not needs or self._echo:
            return {}
        return dict.fromkeys(
            (item.id for item in needs),
            f"{self._address.preset.name} gives no log-probabilities of a given text here; "
            "--chat-template none asks its completions",
        )

    def time_requests(self, items: Sequence[Item], rules: TaskRules) -> Iterator[RequestTiming]:
        """Each item as one request, one after the other, on a connection that is open already."""
        if rules.task_type is not TaskType.GENERATE and self._echo:
            timed: Callable[[Item], RequestTiming] = partial(self._time_scoring, rules)
        else:
            timed = partial(self._time_generation, rules)
        timed(items[0])  # opens the connection and wakes the server up
        return self._each(items, timed)

    def _each(self, items: Sequence[Item], timed: Callable[[Item], RequestTiming]) -> Iterator[RequestTiming]:
        for item in items:
            try:
                yield timed(item)
            except ServerError as problem:
                if problem.fatal:
                    raise  # a refusal of this one item is told with its answer

    def answer(self, items: Sequence[Item], rules: TaskRules) -> Iterator[tuple[str, Answer]]:
        """Every item's answer, several at a time, as they come.

        Raises ServerError when going on makes no sense: the server is gone, or the money is spent.
        """
        ahead = iter(items)
        with ThreadPoolExecutor(self._concurrency) as pool:
            open_: dict[Future[Answer], Item] = {}

            def send(count: int) -> None:
                for item in islice(ahead, count):
                    open_[pool.submit(self._answer, item, rules)] = item

            try:
                send(self._concurrency)
                while open_:
                    done, _ = wait(open_, return_when=FIRST_COMPLETED)
                    for future in done:
                        yield open_.pop(future).id, future.result()
                    send(len(done))
            finally:
                if open_:
                    self._asker.stopping.set()
                pool.shutdown(cancel_futures=True)

    def under_load(
        self, items: Sequence[Item], rules: TaskRules, rate_per_s: float, count: int
    ) -> Iterator[Arrival]:
        """See :class:`rightsize.engines.interface.RemoteSession`."""
        once = Asker(self._server, self._asker.dialect, Patience(attempts=1), self._asker.purse)
        questions = [question_for(item, rules, self._asker.dialect) for item in items]
        return open_loop([partial(_ask, once, question) for question in questions], rate_per_s, count)

    def prefill_tokens_per_s(self, tokens: int, repetitions: int) -> Iterator[float]:
        """Nothing: see ``absent`` in :meth:`facts`."""
        return iter(())

    def decode_tokens_per_s(self, tokens: int, repetitions: int) -> Iterator[float]:
        """Nothing: see ``absent`` in :meth:`facts`."""
        return iter(())

    def close(self) -> None:
        """Close all connections."""
        self._server.close()

    # --- one item -----------------------------------------------------------------------------------------

    @cached_property
    def _echo(self) -> bool:
        """Whether given text can be scored: only through completions, and only where they echo."""
        if self._asker.dialect.chat:
            return False
        return self._asker.paid(PROBE, 4, lambda: offers_echo(self._server, self._address.model))

    def _answer(self, item: Item, rules: TaskRules) -> Answer:
        try:
            if rules.task_type is not TaskType.GENERATE and self._echo:
                return self._scored(item, rules)
            return _generated(_ask(self._asker, question_for(item, rules, self._asker.dialect), logprobs=True))
        except ServerError as problem:
            if problem.fatal:
                raise
            return Answer("", finish_reason="error", error=str(problem))

    def _scored(self, item: Item, rules: TaskRules) -> Answer:
        pairs = scored_pairs(item, rules)
        values = [self._asker.paid("".join(pair), 1, self._score_call(pair)) for pair in pairs]
        return best_choice(item, rules, values)

    def _score_call(self, pair: tuple[str, str]) -> Callable[[], Scored]:
        return lambda: score(self._server, self._address.model, *pair)

    def _time_scoring(self, rules: TaskRules, item: Item) -> RequestTiming:
        started = time.perf_counter()
        answer = self._scored(item, rules)
        latency_ms = (time.perf_counter() - started) * 1e3
        return RequestTiming(latency_ms, None, (), answer.prompt_tokens, 0)

    def _time_generation(self, rules: TaskRules, item: Item) -> RequestTiming:
        exchange = _ask(self._asker, question_for(item, rules, self._asker.dialect))
        return RequestTiming(
            exchange.latency_ms,
            exchange.ttft_ms,
            exchange.itl_ms,
            exchange.counts.prompt,
            exchange.counts.output,
        )


def _ask(asker: Asker, question: Question, *, logprobs: bool = False) -> Exchange:
    return asker.ask(
        question.prompt,
        question.stop,
        question.max_output_tokens,
        logprobs=logprobs,
        constrain=question.constrain,
        chat=question.chat,
    )


def _generated(exchange: Exchange) -> Answer:
    values = exchange.reply.logprobs
    return Answer(
        exchange.text,
        confidence=math.exp(sum(values) / len(values)) if values else None,
        prompt_tokens=exchange.counts.prompt or 0,
        output_tokens=exchange.counts.output,
        finish_reason=exchange.finish_reason,
        thinking_chars=exchange.thinking_chars,
    )
