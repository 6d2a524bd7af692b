"""The family: three sizes, few and wide layers, because a demo on two cores must be quick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from training.model import Shape

RUNS = Path("training/runs")
MODELS = Path("rightsize/models/embedded")

# Generated rows the tokenizer learns from: few of those full of invented names, which would crowd out words.
TOKENIZER_ROWS = {"extraction": 600, "sql": 400, "classification": 3_000}


@dataclass(frozen=True)
class Stage:
    """One run of warm-up and cosine. Its seed is the model's seed plus the number of stages before it.

    ``task_scale`` multiplies a task's sequences per step (:data:`training.data.MIXTURE`), ``rate_scale`` the
    learning rates. ``swap`` is the share of copying examples whose names are replaced (:mod:`training.swap`).
    ``wide`` adds the generators' further wording. ``dropout_scale`` multiplies the rates at which activations
    and words of the small tasks are dropped.
    """

    steps: int
    task_scale: Mapping[str, float] = field(default_factory=dict)
    rate_scale: float = 1.0
    swap: float = 0.0
    wide: bool = False
    dropout_scale: float = 1.0


@dataclass(frozen=True)
class Recipe:
    """A model's shape and how it is trained.

    ``batch_scale`` multiplies the sequences per step of all tasks. ``prompt_share`` is the part of the prompt
    whose loss is taken, at a weight that makes up for it: all of them would cost a third more time and teach
    little. ``grown_from`` names the trained model to start from, as it is after its first stage.
    """

    width: int
    layers: int
    heads: int
    hidden: int
    stages: tuple[Stage, ...]
    embedding_rate: float = 5e-3
    matrix_rate: float = 5e-3
    weight_decay: float = 0.1
    batch_scale: float = 0.6
    prompt_share: float = 0.25
    grown_from: str = ""

    def shape(self, vocab: int) -> Shape:
        """The shape with the tokenizer's vocabulary."""
        return Shape(vocab, self.width, self.layers, self.heads, self.hidden)


# Accepted because it is better on all check rows (docs/decisions/011).
COPYING_STAGE = Stage(
    400,
    {"extraction": 4.0, "sql": 3.0, "classification": 1.5, "banking77": 0.7, "snips": 1.5},
    rate_scale=0.6,
    swap=0.7,
)

# Accepted likewise (docs/decisions/012): twice the wording, and many passes over the small intent task.
WIDE_STAGE = Stage(
    750,
    {"banking77": 4.0, "extraction": 1.2, "sql": 1.2, "classification": 1.4, "snips": 1.2},
    rate_scale=0.6,
    swap=0.6,
    wide=True,
    dropout_scale=1.5,
)

FAMILY = {
    "nano": Recipe(width=128, layers=2, heads=4, hidden=256, stages=(Stage(600),)),
    "micro": Recipe(width=256, layers=2, heads=4, hidden=512, stages=(Stage(1200),)),
    "mini": Recipe(
        width=256,
        layers=4,
        heads=4,
        hidden=768,
        stages=(
            Stage(650, {"banking77": 2.0, "classification": 1.5}),
            Stage(
                421,
                {"extraction": 6.0, "sql": 4.0, "classification": 2.0, "banking77": 0.5, "snips": 0.8},
                rate_scale=0.5,
            ),
            COPYING_STAGE,
            WIDE_STAGE,
        ),
        grown_from="micro",
    ),
}
