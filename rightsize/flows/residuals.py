"""Every residual teaches: beside each measurement of a model file or a twin, what was predicted of it.

Arithmetic on the file's header, after the cell is stored; nothing is measured for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rightsize.bench.candidates import DEFAULT_ENGINE
from rightsize.bench.protocol import TokenWork
from rightsize.bench.twin_records import twin_candidate
from rightsize.domain import Machine, Measured, Outcome, Record
from rightsize.engines.registry import get_engine
from rightsize.errors import StoreError
from rightsize.flows.calibration import Calibrated, Intervals, engine_text, intervals_from, known_calibration
from rightsize.flows.seen import Cell, Seen, seen_in
from rightsize.models.catalogue.load import find_entry
from rightsize.models.gguf_header import read_header
from rightsize.models.local_file import split_parts
from rightsize.models.shapes.from_header import shape_of, typed
from rightsize.models.shapes.gguf_file import TypedTensor
from rightsize.models.shapes.quant_mix import quant_mix
from rightsize.models.shapes.shape import Shape
from rightsize.models.shapes.tensors import parameters_of
from rightsize.models.twins.subject import TwinSubject
from rightsize.predict.cache import CacheSettings
from rightsize.predict.memory import predict_memory
from rightsize.predict.outlook import spreads_for
from rightsize.predict.speed import decode_seconds, prefill_seconds
from rightsize.predict.work import work_of
from rightsize.settings import Settings
from rightsize.store import Store
from rightsize.store.predictions import Checked, Predictions

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True, slots=True)
class Subject:
    """What was measured: a model's name and level, its shape, and its tensors with their types."""

    model: str
    level: str
    parameters: int
    shape: Shape
    tensors: Sequence[TypedTensor]


@dataclass(frozen=True, slots=True)
class MeasuredTwin:
    """A twin that was measured without any task; a :class:`Cell`."""

    candidate_id: str
    candidate: Mapping[str, Any]
    outcome: Outcome
    machine_fingerprint: str
    engine: Mapping[str, Any]
    suite_info: Mapping[str, Any] = field(default_factory=dict)


def checked(subject: Subject, seen: Sequence[Seen], known: Calibrated, intervals: Intervals) -> list[Checked]:
    """Each measured figure with what is predicted for just that."""
    rates, loading = known.calibration.rates, known.calibration.loading
    work = work_of(subject.shape, subject.tensors)
    spreads = spreads_for(subject.shape, intervals.of(subject.parameters))

    def predicted(each: Seen) -> float:
        if each.metric == "decode":
            return 1 / decode_seconds(work, rates.decode, each.depth)
        if each.metric == "prefill":
            return each.tokens / prefill_seconds(work, rates, each.tokens, each.depth)
        run = CacheSettings(each.tokens, rates.batch_tokens)
        memory = predict_memory(subject.shape, subject.tensors, run, loading, prompt_tokens=each.prompt_tokens)
        return float(memory.peak)

    def check(each: Seen) -> Checked:
        value, factor = predicted(each), spreads[each.metric].factor
        return Checked(
            calibration_id=known.id,
            machine_fingerprint=known.machine_fingerprint,
            engine=known.engine,
            model=subject.model,
            level=subject.level,
            parameters=subject.parameters,
            metric=each.metric,
            unit="byte" if each.metric == "memory" else "token/s",
            tokens=each.tokens,
            depth=each.depth,
            threads=rates.threads,
            predicted=value,
            low=value / factor,
            high=value * factor,
            measured=each.value,
        )

    return [check(each) for each in seen]


class TeachingStore(Store):
    """A store that keeps, beside each record, what was predicted of it.

    Nothing is predicted where this machine was not calibrated. What goes wrong is told to ``tell`` and costs
    the comparison alone.
    """

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.tell: Callable[[str], None] = lambda _: None
        self._predictions = Predictions(engine)
        self._compared: set[tuple[str, str]] = set()

    def append(self, record: Record) -> int:
        """Store a record, then what was predicted of it."""
        number = super().append(record)
        self.learn(record, lambda: _subject(record.candidate["model"]))
        return number

    def learn(self, cell: Cell, subject: Callable[[], Subject]) -> None:
        """Keep what was predicted of a measurement. Tasks of a cell share its speed: the first teaches."""
        try:
            self._learn(cell, subject)
        except Exception as error:  # a comparison must never cost a measurement
            self.tell(f"{cell.candidate_id}: not compared with its prediction: {error}")

    def _learn(self, cell: Cell, subject_of: Callable[[], Subject]) -> None:
        key = (cell.candidate_id, cell.candidate["model"].get("sha256", ""))
        if key in self._compared or not (seen := seen_in(cell)):
            return
        known = known_calibration(
            self._predictions,
            cell.machine_fingerprint,
            engine_text(cell.engine),
            cell.candidate["settings"]["threads"],
        )
        if known is None:
            return
        self._compared.add(key)
        subject = subject_of()
        stored = self._predictions.checks(known.machine_fingerprint, known.engine)
        self._predictions.keep(checked(subject, seen, known, intervals_from(stored)))


def learn_from_twin(
    where: str | None,
    subject: TwinSubject,
    tokens: TokenWork,
    seen: Measured,
    *,
    machine: Machine,
    settings: Settings,
) -> None:
    """The same for a twin that was measured by itself, where there is a store already; none is made for it."""
    if subject.shape is None or subject.mix is None:
        return
    shape, tensors = subject.shape, subject.mix.tensors
    candidate = twin_candidate(subject, tokens, machine, settings)
    build = get_engine(DEFAULT_ENGINE).build()
    cell = MeasuredTwin(candidate.id, asdict(candidate), seen, machine.fingerprint, build)
    with suppress(StoreError), TeachingStore.existing(where) as store:
        store.learn(cell, lambda: Subject(subject.name, subject.level, parameters_of(shape), shape, tensors))


def _subject(model: Mapping[str, Any]) -> Subject:
    """Shape and tensors: of a twin from the catalogue, of a file from its header."""
    if model["twin"]:
        shape = TwinSubject.of(find_entry(model["name"]), model["quant"]).shape
        assert shape is not None
        return Subject(
            model["name"], model["quant"], parameters_of(shape), shape, quant_mix(shape, model["quant"]).tensors
        )
    headers = [read_header(part) for part in split_parts(Path(model["path"]))]
    tensors = [tensor for header in headers for tensor in header.tensors]
    shape = shape_of(headers[0], tensors)
    parameters = sum(tensor.elements for tensor in tensors)
    return Subject(model["name"], model["quant"], parameters, shape, typed(tensors))
