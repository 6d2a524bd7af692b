"""Which models a server has, and which of them an address means."""

from __future__ import annotations

from collections.abc import Sequence

from rightsize.engines.openai_http.address import Address, parse_address
from rightsize.engines.openai_http.presets import PRESETS
from rightsize.engines.openai_http.problems import ServerError
from rightsize.engines.openai_http.server import Server
from rightsize.errors import EngineError

_LIMIT_S = 30.0
_SHOWN = 5
#: What servers call themselves in ``owned_by``: enough to know their kind when only an address was given.
_OWNERS = {"llamacpp": "llama-server", "vllm": "vllm", "sglang": "sglang", "me": "llama-cpp-python"}


def list_models(address: Address) -> tuple[Address, tuple[str, ...]]:
    """The server, its kind known where it tells, and the names of its models. Raises ServerError."""
    server = Server(address, request_limit_s=_LIMIT_S)
    try:
        listed = server.models()
    finally:
        server.close()
    kinds = {_OWNERS[model.owner] for model in listed if model.owner in _OWNERS}
    if address.preset.name == "server" and len(kinds) == 1:
        address = Address(PRESETS[kinds.pop()], address.base_url, address.model)
    return address, tuple(model.name for model in listed)


def named_model(spec: str) -> Address:
    """The address with a model in it. Raises UsageError, or EngineError when the server has not that one."""
    address = parse_address(spec)
    if address.model and address.preset.name != "server":
        return address  # the worker will see whether it is served
    try:
        address, served = list_models(address)
    except ServerError as problem:
        if address.model and problem.kind in {"unknown", "garbage", "status"}:
            return address  # some have no list
        raise
    if address.model in served:
        return address
    if not address.model and len(served) == 1:
        return address.with_model(served[0])
    raise not_served(address, served)


def not_served(address: Address, served: Sequence[str]) -> EngineError:
    """The error for a model that is not there, naming some that are."""
    shown = ", ".join(served[:_SHOWN]) + (f" and {len(served) - _SHOWN} more" if len(served) > _SHOWN else "")
    wanted = f"does not serve {address.model!r}" if address.model else f"serves {len(served)} models"
    return EngineError(f"{address.base_url} {wanted}", next_step=f"Name one after #: {shown or 'it has none'}")
