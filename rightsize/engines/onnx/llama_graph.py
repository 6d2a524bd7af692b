"""The graph of a llama-architecture decoder with a KV cache, in standard ONNX operators (opset 17).

Inputs and outputs have Optimum's names. B sequences, S new tokens, P cached ones, T = P + S, D width,
H heads, G key-value heads, K width of a head, V vocabulary::

    input_ids (B, S)  attention_mask (B, T)  position_ids (B, S)  past_key_values.i.key|value (B, G, P, K)
    logits (B, S, V)  present.i.key|value (B, G, T, K)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from rightsize.engines.onnx.from_gguf import Floats, Shape

_OPSET, _IR_VERSION = 17, 8
_HIDDEN = np.float32(-1e9)  # added to what must not be attended to


def llama_graph(shape: Shape, tensors: dict[str, Floats]) -> Any:
    """An ``onnx.ModelProto``. ``tensors`` are the weights under llama.cpp's names."""
    return _Graph(shape, tensors).model()


class _Graph:
    """Nodes and constants as they are added; every method returns the name of its result."""

    def __init__(self, shape: Shape, tensors: dict[str, Floats]) -> None:
        self._shape, self._tensors = shape, tensors
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._known: dict[str, str] = {}
        self._inputs = [
            _ids("input_ids", "steps"),
            _ids("attention_mask", "total"),
            _ids("position_ids", "steps"),
        ]
        self._outputs: list[Any] = []

    def model(self) -> Any:
        from onnx import helper

        embedding = self._tensors["token_embd.weight"]
        x = self._op("Gather", self._constant("embedding", embedding), "input_ids")
        cos, sin = self._rotations()
        bias = self._attention_bias()
        for layer in range(self._shape.layers):
            x = self._block(layer, x, cos, sin, bias)
        x = self._norm("output_norm.weight", x)
        head = self._tensors.get("output.weight", embedding)  # tied, unless there is one
        self._op("MatMul", x, self._constant("lm_head", head.T), output="logits")
        self._outputs.insert(0, _floats("logits", ["batch", "steps", self._shape.vocab]))
        graph = helper.make_graph(self._nodes, "llama", self._inputs, self._outputs, self._constants)
        opsets = [helper.make_opsetid("", _OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="rightsize")

    # --- parts --------------------------------------------------------------------------------------------

    def _block(self, layer: int, x: str, cos: str, sin: str, bias: str) -> str:
        """Attention, then the gated feed-forward, each behind its own norm and added to its input."""
        name = f"blk.{layer}."
        x = self._op("Add", x, self._attention(layer, self._norm(f"{name}attn_norm.weight", x), cos, sin, bias))
        normed = self._norm(f"{name}ffn_norm.weight", x)
        gate = self._linear(f"{name}ffn_gate.weight", normed)
        opened = self._op("Mul", gate, self._op("Sigmoid", gate))
        hidden = self._op("Mul", opened, self._linear(f"{name}ffn_up.weight", normed))
        return self._op("Add", x, self._linear(f"{name}ffn_down.weight", hidden))

    def _attention(self, layer: int, x: str, cos: str, sin: str, bias: str) -> str:
        shape, name = self._shape, f"blk.{layer}.attn_"
        q = self._rotate(
            self._heads(self._linear(f"{name}q.weight", x, halves=shape.heads), shape.heads), cos, sin
        )
        k = self._rotate(
            self._heads(self._linear(f"{name}k.weight", x, halves=shape.kv_heads), shape.kv_heads), cos, sin
        )
        v = self._heads(self._linear(f"{name}v.weight", x), shape.kv_heads)
        k, v = self._cached(layer, "key", k), self._cached(layer, "value", v)
        k, v = self._for_all_heads(k), self._for_all_heads(v)
        scores = self._op("MatMul", q, self._op("Transpose", k, perm=[0, 1, 3, 2]))
        scaled = self._op("Mul", scores, self._scalar(shape.head_width**-0.5))
        weights = self._op("Softmax", self._op("Add", scaled, bias), axis=-1)
        mixed = self._op("Transpose", self._op("MatMul", weights, v), perm=[0, 2, 1, 3])
        joined = self._op("Reshape", mixed, self._integers([0, 0, shape.heads * shape.head_width]))
        return self._linear(f"{name}output.weight", joined)

    def _cached(self, layer: int, which: str, new: str) -> str:
        """The cache of one layer with what is new behind it."""
        past, present = f"past_key_values.{layer}.{which}", f"present.{layer}.{which}"
        width, heads = self._shape.head_width, self._shape.kv_heads
        self._inputs.append(_floats(past, ["batch", heads, "past", width]))
        self._outputs.append(_floats(present, ["batch", heads, "total", width]))
        return self._op("Concat", past, new, axis=2, output=present)

    def _for_all_heads(self, x: str) -> str:
        """Each key-value head once for every query head that shares it: (B, G, T, K) to (B, H, T, K)."""
        repeats = self._shape.heads // self._shape.kv_heads
        if repeats == 1:
            return x
        wide = self._op("Unsqueeze", x, self._integers([2]))
        wide = self._op("Concat", *[wide] * repeats, axis=2)
        to = self._op(
            "Concat", self._integers([0, self._shape.heads]), self._length(x, 2), self._integers([-1]), axis=0
        )
        return self._op("Reshape", wide, to)

    def _rotations(self) -> tuple[str, str]:
        """Cosines and sines (B, 1, S, K) of the rotary embedding (Su et al., 2021) at the given positions."""
        shape = self._shape
        pairs = np.arange(0, shape.head_width, 2, dtype=np.float32) / shape.head_width
        angles = np.outer(np.arange(shape.context, dtype=np.float32), np.float32(shape.rope_base) ** -pairs)
        both = np.concatenate([angles, angles], axis=1)
        tables = (self._constant("cos", np.cos(both)), self._constant("sin", np.sin(both)))
        at = (self._op("Gather", table, "position_ids") for table in tables)
        cos, sin = (self._op("Unsqueeze", found, self._integers([1])) for found in at)
        return cos, sin

    def _rotate(self, x: str, cos: str, sin: str) -> str:
        half = self._shape.head_width // 2
        left = self._op("Slice", x, self._integers([0]), self._integers([half]), self._integers([3]))
        right = self._op("Slice", x, self._integers([half]), self._integers([2 * half]), self._integers([3]))
        turned = self._op("Concat", self._op("Neg", right), left, axis=3)
        return self._op("Add", self._op("Mul", x, cos), self._op("Mul", turned, sin))

    def _attention_bias(self) -> str:
        """0 where a token may look, else very negative: (B, 1, S, T) of the mask and of what came before."""
        one, zero = self._integer(1), self._integer(0)
        total = self._op("Squeeze", self._length("attention_mask", 1))
        steps = self._op("Squeeze", self._length("input_ids", 1))
        columns = self._op("Range", zero, total, one)
        rows = self._op("Range", self._op("Sub", total, steps), total, one)
        seen = self._op("LessOrEqual", columns, self._op("Unsqueeze", rows, self._integers([1])))
        kept = self._op("Cast", self._op("Unsqueeze", "attention_mask", self._integers([1, 2])), to=9)
        allowed = self._op("And", seen, kept)
        return self._op("Where", allowed, self._scalar(0.0), self._scalar(float(_HIDDEN)))

    def _norm(self, weight: str, x: str) -> str:
        """Root-mean-square norm over the width."""
        mean = self._op("ReduceMean", self._op("Mul", x, x), axes=[-1], keepdims=1)
        root = self._op("Sqrt", self._op("Add", mean, self._scalar(self._shape.norm_eps)))
        return self._op("Mul", self._op("Div", x, root), self._constant(weight, self._tensors[weight]))

    def _linear(self, weight: str, x: str, *, halves: int = 0) -> str:
        """``x`` times a matrix (out, in). With ``halves`` heads, each head's even rows come first, then its odd
        ones."""
        matrix = self._tensors[weight]
        if halves:
            rows, columns = matrix.shape
            matrix = (
                matrix.reshape(halves, rows // halves // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)
            )
        return self._op("MatMul", x, self._constant(weight, matrix.T))

    def _heads(self, x: str, heads: int) -> str:
        """(B, S, heads * K) to (B, heads, S, K)."""
        split = self._op("Reshape", x, self._integers([0, 0, heads, self._shape.head_width]))
        return self._op("Transpose", split, perm=[0, 2, 1, 3])

    # --- the smallest pieces ------------------------------------------------------------------------------

    def _op(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        from onnx import helper

        name = output or f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], name=f"node_{name}", **attributes))
        return name

    def _constant(self, name: str, values: NDArray[Any]) -> str:
        from onnx import numpy_helper

        if name not in self._known:
            self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
            self._known[name] = name
        return name

    def _length(self, x: str, axis: int) -> str:
        """The length of one axis, as a list of one."""
        return self._op("Shape", x, start=axis, end=axis + 1)

    def _scalar(self, value: float) -> str:
        return self._constant(f"float_{value!r}", np.array(value, dtype=np.float32))

    def _integer(self, value: int) -> str:
        return self._constant(f"int_{value}", np.array(value, dtype=np.int64))

    def _integers(self, values: list[int]) -> str:
        return self._constant("ints_" + "_".join(map(str, values)), np.array(values, dtype=np.int64))


def _ids(name: str, steps: str) -> Any:
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", steps])


def _floats(name: str, dimensions: list[Any]) -> Any:
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, TensorProto.FLOAT, dimensions)
