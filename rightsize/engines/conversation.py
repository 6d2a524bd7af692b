"""How an item reads as a conversation: solved examples as turns or in one message, inside a prompt variant."""

from __future__ import annotations

from dataclasses import replace

from rightsize.domain import Conversation, Item, Message

ONE_TURN, RAW = "one-turn", "none"


def as_asked(item: Item, chat_template: str) -> Item:
    """The item as a candidate is asked it that has this setting."""
    if chat_template not in {RAW, ONE_TURN}:
        return item
    texts = item.contexts or (item.prompt,)
    chats = () if chat_template == RAW else zip(item.chats, texts, strict=bool(item.chats))
    requests = (replace(r, chat=_in_one(r.chat, r.prompt, chat_template)) for r in item.requests)
    return replace(item, chats=tuple(one_turn(*pair) for pair in chats), requests=tuple(requests))


def _in_one(chat: Conversation | None, prompt: str, chat_template: str) -> Conversation | None:
    return None if chat is None or chat_template == RAW else one_turn(chat, prompt)


def one_turn(chat: Conversation, text: str) -> Conversation:
    """The conversation with its examples and its question in one message, as they stand in the plain text."""
    system = chat[:1] if chat and chat[0].role == "system" else ()
    begun = chat[-1:] if chat and chat[-1].role == "assistant" else ()
    between = chat[len(system) : len(chat) - len(begun)]
    if not between:
        return chat
    asked = text.removeprefix(system[0].content) if system else text
    asked = asked.removesuffix(begun[0].content) if begun else asked
    # What joins question and started answer in a plain text has no place where one message ends.
    end = asked.rfind(between[-1].content) + len(between[-1].content)
    return (*system, Message("user", asked[:end]), *begun)


def framed(chat: Conversation, before: str, after: str) -> Conversation:
    """The conversation with its last question between two texts."""
    at = max((n for n, message in enumerate(chat) if message.role == "user"), default=None)
    if at is None:
        return chat
    return (*chat[:at], Message("user", f"{before}{chat[at].content}{after}"), *chat[at + 1 :])
