"""Money: an upper bound is set aside before each call, and the call that could pass the limit is refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from rightsize.engines.openai_http.problems import ServerError
from rightsize.engines.openai_http.usage import Counts, prompt_tokens_bound


@dataclass(frozen=True, slots=True)
class Price:
    """List price in US dollars per million tokens."""

    usd_per_mtok_input: float
    usd_per_mtok_output: float

    def usd(self, input_tokens: int, output_tokens: int) -> float:
        """What so many tokens cost."""
        return (input_tokens * self.usd_per_mtok_input + output_tokens * self.usd_per_mtok_output) / 1e6


class Purse:
    """What may be spent in one run, shared by its processes through a small file.

    What was set aside stays spent when a process dies in between: the file never forgets a call.
    """

    def __init__(self, ledger: Path, limit_usd: float, price: Price) -> None:
        self._ledger = ledger
        self._lock = FileLock(f"{ledger}.lock")
        self.limit_usd = limit_usd
        self.price = price

    def spent_usd(self) -> float:
        """All that was spent or is set aside."""
        return float(self._ledger.read_text() or 0.0) if self._ledger.exists() else 0.0

    def reserve(self, prompt_bytes: int, max_output_tokens: int) -> float:
        """Set aside the most that one call can cost and return it.

        Raises ServerError when that might pass the limit; the call must then not be made.
        """
        bound = self.price.usd(prompt_tokens_bound(prompt_bytes), max_output_tokens)
        with self._lock:
            spent = self.spent_usd()
            if spent + bound > self.limit_usd:
                raise ServerError(
                    f"the next call may cost up to {bound:.4f} USD and {spent:.4f} of {self.limit_usd:g} USD "
                    "are spent",
                    next_step="Raise --max-spend to go on; what was measured is kept",
                    kind="spend",
                    fatal=True,
                )
            self._write(spent + bound)
        return bound

    def settle(self, reserved_usd: float, actual_usd: float) -> None:
        """Replace what was set aside by what the call did cost."""
        with self._lock:
            self._write(self.spent_usd() - reserved_usd + actual_usd)

    def cost_usd(self, counts: Counts, prompt_bytes: int) -> float:
        """What a finished call cost; where the server did not tell the prompt's tokens, their upper bound."""
        prompt = prompt_tokens_bound(prompt_bytes) if counts.prompt is None else counts.prompt
        return self.price.usd(prompt, counts.output)

    def _write(self, usd: float) -> None:
        self._ledger.write_text(repr(max(0.0, usd)))
