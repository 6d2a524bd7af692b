"""Limits on what may be generated: any JSON object, a JSON schema, or a grammar in GBNF.

Decoding stays greedy: of the tokens that the grammar allows, the likeliest is taken. The likeliest of all is
tried alone first, then a few, and only then the whole vocabulary, because a grammar checks tokens one by one.
"""

from __future__ import annotations

import ctypes
from typing import Any

import llama_cpp.llama_cpp as llama
import numpy as np
from numpy.typing import NDArray

from rightsize.engines.llama_cpp import library
from rightsize.errors import EngineError

ANY_JSON = "json"
_FEW = 64
_HINT = "Use json, a JSON schema, or a GBNF grammar with a rule named root"


def grammar_of(constrain: str) -> str:
    """The GBNF grammar that a ``constrain`` setting stands for.

    Raises EngineError when it is neither ``json`` nor a JSON schema nor a grammar.
    """
    from llama_cpp import llama_grammar

    if constrain == ANY_JSON:
        return str(llama_grammar.JSON_GBNF)
    if not constrain.lstrip().startswith("{"):
        return constrain
    try:
        return str(llama_grammar.json_schema_to_gbnf(constrain))  # refuses references to other files
    except Exception as error:  # the converter raises whatever it stumbles over
        raise EngineError(f"the JSON schema cannot be used: {error}", next_step=_HINT) from error


class Grammar:
    """A grammar for one vocabulary of llama.cpp's; ``begin`` makes the state of one answer."""

    def __init__(self, vocab: Any, constrain: str) -> None:
        text = grammar_of(constrain)
        with library.captured_log() as log:
            self._start = llama.llama_sampler_init_grammar(vocab, text.encode(), b"root")
        if not self._start:
            raise EngineError(f"llama.cpp cannot read the grammar: {library.last_error(log)}", next_step=_HINT)

    def begin(self) -> Constraint:
        """The state before the first token."""
        return Constraint(llama.llama_sampler_clone(self._start))

    def close(self) -> None:
        """Free the grammar."""
        if self._start:
            llama.llama_sampler_free(self._start)
            self._start = None


class Constraint:
    """The grammar's state in one answer."""

    def __init__(self, sampler: llama.llama_sampler_p) -> None:
        self._sampler = sampler

    def pick(self, logits: NDArray[np.float32], likeliest: int) -> int:
        """The likeliest token that the grammar allows; accepted at once."""
        token = likeliest
        if not self._allowed(np.array([likeliest]), logits).size:
            few = np.argpartition(logits, -_FEW)[-_FEW:] if len(logits) > _FEW else np.arange(len(logits))
            allowed = self._allowed(few, logits)
            if not allowed.size:
                allowed = self._allowed(np.arange(len(logits)), logits)
            if not allowed.size:
                raise EngineError("the grammar allows no token of this model")
            token = int(allowed[logits[allowed].argmax()])
        llama.llama_sampler_accept(self._sampler, token)
        return token

    def _allowed(self, tokens: NDArray[np.int64], logits: NDArray[np.float32]) -> NDArray[np.int64]:
        """Those of ``tokens`` that may come next."""
        candidates = np.zeros(len(tokens), _CANDIDATE)
        candidates["id"], candidates["logit"] = tokens, logits[tokens]
        array = llama.llama_token_data_array(
            data=candidates.ctypes.data_as(llama.llama_token_data_p),
            size=len(tokens),
            selected=-1,
            sorted=False,
        )
        llama.llama_sampler_apply(self._sampler, ctypes.byref(array))
        kept: NDArray[np.int64] = candidates["id"][: array.size][np.isfinite(candidates["logit"][: array.size])]
        return kept

    def close(self) -> None:
        """Free the state."""
        if self._sampler:
            llama.llama_sampler_free(self._sampler)
            self._sampler = None


_CANDIDATE = np.dtype([("id", np.intc), ("logit", np.single), ("p", np.single)], align=True)
