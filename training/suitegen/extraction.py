"""Business documents to JSON fields: e-mails, invoices and insurance claims, with exact gold.

A *template* is a kind, a layout (labelled lines, prose, or both), a choice of fragments and the fields that are
absent; a *row* fills a template with values. Gold is exact by construction: names, dates and codes are copied
as written, amounts are plain numbers, and ``type``, ``incident`` and ``currency`` are categories. Sentences
with ``{d_...}`` placeholders carry values that look like the answer and are not.

Test and training share nothing that could be memorised: fragments, words and code shapes come from separate
pools, and every date, amount and quantity belongs to one side by a residue of its value. Check rows, by which
models are chosen, share neither's wording nor words; their numbers are of the training side.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from training.suitegen import extraction_check_fragments as check_text
from training.suitegen import extraction_more_fragments as more_text
from training.suitegen import extraction_test_fragments as test_text
from training.suitegen import extraction_train_fragments as train_text
from training.suitegen.common import Row
from training.suitegen.extraction_values import INCIDENTS, Pools, draw_values

TEST_TEMPLATES = 120
ROWS_PER_TEMPLATE = 5
FEWSHOT_ROWS = 10

FIELDS: dict[str, tuple[str, ...]] = {
    "email": ("type", "sender", "sender_company", "product", "quantity", "requested_date"),
    "invoice": ("invoice_number", "supplier", "customer", "due_date", "total", "currency"),
    "claim": ("incident", "claimant", "policy_number", "incident_date", "claimed_amount", "incident_city"),
}
OPTIONS = {"type": ("order", "meeting", "complaint"), "incident": INCIDENTS}
NULLABLE = {
    "email": ("sender_company", "product", "quantity", "requested_date"),
    "invoice": ("customer", "due_date"),
    "claim": ("policy_number", "claimed_amount", "incident_city"),
}
LAYOUTS = ("labelled", "mixed", "prose")

_PLACEHOLDER = re.compile(r"{(\w+)}")
_CHOICE = re.compile(r"\[([^\[\]]*)\]")


def _together(*lists: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return {name: sum((texts.get(name, ()) for texts in lists), ()) for name in lists[0]}


_TRAIN = Pools("train", train_text.FRAGMENTS, train_text.PHRASES)
_WIDE = Pools(
    "train",
    _together(train_text.FRAGMENTS, more_text.FRAGMENTS),
    _together(train_text.PHRASES, more_text.PHRASES),
)
_CHECK = Pools("check", check_text.FRAGMENTS, check_text.PHRASES)
_TEST = Pools("test", test_text.FRAGMENTS, test_text.PHRASES, test_text.CODE_SHAPES)


@dataclass(frozen=True)
class Template:
    """A document with placeholders. ``variant`` is an e-mail's type; ``absent`` fields have gold null."""

    kind: str
    variant: str
    text: str
    absent: frozenset[str]


def test_rows(seed: int = 0) -> list[Row]:
    """Return the test set: 120 templates, kinds and layouts in equal numbers, five rows each."""
    return documents(f"extraction-test-{seed}", tuple(FIELDS), TEST_TEMPLATES, set())


