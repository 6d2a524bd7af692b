"""What to measure next: the smallest run per undecided candidate that may settle it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rightsize.decide.more_needed import items_in_suite
from rightsize.decide.recommendation import CandidateResult, Recommendation
from rightsize.decide.thresholds import OTHER_MACHINE
from rightsize.domain import Judgement, Record, Verdict

_ITEM_METRICS = {"score", "score_drop", "invalid_rate"}
_REQUEST_READINGS = ("latency", "ttft", "itl")
_SPEED_READINGS = ("decode_tokens", "prefill_tokens")


@dataclass(frozen=True, slots=True)
class Settling:
    """One run of ``rightsize bench``. ``model`` and ``quant`` empty: the default family; ``limit``,
    ``requests`` and ``repetitions`` None: the defaults; ``settings`` holds flags that were not the defaults,
    ``contents`` the settings that came from files, by content, which no flag can name again. ``varied`` names
    the settings that are part of the candidate's name because others of its run had another value. ``twin``
    is a shape twin's model, measured with ``twin_tokens`` prompt and output tokens a request."""

    tasks: tuple[str, ...]
    model: str = ""
    quant: str = ""
    limit: int | None = None
    requests: int | None = None
    repetitions: int | None = None
    settings: tuple[tuple[str, str], ...] = ()
    contents: tuple[tuple[str, str], ...] = ()
    varied: tuple[str, ...] = ()
    store: str = ""
    force: bool = False
    twin: str = ""
    twin_tokens: tuple[int, ...] = ()

    @property
    def command(self) -> str:
        """The command as one types it."""
        options: list[tuple[str, object]] = [
            ("--task", ",".join(self.tasks)),
            ("--model", self.model),
            ("--twin", self.twin),
            *zip(("--prompt-tokens", "--output-tokens"), self.twin_tokens, strict=False),
            ("--quant", self.quant),
            ("--limit", self.limit),
            ("--requests", self.requests),
            ("--repetitions", self.repetitions),
            *self.settings,
            ("--store", self.store),
        ]
        words = [word for flag, value in options if value for word in (flag, str(value))]
        # Another candidate would take its share of the error, and what settles this one would no longer do.
        flags = [("--no-baselines", bool(self.model or self.twin)), ("--force", self.force)]
        return shlex.join(["rightsize", "bench", *words, *(flag for flag, given in flags if given)])


def settling(recommendation: Recommendation, store: str = "") -> tuple[Settling, ...]:
    """Return the runs that may settle what is open: none where more of the same would not help.

    With a winner only smaller candidates matter; without any stored result it is the whole task. ``store`` is
    the results database to name, empty for the default one.
    """
    if not recommendation.candidates:
        return (Settling(recommendation.tasks, store=store),)
    runs = (_run(result, recommendation.tasks) for result in recommendation.smaller_undecided)
    return tuple(replace(run, store=store) for run in runs if run is not None)


def settles(result: CandidateResult, tasks: Sequence[str]) -> bool:
    """Whether there is a run that may settle an undecided candidate."""
    return _run(result, tasks) is not None


def _run(result: CandidateResult, tasks: Sequence[str]) -> Settling | None:
    open_ones = [judgement for judgement in result.judgements if judgement.verdict is Verdict.UNDECIDED]
    unmeasured = [task for task in tasks if _unmeasured(result, task)]
    growing = [judgement for judgement in open_ones if judgement.more_needed is not None]
    if _twin(result.records):
        # No number of items gives a twin a score; more requests can settle its speed.
        growing = [judgement for judgement in growing if not _is_item(judgement)]
    if not unmeasured and not growing:
        return None
    affected = [task for task in tasks if task in unmeasured or any(j.task == task for j in growing)]
    limit = _limit(growing, result.records)
    grows_items = any(_is_item(judgement) for judgement in growing)
    return Settling(
        tasks=tuple(affected),
        model=_model(result.records),
        twin=_twin(result.records),
        twin_tokens=_twin_tokens(result.records),
        quant=_quant(result.records),
        limit=limit,
        requests=_wanted(growing, _REQUEST_READINGS),
        repetitions=_wanted(growing, _SPEED_READINGS),
        settings=_settings(result.records),
        contents=_contents(result.records),
        varied=tuple(next(iter(result.records.values())).candidate.get("varied", ())),
        # More items are missing items; more requests are not, and would be taken as measured already.
        force=bool(growing) and not grows_items,
    )


