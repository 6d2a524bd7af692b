"""A run of ``rightsize bench`` as one types it: what measures a stored candidate again, or several at once."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rightsize.domain import Record

QUIET_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class Settling:
    """One run of ``rightsize bench``: each of ``models`` at each of ``quants``, the default family without any.
    ``limit``, ``requests`` and ``repetitions`` None: the defaults; ``settings`` holds flags that were
    not the defaults, ``contents`` the settings that came from files, by content, which no flag can name again.
    ``varied`` names the settings that are part of the candidate's name because others of its run had another
    value. ``twin`` is a shape twin's model, measured with ``twin_tokens`` prompt and output tokens a request.
    ``quiet`` waits for a quiet machine: what was measured was disturbed."""

    tasks: tuple[str, ...]
    models: tuple[str, ...] = ()
    quants: tuple[str, ...] = ()
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
    quiet: bool = False

    @property
    def command(self) -> str:
        """The command as one types it."""
        options: list[tuple[str, object]] = [
            ("--task", ",".join(self.tasks)),
            *(("--model", model) for model in self.models),
            ("--twin", self.twin),
            *zip(("--prompt-tokens", "--output-tokens"), self.twin_tokens, strict=False),
            ("--quant", ",".join(self.quants)),
            ("--limit", self.limit),
            ("--requests", self.requests),
            ("--repetitions", self.repetitions),
            *self.settings,
            ("--require-quiet", f"{QUIET_TIMEOUT_S / 60:g}min" if self.quiet else ""),
            ("--store", self.store),
        ]
        words = [word for flag, value in options if value for word in (flag, str(value))]
        # Another candidate would take its share of the error, and what settles this one would no longer do.
        flags = [("--no-baselines", bool(self.models or self.twin)), ("--force", self.force)]
        return shlex.join(["rightsize", "bench", *words, *(flag for flag, given in flags if given)])


def rerun(record: Record, *, force: bool = False, quiet: bool = False, store: str = "") -> Settling:
    """Return the run that measures one stored cell again, on as many items."""
    return replace(again({record.suite: record}, (record.suite,)), force=force, quiet=quiet, store=store)


def again(records: Mapping[str, Record], tasks: tuple[str, ...]) -> Settling:
    """Return the run that measures the candidate of ``records`` (by task) on ``tasks``, with as many items."""
    limits = [record.limit for record in records.values()]
    model, quant = _model(records), _quant(records)
    return Settling(
        tasks=tasks,
        models=(model,) if model else (),
        twin=twin_of(records),
        twin_tokens=_twin_tokens(records),
        quants=(quant,) if quant else (),
        limit=None if None in limits else max(limit or 0 for limit in limits),
        settings=_settings(records),
        contents=_contents(records),
        varied=tuple(next(iter(records.values())).candidate.get("varied", ())),
    )


def merged(runs: Sequence[Settling]) -> tuple[Settling, ...]:
    """Return as few runs that measure the same candidates, in the order of the first of each.

    Runs that differ in the model or the level alone become one, as long as it would measure no further
    candidate; where more items are asked for, the most that any of them needs.
    """
    found: dict[Settling, list[Settling]] = {}
    for run in runs:
        found.setdefault(_apart_from_models(run), []).append(run)
    return tuple(run for alike in found.values() for run in _joined(alike))


def _apart_from_models(run: Settling) -> Settling:
    """What runs must share to be one: everything but model, level and what grows."""
    if run.twin:
        return run
    # A forced run measures its items again: of two of them each keeps its own number.
    limit = run.limit if run.force else None
    named, has_level = ("",) if run.models else (), ("",) if run.quants else ()
    return replace(run, models=named, quants=has_level, limit=limit, requests=None, repetitions=None)


def _joined(runs: Sequence[Settling]) -> list[Settling]:
    """Runs that share the rest, with models of the same levels together."""
    levels: dict[tuple[str, ...], dict[str, None]] = {}
    for run in runs:
        levels.setdefault(run.models, {}).update(dict.fromkeys(run.quants))
    models: dict[tuple[str, ...], list[str]] = {}
    for named, quants in levels.items():
        models.setdefault(tuple(sorted(quants)), []).extend(named)
    limits = [run.limit for run in runs]
    most = replace(
        runs[0],
        limit=None if None in limits else _most(limits),
        requests=_most([run.requests for run in runs]),
        repetitions=_most([run.repetitions for run in runs]),
    )
    return [replace(most, models=tuple(names), quants=quants) for quants, names in models.items()]


def _most(numbers: Sequence[int | None]) -> int | None:
    return max((number for number in numbers if number is not None), default=None)


def _model(records: Mapping[str, Record]) -> str:
    """What names the candidate's model after ``--model``: its spec, else its path; embedded ones go by name."""
    record = next(iter(records.values()))
    model = record.candidate.get("model", {})
    own = model.get("name") if record.embedded else model.get("path")
    return str(model.get("spec") or own or "")


def twin_of(records: Mapping[str, Record]) -> str:
    """Return the model that stored records are a shape twin of, empty where they are of a real one."""
    model = next(iter(records.values())).candidate.get("model", {})
    return str(model.get("name", "")) if model.get("twin") else ""


def _twin_tokens(records: Mapping[str, Record]) -> tuple[int, ...]:
    options = next(iter(records.values())).candidate.get("model", {}).get("options", {})
    counts = (options.get("prompt_tokens"), options.get("output_tokens"))
    return tuple(int(count) for count in counts if count) if twin_of(records) else ()


def _quant(records: Mapping[str, Record]) -> str:
    return str(next(iter(records.values())).candidate.get("model", {}).get("quant", ""))


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
