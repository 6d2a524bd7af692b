"""Importance matrices: both of llama.cpp's formats are read, and they change what the quantizer makes."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np
import pytest

from rightsize.cli.common import SCHEMAS_DIR
from rightsize.errors import QuantizeError
from rightsize.models.imatrix import read_imatrix
from rightsize.models.local_file import read_model
from rightsize.models.quantize import quantized
from tests.tiny_models import make_tiny_llama

WIDTH, LAYERS = 256, 2
NAMES = [
    f"blk.{n}.{part}.weight" for n in range(LAYERS) for part in ("attn_q", "attn_k", "attn_v", "attn_output")
]
FFN = [f"blk.{n}.{part}.weight" for n in range(LAYERS) for part in ("ffn_gate", "ffn_up")]


def importances() -> dict[str, np.ndarray]:
    """A few inputs matter a thousand times more than the rest."""
    random = np.random.default_rng(0)
    row = np.where(random.random(WIDTH) < 0.1, 1000.0, 1.0).astype(np.float32)
    down = np.where(random.random(2 * WIDTH) < 0.1, 1000.0, 1.0).astype(np.float32)
    return dict.fromkeys(NAMES + FFN, row) | {f"blk.{n}.ffn_down.weight": down for n in range(LAYERS)}


def write_gguf(path: Path, matrix: dict[str, np.ndarray], count: float = 8.0) -> Path:
    writer = gguf.GGUFWriter(path, "")
    writer.add_string("general.type", "imatrix")
    writer.add_array("imatrix.datasets", ["test"])
    writer.add_uint32("imatrix.chunk_count", 1)
    writer.add_uint32("imatrix.chunk_size", 512)
    for name, values in matrix.items():
        writer.add_tensor(f"{name}.in_sum2", (values * count).reshape(1, -1))
        writer.add_tensor(f"{name}.counts", np.array([[count]], np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def write_old(path: Path, matrix: dict[str, np.ndarray], calls: int = 8) -> Path:
    data = struct.pack("<i", len(matrix))
    for name, values in matrix.items():
        data += struct.pack("<i", len(name)) + name.encode() + struct.pack("<ii", calls, values.size)
        data += (values * calls).astype(np.float32).tobytes()
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("write", [write_gguf, write_old])
def test_both_formats_give_the_mean(tmp_path: Path, write: object) -> None:
    matrix = importances()
    found = read_imatrix(write(tmp_path / "matrix", matrix))  # type: ignore[operator]
    assert set(found) == set(matrix)
    for name, values in matrix.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-6)


@pytest.mark.parametrize(
    "content", [b"", b"GGUF", b"\x01\x00\x00\x00", b"\xff\xff\xff\x7f" * 10, b"garbage " * 100]
)
def test_what_is_no_matrix_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "matrix"
    path.write_bytes(content)
    with pytest.raises(QuantizeError, match="not an importance matrix"):
        read_imatrix(path)


def test_a_matrix_makes_another_file_that_is_nearer_where_it_matters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path / "cache"))
    source = read_model(make_tiny_llama(tmp_path / "tiny.gguf", width=WIDTH, layers=LAYERS, heads=4))
    matrix = importances()
    plain = quantized(source, "Q3_K_M")
    weighed = quantized(source, "Q3_K_M", imatrix=write_gguf(tmp_path / "m.gguf", matrix))
    assert (plain.name, weighed.name) == ("tiny", "tiny-imatrix")
    assert plain.sha256 != weighed.sha256
    assert plain.size_bytes == pytest.approx(weighed.size_bytes, rel=0.01)
    true, coarse, fine = (values(m.file, NAMES[0]) for m in (source, plain, weighed))
    matters = matrix[NAMES[0]] > 1

    def error(found: np.ndarray) -> float:
        return float(np.square(found - true)[:, matters].mean())

    assert error(fine) < 0.8 * error(coarse)


def values(path: Path, name: str) -> np.ndarray:
    (tensor,) = [t for t in gguf.GGUFReader(path).tensors if t.name == name]
    found = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
    return np.asarray(found, np.float32).reshape(-1, WIDTH)


def test_the_command_makes_levels_that_need_a_matrix(tmp_path: Path) -> None:
    import jsonschema

    source = make_tiny_llama(tmp_path / "tiny.gguf", width=WIDTH, layers=LAYERS, heads=4)
    matrix = write_gguf(tmp_path / "m.gguf", importances())
    environment = {**os.environ, "RIGHTSIZE_CACHE": str(tmp_path / "cache")}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "rightsize", "models", "quantize", str(source), *words]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=120, check=False, env=environment
        )

    done = run("--quant", "IQ2_XS", "--imatrix", str(matrix), "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    jsonschema.validate(answer, json.loads((SCHEMAS_DIR / "models-quantize.schema.json").read_text()))
    assert Path(answer["files"][0]["path"]).is_file()
    refused = run("--quant", "IQ2_XS")
    assert refused.returncode == 2
    assert "imatrix" in refused.stderr or "importance matrix" in refused.stderr
    wrong = run("--quant", "Q4_K_M", "--imatrix", str(source))
    assert wrong.returncode == 2
    assert "holds no importance" in wrong.stderr