def _unmeasured(result: CandidateResult, task: str) -> bool:
    judged = [judgement for judgement in result.judgements if judgement.task == task]
    return not judged or any(judgement.reason == OTHER_MACHINE for judgement in judged)


def _limit(growing: Sequence[Judgement], records: Mapping[str, Record]) -> int | None:
    """The largest number of items asked for; None when that is all of them."""
    limits = [record.limit for record in records.values()]
    asked = [j.n + (j.more_needed or 0) for j in growing if _is_item(j)]
    if not asked:
        return None if None in limits else max(limit or 0 for limit in limits)
    totals = [total for record in records.values() if (total := items_in_suite(record)) is not None]
    return None if totals and max(asked) >= max(totals) else max(asked)


def _model(records: Mapping[str, Record]) -> str:
    """What names the candidate's model after ``--model``: its spec, else its path; embedded ones go by name."""
    record = next(iter(records.values()))
    model = record.candidate.get("model", {})
    own = model.get("name") if record.embedded else model.get("path")
    return str(model.get("spec") or own or "")


def _twin(records: Mapping[str, Record]) -> str:
    model = next(iter(records.values())).candidate.get("model", {})
    return str(model.get("name", "")) if model.get("twin") else ""


def _twin_tokens(records: Mapping[str, Record]) -> tuple[int, ...]:
    options = next(iter(records.values())).candidate.get("model", {}).get("options", {})
    counts = (options.get("prompt_tokens"), options.get("output_tokens"))
    return tuple(int(count) for count in counts if count) if _twin(records) else ()


def _quant(records: Mapping[str, Record]) -> str:
    return str(next(iter(records.values())).candidate.get("model", {}).get("quant", ""))


def _is_item(judgement: Judgement) -> bool:
    return judgement.threshold.metric in _ITEM_METRICS


def _wanted(growing: Sequence[Judgement], readings: tuple[str, ...]) -> int | None:
    """The most samples that any open threshold on such readings needs."""
    wanted = (j.n + (j.more_needed or 0) for j in growing if j.threshold.metric.startswith(readings))
    return max(wanted, default=None)


def _settings(records: Mapping[str, Record]) -> tuple[tuple[str, str], ...]:
    """The flags of a candidate whose settings are not what the bench would choose by itself."""
    record = next(iter(records.values()))
    settings, machine = record.candidate.get("settings", {}), record.machine
    usual = min(machine.get("usable_cores", 0), machine.get("physical_cores") or machine.get("usable_cores", 0))
    flags = {
        "--threads": settings.get("threads") if settings.get("threads") != usual else None,
        "--context": settings.get("context_tokens"),
        "--gpu-layers": settings.get("gpu_layers"),
        # The content of a schema or grammar is stored, not its file: only the word can be named again.
        "--constrain": "json" if settings.get("constrain") == "json" else None,
        "--chat-template": settings.get("chat_template") if settings.get("chat_template") != "auto" else None,
        "--kv-type": settings.get("kv_type"),
        "--flash-attention": settings.get("flash_attention"),
        "--prompt": f"{name}.txt" if (name := settings.get("prompt_name")) else None,
        "--lora": settings.get("lora"),
    }
    return tuple((flag, str(value)) for flag, value in flags.items() if value)


def _contents(records: Mapping[str, Record]) -> tuple[tuple[str, str], ...]:
    """Constraint, prompt and adapter as they were stored."""
    settings = next(iter(records.values())).candidate.get("settings", {})
    names = ("constrain", "prompt", "prompt_name", "lora", "lora_sha256")
    return tuple((name, str(settings[name])) for name in names if settings.get(name))
