"""A decoder's graph with its cache: tokens in, logits and a longer cache out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rightsize.engines.onnx.folder import OnnxFolder
from rightsize.engines.onnx.runtime import Runtime, floats, integers, require_inputs
from rightsize.errors import EngineError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Cache = dict[str, Any]
_PAST, _PRESENT = "past_key_values.", "present."


class DecoderGraph:
    """The cache stays in the runtime. Raises EngineError for what is no decoder in Optimum's layout."""

    def __init__(self, runtime: Runtime, folder: OnnxFolder) -> None:
        self._runtime = runtime
        self._past = [name for name in runtime.inputs if name.startswith(_PAST)]
        self._present = [name for name in runtime.outputs if name.startswith(_PRESENT)]
        path = folder.graph
        if not self._past:
            raise EngineError(
                f"{path.name} has no inputs {_PAST}*: it keeps no cache",
                next_step="Export it as text-generation-with-past",
            )
        given = ("input_ids", "attention_mask", "position_ids", "use_cache_branch", *self._past)
        require_inputs(runtime, given, ("input_ids",), path)
        if "logits" not in runtime.outputs:
            raise EngineError(f"{path.name} has no output logits; its outputs are {', '.join(runtime.outputs)}")
        missing = [name for name in self._past if name.replace(_PAST, _PRESENT) not in self._present]
        if missing:
            raise EngineError(f"{path.name} has no output {missing[0].replace(_PAST, _PRESENT)}")
        self._config = folder.json("config.json")
        self.context_length = int(self._config.get("max_position_embeddings") or 0)

    def run(
        self,
        ids: NDArray[np.int64],
        mask: NDArray[np.int64],
        positions: NDArray[np.int64],
        cache: Cache | None,
    ) -> tuple[NDArray[np.float32], Cache]:
        """Logits (B, S, V) of new tokens (B, S) after a cache, and the cache with them (None: an empty one).

        ``mask`` (B, T) covers cached and new tokens.
        """
        from onnxruntime import OrtValue

        feeds = dict(cache if cache is not None else self._empty(len(ids)))
        for name, values in (("input_ids", ids), ("attention_mask", mask), ("position_ids", positions)):
            if name in self._runtime.inputs:
                wanted = integers(self._runtime.inputs[name][0])
                feeds[name] = OrtValue.ortvalue_from_numpy(values.astype(wanted))
        if "use_cache_branch" in self._runtime.inputs:
            feeds["use_cache_branch"] = OrtValue.ortvalue_from_numpy(_flag(cache is not None))
        logits, *present = self._runtime.session.run_with_ort_values(["logits", *self._present], feeds)
        grown = {
            name.replace(_PRESENT, _PAST): value for name, value in zip(self._present, present, strict=True)
        }
        return logits.numpy(), grown

    def repeated(self, cache: Cache, times: int) -> Cache:
        """The cache of one sequence for several that go on from it."""
        import numpy as np
        from onnxruntime import OrtValue

        return {
            name: OrtValue.ortvalue_from_numpy(np.repeat(value.numpy(), times, axis=0))
            for name, value in cache.items()
        }

    def _empty(self, batch: int) -> Cache:
        import numpy as np
        from onnxruntime import OrtValue

        cache = {}
        for name in self._past:
            element, shape = self._runtime.inputs[name]
            dimensions = (batch, self._dimension(shape, 1), 0, self._dimension(shape, 3))
            cache[name] = OrtValue.ortvalue_from_numpy(np.zeros(dimensions, floats(element)))
        return cache

    def _dimension(self, shape: Sequence[Any], axis: int) -> int:
        """A dimension of the cache that the graph fixes, else as ``config.json`` has it."""
        if len(shape) != 4:
            raise EngineError(f"its cache has {len(shape)} dimensions, not 4: this layout is not known")
        return shape[axis] if isinstance(shape[axis], int) else _from_config(self._config, axis)


def _flag(value: bool) -> Any:
    import numpy as np

    return np.array([value])


def _from_config(config: Mapping[str, Any], axis: int) -> int:
    heads = config.get("num_attention_heads") or config.get("n_head")
    width = config.get("hidden_size") or config.get("n_embd")
    if not heads or not width:
        raise EngineError("config.json gives no num_attention_heads and hidden_size")
    if axis == 1:
        return int(config.get("num_key_value_heads") or heads)
    return int(config.get("head_dim") or int(width) // int(heads))
