"""A 1B model of random weights, rightsize's own shape twin: speed does not depend on what weights say."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import gguf

from rightsize.models.catalogue.load import find_entry
from rightsize.models.shapes.metadata import MetadataValue
from rightsize.models.shapes.quant_mix import quant_mix
from rightsize.models.shapes.shape import Shape
from rightsize.models.twins.plan import twin_plan
from rightsize.models.twins.write import write_twin


def one_b() -> Shape:
    """Llama 3.2 1B."""
    shape = find_entry("llama-3.2-1b-instruct").shape
    assert shape is not None
    return shape


def write_random_model(
    path: Path, shape: Shape, *, level: str = "Q8_0", seed: int = 0, vocabulary_of: Path | None = None
) -> Path:
    """Write a twin of a shape.

    Its tokenizer is that of ``vocabulary_of``, padded to the shape's vocabulary with tokens that no text gives;
    without it the file has none (``no_vocab``).
    """
    tokenizer = _copied_vocabulary(vocabulary_of, shape.vocabulary) if vocabulary_of else None
    plan = twin_plan(shape, quant_mix(shape, level), name=path.stem, tokenizer=tokenizer)
    return write_twin(path, plan, seed=seed)


def copy_that_adds_bos(source: Path, target: Path) -> Path:
    """The same model, but every text begins with BOS.

    llama-cpp-python's server needs that to echo right: without a BOS to skip, each token is given the
    probability of the one after it.
    """
    shutil.copyfile(source, target)
    reader = gguf.GGUFReader(target, "r+")
    stated = reader.fields["tokenizer.ggml.add_bos_token"]
    stated.parts[stated.data[0]][0] = 1
    reader.data.flush()
    return target


def _copied_vocabulary(source: Path, size: int) -> dict[str, MetadataValue]:
    """A byte-level vocabulary as its file states it, with fillers after it that no merge leads to."""
    fields = gguf.GGUFReader(source).fields

    def stated(key: str) -> Any:
        return fields[f"tokenizer.ggml.{key}"].contents()

    tokens, types = list(stated("tokens")), list(stated("token_type"))
    fillers = [f"filler{number}" for number in range(size - len(tokens))]
    copied: dict[str, MetadataValue] = {
        key: stated(key) for key in ("model", "pre", "bos_token_id", "eos_token_id")
    }
    copied |= {
        "tokens": tokens + fillers,
        "token_type": types + [int(gguf.TokenType.NORMAL)] * len(fillers),
        "merges": list(stated("merges")),
        "add_bos_token": False,
    }
    return {f"tokenizer.ggml.{key}": value for key, value in copied.items()}
