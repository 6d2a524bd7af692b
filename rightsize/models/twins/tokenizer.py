"""A twin's tokenizer: none, or one that turns any text into bytes."""

from __future__ import annotations

from rightsize.errors import UsageError
from rightsize.models.shapes.metadata import MetadataValue

_NORMAL, _CONTROL = 1, 3


def no_tokenizer() -> dict[str, MetadataValue]:
    """Keys of a file without a vocabulary."""
    return {"tokenizer.ggml.model": "no_vocab"}


def synthetic_tokenizer(vocabulary: int) -> dict[str, MetadataValue]:
    """Keys of a byte-level vocabulary of that size: 256 bytes, an end, and fillers that no text leads to.

    Raises UsageError where the vocabulary has no room for every byte.
    """
    tokens = [*byte_level_alphabet(), "<eos>"]
    if vocabulary < len(tokens):
        raise UsageError(f"a vocabulary of {vocabulary} has no room for a byte-level tokenizer")
    fillers = [f"filler{number}" for number in range(vocabulary - len(tokens))]
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": [*tokens, *fillers],
        "tokenizer.ggml.token_type": [_NORMAL] * 256 + [_CONTROL] + [_NORMAL] * len(fillers),
        "tokenizer.ggml.merges": ["Ġ t"],
        "tokenizer.ggml.eos_token_id": 256,
        "tokenizer.ggml.add_bos_token": False,
    }


def byte_level_alphabet() -> list[str]:
    """GPT-2's printable stand-ins for the 256 bytes, in byte order."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    stand_ins = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(stand_ins)) for byte in range(256)]
