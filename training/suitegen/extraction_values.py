"""Values that fill extraction templates: people, companies, codes, dates, amounts, and how they are shown."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from training.suitegen.extraction_check_fragments import WORDS as CHECK_WORDS
from training.suitegen.extraction_words import TEST_WORDS, TRAIN_WORDS

WORDS = {"test": TEST_WORDS, "train": TRAIN_WORDS, "check": CHECK_WORDS}

INCIDENTS = ("water", "fire", "theft", "collision", "storm")
CURRENCIES = {"EUR": "€", "USD": "$", "GBP": "£", "CHF": "CHF"}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_FIRST_DAY, _LAST_DAY = date(2019, 1, 1), date(2027, 12, 31)
_SYNTHETIC_SHARE = 0.35


@dataclass(frozen=True)
class Pools:
    """One side's material. ``code_shapes`` are the test shapes of reference codes; training makes its own."""

    side: str
    fragments: Mapping[str, tuple[str, ...]]
    phrases: Mapping[str, tuple[str, ...]]
    code_shapes: tuple[str, ...] = ()

    @property
    def is_test(self) -> bool:
        """Whether this is the test side."""
        return self.side == "test"

    def fragments_of(self, role: str, variant: str) -> tuple[str, ...]:
        """Return the shared fragments of a role and those of its variant."""
        return self.fragments.get(role, ()) + self.fragments.get(f"{role}.{variant}", ())


class _Draw:
    """Draws values for one side; what one side can draw, the other cannot."""

    def __init__(self, rng: random.Random, pools: Pools) -> None:
        self.rng, self.pools = rng, pools
        self.words = WORDS[pools.side]

    def person(self) -> str:
        """Return a first and a last name."""
        return f"{self._name('first')} {self._name('last')}"

    def company(self) -> str:
        """Return a company name: a stem with a trade, a legal form, or both."""
        trade, legal = self.rng.choice(self.words["trade"]), self.rng.choice(self.words["legal"])
        return f"{self._name('stem')} {self.rng.choice((trade, legal, f'{trade} {legal}'))}"

    def city(self) -> str:
        """Return a town."""
        return self._name("city")

    def product(self) -> str:
        """Return an adjective and a plural noun."""
        return f"{self.rng.choice(self.words['adjective'])} {self.rng.choice(self.words['noun'])}"

    def quantity(self) -> int:
        """Return a count from 2 to 480; those with remainder 1 modulo 4 belong to the test side."""
        return self._of_side(lambda: self.rng.randint(2, self.rng.choice((30, 480))), 4)

    def cents(self, low: int = 2_000, high: int = 950_000) -> int:
        """Return an amount in cents, often whole; remainder 1 modulo 7 belongs to the test side."""
        return self._of_side(lambda: self._round_sometimes(self.rng.randint(low, high)), 7)

    def day(self, after: date = _FIRST_DAY, before: date = _LAST_DAY) -> date:
        """Return a date; ordinals with remainder 1 modulo 3 belong to the test side."""
        span = (before - after).days
        return date.fromordinal(self._of_side(lambda: after.toordinal() + self.rng.randint(0, span), 3))

    def code(self) -> str:
        """Return a reference code such as ``KD-2041``."""
        shape = self.rng.choice(self.pools.code_shapes) if self.pools.is_test else self._own_shape()
        return re.sub(
            "[A9]", lambda match: self._letter() if match[0] == "A" else str(self.rng.randint(0, 9)), shape
        )

    def phone(self) -> str:
        """Return a telephone number; never an answer."""
        return f"0{self.rng.randint(10, 999)} {self.rng.randint(10_000, 9_999_999)}"

    def phrase(self, key: str) -> str:
        """Return a wording of a category, its ``[a|b]`` choices settled."""
        text = self.rng.choice(self.pools.phrases[key])
        return re.sub(r"\[([^\[\]]*)\]", lambda match: self.rng.choice(match[1].split("|")), text)

    def _of_side(self, draw: Callable[[], int], modulus: int) -> int:
        while True:
            value = draw()
            if (value % modulus == 1) == self.pools.is_test:
                return value

    def _round_sometimes(self, cents: int) -> int:
        return cents // 100 * 100 if self.rng.random() < 0.4 else cents

    def _name(self, key: str) -> str:
        if self.pools.side != "train" or self.rng.random() > _SYNTHETIC_SHARE:
            return self.rng.choice(self.words[key])
        return self._synthetic_name({*TEST_WORDS[key], *CHECK_WORDS[key]})

    def _synthetic_name(self, taken: set[str]) -> str:
        """Return a made-up name, so that training rewards copying rather than remembering."""
        while True:
            syllables = (
                self.rng.choice("bcdfghjklmnprstvwz")
                + self.rng.choice("aeiou")
                + self.rng.choice(("", "l", "n", "r", "s"))
                for _ in range(self.rng.randint(2, 3))
            )
            name = "".join(syllables).capitalize()
            if name not in taken:
                return name

    def _own_shape(self) -> str:
        from training.suitegen.extraction_test_fragments import CODE_SHAPES

        while True:
            groups = [
                self.rng.choice(("A", "9")) * self.rng.randint(1, 5) for _ in range(self.rng.randint(2, 3))
            ]
            shape = self.rng.choice(("-", "/", ".", "")).join(groups)
            if "99" in shape and shape not in CODE_SHAPES:
                return shape

    def _letter(self) -> str:
        return self.rng.choice("ABCDEFGHJKLMNPRSTUVWXYZ")


