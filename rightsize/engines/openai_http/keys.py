"""Keys of servers: read from the environment when needed, shown nowhere."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from rightsize.engines.openai_http.address import Address
from rightsize.engines.openai_http.presets import GENERIC_KEY

_HIDDEN = "[key hidden]"
_LOOKS_LIKE_KEY = re.compile(r"\b(?:sk|gsk|hf|key|xai|AIza)[-_][\w*.-]{8,}|\bBearer\s+\S+", re.IGNORECASE)


class Secret:
    """A key that cannot be printed, logged or serialised by accident."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def header(self) -> dict[str, str]:
        """The request header that carries it."""
        return {"Authorization": f"Bearer {self._text}"} if self._text else {}

    def hide_in(self, text: str) -> str:
        """A text with this key, and whatever looks like one, taken out: servers repeat keys in errors."""
        if self._text:
            text = text.replace(self._text, _HIDDEN)
        return _LOOKS_LIKE_KEY.sub(_HIDDEN, text)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "Secret()"

    def __reduce__(self) -> str:
        raise TypeError("a key is never written anywhere")


def key_variables(address: Address) -> tuple[str, ...]:
    """The environment variables that may hold this server's key.

    A hosted service's own key goes to that service, or where its preset was named on purpose; never to an
    address that was given without one.
    """
    own = address.preset.key_variable
    return tuple(
        dict.fromkeys(name for name in (own, GENERIC_KEY if not address.preset.hosted else "") if name)
    )


def find_key(address: Address, environment: Mapping[str, str] | None = None) -> Secret:
    """The key for a server; an empty one where the environment has none."""
    environment = os.environ if environment is None else environment
    found = (environment.get(name, "").strip() for name in key_variables(address))
    return Secret(next((key for key in found if key), ""))
