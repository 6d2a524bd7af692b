"""Train one model: ``python -m training.train --model nano --seed 0``.

Steps, not minutes, decide the result; the recipe in ``config.py`` holds them. ``--minutes`` measures the first
steps and chooses a number of steps, for trials.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # spinning threads starve others on shared cores

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from training import data
from training import tokenizer as bpe
from training.config import FAMILY, RUNS, Recipe, Stage
from training.head_start import give_head_start
from training.model import Decoder, Shape, grow
from training.swap import Encoded


def main() -> None:
    """Run the stages of one model's recipe, or the one stage that is named."""
    options = _options()
    torch.set_num_threads(options.threads)
    stages = FAMILY[options.model].stages
    for number in range(len(stages)) if options.stage is None else (options.stage,):
        _run_stage(number, stages[number], options)


def checkpoint(model: str, stage: int) -> Path:
    """Where a model's weights lie after a stage (counted from 0)."""
    return RUNS / f"{model}-{stage}.pt"


def _run_stage(number: int, stage: Stage, options: argparse.Namespace) -> None:
    seed = options.seed + number
    torch.manual_seed(seed)
    recipe = FAMILY[options.model]
    tokenizer = bpe.load(RUNS / "tokenizer.json")
    examples = data.load_examples(options.data, options.rows, seed, wide=stage.wide)
    encoded = {task: data.encode_all(tokenizer, found) for task, found in examples.items()}
    rows = {task: found[data.HELD_OUT :] for task, found in encoded.items()}
    stream = data.Stream(
        rows, tokenizer, seed, recipe.prompt_share, swap=stage.swap, dropout_scale=stage.dropout_scale
    )
    model, history = _start(recipe, options.model, number, tokenizer, seed)
    print(
        f"{options.model}, stage {number}: {sum(p.numel() for p in model.parameters()):,} parameters",
        flush=True,
    )
    trainer = Trainer(model, stream, recipe, stage, stream.held_out(encoded))
    steps = trainer.steps_for(options.minutes) if options.minutes else options.steps or stage.steps
    path = checkpoint(options.model, number)
    trainer.run(steps, options.log_every, lambda: _save(model, path.with_suffix(".part.pt"), history))
    history.append({"steps": trainer.done, "seed": seed})
    _save(model, path, history)


def _start(
    recipe: Recipe, name: str, number: int, tokenizer: Tokenizer, seed: int
) -> tuple[Decoder, list[dict[str, int]]]:
    """The model a stage begins with, and the stages it has been through.

    The first stage begins with a head start in copying, or with a smaller model that is grown.
    """
    if number > 0:
        saved = torch.load(checkpoint(name, number - 1), weights_only=True)
        model = Decoder(Shape(**saved["shape"]))
        model.load_state_dict(saved["state"])
        return model, saved["stages"]
    model = Decoder(recipe.shape(tokenizer.get_vocab_size()))
    if recipe.grown_from:
        small = torch.load(checkpoint(recipe.grown_from, 0), weights_only=True)
        grow(model, small["state"], small["shape"]["layers"])
    else:
        give_head_start(model, bpe.attached(tokenizer), seed)
    return model, []


