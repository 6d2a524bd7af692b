"""The nouns of rightsize: frozen values that every other module speaks in.

Units are in the names (``latency_ms``, ``size_bytes``, ``energy_j``). Nothing here does I/O and nothing here
imports another rightsize module.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path, PurePath
from typing import Any

JsonValue = Any


class Provenance(StrEnum):
    """How a figure was got; printed beside every figure."""

    MEASURED = "measured"
    MODELLED = "modelled"
    CONFIGURED = "configured"


class Direction(StrEnum):
    """Which way a metric is better."""

    HIGHER = "higher"
    LOWER = "lower"


class Verdict(StrEnum):
    """What evidence says about one threshold. Uncertain is never PASS."""

    PASS = "PASS"  # noqa: S105  a verdict, no password
    FAIL = "FAIL"
    UNDECIDED = "UNDECIDED"


class TaskType(StrEnum):
    """What a task asks of an engine; the values are lm-eval's ``output_type`` names.

    ``MIXED`` stands for items that ask in several ways; engines get their requests kind by kind.
    """

    GENERATE = "generate_until"
    CHOICE = "multiple_choice"
    LOGLIKELIHOOD = "loglikelihood"
    ROLLING = "loglikelihood_rolling"
    MIXED = "mixed"


# --- the machine ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Gpu:
    """One accelerator as its driver describes it; ``None`` means the driver did not say."""

    name: str
    memory_bytes: int | None
    driver: str | None
    power_limit_w: float | None
    has_energy_counter: bool | None
    usable_by_llama_cpp: bool
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class EnergySource:
    """One place where joules could be read, and why it cannot be, if so."""

    name: str
    available: bool
    provenance: Provenance
    detail: str


@dataclass(frozen=True, slots=True)
class Machine:
    """What a measurement ran on, as this process may really use it.

    ``cpu_id`` is ``vendor-family-model-stepping`` in decimal, because hypervisors blur model names; empty
    where the processor has none (Arm) or the system does not say.
    """

    name: str
    os: str
    cpu_model: str
    architecture: str
    isa: tuple[str, ...]
    physical_cores: int
    logical_cores: int
    usable_cores: int
    usable_cores_reason: str
    memory_bytes: int
    memory_limit_bytes: int
    memory_limit_reason: str
    virtualization: str
    fingerprint: str
    gpus: tuple[Gpu, ...] = ()
    energy_sources: tuple[EnergySource, ...] = ()
    bandwidth_gb_s: tuple[float, ...] = ()
    disk_free_bytes: int | None = None
    engines: Mapping[str, JsonValue] = field(default_factory=dict)
    unavailable: Mapping[str, str] = field(default_factory=dict)
    cpu_id: str = ""


# --- what could run ---------------------------------------------------------------------------------------


class ModelKind(StrEnum):
    """What answers: a model of language, or a classical method that needs none."""

    LANGUAGE_MODEL = "language_model"
    BASELINE = "baseline"


@dataclass(frozen=True, slots=True)
class Model:
    """What an engine can open: a file on disk, a folder, a served model, a classical method.

    ``path`` is None where there is no file; ``size_bytes``, ``parameters`` and ``context_length`` are None
    where they are not known, never 0. ``sha256`` identifies what answers: a hash of the file, or of whatever
    stands for it. ``quant`` is the quantization's name (``F16``, ``Q4_K_M`` ...), empty where there is none.
    ``spec`` is what a user types after ``--model`` to name it again (empty: its path). ``runtime`` is shown
    after the name where several engines run one model. ``options`` is what else its engine needs to open it.

    ``fallback_tensors`` counts the tensors that llama.cpp gave another type than the level asks for, because of
    their width. ``requantized`` is true when the file was made from one that had been quantized before.
    ``twin``: the weights are random, so that it can be timed and weighed, and never scored.
    """

    name: str
    path: Path | None = None
    size_bytes: int | None = None
    sha256: str = ""
    architecture: str = ""
    parameters: int | None = None
    quant: str = ""
    context_length: int | None = None
    embedded: bool = False
    licence: str | None = None
    chat_template_sha256: str | None = None
    fallback_tensors: int = 0
    quantizable_tensors: int = 0
    requantized: bool = False
    kind: ModelKind = ModelKind.LANGUAGE_MODEL
    spec: str = ""
    runtime: str = ""
    options: Mapping[str, JsonValue] = field(default_factory=dict)
    twin: bool = False

    @property
    def file(self) -> Path:
        """Its file or folder, for engines whose models have one. Raises ValueError where there is none."""
        if self.path is None:
            raise ValueError(f"{self.name} has no file")
        return self.path


@dataclass(frozen=True, slots=True)
class CandidateSettings:
    """What is chosen about how a model runs; part of the fingerprint. 0 means "let the engine decide".

    ``chat_template`` is ``auto`` (the model's own, solved examples as turns), ``one-turn`` (its own, all in one
    message) or ``none``. ``constrain`` limits what may be generated: nothing (empty), ``json`` for any JSON
    object, a JSON schema as text (it begins with ``{``), or a GBNF grammar (it defines ``root ::=``).
    ``kv_type`` is the type of the KV cache (``f16``, ``q8_0`` or ``q4_0``), ``flash_attention`` is ``auto``,
    ``on`` or ``off``. ``prompt`` is a text with ``{prompt}`` where the task's own prompt goes, ``lora`` the
    path of an adapter.
    """

    threads: int = 0
    context_tokens: int = 0
    gpu_layers: int = 0
    chat_template: str = "auto"
    constrain: str = ""
    kv_type: str = "f16"
    flash_attention: str = "auto"
    prompt: str = ""
    prompt_name: str = ""
    lora: str = ""
    lora_sha256: str = ""

    def stated(self) -> dict[str, JsonValue]:
        """The settings as they are stored: without what came later and was not chosen, so that a measurement
        from before there was a choice is the same as one that leaves it at its default."""
        usual = CandidateSettings()
        since_first = {"kv_type", "flash_attention", "prompt", "prompt_name", "lora", "lora_sha256"}
        return {
            name: value
            for name, value in asdict(self).items()
            if name not in since_first or value != getattr(usual, name)
        }


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model at a quantization, on an engine, with its settings: the thing that is measured and chosen.

    ``varied`` names the settings in which it differs from other candidates of its run: they show in its name.
    """

    model: Model
    engine: str
    settings: CandidateSettings = CandidateSettings()
    varied: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Name for people and for ``--candidate``: ``model:quant@runtime``, with what is unusual appended."""
        label = f"{self.model.name}:{self.model.quant}" if self.model.quant else self.model.name
        if self.model.fallback_tensors:
            label += f"+{self.model.fallback_tensors}fb"
        if self.model.requantized:
            label += "+requant"
        if self.model.twin:
            label += "+twin"
        label += "".join(f"+{mark}" for mark in setting_marks(self.settings, self.varied))
        return f"{label}@{self.model.runtime}" if self.model.runtime else label


def setting_marks(settings: CandidateSettings, varied: Sequence[str] = ()) -> list[str]:
    """What a candidate's name says of its settings: what is unusual, and what ``varied`` in its run."""
    marks = {
        "threads": (False, f"{settings.threads}t"),
        "context_tokens": (False, f"ctx{settings.context_tokens}"),
        "gpu_layers": (False, f"ngl{settings.gpu_layers}"),
        "chat_template": (
            settings.chat_template == "one-turn",
            {"none": "raw", "one-turn": "one-turn"}.get(settings.chat_template, "chat"),
        ),
        "kv_type": (settings.kv_type != "f16", f"kv-{settings.kv_type}"),
        "flash_attention": (settings.flash_attention != "auto", f"fa-{settings.flash_attention}"),
        "prompt": (bool(settings.prompt), settings.prompt_name or "prompt"),
        "constrain": (bool(settings.constrain), "json" if settings.constrain == "json" else "constrained"),
        "lora": (bool(settings.lora), f"lora-{PurePath(settings.lora).stem}"),
    }
    default = CandidateSettings()
    return [
        mark
        for name, (unusual, mark) in marks.items()
        if unusual or (name in varied and getattr(settings, name) != getattr(default, name))
    ]


# --- what it must do --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation; ``role`` is ``system``, ``user`` or ``assistant``."""

    role: str
    content: str


#: What a chat template is applied to. A last message of the assistant's is the start of the answer.
Conversation = tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One of the requests of an item that asks in several ways.

    ``continuation`` is what is scored after the prompt (``LOGLIKELIHOOD``); ``stop`` and ``max_output_tokens``
    are those of a text that is asked for (``GENERATE``). ``chat`` is how the prompt reads as a conversation;
    None: as one message.
    """

    kind: TaskType
    prompt: str
    continuation: str = ""
    stop: tuple[str, ...] = ()
    max_output_tokens: int = 0
    chat: Conversation | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One question of a suite.

    ``group`` names the template or document the item came from: items of one group are not independent, so
    intervals resample by group. ``choices`` is empty for generation; for multiple choice ``target`` equals one
    of the choices; for ``LOGLIKELIHOOD`` it holds the one continuation; for ``ROLLING`` it is empty and the
    prompt is the text to score. Both prompt and target are already rendered. ``contexts``, where it is not
    empty, holds what stands before each choice instead of the prompt.

    ``chats``, where it is not empty, says how the prompt (or each context) reads as a conversation, for models
    with a chat template: instructions as the system's text, solved examples as turns, a started answer. Without
    it the prompt is one message of the user's. An empty conversation stands for nothing. ``requests`` are
    what a ``MIXED`` item asks, in the order in which its scorer wants the replies.
    """

    id: str
    group: str
    prompt: str
    target: str
    choices: tuple[str, ...] = ()
    doc: Mapping[str, JsonValue] = field(default_factory=dict)
    contexts: tuple[str, ...] = ()
    chats: tuple[Conversation, ...] = ()
    requests: tuple[Request, ...] = ()


@dataclass(frozen=True, slots=True)
class SolvedExample:
    """A question of the task's training or few-shot rows with its right answer; never one of its items."""

    prompt: str
    target: str


@dataclass(frozen=True, slots=True)
class Suite:
    """A task: its items, how answers are asked for, and how they are scored.

    ``score_name`` names the per-item score in [0, 1] that ``--min-accuracy`` judges. ``sha256`` covers the
    task YAML, the rendered items and the scorer's version, so that two equal hashes are the same test.
    ``derived_from`` is the hash of the task that a check made this one of, empty for a task of its own.
    ``task_file`` is where solved examples for engines that learn are found (None: nowhere), and
    ``fewshot_prefix`` what stands before the question in every prompt. ``target_delimiter`` stands between
    prompt and choice, ``chat_delimiter`` between a started answer and choice where a chat template is applied.
    """

    name: str
    title: str
    task_type: TaskType
    items: tuple[Item, ...]
    scorer: str
    score_name: str
    sha256: str
    licence: str
    source: str
    stop: tuple[str, ...] = ()
    max_output_tokens: int = 0
    target_delimiter: str = " "
    description: str = ""
    scorer_args: Mapping[str, JsonValue] = field(default_factory=dict)
    derived_from: str = ""
    task_file: Path | None = None
    fewshot_prefix: str = ""
    chat_delimiter: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a candidate said to one item.

    ``choice_logprobs`` are summed natural-log probabilities, one per choice. ``confidence`` is in [0, 1]: the
    geometric-mean token probability for text, the normalised probability of the winner for choices.
    ``greedy`` tells, for ``LOGLIKELIHOOD``, whether every token of the continuation was the most likely one.
    ``thinking_chars`` counts what a reasoning model thought aloud, which was cut from ``text``. ``error`` says
    why there is no answer: a server may refuse a single item. ``replies`` are those to the requests of a
    ``MIXED`` item.
    """

    text: str
    choice: int | None = None
    choice_logprobs: tuple[float, ...] = ()
    confidence: float | None = None
    prompt_tokens: int = 0
    output_tokens: int = 0
    finish_reason: str = "stop"
    greedy: bool | None = None
    thinking_chars: int = 0
    error: str = ""
    replies: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemScore:
    """The judgement on one answer: ``score`` in [0, 1], ``valid`` whether the output could be read at all.

    ``parts`` holds what corpus figures need (``tp``, ``fp``, ``fn``, ``exact`` ...). ``error`` is the message
    of a scorer that raised: the item then counts as wrong and says why.
    """

    score: float
    valid: bool
    parts: Mapping[str, JsonValue] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ItemOutcome:
    """One item's stored result, for pairing, resampling and listing."""

    item_id: str
    group: str
    score: float
    valid: bool
    output: str
    target: str = ""
    confidence: float | None = None
    prompt_tokens: int = 0
    output_tokens: int = 0
    parts: Mapping[str, JsonValue] = field(default_factory=dict)
    error: str | None = None


# --- what was seen ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reading:
    """Raw samples of one metric. Statistics are derived from it, never stored in it.

    ``error_low`` and ``error_high`` bound a modelled or configured figure as factors of its value (0.7 and 1.4
    mean "between 70% and 140%"); measured readings leave them at 1. ``source`` names the meter.
    """

    metric: str
    unit: str
    samples: tuple[float, ...]
    provenance: Provenance = Provenance.MEASURED
    source: str = ""
    error_low: float = 1.0
    error_high: float = 1.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Absent:
    """A metric that was not measured, and why. Absence is never zero."""

    metric: str
    reason: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A cell that ran to its end."""

    items: tuple[ItemOutcome, ...]
    readings: tuple[Reading, ...]
    absent: tuple[Absent, ...] = ()
    facts: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A cell that was not run, because candidate and task do not fit; known before anything was loaded."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A cell that was tried and broke. It costs itself, never the run. What was measured before is kept."""

    reason: str
    items: tuple[ItemOutcome, ...] = ()
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class Interrupted(Failed):
    """A cell whose run was cut short, or still goes on: the items that were answered so far."""


Outcome = Measured | Skipped | Failed


@dataclass(frozen=True, slots=True)
class Job:
    """One cell of the matrix: this candidate on this suite, on at most ``limit`` items (None: all)."""

    candidate: Candidate
    suite: Suite
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One stored cell: what ran, where, when, and what was seen.

    ``fingerprint`` covers machine, engine build, model hash, suite hash and settings: equal fingerprints are
    repetitions of one measurement. ``size_bytes`` is None where the size is not known.
    """

    id: int
    created_at: datetime
    fingerprint: str
    candidate_id: str
    candidate: Mapping[str, JsonValue]
    embedded: bool
    size_bytes: int | None
    suite: str
    suite_sha256: str
    suite_info: Mapping[str, JsonValue]
    limit: int | None
    machine_fingerprint: str
    machine: Mapping[str, JsonValue]
    engine: Mapping[str, JsonValue]
    outcome: Outcome

    @property
    def size_order(self) -> float:
        """Sort key: smaller first, unknown sizes last."""
        return math.inf if self.size_bytes is None else float(self.size_bytes)

    @property
    def kind(self) -> ModelKind:
        """What answered; records from before there was a choice are of language models."""
        return ModelKind(self.candidate.get("model", {}).get("kind", ModelKind.LANGUAGE_MODEL))


# --- what it means ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic with its uncertainty. ``low``/``high`` are None where no interval exists; ``method`` says
    how the interval was made, or why there is none."""

    metric: str
    unit: str
    value: float
    low: float | None
    high: float | None
    n: int
    method: str
    provenance: Provenance = Provenance.MEASURED
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit a user set, in the metric's base unit; ``text`` is how they wrote it. ``reference`` names the
    candidate that a relative one compares with."""

    metric: str
    direction: Direction
    limit: float
    text: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One threshold judged for one candidate on one task.

    ``bound_low`` and ``bound_high`` are the exact one-sided bounds the verdict was made from, each at error
    ``alpha``. ``more_needed`` estimates how many more items (or requests) would settle an UNDECIDED; 0 means
    the same ones again on a quiet machine. ``trust`` is the label of the measurement, empty where none applies.
    """

    threshold: Threshold
    verdict: Verdict
    value: float | None
    bound_low: float | None
    bound_high: float | None
    n: int
    alpha: float
    method: str
    reason: str
    task: str = ""
    provenance: Provenance | None = None
    more_needed: int | None = None
    trust: str = ""
