"""The engines there are. Each is imported only when it is asked for, because each is heavy.

Files named here import their libraries inside functions: asking which engine a name belongs to touches all.
"""

from __future__ import annotations

from importlib import import_module

from rightsize.engines.interface import Engine
from rightsize.errors import UsageError

#: What a word after ``--model`` means is asked from the first to the last; the last one takes what is left.
_ENGINES = {
    "mock": "rightsize.engines.mock:MockEngine",
    "openai_http": "rightsize.engines.openai_http.engine:OpenAiHttpEngine",
    "baseline:majority": "rightsize.engines.baseline.majority:Majority",
    "baseline:linear": "rightsize.engines.baseline.linear:Linear",
    "baseline:matching": "rightsize.engines.baseline.matching:Matching",
    "baseline:fields": "rightsize.engines.baseline.fields:Fields",
    "baseline:lead": "rightsize.engines.baseline.lead:Lead",
    "onnx": "rightsize.engines.onnx.engine:OnnxEngine",
    "llama_cpp": "rightsize.engines.llama_cpp.engine:LlamaCppEngine",
}


_BASELINE = "baseline:"


def engine_names() -> tuple[str, ...]:
    """Every engine that can be asked for."""
    return tuple(_ENGINES)


def get_engine(name: str) -> Engine:
    """The engine of that name. Raises UsageError for a name that is not registered."""
    try:
        module, _, attribute = _ENGINES[name].partition(":")
    except KeyError:
        raise UsageError(f"there is no engine {name!r}", next_step=f"Use {' or '.join(_ENGINES)}") from None
    engine: Engine = getattr(import_module(module), attribute)()
    return engine


def engine_for(spec: str) -> Engine:
    """The engine whose model a word after ``--model`` means.

    Raises UsageError for a baseline that there is not.
    """
    engines = (get_engine(name) for name in _ENGINES)
    engine = next((engine for engine in engines if engine.claims(spec)), None)
    if engine is None and spec.startswith(_BASELINE):
        known = ", ".join(default_baselines())
        raise UsageError(f"there is no baseline {spec.removeprefix(_BASELINE)!r}", next_step=f"Known: {known}")
    return engine or get_engine(engine_names()[-1])


def default_baselines() -> list[str]:
    """What names the classical methods that stand beside the models in every bench."""
    return [
        spec for name in _ENGINES if name.startswith(_BASELINE) for spec in get_engine(name).default_specs()
    ]