def documents(stream: str, kinds: tuple[str, ...], templates: int, seen: set[str]) -> list[Row]:
    """Return five test rows for each of so many templates that are not in ``seen``, and add those to it.

    ``stream`` seeds the random choices; kinds take turns, layouts do when every kind had its turn.
    """
    rng = random.Random(stream)
    rows: list[Row] = []
    number = 0
    while number < templates:
        template = _template(rng, _TEST, kinds[number % len(kinds)], LAYOUTS[number // len(kinds) % 3])
        if template.text in seen:
            continue
        seen.add(template.text)
        group = f"{template.kind}-{number // len(kinds):03d}"
        rows += [_row(rng, _TEST, template, f"{group}-{i}", group) for i in range(ROWS_PER_TEMPLATE)]
        number += 1
    return rows


def fewshot_rows(seed: int = 0) -> list[Row]:
    """Return ten rows of the training distribution that show the format."""
    return list(_fresh_rows(_TRAIN, FEWSHOT_ROWS, seed + 1_000_003))


def train_rows(n: int, seed: int, *, wide: bool = False) -> Iterator[Row]:
    """Yield ``n`` training rows, each from a freshly composed template; ``wide`` adds later wording."""
    return _fresh_rows(_WIDE if wide else _TRAIN, n, seed)


def check_rows(n: int, seed: int = 0) -> list[Row]:
    """Return ``n`` rows for choosing between models, in wording and words that no training row uses."""
    return list(_fresh_rows(_CHECK, n, seed))


def _fresh_rows(pools: Pools, n: int, seed: int) -> Iterator[Row]:
    rng = random.Random(f"extraction-{pools.side}-{seed}")
    kinds = tuple(FIELDS)
    for i in range(n):
        template = _template(rng, pools, kinds[i % 3], rng.choice(LAYOUTS))
        yield _row(rng, pools, template, f"{pools.side}-{seed}-{i}", f"{pools.side}-{seed}-{i}")


def ask(kind: str) -> str:
    """Return the field list as the prompt writes it: names in order, categories with their options."""
    options = {name: f"{name} ({'/'.join(values)})" for name, values in OPTIONS.items()}
    return ", ".join(options.get(name, name) for name in FIELDS[kind])


def _row(rng: random.Random, pools: Pools, template: Template, row_id: str, group: str) -> Row:
    shown, gold = draw_values(rng, pools, template.variant)
    document = _PLACEHOLDER.sub(lambda match: shown[match[1]], template.text).replace("..", ".")
    fields = {name: None if name in template.absent else gold[name] for name in FIELDS[template.kind]}
    return {
        "id": row_id,
        "group": group,
        "kind": template.kind,
        "ask": ask(template.kind),
        "document": document,
        "fields": fields,
    }


def _template(rng: random.Random, pools: Pools, kind: str, layout: str) -> Template:
    """Compose a document whose placeholders cover every present field exactly once (signatures aside)."""
    variant = rng.choice(OPTIONS["type"]) if kind == "email" else ""
    absent = frozenset(name for name in NULLABLE[kind] if rng.random() < 0.18)
    if variant == "meeting":
        absent |= {"quantity"}
    needed = [name for name in FIELDS[kind] if name not in absent and name != "currency"]
    labelled = _labelled_share(rng, layout, needed)
    text = _Composer(rng, pools, kind, variant, set(needed)).compose(labelled, layout)
    return Template(kind, variant, text, absent)


def _labelled_share(rng: random.Random, layout: str, needed: list[str]) -> list[str]:
    """Pick the fields given as ``Label: value`` lines: all, some or none."""
    if layout == "labelled":
        return rng.sample(needed, len(needed))
    if layout == "prose":
        return []
    return rng.sample(needed, rng.randint(1, len(needed) - 1))


class _Composer:
    """Writes one template; ``open`` holds the fields that the text does not give yet."""

    def __init__(self, rng: random.Random, pools: Pools, kind: str, variant: str, needed: set[str]) -> None:
        self.rng, self.pools, self.kind, self.variant = rng, pools, kind, variant
        self.open = needed

    def compose(self, labelled: list[str], layout: str) -> str:
        """Return the document: heading and labelled lines, then opening, sentences and closing."""
        lines = self._lines(labelled) if labelled else []
        if layout == "labelled":
            return "\n".join(lines)
        opening = self._fragment("opening")
        if self.kind == "email":
            self.open.discard("type")
        closing = self._fragment("closing")
        prose = [*self._sentences(), *self._pick("distractor", self.rng.choice((0, 1, 2, 2, 3)))]
        self.rng.shuffle(prose)
        after_opening = " " if opening.endswith((".", "?", ";")) else "\n"
        body = opening + after_opening + " ".join(prose)
        return "\n".join(part for part in (*lines, body.strip(), closing) if part)

    def _lines(self, labelled: list[str]) -> list[str]:
        heading = self._fragment("heading")
        fields = [name for name in labelled if name in self.open]
        lines = [f"{self._label(name)}: {{{name}}}" for name in fields]
        self.open -= set(fields)
        lines += self._pick("distractor_label", self.rng.choice((0, 1, 1, 2)))
        self.rng.shuffle(lines)
        return [heading, *lines] if heading else lines

    def _label(self, name: str) -> str:
        return self.rng.choice(self.pools.fragments_of(f"{self.kind}.label.{name}", self.variant))

    def _fragment(self, role: str) -> str:
        """Take one fragment that gives only fields still open, and close them."""
        fitting = [text for text in self._pool(role) if self._gives(text) <= self.open]
        chosen = self.rng.choice(fitting)
        self.open -= self._gives(chosen)
        return self._resolve(chosen)

    def _sentences(self) -> list[str]:
        sentences = []
        while self.open:
            useful = [
                text for text in self._pool("sentence") if self._gives(text) and self._gives(text) <= self.open
            ]
            chosen = self.rng.choice(useful)
            self.open -= self._gives(chosen)
            sentences.append(self._resolve(chosen))
        return sentences

    def _pick(self, role: str, count: int) -> list[str]:
        return [self._resolve(text) for text in self.rng.sample(self._pool(role), count)]

    def _pool(self, role: str) -> tuple[str, ...]:
        return self.pools.fragments_of(f"{self.kind}.{role}", self.variant)

    def _resolve(self, text: str) -> str:
        """Settle ``[a|b]`` choices and the double spaces that an empty choice leaves."""
        text = _CHOICE.sub(lambda match: self.rng.choice(match[1].split("|")), text)
        return re.sub(r" {2,}", " ", text)

    @staticmethod
    def _gives(text: str) -> set[str]:
        return {name for name in _PLACEHOLDER.findall(text) if not name.startswith("d_")}
