"""At which depths to measure a model that does not fit: as deep as can be, and half of that."""

from __future__ import annotations

from rightsize.models.shapes.shape import Shape
from rightsize.models.twins.subject import TwinSubject


def depths_that_fit(subject: TwinSubject, budget_bytes: int) -> tuple[int, int] | None:
    """Two numbers of layers whose twins fit a budget; None where not even two layers do.

    Where kinds of layers alternate, both are whole periods of the pattern if that leaves two.
    """
    shape = subject.shape
    assert shape is not None
    total = len(shape.layers)
    one, two = (subject.cut(depth).plan().size_bytes for depth in (1, 2))
    deepest = 1 + int((budget_bytes - one) / max(1, two - one)) if budget_bytes > one else 0
    deepest = min(deepest, total - 1)
    while deepest >= 2 and subject.cut(deepest).plan().size_bytes > budget_bytes:
        deepest -= 1  # layers need not be of one size
    if deepest < 2:
        return None
    step = period(shape)
    deep = deepest // step * step if deepest >= 2 * step else deepest
    shallow = deep // 2 // step * step if deep >= 2 * step else deep // 2
    return max(1, shallow), deep


def period(shape: Shape) -> int:
    """After how many layers the pattern of their kinds repeats; 1 where it does not."""
    kinds = [(layer.mixer, layer.window) for layer in shape.layers]
    for step in range(1, len(kinds) // 2 + 1):
        if all(kinds[number] == kinds[number + step] for number in range(len(kinds) - step)):
            return step
    return 1
