"""Support tickets routed to one of 24 queues.

A ticket is a *frame* ("{open} This is not about {topic}. {say}") filled with a statement of its own queue
(``{say}``) and, as a distraction, a topic or a whole statement of another queue. The five kinds of frame are
graded: only the two with a second whole statement in them ask the reader to see which of two requests counts.
Wording and values come from ``phrases/tickets_train.txt`` and ``phrases/tickets_test.txt``, which share none.
``phrases/tickets_more.txt`` widens the training wording, except for each section's every fifth line: those
make the ``check`` rows, by which models are chosen.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

from training.suitegen.common import Row

KINDS = ("plain", "background", "negation", "two-topic", "aftermath")
ROWS_PER_TEMPLATE = 8
WORDS = range(15, 61)
TYPO_RATE = 0.08
TOPIC = "topic: "
CHECK_EVERY = 5

# Queues that a hurried reader confuses; half of all distractions come from the same family.
FAMILIES = (
    ("billing dispute", "invoice copy", "refund status", "payment failure", "payment method"),
    ("subscription cancellation", "plan upgrade", "promo code", "order cancellation", "account deletion"),
    ("delivery delay", "missing item", "damaged item", "wrong item", "return request", "address change"),
    ("password reset", "account locked", "two-factor login", "profile update"),
    ("bug report", "setup help", "warranty claim", "stock question"),
)
LABELS = tuple(label for family in FAMILIES for label in family)


@dataclass(frozen=True, slots=True)
class Phrases:
    """One side's wording: statements and topics by queue, frames by kind, slot values and courtesies."""

    statements: dict[str, list[str]]
    topics: dict[str, list[str]]
    frames: dict[str, list[str]]
    pools: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Template:
    """One statement in one frame: the unit that test items of a group share."""

    label: str
    say: str
    frame: str


def test_rows(seed: int = 0) -> list[Row]:
    """Return the test set: every template and so every queue equally often, no text twice."""
    rows: dict[str, Row] = {}
    for number, template in enumerate(test_templates()):
        rng = random.Random(f"classification/test/{seed}/{number}")
        wanted = len(rows) + ROWS_PER_TEMPLATE
        while len(rows) < wanted:
            name = f"test-{number:03d}-{len(rows) % ROWS_PER_TEMPLATE}"
            row = _row(phrases("test"), template, name, f"ticket-{number:03d}", rng)
            rows.setdefault(row["text"], row)
    return list(rows.values())


def fewshot_rows(seed: int = 0) -> list[Row]:
    """Return one training ticket per queue, in shuffled order."""
    rng = random.Random(f"classification/fewshot/{seed}")
    labels = rng.sample(LABELS, len(LABELS))
    templates = [_draw_template(phrases("train"), label, rng) for label in labels]
    return [
        _row(phrases("train"), template, f"fewshot-{number:02d}", f"fewshot-{number:02d}", rng)
        for number, template in enumerate(templates)
    ]


def train_rows(n: int, seed: int, *, wide: bool = False) -> Iterator[Row]:
    """Yield ``n`` training tickets; queues and frame kinds are drawn evenly."""
    rng = random.Random(f"classification/train/{seed}")
    wording = wide_phrases() if wide else phrases("train")
    for number in range(n):
        template = _draw_template(wording, rng.choice(LABELS), rng)
        yield _row(wording, template, f"train-{seed}-{number}", f"train-{number}", rng)


def check_rows(n: int, seed: int = 0) -> list[Row]:
    """Return ``n`` tickets for choosing between models: statements and frames that no training ticket uses."""
    rng = random.Random(f"classification/check/{seed}")
    templates = [_draw_template(check_phrases(), LABELS[i % len(LABELS)], rng) for i in range(n)]
    return [
        _row(check_phrases(), template, f"check-{i}", f"check-{template.say}", rng)
        for i, template in enumerate(templates)
    ]


def test_templates() -> list[Template]:
    """Return the test templates: each queue's five statements, each in a frame of another kind."""
    wording = phrases("test")
    return [
        Template(label, say, frames[place % len(frames)])
        for place, label in enumerate(LABELS)
        for number, say in enumerate(wording.statements[label])
        for frames in [wording.frames[KINDS[(place + number) % len(KINDS)]]]
    ]


