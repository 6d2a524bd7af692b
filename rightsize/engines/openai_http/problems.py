"""What can go wrong with a server, each said in one line with the next step, and whether asking again helps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from rightsize.engines.openai_http.address import Address
from rightsize.engines.openai_http.keys import Secret, key_variables
from rightsize.errors import EngineError

_PASSING = {408, 425, 429, 500, 502, 503, 504, 529}
_SHOWN_CHARS = 300


class ServerError(EngineError):
    """A request that failed. ``passing`` problems may be gone on the next try; ``fatal`` ones concern every
    request to this server, the others this request alone. ``retry_after_s`` is what the server asked for."""

    def __init__(
        self,
        problem: str,
        *,
        next_step: str = "",
        kind: str = "request",
        passing: bool = False,
        fatal: bool = False,
        billed: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(problem, next_step=next_step)
        self.kind = kind
        self.passing = passing
        self.fatal = fatal
        self.billed = billed
        self.retry_after_s = retry_after_s


def from_transport(error: httpx.HTTPError, address: Address, secret: Secret) -> ServerError:
    """The problem behind an exception of httpx."""
    host = httpx.URL(address.base_url).netloc.decode()
    said = secret.hide_in(str(error))
    match error:
        case httpx.ConnectTimeout() | httpx.ConnectError():
            return _not_connected(error, host, said)
        case httpx.TimeoutException():
            return ServerError(
                f"{host} sent nothing for too long",
                next_step="Raise --request-limit if it is only slow",
                kind="stall",
                passing=True,
                billed=True,
            )
        case httpx.ProxyError():
            return ServerError(
                f"the proxy before {host} refused: {said}",
                next_step="Look at HTTPS_PROXY, HTTP_PROXY and NO_PROXY",
                kind="proxy",
                fatal=True,
            )
        case httpx.RemoteProtocolError() if "without sending a response" in said:
            # It closed a connection that was kept open just as we used it again: nothing was asked yet.
            return ServerError(
                f"{host} closed the connection", kind="connection closed", passing=True, retry_after_s=0.0
            )
        case httpx.RemoteProtocolError() | httpx.ReadError():
            return ServerError(f"{host} cut the answer off", kind="cut", passing=True, billed=True)
        case _:
            return ServerError(f"{host}: {said or type(error).__name__}", kind="transport", passing=True)


def _not_connected(error: httpx.TransportError, host: str, said: str) -> ServerError:
    if isinstance(error, httpx.ConnectTimeout):
        return ServerError(f"{host} does not answer", kind="away", passing=True, fatal=True)
    if "certificate" in said.lower() or "ssl" in said.lower():
        return ServerError(
            f"the certificate of {host} is not trusted: {said}",
            next_step="Point SSL_CERT_FILE to the file of the authority that signed it",
            kind="certificate",
            fatal=True,
        )
    hint = "Is the server running, and is the port right?"
    return ServerError(f"no server at {host}: {said}", next_step=hint, kind="away", passing=True, fatal=True)


def from_status(response: httpx.Response, address: Address, secret: Secret) -> ServerError:
    """The problem behind a reply that is no success; its body must have been read."""
    host, code = httpx.URL(address.base_url).netloc.decode(), response.status_code
    said = secret.hide_in(message_of(response.text))
    if response.is_redirect:
        target = response.headers.get("location", "nowhere").partition("?")[0]
        return ServerError(
            f"{host} redirects to {target}, and a key is not carried to another address",
            next_step="Give that address itself",
            kind="redirect",
            fatal=True,
        )
    if code in {401, 403}:
        names = " or ".join(key_variables(address))
        hint = f"It was sent from {names}; is it right?" if secret else f"Set the environment variable {names}"
        what = "refuses the key" if secret else "needs a key"
        return ServerError(f"{host} {what} ({code}): {said}", next_step=hint, kind="key", fatal=True)
    if code == 404:
        return ServerError(
            f"{host} does not know this path or model (404): {said}",
            next_step="Does the address end where the API begins, as in http://127.0.0.1:8080/v1?",
            kind="unknown",
            fatal=True,
        )
    if code == 402 or "insufficient_quota" in response.text:
        return ServerError(f"{host} wants to be paid first ({code}): {said}", kind="quota", fatal=True)
    return ServerError(
        f"{host} answered {code}: {said}",
        kind="busy" if code == 429 else "status",
        passing=code in _PASSING,
        retry_after_s=retry_after_s(response.headers),
    )


def message_of(body: str) -> str:
    """What an error body says, in one short line: the usual JSON forms, else its text."""
    try:
        said = _said(json.loads(body))
    except ValueError:
        said = body
    line = " ".join(str(said).split())
    return (line[:_SHOWN_CHARS] + " ...") if len(line) > _SHOWN_CHARS else line or "no reason given"


def _said(body: object) -> object:
    for key in ("error", "message", "detail", "error_message"):
        if isinstance(body, dict) and body.get(key):
            return _said(body[key])
    return body


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds a server asks to wait: ``retry-after-ms``, or ``Retry-After`` in seconds or as a date."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1e3)
        text = headers.get("retry-after", "")
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
