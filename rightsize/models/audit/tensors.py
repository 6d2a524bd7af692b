"""Sanity of the weights: numbers that are none, infinite ones, and matrices or rows that are all zero."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rightsize.models.audit.finding import Finding, note, ok, warn

_CHECK = "weights"
_ROWS_AT_ONCE_VALUES = 1 << 22
_SHOWN = 3
#: Vocabularies are padded with rows that no token uses: zero rows mean nothing here.
_PADDED = ("token_embd.weight", "output.weight")


@dataclass(slots=True)
class _Seen:
    tensors: int = 0
    unread: set[str] = field(default_factory=set)
    not_finite: list[str] = field(default_factory=list)
    zero: list[str] = field(default_factory=list)
    zero_rows: dict[str, int] = field(default_factory=dict)


def audit_tensors(parts: Sequence[Path], progress: Callable[[int], None] = lambda _: None) -> list[Finding]:
    """Read every weight of every part, block by block, dequantized. ``progress`` hears of bytes read."""
    seen = _Seen()
    for part in parts:
        for tensor in _tensors(part):
            _look_at(tensor, seen)
            progress(int(tensor.n_bytes))
    return list(_findings(seen))


def _tensors(path: Path) -> Iterator[Any]:
    import gguf

    yield from gguf.GGUFReader(path).tensors


def _look_at(tensor: Any, seen: _Seen) -> None:
    import gguf

    seen.tensors += 1
    # The reader gives plain types in their own shape, and quantized ones as rows of bytes.
    rows = tensor.data.reshape(-1, tensor.data.shape[-1])
    finite, zero_rows = True, 0
    per_row = max(1, int(tensor.n_elements) // max(1, len(rows)))
    step = max(1, _ROWS_AT_ONCE_VALUES // per_row)
    for at in range(0, len(rows), step):
        try:
            with np.errstate(all="ignore"):
                values = gguf.quants.dequantize(rows[at : at + step], tensor.tensor_type)
        except NotImplementedError:
            seen.unread.add(tensor.tensor_type.name)
            return
        finite = finite and bool(np.isfinite(values).all())
        zero_rows += int((~values.any(axis=-1)).sum())
    if not finite:
        seen.not_finite.append(tensor.name)
    if zero_rows == len(rows):
        seen.zero.append(tensor.name)
    elif zero_rows and len(rows) > 1:
        seen.zero_rows[tensor.name] = zero_rows


def _findings(seen: _Seen) -> Iterator[Finding]:
    if seen.not_finite:
        yield warn(_CHECK, f"not a number or infinite: {_names(seen.not_finite)}", "bad-numbers")
    matrices = [name for name in seen.zero if name.endswith(".weight")]
    if matrices:
        yield warn(_CHECK, f"all zero: {_names(matrices)}", "zero-tensors")
    rows = {name: count for name, count in seen.zero_rows.items() if name not in _PADDED}
    if rows:
        shown = ", ".join(f"{name} ({count})" for name, count in list(rows.items())[:_SHOWN])
        yield note(_CHECK, f"rows that are all zero: {shown}")
    for name in _PADDED:
        if count := seen.zero_rows.get(name):
            yield note(_CHECK, f"{count} rows of {name} are zero: tokens that are not used, or padding")
    if seen.unread:
        yield note(_CHECK, f"not looked at, because of their type: {', '.join(sorted(seen.unread))}")
    if not (seen.not_finite or matrices):
        yield ok(_CHECK, f"{seen.tensors} tensors hold finite numbers")


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
