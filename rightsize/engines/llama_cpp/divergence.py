"""How far two models' next-token distributions lie apart on the same texts; run as a script, a worker of it.

Both models decode the same tokens in small chunks, and only the chunk's logits are held: a large vocabulary and
long texts cost no more memory than the models themselves. The divergence is KL(reference || other) in nats.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rightsize.engines.llama_cpp.batch import TokenBatch
from rightsize.engines.llama_cpp.context import Context, LoadedModel
from rightsize.errors import EngineError, RightsizeError

_CHUNK = 64


@dataclass(frozen=True, slots=True)
class TextDistance:
    """One text: its tokens, the sum of their divergences in nats, and at how many the likeliest is the same."""

    tokens: int
    kl_nats: float
    agree: int


def distances(
    reference: LoadedModel, other: LoadedModel, texts: Sequence[str], *, threads: int, context_tokens: int
) -> Iterator[TextDistance]:
    """Yield one distance a text; a text longer than ``context_tokens`` is read in windows that begin anew.

    Raises EngineError when the two do not share a vocabulary, because their distributions are then of different
    things.
    """
    if reference.vocab_size != other.vocab_size:
        raise EngineError(f"vocabularies differ: {reference.vocab_size:,} and {other.vocab_size:,} tokens")
    with (
        Context(reference, tokens=context_tokens, threads=threads, batch_tokens=_CHUNK) as first,
        Context(other, tokens=context_tokens, threads=threads, batch_tokens=_CHUNK) as second,
    ):
        for text in texts:
            tokens = reference.tokenize(text, special=True, parse_special=False)
            windows = [tokens[at : at + context_tokens] for at in range(0, len(tokens), context_tokens)]
            parts = [part for window in windows for part in _window(first, second, window)]
            yield TextDistance(
                sum(part.tokens for part in parts),
                float(sum(part.kl_nats for part in parts)),
                sum(part.agree for part in parts),
            )


def _window(first: Context, second: Context, tokens: Sequence[int]) -> Iterator[TextDistance]:
    batch = TokenBatch(_CHUNK)
    first.clear()
    second.clear()
    for at in range(0, len(tokens), _CHUNK):
        chunk = tokens[at : at + _CHUNK]
        batch.clear()
        batch.add(chunk, at, 0, rows=len(chunk))
        first.decode(batch)
        second.decode(batch)
        yield compare_rows(first.rows(len(chunk)), second.rows(len(chunk)))


def compare_rows(reference: NDArray[np.float32], other: NDArray[np.float32]) -> TextDistance:
    """Distance of two sets of logits, both of shape (tokens, vocabulary)."""
    total = 0.0
    for before, after in zip(reference, other, strict=True):  # a row at a time: double precision is large
        p, q = _log_probabilities(before), _log_probabilities(after)
        total += max(0.0, float(np.exp(p) @ (p - q)))
    return TextDistance(len(reference), total, int((reference.argmax(axis=1) == other.argmax(axis=1)).sum()))


def _log_probabilities(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    shifted = logits.astype(np.float64) - float(logits.max())
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum())
    return result


def _main() -> int:
    """Read a request on stdin, write a line of JSON for each text; 1 with an ``error`` line when it cannot."""
    request = json.load(sys.stdin)
    try:
        reference, other = (LoadedModel(Path(request[name])) for name in ("reference", "other"))
        size = min(request["context_tokens"], reference.context_length, other.context_length)
        for found in distances(
            reference, other, request["texts"], threads=request["threads"], context_tokens=size
        ):
            sys.stdout.write(json.dumps(asdict(found)) + "\n")
            sys.stdout.flush()
    except RightsizeError as error:
        sys.stdout.write(json.dumps({"error": str(error)}) + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
