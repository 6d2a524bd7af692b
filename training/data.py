"""Training rows of all five tasks, encoded, and the endless seeded stream of mixed batches drawn from them."""

from __future__ import annotations

import csv
import importlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from training import tokenizer as bpe
from training.prompts import FORMATS
from training.swap import Encoded, Ids, Swapper

SHARED = Path("../shared/data/train")
GENERATED = ("extraction", "classification", "sql")
HELD_OUT = 500
PROMPT_WEIGHT = 0.1  # of a prompt token's loss, against 1 for a token of the answer


@dataclass(frozen=True)
class Example:
    """One training text: the loss counts on ``target``, and a little on ``prompt``."""

    task: str
    prompt: str
    target: str


@dataclass(frozen=True)
class Mix:
    """How a task takes part: sequences per step, and how strongly its rows are disturbed."""

    per_step: int
    dropout: float = 0.0
    word_dropout: float = 0.0
    resplit: float = 0.1
    copies: bool = False


MIXTURE = {
    "banking77": Mix(50, dropout=0.1, word_dropout=0.1),
    "snips": Mix(16, copies=True),
    "classification": Mix(14, dropout=0.1),
    "extraction": Mix(6, copies=True),
    "sql": Mix(10, copies=True),
}


def load_examples(
    shared: Path, generated_rows: int, seed: int, *, wide: bool = False
) -> dict[str, list[Example]]:
    """Every task's training rows in a seeded order; the first :data:`HELD_OUT` of each are for selection.

    ``wide`` draws the generated rows from all the wording there is (:mod:`training.suitegen`).
    """
    rows = {"banking77": _banking77(shared), "snips": _snips(shared)}
    for task in GENERATED:
        module = importlib.import_module(f"training.suitegen.{task}")
        rows[task] = list(module.train_rows(generated_rows, seed, wide=wide))
    shuffle = np.random.default_rng(seed)
    return {task: _formatted(task, found, shuffle) for task, found in rows.items()}


def _formatted(task: str, rows: list[dict], shuffle: np.random.Generator) -> list[Example]:
    prompt, target = FORMATS[task]
    return [Example(task, prompt(rows[i]), target(rows[i])) for i in shuffle.permutation(len(rows))]


