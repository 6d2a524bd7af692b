"""Options that are part of a candidate: several values, separated with commas, make several candidates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from rightsize.errors import UsageError, why_unreadable
from rightsize.units import counted

_PANEL = "Candidate settings (several values separated with commas make several candidates)"
_NONE = "none"
PROMPT_MARK = "{prompt}"


def _option(*names: str, metavar: str, help: str) -> Any:
    return typer.Option(*names, metavar=metavar, help=help, rich_help_panel=_PANEL)


Threads = Annotated[
    list[str] | None, _option("--threads", metavar="N,..", help="Threads.  [default: usable physical cores]")
]
Context = Annotated[
    list[str] | None,
    _option("--context", metavar="N,..", help="Context in tokens.  [default: what the task needs]"),
]
GpuLayers = Annotated[
    list[str] | None,
    _option("--gpu-layers", metavar="N,..", help="Layers to put on a GPU; -1 for all.  [default: 0]"),
]
KvType = Annotated[
    list[str] | None,
    _option("--kv-type", metavar="TYPE,..", help="Of the KV cache: f16, q8_0 or q4_0.  [default: f16]"),
]
FlashAttention = Annotated[
    list[str] | None,
    _option("--flash-attention", metavar="auto|on|off,..", help="auto: llama.cpp decides.  [default: auto]"),
]
ChatTemplate = Annotated[
    list[str] | None,
    _option(
        "--chat-template",
        metavar="auto|one-turn|none,..",
        help="The model's own, few-shot examples as turns or all in one message; or none.  [default: auto]",
    ),
]
PromptVariant = Annotated[
    list[str] | None,
    _option(
        "--prompt",
        metavar="FILE|none,..",
        help="A text with {prompt} where the task's own prompt goes.  [default: none]",
    ),
]
Constrain = Annotated[
    list[str] | None,
    _option(
        "--constrain",
        metavar="json|FILE|none,..",
        help="Let models write only JSON, what a JSON schema allows, or what a GBNF grammar allows.",
    ),
]
Lora = Annotated[
    list[str] | None,
    _option("--lora", metavar="FILE|none,..", help="A LoRA adapter in GGUF, applied when the model is loaded."),
]


def read_variants(given: Mapping[str, list[str] | None]) -> dict[str, tuple[Mapping[str, Any], ...]]:
    """What was asked for of each setting, as fields of ``CandidateSettings``; settings not given are left out.

    Raises UsageError naming the flag, ModelError for a file that is no adapter.
    """
    return {
        flag: tuple({tuple(sorted(v.items())): v for v in map(_READERS[flag], _split(texts))}.values())
        for flag, texts in given.items()
        if texts
    }


def _split(texts: list[str]) -> list[str]:
    """Values separated with commas; a file whose name has one is taken whole."""
    parts = ([text] if Path(text).is_file() else text.split(",") for text in texts)
    return [part.strip() for values in parts for part in values if part.strip()]


def _number(flag: str, name: str, least: int) -> Callable[[str], Mapping[str, Any]]:
    def read(text: str) -> Mapping[str, Any]:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least:
            raise UsageError(f"{flag} {text!r} is not a whole number of at least {least}")
        return {name: value}

    return read


def _word(flag: str, name: str, words: tuple[str, ...]) -> Callable[[str], Mapping[str, Any]]:
    def read(text: str) -> Mapping[str, Any]:
        if text not in words:
            raise UsageError(f"{flag} {text}: it is {' or '.join(words)}")
        return {name: text}

    return read


def _content(flag: str, text: str, hint: str) -> str:
    """What a file holds: its content, not its name, decides what is measured."""
    try:
        return Path(text).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{flag} {text}: {why_unreadable(error)}", next_step=hint) from error


def _constraint(text: str) -> Mapping[str, Any]:
    if text in {"json", _NONE}:
        return {"constrain": "" if text == _NONE else text}
    hint = "Use json, a .json file with a schema, or a .gbnf file with a grammar"
    return {"constrain": _content("--constrain", text, hint)}


def _prompt(text: str) -> Mapping[str, Any]:
    if text == _NONE:
        return {"prompt": "", "prompt_name": ""}
    hint = f"Use a text file with {PROMPT_MARK} where the task's own prompt goes"
    content = _content("--prompt", text, hint)
    marks = content.count(PROMPT_MARK)
    if marks != 1:
        raise UsageError(f"--prompt {text} has {PROMPT_MARK} {marks} times", next_step=hint)
    return {"prompt": content, "prompt_name": Path(text).stem}


def _lora(text: str) -> Mapping[str, Any]:
    from rightsize.models.adapter import read_adapter

    if text == _NONE:
        return {"lora": "", "lora_sha256": ""}
    adapter = read_adapter(Path(text).expanduser().resolve())
    return {"lora": str(adapter.path), "lora_sha256": adapter.sha256}


_READERS: dict[str, Callable[[str], Mapping[str, Any]]] = {
    "--threads": _number("--threads", "threads", 1),
    "--context": _number("--context", "context_tokens", 1),
    "--gpu-layers": _number("--gpu-layers", "gpu_layers", -1),
    "--kv-type": _word("--kv-type", "kv_type", ("f16", "q8_0", "q4_0")),
    "--flash-attention": _word("--flash-attention", "flash_attention", ("auto", "on", "off")),
    "--chat-template": _word("--chat-template", "chat_template", ("auto", "one-turn", "none")),
    "--prompt": _prompt,
    "--constrain": _constraint,
    "--lora": _lora,
}


def too_many_threads(variants: Mapping[str, Sequence[Mapping[str, Any]]], usual: int, cores: int) -> str:
    """A warning where a candidate runs with more threads than the machine has usable ``cores``; else empty."""
    most = max((choice["threads"] for choice in variants.get("--threads", ())), default=usual)
    if most <= cores:
        return ""
    return f"--threads {most} is more than the {counted(cores, 'core')} usable here: it will be slow"


#: The flags of the settings that are part of a candidate.
VARIANTS = tuple(_READERS)
