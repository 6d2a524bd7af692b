"""A file's header gives back the shape that it was written from, as far as predictions depend on it."""

from __future__ import annotations

import pytest

from rightsize.errors import ModelError
from rightsize.models.gguf_header import read_header
from rightsize.models.shapes.from_header import shape_of, typed
from rightsize.models.shapes.gguf_file import head_bytes, write_sparse
from rightsize.models.shapes.metadata import metadata_of
from rightsize.models.shapes.quant_mix import unquantized
from rightsize.predict.cache import CacheSettings, cached_by
from rightsize.predict.memory import Loading, predict_memory
from rightsize.predict.work import work_of
from tests.models.shape_documents import SHAPES
from tests.predict.sparse_files import sparse_file, tiny_shape


@pytest.mark.parametrize("name", SHAPES)
def test_a_header_says_what_its_shape_said(tmp_path, name):
    shape = tiny_shape(name)
    tensors = sparse_file(tmp_path / "model.gguf", shape)
    header = read_header(tmp_path / "model.gguf")
    found = shape_of(header, header.tensors)
    assert typed(header.tensors) == list(tensors)
    assert work_of(found, tensors) == work_of(shape, tensors)
    assert cached_by(found) == cached_by(shape)
    runs = (CacheSettings(2048), CacheSettings(4096, 128, full_windows=False))
    for run in runs:
        assert predict_memory(found, tensors, run, Loading()) == predict_memory(shape, tensors, run, Loading())
    assert (found.experts, found.state_space, found.latent) == (shape.experts, shape.state_space, shape.latent)


def test_a_header_that_says_too_little_is_refused_in_one_line(tmp_path):
    shape = tiny_shape("llama")
    tensors = unquantized(shape).tensors
    path = tmp_path / "model.gguf"
    for architecture, changed, says in (
        ("llama", {"llama.block_count": None}, "block_count"),
        ("llama", {"llama.attention.head_count": [4, 4, 4, 4, 4]}, "5 values"),
        ("llama", {"llama.block_count": 40}, "mixes"),
        ("quantum", {}, "quantum"),
    ):
        keys = {key: value for key, value in {**metadata_of(shape), **changed}.items() if value is not None}
        write_sparse(path, head_bytes(architecture, keys, tensors), tensors)
        header = read_header(path)
        with pytest.raises(ModelError, match=says):
            shape_of(header, header.tensors)
