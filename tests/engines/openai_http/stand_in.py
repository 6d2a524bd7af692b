"""A server that speaks OpenAI's API and misbehaves on demand: what real ones do only now and then.

Each request takes the next of the behaviours it was given, the last one for ever. It is reached through the
real client, over a real socket on loopback.
"""

from __future__ import annotations

import itertools
import json
import re
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORDS = ("alpha", " beta", " gamma", " delta")


@dataclass
class Call:
    """One request as the server saw it."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    at: float


Behaviour = Callable[["Handler", dict[str, Any]], None]


@dataclass
class StandIn:
    """What it was told to do, and what it was asked."""

    url: str
    behaviours: list[Behaviour]
    models: Sequence[str] = ("tiny",)
    calls: list[Call] = field(default_factory=list)
    key: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    open_now: int = 0
    most_open: int = 0

    def next(self) -> Behaviour:
        with self.lock:
            return self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # as servers that stream do: each piece leaves when it is there
    server: Any

    def do_GET(self) -> None:
        told: StandIn = self.server.told
        if self.refused():
            return
        if self.path.endswith("/models"):
            self.json(200, {"object": "list", "data": [{"id": name} for name in told.models]})
        else:
            self.json(404, {"error": {"message": "no such path"}})

    def do_POST(self) -> None:
        told: StandIn = self.server.told
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with told.lock:
            told.calls.append(Call(self.path, body, dict(self.headers), time.perf_counter()))
            told.open_now += 1
            told.most_open = max(told.most_open, told.open_now)
        try:
            if not self.refused():
                told.next()(self, body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client had enough
        finally:
            with told.lock:
                told.open_now -= 1

    def refused(self) -> bool:
        told: StandIn = self.server.told
        sent = self.headers.get("Authorization", "")
        if told.key and sent != f"Bearer {told.key}":
            # As OpenAI does: the refused key is repeated in the message.
            self.json(
                401, {"error": {"message": f"Incorrect API key provided: {sent.removeprefix('Bearer ')}"}}
            )
            return True
        return False

    def json(self, code: int, body: object, **headers: str) -> None:
        self.bytes(code, json.dumps(body).encode(), "application/json", **headers)

    def bytes(self, code: int, data: bytes, kind: str, **headers: str) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def begin(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def event(self, value: object, ending: bytes = b"\n\n") -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        self.chunk(b"data: " + text.encode() + ending)

    def end(self) -> None:
        self.wfile.write(b"0\r\n\r\n")

    def hang_up(self) -> None:
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


def piece(text: str, *, chat: bool = True, field: str = "content") -> dict[str, Any]:
    """One event with a piece of text."""
    choice = {"index": 0, "delta": {field: text}} if chat else {"index": 0, "text": text}
    return {"id": "x", "choices": [choice]}


def last(reason: str = "stop", *, chat: bool = True) -> dict[str, Any]:
    """The event that says why the answer ended."""
    choice = {"index": 0, "finish_reason": reason, **({"delta": {}} if chat else {"text": ""})}
    return {"id": "x", "choices": [choice]}


def usage(prompt: object, output: object) -> dict[str, Any]:
    """The event with the server's own counts."""
    return {"id": "x", "choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": output}}


def answering(
    words: Sequence[str] = WORDS,
    *,
    counts: tuple[object, object] | None = (10, None),
    gap_s: float = 0.0,
    first_s: float = 0.0,
    thoughts: Sequence[str] = (),
    thought_field: str = "reasoning_content",
    copies: int = 1,
    ids: bool = False,
    ending: bytes = b"\n\n",
    done: bool = True,
) -> Behaviour:
    """An honest answer, word by word; ``counts`` None leaves the usage out, a count of None is the true one."""

    def behave(handler: Handler, body: dict[str, Any]) -> None:
        chat = "messages" in body
        handler.begin()
        time.sleep(first_s)
        if chat:
            handler.event({"id": "x", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]})
        sent = [piece(text, field=thought_field) for text in thoughts] + [piece(w, chat=chat) for w in words]
        for number, event in enumerate(sent):
            for _ in range(copies):
                mark = f"id: {number}\n" if ids else ""
                handler.chunk(f"{mark}data: {json.dumps(event)}".encode() + ending)
            time.sleep(gap_s)
        handler.event(last(chat=chat), ending)
        if counts is not None:
            prompt, output = counts
            handler.event(usage(prompt, len(sent) if output is None else output), ending)
        if done:
            handler.event("[DONE]", ending)
        handler.end()

    return behave


def status(code: int, message: str = "no", **headers: str) -> Behaviour:
    """An error with a JSON body."""
    return lambda handler, _: handler.json(code, {"error": {"message": message}}, **headers)


def cut_after(count: int) -> Behaviour:
    """A stream that breaks off after so many words."""

    def behave(handler: Handler, body: dict[str, Any]) -> None:
        handler.begin()
        for word in WORDS[:count]:
            handler.event(piece(word, chat="messages" in body))
        handler.hang_up()

    return behave


