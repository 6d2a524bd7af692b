"""The ONNX Runtime engine: which folders it takes, at which levels, and how it opens them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from rightsize.domain import CandidateSettings, JsonValue, Model, Suite, TaskType
from rightsize.engines.interface import Capabilities, Engine, ModelQuery, Session, TaskRules
from rightsize.engines.onnx.folder import OnnxFolder, Task, find_folder, is_folder
from rightsize.errors import EngineError, UsageError

_PREFIX = "onnx:"


class OnnxEngine(Engine):
    """``onnx:FOLDER``, a folder with ``model.onnx`` and ``config.json``, or ``onnx:NAME`` of an embedded model.

    ``#PROVIDER`` behind it chooses an execution provider that ``rightsize scan`` lists, such as ``#CUDA``.
    """

    name = "onnx"
    capabilities = Capabilities(
        settings=frozenset({"threads", "context_tokens", "chat_template", "constrain", "prompt", "prompt_name"})
    )

    def claims(self, spec: str) -> bool:
        """The prefix, or a folder that looks like one."""
        return spec.startswith(_PREFIX) or is_folder(spec.partition("#")[0])

    def level(self, text: str) -> str | None:
        """FP32 and FP16 as exported; INT8 (dynamic) and INT4 (weights only) are made."""
        from rightsize.engines.onnx.levels import LEVELS

        name = text.strip().upper()
        return name if name in LEVELS else None

    def models(self, query: ModelQuery) -> list[Model]:
        """Every folder at every level, from the cache or made now; GGUF files are exported first."""
        from rightsize.engines.onnx.levels import at_levels

        return [model for spec in query.specs for model in at_levels(_read(spec, query), query)]

    def heeds(self, model: Model) -> frozenset[str]:
        """A classifier writes nothing that could be constrained: its answers are its labels."""
        writes = model.options.get("task") not in {Task.CLASSIFY_TEXT, Task.CLASSIFY_TOKENS}
        return super().heeds(model) - (frozenset() if writes else {"constrain"})

    def misfit(self, model: Model, suite: Suite, rules: TaskRules) -> str | None:
        """Encoders answer only what their labels say; decoders whatever is asked."""
        from rightsize.engines.onnx.labels import label_misfit, type_misfit

        match model.options.get("task"):
            case Task.CLASSIFY_TEXT:
                return _said(lambda: label_misfit(OnnxFolder(model.file), suite))
            case Task.CLASSIFY_TOKENS:
                return _said(lambda: type_misfit(OnnxFolder(model.file), suite))
            case Task.GENAI if rules.task_type is not TaskType.GENERATE:
                return "onnxruntime-genai generates text and scores none"
            case _:
                return super().misfit(model, suite, rules)

    def build(self) -> Mapping[str, JsonValue]:
        """Version of onnxruntime, and of how we ask it."""
        from importlib.metadata import version

        return {"name": self.name, "version": version("onnxruntime"), "session": "1"}

    def open(self, model: Model, settings: CandidateSettings) -> Session:
        """Load a folder. Raises EngineError with one line on what is wrong with it."""
        from rightsize.engines.onnx.opening import open_session

        return open_session(OnnxFolder(model.file), settings, str(model.options.get("provider", "")))


def _read(spec: str, query: ModelQuery) -> Model:
    """The model that a word after ``--model`` stands for, as it lies there."""
    from rightsize.engines.onnx.describe import describe

    target, _, wanted = spec.removeprefix(_PREFIX).partition("#")
    provider = _provider(wanted) if wanted else ""
    gguf = _gguf_of(target)
    if gguf is None:
        found = describe(find_folder(target), spec=spec if spec.startswith(_PREFIX) else f"{_PREFIX}{spec}")
    else:
        found = _exported(gguf, f"{_PREFIX}{spec.removeprefix(_PREFIX)}", query)
    return replace(found, options={**found.options, **({"provider": provider} if provider else {})})


def _gguf_of(target: str) -> Path | None:
    """The GGUF file that is meant: an embedded one by name, or any by its path."""
    from rightsize.models.expand import embedded_family

    known = {path.stem: path for path in embedded_family()}
    path = Path(target).expanduser()
    return known.get(target) or (path if path.suffix == ".gguf" else None)


def _exported(gguf: Path, spec: str, query: ModelQuery) -> Model:
    from rightsize.engines.onnx.describe import describe
    from rightsize.engines.onnx.from_gguf import exported
    from rightsize.models.local_file import read_model
    from rightsize.paths import cache_dir

    source = read_model(gguf)
    folder = exported(gguf, source.sha256, cache_dir(), query.notify)
    found = describe(OnnxFolder(folder), spec=spec)
    return replace(
        found,
        name=source.name,
        parameters=source.parameters,
        licence=source.licence,
        embedded=source.embedded,
    )


def _provider(wanted: str) -> str:
    """The execution provider that is meant. Raises UsageError with those that there are."""
    import onnxruntime

    there = onnxruntime.get_available_providers()
    chosen = next((name for name in there if wanted.lower() in {name.lower(), _short(name)}), None)
    if chosen is None:
        known = ", ".join(_short(name) for name in there)
        raise UsageError(f"onnxruntime has no execution provider {wanted!r} here", next_step=f"It has {known}")
    return str(chosen)


def _short(provider: str) -> str:
    return provider.removesuffix("ExecutionProvider").lower()


def _said(check: Callable[[], str | None]) -> str | None:
    """What a check of labels finds, or the one line of what keeps it from looking."""
    try:
        return check()
    except EngineError as error:
        return str(error)