def _banking77(shared: Path) -> list[dict]:
    with (shared / "banking77_train.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _snips(shared: Path) -> list[dict]:
    lines = (shared / "snips_train.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def encode_all(tokenizer: Tokenizer, examples: list[Example], longest: int = 640) -> list[Encoded]:
    """Token ids of prompt, space, target and end; examples longer than ``longest`` tokens are left out."""
    end = tokenizer.token_to_id(bpe.END)
    prompts = tokenizer.encode_batch([example.prompt for example in examples])
    targets = tokenizer.encode_batch([" " + example.target for example in examples])
    pairs = zip(prompts, targets, strict=True)
    encoded = [Encoded(np.array([*p.ids, *t.ids, end], dtype=np.int32), len(p.ids)) for p, t in pairs]
    return [example for example in encoded if len(example.ids) <= longest]


@dataclass(frozen=True)
class Batch:
    """Padded sequences (B, T), the weight of each next-token loss (B, T), dropout rate of each row (B,)."""

    ids: NDArray[np.int64]
    weights: NDArray[np.float32]
    dropout: NDArray[np.float32]


class Stream:
    """Mixed steps without end: the same seed gives the same batches, whatever the machine's speed."""

    def __init__(
        self,
        encoded: dict[str, list[Encoded]],
        tokenizer: Tokenizer,
        seed: int,
        prompt_share: float = 1.0,
        *,
        swap: float = 0.0,
        dropout_scale: float = 1.0,
    ) -> None:
        self.encoded = encoded
        self.dropout_scale = dropout_scale
        self.prompt_share = prompt_share
        self.rng = np.random.default_rng(seed)
        self.left, self.right = _split_table(tokenizer)
        self.order = {task: self._shuffled(task) for task in encoded}
        self.swap = swap
        self.swapper = Swapper(tokenizer)
        self.fixed = {task: self.swapper.common(found) for task, found in encoded.items()} if swap else {}

    def step(self, scale: float, task_scale: Mapping[str, float], most_tokens: int = 3072) -> list[Batch]:
        """One optimiser step's sequences, sorted by length and cut into batches of ``most_tokens``."""
        drawn = [
            (self._disturb(next(self.order[task]), mix, task), mix.dropout * self.dropout_scale)
            for task, mix in MIXTURE.items()
            for _ in range(round(mix.per_step * scale * task_scale.get(task, 1.0)))
        ]
        drawn.sort(key=lambda pair: len(pair[0].ids))
        return [self._pad(part) for part in _cut(drawn, most_tokens)]

    def held_out(self, encoded: dict[str, list[Encoded]]) -> dict[str, list[Encoded]]:
        """Each task's held-out rows, and those of copying tasks once more with names that were never seen."""
        found = {task: rows[:HELD_OUT] for task, rows in encoded.items()}
        rng = np.random.default_rng(0)
        for task in [task for task in found if MIXTURE[task].copies]:
            fixed = self.swapper.common(encoded[task])
            found[f"{task}, names swapped"] = [self.swapper.swapped(row, fixed, rng) for row in found[task]]
        return found

    def _shuffled(self, task: str) -> Iterator[Encoded]:
        while True:
            for index in self.rng.permutation(len(self.encoded[task])):
                yield self.encoded[task][index]

    def _disturb(self, example: Encoded, mix: Mix, task: str) -> Encoded:
        """Drop prompt words of a task with few rows; swap and split some tokens, alike in prompt and target."""
        if self.swap and mix.copies and self.rng.random() < self.swap:
            example = self.swapper.swapped(example, self.fixed[task], self.rng)
        ids, start = example.ids, example.start
        if mix.word_dropout and self.rng.random() < 0.5:
            keep = self.rng.random(len(ids)) >= mix.word_dropout * self.dropout_scale
            keep[start - 3 :] = True
            keep[:3] = True
            ids, start = ids[keep], start - int((~keep).sum())
        if mix.resplit and self.rng.random() < 0.5:
            return self._resplit(ids, start, mix.resplit)
        return Encoded(ids, start)

    def _resplit(self, ids: Ids, start: int, rate: float) -> Encoded:
        prompt_tokens = np.unique(ids[:start])
        chosen = prompt_tokens[self.rng.random(len(prompt_tokens)) < rate]
        split = np.isin(ids, chosen) & (self.right[ids] >= 0)
        doubled = np.stack([np.where(split, self.left[ids], ids), np.where(split, self.right[ids], -1)], axis=1)
        flat = doubled.reshape(-1)
        return Encoded(flat[flat >= 0], start + int(split[:start].sum()))

    def _pad(self, part: list[tuple[Encoded, float]]) -> Batch:
        longest = -(-max(len(example.ids) for example, _ in part) // 8) * 8 + 1
        ids = np.zeros((len(part), longest), dtype=np.int64)
        weights = np.zeros((len(part), longest - 1), dtype=np.float32)
        for row, (example, _) in enumerate(part):
            ids[row, : len(example.ids)] = example.ids
            weights[row, : example.start - 1] = PROMPT_WEIGHT / self.prompt_share
            weights[row, example.start - 1 : len(example.ids) - 1] = 1.0
        if self.prompt_share < 1:
            dropped = self.rng.random(weights.shape) >= self.prompt_share
            weights[dropped & (weights < 1)] = 0
        return Batch(ids, weights, np.array([rate for _, rate in part], dtype=np.float32))


def _cut(drawn: list[tuple[Encoded, float]], most_tokens: int) -> Iterator[list[tuple[Encoded, float]]]:
    """Cut a list sorted by length where it would pass ``most_tokens``, padded, or be padding by a third."""
    part: list[tuple[Encoded, float]] = []
    tokens = 0
    for pair in drawn:
        length = len(pair[0].ids)
        padded = (len(part) + 1) * length
        if part and (padded > most_tokens or (tokens > 256 and padded > 1.3 * (tokens + length))):
            yield part
            part, tokens = [], 0
        part.append(pair)
        tokens += length
    if part:
        yield part


def _split_table(tokenizer: Tokenizer) -> tuple[Ids, Ids]:
    """For each token id its two halves; -1 in the second table where a token cannot be split."""
    left = np.arange(tokenizer.get_vocab_size(), dtype=np.int32)
    right = np.full(tokenizer.get_vocab_size(), -1, dtype=np.int32)
    for token, (first, second) in bpe.halves(tokenizer).items():
        left[token], right[token] = first, second
    return left, right
