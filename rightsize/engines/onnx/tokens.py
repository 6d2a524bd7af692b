"""The vocabulary of an ONNX model, by the ``tokenizers`` library."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from rightsize.engines.onnx.folder import OnnxFolder
from rightsize.errors import EngineError

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


class OnnxVocabulary:
    """See :class:`rightsize.engines.vocabulary.Vocabulary`. Raises EngineError for a broken tokenizer."""

    def __init__(self, folder: OnnxFolder) -> None:
        self._config = {**folder.json("config.json"), **folder.json("generation_config.json")}
        self._settings = folder.json("tokenizer_config.json")
        self._folder = folder
        self.tokenizer = load_tokenizer(folder)
        self._ends = set(_numbers(self._config.get("eos_token_id")))

    @cached_property
    def prefix_token(self) -> int | None:
        """BOS, else EOS."""
        ids = [*_numbers(self._config.get("bos_token_id")), *_numbers(self._config.get("eos_token_id"))]
        return ids[0] if ids else None

    @cached_property
    def pieces(self) -> list[bytes]:
        """The bytes of every token, control tokens as empty."""
        special = {
            number for number, token in self.tokenizer.get_added_tokens_decoder().items() if token.special
        }
        special |= self._ends
        by_id = {number: text for text, number in self.tokenizer.get_vocab(with_added_tokens=True).items()}
        to_bytes = _from_byte_level if _is_byte_level(self.tokenizer) else _from_sentence_piece
        return [
            b"" if number in special else to_bytes(by_id.get(number, "")) for number in range(max(by_id) + 1)
        ]

    def piece(self, token: int) -> bytes:
        """The bytes of a token, of a control token none."""
        return self.pieces[token]

    def tokenize(self, text: str, *, special: bool, parse_special: bool) -> list[int]:
        """Token ids of a text."""
        self.tokenizer.encode_special_tokens = not parse_special
        ids = list(self.tokenizer.encode(text, add_special_tokens=special).ids)
        bos = _numbers(self._config.get("bos_token_id"))
        wants_bos = special and bos and self._config.get("add_bos_token") is True
        return [bos[0], *ids] if wants_bos and ids[:1] != bos[:1] else ids

    def ends(self, token: int) -> bool:
        """Whether this token ends an answer."""
        return token in self._ends

    @property
    def end_tokens(self) -> list[int]:
        """The tokens that end an answer, the smallest number first."""
        return sorted(self._ends)

    def chat_template(self) -> str | None:
        """The model's own template, wherever its export keeps it."""
        file = self._folder.path / "chat_template.jinja"
        if file.is_file():
            return file.read_text(encoding="utf-8")
        found = self._settings.get("chat_template") or self._config.get("chat_template")
        return found if isinstance(found, str) else None

    def special_text(self, which: str) -> str:
        """How ``bos`` or ``eos`` is written."""
        declared = self._settings.get(f"{which}_token")
        text = declared.get("content") if isinstance(declared, dict) else declared
        ids = _numbers(self._config.get(f"{which}_token_id"))
        return str(text or (self.tokenizer.id_to_token(ids[0]) if ids else "") or "")


def load_tokenizer(folder: OnnxFolder) -> Any:
    """The folder's tokenizer. Raises EngineError where there is none or it cannot be read."""
    from tokenizers import Tokenizer

    path = folder.path / "tokenizer.json"
    if not path.is_file():
        raise EngineError(
            f"{path}: there is no such file", next_step="Export the model with its fast tokenizer"
        )
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exception
        raise EngineError(f"{path}: cannot be read: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _numbers(declared: Any) -> list[int]:
    """A token id, or several, as a list."""
    found = declared if isinstance(declared, list) else [declared]
    return [number for number in found if isinstance(number, int) and number >= 0]


def _is_byte_level(tokenizer: Any) -> bool:
    return "ByteLevel" in repr(tokenizer.decoder)


def _from_byte_level(token: str) -> bytes:
    """GPT-2's printable stand-ins back to bytes."""
    try:
        return bytes(_BYTE_OF[character] for character in token)
    except KeyError:
        return token.encode()


def _from_sentence_piece(token: str) -> bytes:
    """SentencePiece marks spaces with a low line block and writes single bytes as ``<0x0A>``."""
    byte = _BYTE.fullmatch(token)
    return bytes([int(byte[1], 16)]) if byte else token.replace("▁", " ").encode()


def _byte_table() -> dict[str, int]:
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return {chr(byte if byte in printable else next(others)): byte for byte in range(256)}


_BYTE_OF = _byte_table()
