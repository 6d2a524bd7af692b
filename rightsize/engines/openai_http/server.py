"""One server: its connections, its list of models, and one streamed request with a time limit."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from rightsize.engines.openai_http.address import Address
from rightsize.engines.openai_http.keys import find_key
from rightsize.engines.openai_http.problems import ServerError, from_status, from_transport
from rightsize.engines.openai_http.reply import Reply
from rightsize.engines.openai_http.sse import EventParser, EventTooLongError

_CONNECT_S = 10.0
_LIST_LIMIT_S = 30.0
_CONNECTIONS = 512

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One entry of a server's list; ``owner`` often says what kind of server it is."""

    name: str
    owner: str


class Server:
    """Keeps connections open between requests; may be used from several threads."""

    def __init__(
        self, address: Address, *, request_limit_s: float = 300.0, environment: Mapping[str, str] | None = None
    ) -> None:
        self.address = address
        self.request_limit_s = request_limit_s
        self._secret = find_key(address, environment)
        for noisy in ("httpx", "httpcore"):  # at DEBUG they would write headers, the key among them
            logging.getLogger(noisy).setLevel(logging.WARNING)
        self._client = httpx.Client(
            headers={**self._secret.header(), "Accept-Encoding": "identity"},
            limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
            # A proxy is for what lies beyond this machine.
            trust_env=not address.is_loopback,
            verify=_trusted_certificates(address),
            follow_redirects=False,
        )

    @property
    def _timeout(self) -> httpx.Timeout:
        return httpx.Timeout(self.request_limit_s, connect=min(_CONNECT_S, self.request_limit_s))

    @property
    def has_key(self) -> bool:
        """Whether requests carry a key."""
        return bool(self._secret)

    def models(self) -> tuple[ListedModel, ...]:
        """What ``/models`` lists. Raises ServerError."""
        listed = self.get("/models", limit_s=min(_LIST_LIMIT_S, self.request_limit_s)).get("data")
        if not isinstance(listed, list):
            raise ServerError(
                f"{self.address.base_url}/models holds no list of models",
                next_step="Does the address end where the API begins, as in http://127.0.0.1:8080/v1?",
                kind="garbage",
                fatal=True,
            )
        entries = (entry for entry in listed if isinstance(entry, dict) and entry.get("id"))
        return tuple(ListedModel(str(entry["id"]), str(entry.get("owned_by", ""))) for entry in entries)

    def get(self, path: str, *, limit_s: float) -> Mapping[str, Any]:
        """A JSON object. Raises ServerError."""
        with self._translated():
            response = self._client.get(f"{self.address.base_url}{path}", timeout=limit_s)
            return self._json(response)

    def post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The JSON answer to a request that is not streamed. Raises ServerError."""
        with self._translated():
            url = f"{self.address.base_url}{path}"
            return self._json(self._client.post(url, json=body, timeout=self._timeout))

    def stream(
        self,
        path: str,
        body: Mapping[str, Any],
        enough: Callable[[str], bool],
        clock: Clock = time.perf_counter,
    ) -> Reply:
        """Send one request and read its answer to the end, or until ``enough`` says so of a new piece.

        Raises ServerError for whatever makes the answer unusable: nothing half-read is returned.
        """
        with self._translated():
            url = f"{self.address.base_url}{path}"
            request = self._client.build_request("POST", url, json=body, timeout=self._timeout)
            reply = Reply(clock())
            response = self._client.send(request, stream=True)
            try:
                self._check_stream(response)
                self._read(response, reply, enough, clock)
            finally:
                response.close()
        return reply

    def _read(
        self, response: httpx.Response, reply: Reply, enough: Callable[[str], bool], clock: Clock
    ) -> None:
        twins, before = 0, b""
        try:
            # To the very end, past [DONE]: only then can the connection be used again.
            for data, now in self._events(response, reply.started, clock):
                if reply.done:
                    continue
                new = reply.take(data, now)
                twins, before = (twins + 1, b"") if data == before else (twins, data)
                if new and enough(new):
                    reply.ended = now
                    return
        except (httpx.HTTPError, ServerError):
            if not reply.done:
                raise
        _check_whole(reply, twins)
        reply.ended = reply.ended or clock()

    def _events(self, response: httpx.Response, started: float, clock: Clock) -> Iterator[tuple[bytes, float]]:
        parser = EventParser()
        try:
            for chunk in response.iter_raw():
                now = clock()
                for data in parser.feed(chunk):
                    yield data, now
                if now - started > self.request_limit_s:
                    raise _too_slow(self.request_limit_s)
        except EventTooLongError:
            raise ServerError(
                "the server sent megabytes without an end of event", kind="garbage", passing=True, billed=True
            ) from None
        last = parser.end()
        if last is not None:
            yield last, clock()

    def _check_stream(self, response: httpx.Response) -> None:
        if not response.is_success:
            response.read()
            raise from_status(response, self.address, self._secret)
        kind = response.headers.get("content-type", "")
        if not kind.startswith("text/event-stream"):
            raise ServerError(
                f"the server does not stream: it sent {kind or 'an answer without a type'}", kind="no stream"
            )

    def _json(self, response: httpx.Response) -> Mapping[str, Any]:
        if not response.is_success:
            raise from_status(response, self.address, self._secret)
        try:
            body = response.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise ServerError(
                f"{response.url} answered with something that is no JSON object",
                next_step="Does the address end where the API begins, as in http://127.0.0.1:8080/v1?",
                kind="garbage",
                fatal=True,
            )
        return body

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except httpx.HTTPError as error:
            # Without "from": the original may show the address of a proxy with its password.
            raise from_transport(error, self.address, self._secret) from None

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


def _check_whole(reply: Reply, twins: int) -> None:
    # [DONE] alone is no end: llama-cpp-python's server says so too when it drops an answer for a newer request.
    if not reply.finish_reason:
        raise ServerError("the stream ended before the answer did", kind="cut", passing=True, billed=True)
    counted = reply.usage.get("completion_tokens")
    if twins > 1 and reply.pieces == 2 * twins and counted == twins:
        raise ServerError("the server sent every event twice", kind="repeated", passing=True, billed=True)


def _too_slow(limit_s: float) -> ServerError:
    return ServerError(
        f"the answer was not complete after {limit_s:g} s",
        next_step="Raise --request-limit if it is only slow",
        kind="stall",
        passing=True,
        billed=True,
    )


def _trusted_certificates(address: Address) -> Any:
    """What httpx verifies against; ``SSL_CERT_FILE`` also where the environment is not otherwise asked."""
    chosen = os.environ.get("SSL_CERT_FILE")
    if address.base_url.startswith("https") and address.is_loopback and chosen:
        import ssl

        return ssl.create_default_context(cafile=chosen)
    return True
