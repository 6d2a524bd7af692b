"""Encoders: a text in, scores of its label out. Batches hold texts of like lengths: little is padding."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rightsize.domain import Answer, CandidateSettings, Item, JsonValue
from rightsize.engines.interface import RequestTiming, TaskRules
from rightsize.engines.item_session import NO_TOKEN_METRICS
from rightsize.engines.onnx.folder import OnnxFolder
from rightsize.engines.onnx.labels import choice_of_label
from rightsize.engines.onnx.runtime import Runtime, integers, require_inputs
from rightsize.engines.onnx.tokens import load_tokenizer
from rightsize.errors import EngineError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BATCH = 32
_USUAL_LENGTH = 512  # what an encoder takes that does not say


class EncoderSession(ABC):
    """What both kinds of encoder share; see :class:`rightsize.engines.interface.Session`."""

    def __init__(self, folder: OnnxFolder, runtime: Runtime, settings: CandidateSettings) -> None:
        require_inputs(runtime, ("input_ids", "attention_mask", "token_type_ids"), ("input_ids",), folder.graph)
        if "logits" not in runtime.outputs:
            raise EngineError(f"{folder.graph.name} has no output logits, but {', '.join(runtime.outputs)}")
        self._runtime, self._settings = runtime, settings
        self._tokenizer = load_tokenizer(folder)
        self.labels, self.label_map = folder.labels(), folder.label_map()
        config = folder.json("config.json")
        longest = int(config.get("max_position_embeddings") or _USUAL_LENGTH)
        # RoBERTa counts positions from behind its padding token.
        self._longest = settings.context_tokens or longest - 2 * (config.get("model_type") == "roberta")
        self._pad = int(config.get("pad_token_id") or 0)

    @abstractmethod
    def read(self, item: Item, encoding: Any, logits: NDArray[np.float32], rules: TaskRules) -> Answer:
        """The answer that one text's logits make."""

    def facts(self) -> Mapping[str, JsonValue]:
        """How it was loaded, and what its labels are."""
        return {
            "load_ms": self._runtime.load_ms,
            "provider": self._runtime.provider,
            "threads": self._settings.threads,
            "labels": list(self.labels),
            "label_map": dict(self.label_map),
            "absent": dict(NO_TOKEN_METRICS),
        }

    def rejections(self, items: Sequence[Item], rules: TaskRules) -> Mapping[str, str]:
        """Texts that are longer than the model takes: cutting them would not be said anywhere."""
        found = {}
        for item, encoding in zip(items, self._encoded(items, rules), strict=True):
            if len(encoding.ids) > self._longest:
                found[item.id] = f"has {len(encoding.ids)} tokens, the model takes {self._longest}"
        return found

    def time_requests(self, items: Sequence[Item], rules: TaskRules) -> Iterator[RequestTiming]:
        """Each text alone, tokenizing included, after a warm-up."""
        self._timed(items[0], rules)
        return (self._timed(item, rules) for item in items)

    def _timed(self, item: Item, rules: TaskRules) -> RequestTiming:
        started = time.perf_counter()
        ((_, answer),) = self.answer([item], rules)
        return RequestTiming((time.perf_counter() - started) * 1e3, None, (), answer.prompt_tokens, 0)

    def answer(self, items: Sequence[Item], rules: TaskRules) -> Iterator[tuple[str, Answer]]:
        """Batches by length."""
        encoded = list(zip(items, self._encoded(items, rules), strict=True))
        encoded.sort(key=lambda pair: len(pair[1].ids))
        for start in range(0, len(encoded), _BATCH):
            batch = encoded[start : start + _BATCH]
            logits = self._run([encoding.ids for _, encoding in batch], [e.type_ids for _, e in batch])
            for (item, encoding), rows in zip(batch, logits, strict=True):
                yield item.id, self.read(item, encoding, rows, rules)

    def prefill_tokens_per_s(self, tokens: int, repetitions: int) -> Iterator[float]:
        """None: it continues nothing."""
        return iter(())

    def decode_tokens_per_s(self, tokens: int, repetitions: int) -> Iterator[float]:
        """None: it continues nothing."""
        return iter(())

    def close(self) -> None:  # noqa: B027  nothing is held
        """The runtime frees itself."""

    def _encoded(self, items: Sequence[Item], rules: TaskRules) -> list[Any]:
        return list(self._tokenizer.encode_batch([rules.question(item.prompt) for item in items]))

    def _run(self, ids: Sequence[Sequence[int]], types: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        longest = max(map(len, ids))
        rows = {
            "input_ids": [[*row, *[self._pad] * (longest - len(row))] for row in ids],
            "attention_mask": [[1] * len(row) + [0] * (longest - len(row)) for row in ids],
            "token_type_ids": [[*row, *[0] * (longest - len(row))] for row in types],
        }
        feeds = {
            name: np.array(rows[name], dtype=integers(element))
            for name, (element, _) in self._runtime.inputs.items()
        }
        (logits,) = self._runtime.session.run(["logits"], feeds)
        if logits.shape[-1] != len(self.labels):
            raise EngineError(
                f"the graph scores {logits.shape[-1]} labels, config.json names {len(self.labels)}"
            )
        return np.asarray(logits, dtype=np.float32)


class TextClassifierSession(EncoderSession):
    """One label for each text, taken among those that mean one of the task's choices."""

    def read(self, item: Item, encoding: Any, logits: NDArray[np.float32], rules: TaskRules) -> Answer:
        """Softmax over the labels; labels that mean the same choice add up."""
        meant = choice_of_label(self.labels, item.choices, self.label_map)
        if len(set(meant.values())) < len(item.choices):
            raise EngineError("the model's labels do not name all of the item's choices")
        shares = np.exp(logits - logits.max())
        by_choice = np.zeros(len(item.choices))
        for label, choice in meant.items():
            by_choice[choice] += shares[label]
        by_choice /= by_choice.sum()
        best = int(by_choice.argmax())
        logprobs = tuple(float(value) for value in np.log(np.maximum(by_choice, 1e-30)))
        return Answer(
            item.choices[best],
            choice=best,
            choice_logprobs=logprobs,
            confidence=float(by_choice[best]),
            prompt_tokens=len(encoding.ids),
        )
