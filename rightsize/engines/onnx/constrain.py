"""The grammars of llama.cpp over the vocabulary of an ONNX model.

llama.cpp checks a grammar token by token against the bytes of a vocabulary. So it is given one: a file of
tokens and no weights, with the bytes of this model's tokens under their own numbers. The same JSON schema or
grammar then allows the same texts in both engines.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from rightsize.engines.llama_cpp.constrain import Constraint, Grammar
from rightsize.engines.onnx.tokens import OnnxVocabulary
from rightsize.errors import EngineError
from rightsize.models.twins.tokenizer import byte_level_alphabet

_NORMAL, _CONTROL, _UNUSED = 1, 3, 5  # kinds of tokens in GGUF; what is unused has no text
_ENDS = ("eos", "eot", "eom")  # as many as GGUF has names for


class OnnxGrammar:
    """A grammar for one vocabulary of ``width`` tokens, which may be more than the tokenizer knows."""

    def __init__(self, vocabulary: OnnxVocabulary, width: int, constrain: str) -> None:
        import llama_cpp.llama_cpp as llama

        from rightsize.engines.llama_cpp import library

        library.start()
        params = llama.llama_model_default_params()
        params.vocab_only = True
        with tempfile.TemporaryDirectory() as folder, library.captured_log() as log:
            path = _write(Path(folder) / "vocabulary.gguf", vocabulary, width)
            self._handle: Any = llama.llama_model_load_from_file(str(path).encode(), params)
        if not self._handle:
            raise EngineError(f"llama.cpp cannot read the model's vocabulary: {library.last_error(log)}")
        self._free = llama.llama_model_free
        try:
            self._grammar = Grammar(llama.llama_model_get_vocab(self._handle), constrain)
        except EngineError:
            self._free(self._handle)
            raise

    def begin(self) -> Constraint:
        """The state before the first token of one answer."""
        return self._grammar.begin()

    def close(self) -> None:
        """Free grammar and vocabulary."""
        if self._handle:
            self._grammar.close()
            self._free(self._handle)
            self._handle = None


def _write(path: Path, vocabulary: OnnxVocabulary, width: int) -> Path:
    import gguf

    texts, kinds = _tokens(vocabulary, width)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(texts)
    writer.add_token_types(kinds)
    writer.add_token_merges(["Ġ t"])  # it must have one; nothing is tokenized with it
    for name, token in zip(_ENDS, vocabulary.end_tokens, strict=False):
        writer.add_uint32(f"tokenizer.ggml.{name}_token_id", token)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path


def _tokens(vocabulary: OnnxVocabulary, width: int) -> tuple[list[str], list[int]]:
    """Texts and kinds: bytes in GPT-2's alphabet. Of several tokens with the same bytes the first may be used,
    control tokens only where they end an answer."""
    alphabet, ends = byte_level_alphabet(), set(vocabulary.end_tokens)
    texts, kinds, seen = [], [], set[bytes]()
    pieces = [*vocabulary.pieces, *[b""] * (width - len(vocabulary.pieces))]
    for number, piece in enumerate(pieces[:width]):
        usable = bool(piece) and piece not in seen and number not in ends
        seen.add(piece)
        # A blank is in no text of that alphabet, so that these collide with none.
        texts.append("".join(alphabet[byte] for byte in piece) if usable else f"token {number}")
        kinds.append(_NORMAL if usable else _CONTROL if number in ends else _UNUSED)
    return texts, kinds
