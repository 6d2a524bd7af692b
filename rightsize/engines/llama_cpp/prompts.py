"""How a prompt reaches the model: raw, or through the model's own chat template, rendered in a sandbox."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from rightsize.domain import Conversation, Item
from rightsize.engines.vocabulary import Vocabulary
from rightsize.errors import EngineError

if TYPE_CHECKING:
    from rightsize.engines.llama_cpp.context import LoadedModel

AUTO, RAW, RENDERED = "auto", "none", "rendered"
_AS_IT_IS = "{{ messages[0].content }}"

Messages = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class PromptStyle:
    """The template in use. ``thinking`` is ``none`` (no such mode), ``off`` (switched off) or ``stripped``
    (cannot be switched off: what is thought is cut from the answer and counted)."""

    template: str | None
    bos: str = ""
    eos: str = ""
    thinking: str = "none"

    @property
    def sha256(self) -> str | None:
        """Hash of the template, for the fingerprint."""
        return hashlib.sha256(self.template.encode()).hexdigest() if self.template else None

    def render(self, prompt: str) -> str:
        """The text to tokenize for one user prompt."""
        return self.render_chat([{"role": "user", "content": prompt}]) if self.template else prompt

    def render_chat(self, messages: Messages, *, answer_begun: bool = False) -> str:
        """The text of a conversation, up to where the assistant is to answer.

        ``answer_begun``: the last message is the assistant's own, to be continued where it ends. A template
        that takes no system text has it before the user's first.
        """
        try:
            text = _render(self, messages, thinking=False, prompts_answer=not answer_begun)
        except EngineError:
            if messages[0]["role"] != "system" or len(messages) < 2:
                raise
            return self.render_chat(_without_system(messages), answer_begun=answer_begun)
        begun = messages[-1]["content"].strip()
        return text[: text.rindex(begun) + len(begun)] if answer_begun and begun in text else text

    def texts(self, item: Item) -> tuple[str, ...]:
        """What stands before the answer: one text, or one for each choice that has a context of its own."""
        plain = item.contexts or (item.prompt,)
        if self.template is None:
            return plain
        if not item.chats:
            # An empty context is nothing at all (unconditional probability), not an empty conversation.
            return tuple(self.render(text) if text or not item.contexts else "" for text in plain)
        return tuple(self._conversed(chat) if chat else "" for chat in item.chats)

    def _conversed(self, chat: Conversation) -> str:
        messages = [{"role": message.role, "content": message.content} for message in chat]
        return self.render_chat(messages, answer_begun=chat[-1].role == "assistant")

    def tokens(self, model: Vocabulary, prompt: str) -> list[int]:
        """Token ids of a prompt. Control tokens are read only from a template, never from a raw prompt."""
        text = self.render(prompt)
        if self.template is None:
            return model.tokenize(text, special=True, parse_special=False)
        has_bos = bool(self.bos) and text.startswith(self.bos)
        return model.tokenize(text, special=not has_bos, parse_special=True)


def _without_system(messages: Messages) -> Messages:
    system, first, *others = messages
    head, tail = system["content"], first["content"]
    between = "" if head[-1:].isspace() or tail[:1].isspace() else "\n\n"
    return [{**first, "content": f"{head}{between}{tail}"}, *others]


def style_of(model: LoadedModel, wanted: str) -> PromptStyle:
    """The prompt style for a model: its own chat template unless ``wanted`` is ``none``.

    With ``rendered`` prompts come with a template applied: nothing is added, but control tokens are read.

    Raises EngineError when the template cannot be rendered, naming the way round it.
    """
    template = model.metadata("tokenizer.chat_template")
    if wanted == RAW or not (template or wanted == RENDERED):
        return PromptStyle(None)
    return style_from(template, _special_text(model, "bos"), _special_text(model, "eos"), wanted)


def style_from(template: str | None, bos: str, eos: str, wanted: str) -> PromptStyle:
    """The prompt style for a template and the texts of its special tokens; see :func:`style_of`."""
    if wanted == RENDERED:
        return PromptStyle(_AS_IT_IS, bos, eos)
    if wanted == RAW or not template:
        return PromptStyle(None)
    plain = PromptStyle(template, bos, eos)
    return PromptStyle(template, bos, eos, _thinking_mode(plain))


def _thinking_mode(style: PromptStyle) -> str:
    probe = [{"role": "user", "content": "x"}]
    if _render(style, probe, thinking=False) != _render(style, probe, thinking=True):
        return "off"
    return "stripped" if "<think>" in (style.template or "") else "none"


def _special_text(model: LoadedModel, which: str) -> str:
    import llama_cpp.llama_cpp as llama

    token = getattr(llama, f"llama_vocab_{which}")(model.vocab)
    text = llama.llama_vocab_get_text(model.vocab, token) if token >= 0 else None
    return text.decode("utf-8", "replace") if text else ""


def _render(style: PromptStyle, messages: Messages, *, thinking: bool, prompts_answer: bool = True) -> str:
    # jinja2 is imported here because models without a template do not need it.
    from jinja2 import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = _refuse
    # A fixed day: a template that writes today's date would make each day's prompts differ.
    environment.globals["strftime_now"] = lambda form: datetime.date(2026, 1, 1).strftime(form)
    variables: Mapping[str, Any] = {
        "messages": messages,
        "add_generation_prompt": prompts_answer,
        "enable_thinking": thinking,
        "bos_token": style.bos,
        "eos_token": style.eos,
    }
    try:
        return environment.from_string(style.template or "").render(variables)
    except (TemplateError, TypeError, ValueError, LookupError, ArithmeticError, RecursionError) as error:
        raise EngineError(
            f"the model's chat template cannot be rendered: {error}", next_step="Use --chat-template none"
        ) from error


def _refuse(message: str) -> NoReturn:
    raise ValueError(message)
