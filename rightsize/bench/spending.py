"""Money in a run of the bench: hosted models need a limit and a price before anything is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from rightsize.domain import Candidate, Model
from rightsize.engines.interface import RemoteRun, Spending
from rightsize.errors import UsageError
from rightsize.settings import Settings

Price = tuple[float, float]


def _no_price(_: Model) -> Price | None:
    return None


@dataclass(frozen=True, slots=True)
class Budget:
    """What the user allows: a limit for the run (None: nothing may be spent), and what a model costs in US
    dollars per million tokens of input and of output (None: not known)."""

    limit_usd: float | None = None
    price_of: Callable[[Model], Price | None] = field(default=_no_price)


def check_budget(candidates: Iterable[Candidate], budget: Budget) -> None:
    """Raise UsageError for a hosted model that nobody allowed to cost money, or of which no price is known."""
    for model in {candidate.model.spec: candidate.model for candidate in candidates}.values():
        if not model.options.get("hosted"):
            continue
        if budget.limit_usd is None:
            raise UsageError(f"{model.spec} costs money", next_step="Say how much it may be: --max-spend 5USD")
        if budget.price_of(model) is None:
            raise UsageError(
                f"no price is known of {model.spec}, so --max-spend cannot be kept",
                next_step="Give it in USD per million tokens of input and output: --price 0.15/0.60",
            )


@dataclass(frozen=True, slots=True)
class Account:
    """How each candidate's server is treated; all of them draw on one account, kept in a file."""

    settings: Settings
    budget: Budget
    ledger: Path

    def run_for(self, candidate: Candidate) -> RemoteRun:
        """The terms for one candidate."""
        spending = None
        if self.budget.limit_usd is not None:
            # What is not hosted costs nothing unless a price was given for it.
            price = self.budget.price_of(candidate.model) or (0.0, 0.0)
            spending = Spending(self.ledger, self.budget.limit_usd, price)
        chosen = self.settings
        return RemoteRun(chosen.concurrency, chosen.request_limit_s, chosen.arrivals_per_s, spending)

    def spent_usd(self) -> float | None:
        """What was spent so far at list prices; None where nothing may be."""
        if self.budget.limit_usd is None:
            return None
        return float(self.ledger.read_text()) if self.ledger.is_file() else 0.0


@contextmanager
def account(settings: Settings, budget: Budget) -> Iterator[Account]:
    """The account of one run, which ends with it."""
    with TemporaryDirectory(prefix="rightsize-") as folder:
        yield Account(settings, budget, Path(folder) / "spent")