@cache
def wide_phrases() -> Phrases:
    """All wording that models may be trained on: that of ``train`` and four fifths of ``more``."""
    first, more = phrases("train"), phrases("more")

    def joined(ours: dict[str, list[str]], added: dict[str, list[str]]) -> dict[str, list[str]]:
        kept = {name: [x for i, x in enumerate(added[name], 1) if i % CHECK_EVERY] for name in added}
        return {name: list(dict.fromkeys(found + kept[name])) for name, found in ours.items()}

    return Phrases(
        joined(first.statements, more.statements), first.topics, joined(first.frames, more.frames), first.pools
    )


@cache
def check_phrases() -> Phrases:
    """The fifth of ``more`` that models are not trained on, with the topics and values of training."""
    first, more = phrases("train"), phrases("more")

    def held(lists: dict[str, list[str]]) -> dict[str, list[str]]:
        return {name: found[CHECK_EVERY - 1 :: CHECK_EVERY] for name, found in lists.items()}

    return Phrases(held(more.statements), first.topics, held(more.frames), first.pools)


@cache
def phrases(side: str) -> Phrases:
    """Read the wording of ``train``, ``more`` or ``test``; alternatives such as ``(a|b)`` stay as written."""
    path = Path(__file__).parent / "phrases" / f"tickets_{side}.txt"
    sections: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            current = sections.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("# "):
            current.append(line)
    own = {label: sections.pop(label) for label in LABELS}
    topics = {label: [x[len(TOPIC) :] for x in lines if x.startswith(TOPIC)] for label, lines in own.items()}
    statements = {label: [x for x in lines if not x.startswith(TOPIC)] for label, lines in own.items()}
    frames = {kind: sections.pop(kind) for kind in KINDS}
    pools = {name.removeprefix("slot "): values for name, values in sections.items()}
    return Phrases(statements, topics, frames, pools)


def variants(text: str) -> list[str]:
    """Spell out every way to read a phrase with alternatives: ``"(a|b) c"`` gives ``["a c", "b c"]``."""
    parts = [part.split("|") for part in re.split(r"[()]", text)]
    return ["".join(chosen) for chosen in product(*parts)]


def _draw_template(wording: Phrases, label: str, rng: random.Random) -> Template:
    kind = rng.choice(KINDS)
    return Template(label, rng.choice(wording.statements[label]), rng.choice(wording.frames[kind]))


def _row(wording: Phrases, template: Template, name: str, group: str, rng: random.Random) -> Row:
    for _ in range(200):
        text = _write(wording, template, rng)
        if len(text.split()) in WORDS:
            return {"id": name, "group": group, "text": text, "label": template.label}
    raise ValueError(f"no ticket of {WORDS.start} to {WORDS.stop - 1} words can be made from {template}")


def _write(wording: Phrases, template: Template, rng: random.Random) -> str:
    distractor = _distractor(template.label, rng)
    fillers = {
        **{name: rng.choice(wording.pools[name]) for name in ("open", "close", "context")},
        "say": template.say,
        "topic": rng.choice(wording.topics[distractor]),
        "other": rng.choice(wording.statements[distractor]),
    }
    text = _one_variant(template.frame, rng).format(**fillers)
    text = re.sub(r"\{(\w+)\}", lambda slot: _value(wording, slot[1], rng), _one_variant(text, rng))
    text = re.sub(r"(?:^|[.?!] )[a-z]", lambda start: start[0].upper(), text)
    return _mistype(text, rng) if rng.random() < TYPO_RATE else text


def _distractor(label: str, rng: random.Random) -> str:
    family = next(family for family in FAMILIES if label in family)
    pool = family if rng.random() < 0.5 else LABELS
    return rng.choice([other for other in pool if other != label])


def _one_variant(text: str, rng: random.Random) -> str:
    return re.sub(r"\(([^()]*\|[^()]*)\)", lambda choice: rng.choice(choice[1].split("|")), text)


def _value(wording: Phrases, slot: str, rng: random.Random) -> str:
    return re.sub("#", lambda _: str(rng.randint(1, 9)), rng.choice(wording.pools[slot]))


def _mistype(text: str, rng: random.Random) -> str:
    """Swap two neighbouring letters inside one longer word."""
    places = [match.start() for match in re.finditer(r"\b[a-z]{6,}\b", text)]
    if not places:
        return text
    at = rng.choice(places) + rng.randint(1, 3)
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