def draw_values(rng: random.Random, pools: Pools, email_type: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Draw one row's values: what the document shows for each placeholder, and the gold for each field."""
    draw = _Draw(rng, pools)
    currency = rng.choice(tuple(CURRENCIES))
    incident = rng.choice(INCIDENTS)
    cents = draw.cents()
    day = draw.day(_FIRST_DAY + timedelta(60), _LAST_DAY - timedelta(60))
    gold: dict[str, Any] = {
        "type": email_type, "incident": incident, "currency": currency,
        "sender": draw.person(), "claimant": draw.person(), "sender_company": draw.company(),
        "supplier": draw.company(), "customer": draw.company(), "incident_city": draw.city(),
        "product": draw.product(), "quantity": draw.quantity(),
        "invoice_number": draw.code(), "policy_number": draw.code(),
        "total": _number(cents), "claimed_amount": _number(cents),
    }  # fmt: skip
    shown = {name: str(value) for name, value in gold.items()}
    shown["incident"] = draw.phrase(f"incident.{incident}")
    if email_type:
        shown["type"] = draw.phrase(f"type.{email_type}")
    write_money = _money_style(rng, currency)
    shown["total"] = shown["claimed_amount"] = write_money(cents)
    write_date = rng.choice(_DATE_STYLES)
    for name in ("requested_date", "due_date", "incident_date"):
        gold[name] = shown[name] = write_date(day)
    return shown | _distractors(draw, cents, day, write_money, write_date), gold


def _distractors(
    draw: _Draw, cents: int, day: date, write_money: Callable[[int], str], write_date: Callable[[date], str]
) -> dict[str, str]:
    """Return values of the same types, in the same styles, that are not the answer."""
    net = round(cents / 1.19)
    return {
        "d_person": draw.person(), "d_company": draw.company(), "d_city": draw.city(), "d_code": draw.code(),
        "d_phone": draw.phone(), "d_amount": write_money(draw.cents(2_000, max(cents // 2, 5_000))),
        "d_net": write_money(net), "d_vat": write_money(cents - net),
        "d_before": write_date(draw.day(day - timedelta(40), day - timedelta(1))),
        "d_after": write_date(draw.day(day + timedelta(1), day + timedelta(40))),
    }  # fmt: skip


def _number(cents: int) -> int | float:
    return cents // 100 if cents % 100 == 0 else cents / 100


def _money_style(rng: random.Random, currency: str) -> Callable[[int], str]:
    """Choose how this document writes money: separators, and the currency's code or sign."""
    grouping, decimal = rng.choice(((",", "."), (",", "."), (".", ","), (" ", ","), ("", ".")))
    sign = CURRENCIES[currency]
    pattern = rng.choice(("{} {code}", "{code} {}", "{sign}{}" if len(sign) == 1 else "{sign} {}"))

    def write(cents: int) -> str:
        whole = f"{cents // 100:,}".replace(",", grouping)
        return pattern.format(f"{whole}{decimal}{cents % 100:02d}", code=currency, sign=sign)

    return write


_DATE_STYLES: tuple[Callable[[date], str], ...] = (
    lambda day: f"{day.day} {_MONTHS[day.month - 1]} {day.year}",
    lambda day: f"{_MONTHS[day.month - 1]} {day.day}, {day.year}",
    lambda day: f"{day.day} {_MONTHS[day.month - 1][:3]} {day.year}",
    lambda day: f"{day.day:02d}.{day.month:02d}.{day.year}",
    lambda day: f"{day.day:02d}/{day.month:02d}/{day.year}",
    lambda day: day.isoformat(),
)
