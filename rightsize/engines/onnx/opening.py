"""From a folder to the session that its task needs."""

from __future__ import annotations

from rightsize.domain import CandidateSettings
from rightsize.engines.interface import Session
from rightsize.engines.onnx.folder import OnnxFolder, Task
from rightsize.engines.onnx.runtime import DEFAULT_PROVIDER, open_runtime


def open_session(folder: OnnxFolder, settings: CandidateSettings, provider: str) -> Session:
    """Open a model folder. Raises EngineError with one line on what is wrong with it."""
    task = folder.task()
    if task is Task.GENAI:
        from rightsize.engines.onnx.genai import GenaiSession

        return GenaiSession(folder, settings)
    runtime = open_runtime(folder.graph, threads=settings.threads, provider=provider or DEFAULT_PROVIDER)
    if task is Task.GENERATE:
        from rightsize.engines.onnx.decoder import OnnxDecoderSession

        return OnnxDecoderSession(folder, runtime, settings)
    from rightsize.engines.onnx.encoder import TextClassifierSession
    from rightsize.engines.onnx.tagger import TokenClassifierSession

    kind = TextClassifierSession if task is Task.CLASSIFY_TEXT else TokenClassifierSession
    return kind(folder, runtime, settings)
