"""Which server and which model: what a user writes after ``--model``, read and written back.

http://127.0.0.1:8080/v1          the only model of that server
http://127.0.0.1:8080/v1#NAME     one of several
vllm:NAME                         a known kind of server at its usual address
vllm+http://gpu1:8000/v1#NAME     a known kind of server somewhere else
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import ip_address

import httpx

from rightsize.engines.openai_http.presets import PRESETS, Preset
from rightsize.errors import UsageError

_SCHEMES = ("http", "https")


@dataclass(frozen=True, slots=True)
class Address:
    """A model of a server. ``base_url`` ends before ``/models``; ``model`` is empty for "the only one"."""

    preset: Preset
    base_url: str
    model: str = ""

    @property
    def at_preset(self) -> bool:
        """Whether this is where the preset's own servers are."""
        return self.base_url == self.preset.base_url

    @property
    def is_loopback(self) -> bool:
        """Whether the server runs on this machine."""
        return is_loopback(self.host)

    @property
    def host(self) -> str:
        """The server's name or number."""
        return httpx.URL(self.base_url).host

    def with_model(self, model: str) -> Address:
        """The same server, another model."""
        return Address(self.preset, self.base_url, model)

    def __str__(self) -> str:
        """The form that :func:`parse_address` reads back; it holds no secret."""
        return f"{self.preset.name}+{self.base_url}#{self.model}"


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_address(text: str) -> bool:
    """Whether this names a server rather than a file."""
    head = text.partition("://")[0] if "://" in text else ""
    if head.rpartition("+")[2] in _SCHEMES:
        return True
    return text.partition(":")[0] in PRESETS and ":" in text


def parse_address(text: str) -> Address:
    """Read a server's address. Raises UsageError naming what cannot be meant, without repeating a secret."""
    if "://" not in text:
        name, _, model = text.partition(":")
        return Address(_preset(name), _preset(name).base_url, model)
    head, _, rest = text.partition("://")
    name, _, scheme = head.rpartition("+")
    preset = _preset(name or "server")
    location, _, model = rest.partition("#")
    try:
        url = httpx.URL(f"{scheme}://{location}")
    except httpx.InvalidURL as error:
        raise UsageError(f"the address of a server cannot be read: {error}") from error
    _refuse_secrets(url, preset)
    if scheme not in _SCHEMES or not url.host:
        raise UsageError(
            f"{text}: not the address of a server", next_step="Write it like http://127.0.0.1:8080/v1"
        )
    return Address(preset, _normal(url), model)


def _preset(name: str) -> Preset:
    if name in PRESETS:
        return PRESETS[name]
    near = get_close_matches(name, PRESETS, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(PRESETS)}"
    raise UsageError(f"there is no kind of server called {name!r}", next_step=hint)


def _refuse_secrets(url: httpx.URL, preset: Preset) -> None:
    """An address is stored and printed: nothing secret may be in it."""
    if url.userinfo or url.query:
        raise UsageError(
            f"the address of {url.host} carries a password or a query, and addresses are stored",
            next_step=f"Put the key into the environment variable {preset.key_variable or 'RIGHTSIZE_API_KEY'}",
        )


def _normal(url: httpx.URL) -> str:
    """The base of all paths: what people paste may end in a slash or in one of the API's own paths."""
    path = url.path.rstrip("/")
    for known in ("/chat/completions", "/completions", "/models"):
        path = path.removesuffix(known)
    return str(url.copy_with(path=path or "/v1", fragment=None)).rstrip("/")