def ended_early(handler: Handler, body: dict[str, Any]) -> None:
    """A stream that ends in order, but before the answer does: no finish reason, no [DONE]."""
    handler.begin()
    handler.event(piece(WORDS[0], chat="messages" in body))
    handler.end()


def garbage(handler: Handler, _: dict[str, Any]) -> None:
    """Events that are no JSON."""
    handler.begin()
    handler.event("{not json")
    handler.end()


def binary(handler: Handler, _: dict[str, Any]) -> None:
    """Bytes that are no events at all."""
    handler.begin()
    handler.chunk(bytes(range(256)) * 4)
    handler.end()


def endless_line(handler: Handler, _: dict[str, Any]) -> None:
    """One event that never ends."""
    handler.begin()
    for _ in range(100):
        handler.chunk(b"data: " + b"x" * (1 << 17))
    handler.end()


def endless_answer(handler: Handler, body: dict[str, Any]) -> None:
    """A server that ignores the limit on the output."""
    handler.begin()
    for _ in range(5000):
        handler.event(piece("word ", chat="messages" in body))
    handler.end()


def error_event(handler: Handler, _: dict[str, Any]) -> None:
    """An error in the middle of a stream."""
    handler.begin()
    handler.event(piece(WORDS[0]))
    handler.event({"error": {"message": "the backend died", "code": 500}})
    handler.end()


def stalling(seconds: float, after: int = 0) -> Behaviour:
    """A server that falls silent after so many words."""

    def behave(handler: Handler, body: dict[str, Any]) -> None:
        handler.begin()
        for word in WORDS[:after]:
            handler.event(piece(word, chat="messages" in body))
        time.sleep(seconds)
        handler.hang_up()

    return behave


def dripping(gap_s: float, count: int) -> Behaviour:
    """A server that is never silent for long and never ready."""

    def behave(handler: Handler, body: dict[str, Any]) -> None:
        handler.begin()
        for _ in range(count):
            handler.chunk(b": still here\n\n")
            time.sleep(gap_s)
        handler.hang_up()

    return behave


def redirecting(target: str) -> Behaviour:
    """Somewhere else, please."""
    return lambda handler, _: handler.bytes(307, b"", "text/plain", Location=target)


def not_streaming(handler: Handler, _: dict[str, Any]) -> None:
    """The whole answer at once, though a stream was asked for."""
    handler.json(200, {"choices": [{"message": {"content": "all at once"}, "finish_reason": "stop"}]})


def refusing(field: str, message: str) -> Behaviour:
    """400 while a field is there, an honest answer once it is not."""

    def behave(handler: Handler, body: dict[str, Any]) -> None:
        if field in body:
            handler.json(400, {"error": {"message": message}})
        else:
            answering()(handler, body)

    return behave


def word_logprob(before: str, word: str) -> float:
    """A made-up language model over words: what follows depends on the word before."""
    return -0.1 - (zlib.crc32(f"{before}|{word}".encode()) % 500) / 100


def words_of(text: str) -> list[tuple[int, str]]:
    """Words with the white space before them, and where each begins."""
    return [(match.start(), match[0]) for match in re.finditer(r"\s*\S+", text)]


def echoing(shift: int = 0, *, repeats: bool = True) -> Behaviour:
    """Completions that give log-probabilities of the prompt; ``shift`` pairs each word with another's."""

    def behave(handler: Handler, body: dict[str, Any]) -> None:
        wanted = body["max_tokens"] if body["max_tokens"] > 1 else 1
        whole = words_of(body["prompt"] + " " + "".join(WORDS[:wanted]))
        given = len(words_of(body["prompt"]))
        values = [None] + [word_logprob(a, b) for (_, a), (_, b) in itertools.pairwise(whole)]
        echo = body.get("echo", False) and repeats
        shown = whole if echo else whole[given:]
        values = values if echo else values[given:]
        values = values[shift:] + values[:shift] if echo else values
        logprobs = {
            "tokens": [word for _, word in shown],
            "text_offset": [at for at, _ in shown],
            "token_logprobs": values,
            "top_logprobs": [{word: value} for (_, word), value in zip(shown, values, strict=True)],
        }
        text = "".join(word for _, word in shown)
        handler.json(200, {"choices": [{"text": text, "logprobs": logprobs, "finish_reason": "length"}]})

    return behave


@contextmanager
def stand_in(
    *behaviours: Behaviour, models: Sequence[str] = ("tiny",), key: str = "", tls: ssl.SSLContext | None = None
) -> Iterator[StandIn]:
    """Run it on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    scheme = "http"
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    told = StandIn(
        f"{scheme}://127.0.0.1:{server.server_port}/v1", list(behaviours or (answering(),)), models, key=key
    )
    server.told = told  # type: ignore[attr-defined]
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
