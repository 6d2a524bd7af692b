"""A GGUF file's header from the hub by range requests: a few MB of a file of many GB.

``HF_ENDPOINT`` names another hub; ``HF_TOKEN`` is sent to it and to nobody else.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from rightsize.errors import ModelError
from rightsize.models.gguf_header import GgufHeader, parse_header

if TYPE_CHECKING:
    import httpx

_FIRST_BYTES = 4 << 20
_MOST_BYTES = 64 << 20
_TIME_LIMIT_S = 60.0
_CONNECT_S = 10.0
_TRIES = 3


def fetch_header(
    name: str,
    *,
    notify: Callable[[str], None] = lambda _: None,
    time_limit_s: float = _TIME_LIMIT_S,
) -> tuple[str, GgufHeader, bytes, int]:
    """Fetch ``OWNER/NAME/FILE.gguf`` as far as its header goes: label, header, head and the file's length.

    Raises ModelError in one line when the hub is away, slow, has no such file, or sends what is no GGUF.
    """
    url = _url(name)
    data, size, wanted = b"", 0, _FIRST_BYTES
    deadline = time.monotonic() + time_limit_s
    while True:
        notify(f"reading the header of {name}")
        part, size = _range(url, name, len(data), wanted, deadline)
        data += part
        try:
            header = parse_header(BytesIO(data), Path(name), size)
        except (struct.error, UnicodeDecodeError, OverflowError):
            if len(data) >= size or not part:
                raise ModelError(f"{name}: its header is cut short or corrupted") from None
        else:
            if header.data_start <= len(data):
                return name, header, data[: header.data_start], size
        if len(data) >= _MOST_BYTES:
            raise ModelError(f"{name}: its header is longer than {_MOST_BYTES >> 20} MB")
        wanted = min(2 * wanted, _MOST_BYTES)


def _url(name: str) -> str:
    from huggingface_hub import hf_hub_url

    parts = name.split("/", 2)
    if len(parts) != 3 or not all(parts):
        raise ModelError(f"hub:{name} names no file", next_step="Write hub:OWNER/NAME/FILE.gguf")
    return str(hf_hub_url(f"{parts[0]}/{parts[1]}", parts[2], endpoint=os.environ.get("HF_ENDPOINT") or None))


def _range(url: str, name: str, start: int, end: int, deadline: float) -> tuple[bytes, int]:
    """Bytes ``start`` to ``end`` of a file and its whole length; what fails on the way is tried again."""
    import httpx
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

    retrying = Retrying(
        retry=retry_if_exception_type(httpx.TransportError),
        stop=stop_after_attempt(_TRIES),
        wait=wait_exponential(multiplier=0.2, max=2),
        reraise=True,
    )
    try:
        for attempt in retrying:
            with attempt:
                return _once(url, name, start, end, deadline)
    except httpx.HTTPError as error:
        what = str(error) or type(error).__name__
        raise ModelError(
            f"the hub cannot be reached for {name}: {what}", next_step="Try again later"
        ) from error
    raise AssertionError("tenacity returns or raises")


def _once(url: str, name: str, start: int, end: int, deadline: float) -> tuple[bytes, int]:
    import httpx

    token = os.environ.get("HF_TOKEN")
    headers = {"Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    with (
        httpx.Client(timeout=_CONNECT_S, follow_redirects=True) as client,
        client.stream("GET", url, headers=headers) as response,
    ):
        size = _length(response, name, start)
        data = bytearray()
        for chunk in response.iter_raw():
            data += chunk
            if time.monotonic() > deadline:
                raise ModelError(
                    f"the hub is too slow: {len(data):,} bytes of {name}", next_step="Try again later"
                )
            if len(data) >= end - start:
                break
        return bytes(data[: end - start]), size


def _length(response: httpx.Response, name: str, start: int) -> int:
    """The file's whole length. Raises ModelError for an answer that is no part of a file."""
    code = response.status_code
    if code in {401, 403}:
        raise ModelError(f"the hub does not give {name} to everybody ({code})", next_step="Set HF_TOKEN")
    if code == 404:
        raise ModelError(f"the hub has no file {name}", next_step="Check owner, name and file")
    if code >= 400:
        raise ModelError(f"the hub answered {code} for {name}", next_step="Try again later")
    stated = response.headers.get("Content-Range", "").rpartition("/")[2]
    if code == 200 and start == 0:
        stated = response.headers.get(
            "Content-Length", ""
        )  # a server that knows no ranges: read no more than needed
    elif code != 206:
        raise ModelError(f"the hub answered {code} instead of a part of {name}", next_step="Try again later")
    if not stated.isdigit():
        raise ModelError(f"the hub does not say how long {name} is", next_step="Try again later")
    return int(stated)
