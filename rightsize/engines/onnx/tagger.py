"""Token classifiers: entities of a text as the JSON object of type and values that tasks ask for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from rightsize.domain import Answer, CandidateSettings, Item
from rightsize.engines.interface import TaskRules
from rightsize.engines.onnx.encoder import EncoderSession
from rightsize.engines.onnx.folder import OnnxFolder
from rightsize.engines.onnx.labels import entity_of, entity_types
from rightsize.engines.onnx.runtime import Runtime

if TYPE_CHECKING:
    from numpy.typing import NDArray


class TokenClassifierSession(EncoderSession):
    """Neighbouring tokens of one type are one value, unless a ``B-`` begins another; words are never cut."""

    def __init__(self, folder: OnnxFolder, runtime: Runtime, settings: CandidateSettings) -> None:
        super().__init__(folder, runtime, settings)
        self._types = entity_types(folder)

    def read(self, item: Item, encoding: Any, logits: NDArray[np.float32], rules: TaskRules) -> Answer:
        """The entities, copied from the text. Confidence is the mean of the tokens' best probabilities."""
        text = rules.question(item.prompt)
        rows = logits[: len(encoding.ids)]
        shares = np.exp(rows - rows.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        labels = [self.labels[int(best)] for best in rows.argmax(axis=-1)]
        found: dict[str, list[str]] = {}
        for entity, start, end in _spans(labels, encoding):
            found.setdefault(self._types.get(entity, entity), []).append(text[start:end])
        return Answer(
            json.dumps(_nested(found), ensure_ascii=False),
            confidence=float(shares.max(axis=-1).mean()),
            prompt_tokens=len(encoding.ids),
        )


def _spans(labels: list[str], encoding: Any) -> Iterator[tuple[str, int, int]]:
    """Entities with their places in the text: each word has the label of its first token."""
    entity, start, end, word_before = "", 0, 0, None
    for label, word, (begins, ends), special in zip(
        labels, encoding.word_ids, encoding.offsets, encoding.special_tokens_mask, strict=True
    ):
        if special or begins == ends:
            continue
        if word is not None and word == word_before:
            end = ends if entity else end
            continue
        word_before, this = word, entity_of(label)
        if entity and (this != entity or label[:1] in {"B", "U", "S"}):
            yield entity, start, end
            entity = ""
        if this:
            start, end, entity = (begins if not entity else start), ends, this
    if entity:
        yield entity, start, end


def _nested(found: dict[str, list[str]]) -> dict[str, Any]:
    """``slots.artist`` as an object within an object."""
    answer: dict[str, Any] = {}
    for path, values in found.items():
        *outer, last = path.split(".")
        place = answer
        for name in outer:
            place = place.setdefault(name, {})
        place[last] = values
    return answer