class Trainer:
    """The optimisers, the learning-rate schedule and the loop."""

    def __init__(
        self,
        model: Decoder,
        stream: data.Stream,
        recipe: Recipe,
        stage: Stage,
        held_out: dict[str, list[Encoded]],
    ) -> None:
        self.model, self.stream, self.recipe, self.held_out = model, stream, recipe, held_out
        self.task_scale = stage.task_scale
        matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embedding" not in name]
        others = [p for name, p in model.named_parameters() if p.ndim != 2 or "embedding" in name]
        self.optimisers: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(others, lr=recipe.embedding_rate, betas=(0.9, 0.98), weight_decay=0.0),
            torch.optim.Muon(
                matrices,
                lr=recipe.matrix_rate,
                weight_decay=recipe.weight_decay,
                momentum=0.95,
                adjust_lr_fn="match_rms_adamw",
            ),
        ]
        self.peaks = [recipe.embedding_rate * stage.rate_scale, recipe.matrix_rate * stage.rate_scale]
        self.done = 0

    def steps_for(self, minutes: float, trial: int = 20) -> int:
        """How many steps fit into ``minutes``, from the first ``trial`` steps (which count)."""
        begun = time.monotonic()
        for _ in range(trial):
            self._step(lr_factor=min(1.0, (self.done + 1) / 100))
        return round(minutes * 60 * trial / (time.monotonic() - begun))

    def run(self, steps: int, log_every: int, keep: Callable[[], None]) -> None:
        """Train until ``steps`` are done: warm-up, then a cosine to zero. ``keep`` is called now and then."""
        begun, losses = time.monotonic(), []
        while self.done < steps:
            losses.append(self._step(_schedule(self.done, steps)))
            if self.done % log_every == 0 or self.done == steps:
                spent = time.monotonic() - begun
                print(f"step {self.done}/{steps} {spent:.0f}s loss {np.mean(losses):.3f}", flush=True)
                losses = []
                if self.done % (8 * log_every) == 0 or self.done == steps:
                    print("  held out:", json.dumps(self.held_out_loss()), flush=True)
                    keep()

    def _step(self, lr_factor: float) -> float:
        for optimiser, peak in zip(self.optimisers, self.peaks, strict=True):
            for group in optimiser.param_groups:
                group["lr"] = peak * lr_factor
        batches = self.stream.step(self.recipe.batch_scale, self.task_scale)
        total = float(sum(batch.weights.sum() for batch in batches))
        loss_sum = 0.0
        for batch in batches:
            loss = self._loss(batch) / total
            loss.backward()
            loss_sum += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        self.done += 1
        return loss_sum

    def _loss(self, batch: data.Batch) -> Tensor:
        rates = torch.from_numpy(batch.dropout).view(-1, 1, 1)
        drop = rates if self.model.training and float(rates.max()) > 0 else None
        ids, weights = torch.from_numpy(batch.ids), torch.from_numpy(batch.weights)
        with torch.autocast("cpu", torch.bfloat16):
            states = self.model(ids[:, :-1], drop)
            counted = weights > 0
            logits = self.model.logits(states[counted])
        targets = ids[:, 1:][counted]
        losses = functional.cross_entropy(logits.float(), targets, reduction="none")
        return (losses * weights[counted]).sum()

    @torch.no_grad()
    def held_out_loss(self, most: int = 200) -> dict[str, float]:
        """Nats per target token on rows kept out of training."""
        self.model.eval()
        found = {}
        for task, examples in self.held_out.items():
            ordered = sorted(examples[:most], key=lambda example: len(example.ids))
            total = count = 0.0
            for part in data._cut([(example, 0.0) for example in ordered], 3072):
                batch = self.stream._pad(part)
                batch.weights[batch.weights < 1] = 0
                total += float(self._loss(batch))
                count += float(batch.weights.sum())
            found[task] = round(total / count, 4)
        self.model.train()
        return found


def _schedule(step: int, steps: int, warm_up: int = 100) -> float:
    """Linear warm-up, then a cosine from 1 to 0."""
    rise = min(1.0, (step + 1) / min(warm_up, max(1, steps // 10)))
    return rise * 0.5 * (1 + np.cos(np.pi * step / steps))


def _save(model: Decoder, path: Path, stages: list[dict[str, int]]) -> None:
    torch.save({"state": model.state_dict(), "shape": asdict(model.shape), "stages": stages}, path)
    print(f"saved {path}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=sorted(FAMILY), required=True)
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, help="instead of the recipe's")
    length.add_argument("--minutes", type=float, help="instead of steps: depends on the machine")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=16_000, help="training rows of each generated suite")
    parser.add_argument(
        "--data", type=Path, default=data.SHARED, help="folder of the Banking77 and SNIPS splits"
    )
    parser.add_argument("--stage", type=int, help="only this stage of the recipe, counted from 0")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--log-every", type=int, default=25)
    return parser.parse_args()


if __name__ == "__main__":
    main()
