"""The quantizer's own process: ``python -m rightsize.engines.onnx.quantize_worker SOURCE TARGET LEVEL``."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

_BLOCK = 32
_PROTOBUF_LIMIT = 1_500_000_000  # bytes; larger models keep their weights beside the graph


def main(source: str, target: str, level: str) -> int:
    """Quantize and return the exit code; the reason of a failure is the last line on stderr."""
    logging.disable(logging.WARNING)
    try:
        (_dynamic_int8 if level == "INT8" else _weights_int4)(Path(source), Path(target))
    except Exception as error:  # the quantizer is others' code: whatever it raises is the reason
        sys.stderr.write("\n" + " ".join(f"{type(error).__name__}: {error}".split())[:300] + "\n")
        return 1
    return 0


def _dynamic_int8(source: Path, target: Path) -> None:
    """Weights and, as they come, activations in 8 bits."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        source,
        target,
        weight_type=QuantType.QInt8,
        per_channel=True,
        use_external_data_format=_is_large(source),
        extra_options={"MatMulConstBOnly": True},
    )


def _weights_int4(source: Path, target: Path) -> None:
    """Weights of matrix products in blocks of 4 bits; everything else stays as it is."""
    import onnx
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    quantizer = MatMulNBitsQuantizer(onnx.load(str(source)), block_size=_BLOCK, is_symmetric=True)
    quantizer.process()
    quantizer.model.save_model_to_file(str(target), _is_large(source))


def _is_large(source: Path) -> bool:
    return sum(path.stat().st_size for path in source.parent.glob(f"{source.stem}*")) > _PROTOBUF_LIMIT


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
