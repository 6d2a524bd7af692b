"""Renders one chat template in a sandbox: JSON of the template on stdin, what went wrong on stdout.

Run as ``python -m rightsize.models.audit.template_worker``, a process of its own, with limits on memory and
processor time where the system has them.
"""

from __future__ import annotations

import json
import sys
from contextlib import suppress

_MEMORY_BYTES = 1 << 30
_PROCESSOR_S = 8
_CONVERSATIONS = (
    [{"role": "user", "content": "Hello"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
    [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "{{ 7 * 7 }}"},
    ],
)
_VARIABLES = {"add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>", "tools": None}


def main() -> int:
    """0 with nothing on stdout: it was rendered; with a line: why not."""
    _limit()
    text = json.loads(sys.stdin.read())
    print(_problem(text))  # noqa: T201
    return 0


def _limit() -> None:
    with suppress(ImportError, ValueError, OSError):  # not on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (_PROCESSOR_S, _PROCESSOR_S))


def _problem(text: str) -> str:
    from jinja2 import TemplateError
    from jinja2.exceptions import SecurityError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = lambda form: "2026-01-01"
    refused = []
    for messages in _CONVERSATIONS:
        try:
            environment.from_string(text).render(messages=messages, **_VARIABLES)
        except SecurityError as error:
            return f"unsafe: {error}"
        except OverflowError as error:
            return f"unsafe: {error}"
        except (TemplateError, TypeError, ValueError, LookupError, ArithmeticError, RecursionError) as error:
            refused.append(f"{type(error).__name__}: {error}")
    # Many templates refuse a system message or two of one kind: only one that takes nothing is remarkable.
    return refused[0] if len(refused) == len(_CONVERSATIONS) else ""


def _refuse(message: str) -> None:
    raise ValueError(message)


if __name__ == "__main__":
    sys.exit(main())
