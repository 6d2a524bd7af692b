"""A twin by a real file's own header: keys, vocabulary and mix to the byte; only the weights are ours."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from pathlib import Path

from rightsize.errors import ModelError
from rightsize.models.gguf_header import GgufHeader, read_header
from rightsize.models.levels import level_name
from rightsize.models.shapes.from_header import typed
from rightsize.models.shapes.gguf_file import ALIGNMENT, block_of, padded
from rightsize.models.twins.hub_header import fetch_header
from rightsize.models.twins.plan import TwinPlan
from rightsize.models.twins.subject import TwinSubject

_HUB = "hub:"


def subject_of_file(
    where: str, *, name: str = "", notify: Callable[[str], None] = lambda _: None
) -> TwinSubject:
    """The twin of a GGUF file: a path, or ``hub:OWNER/NAME/FILE.gguf``, of which only the header is fetched.

    Raises ModelError where the header cannot be had, cannot be read, or does not fit the file's size.
    """
    if where.startswith(_HUB):
        label, header, head, size = fetch_header(where.removeprefix(_HUB), notify=notify)
    else:
        label, header, head, size = _local(Path(where).expanduser())
    plan = plan_of_header(label, header, head, size)
    level = level_name(header.number("general.file_type"))
    return TwinSubject(name or Path(label).stem, level, None, fixed=plan)


def plan_of_header(label: str, header: GgufHeader, head: bytes, size_bytes: int) -> TwinPlan:
    """The file again, with other weights. Raises ModelError where its tensors do not fill it as they say."""
    if header.number("general.alignment") not in {None, ALIGNMENT}:
        raise ModelError(f"{label}: twins are written with an alignment of {ALIGNMENT} only")
    if not header.tensors:
        raise ModelError(f"{label}: its header lists no tensors")
    ordered = sorted(header.tensors, key=lambda tensor: tensor.offset)
    tensors = typed(ordered)
    expected = 0
    for theirs, ours in zip(ordered, tensors, strict=True):
        weights, _ = block_of(ours.type_name)
        if ours.shape[0] % weights or prod(ours.shape) <= 0:
            raise _lies(label, f"{ours.name} is {ours.shape[0]} wide, which {ours.type_name} cannot be")
        if theirs.offset != expected:
            raise _lies(label, f"{ours.name} lies at byte {theirs.offset}, its neighbours say {expected}")
        expected += padded(ours.size_bytes)
    if not expected - ALIGNMENT < size_bytes - header.data_start <= expected:
        found = size_bytes - header.data_start
        raise _lies(label, f"its tensors take {expected} bytes, the file has {found} for them")
    architecture = header.text("general.architecture") or "unknown"
    experts = any("ffn_gate_inp" in tensor.name for tensor in tensors)
    approximate = "routing to experts is that of random gates, balanced on purpose" if experts else ""
    return TwinPlan(head, tensors, f"the header of {label}", approximate, architecture)


def _local(path: Path) -> tuple[str, GgufHeader, bytes, int]:
    header = read_header(path)
    with path.open("rb") as file:
        return path.name, header, file.read(header.data_start), path.stat().st_size


def _lies(label: str, what: str) -> ModelError:
    return ModelError(f"{label}: the header contradicts itself: {what}", next_step="Name another file")
