"""A header from the hub: read in parts through the real client, from a stand-in of the hub's HTTP side."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rightsize.errors import ModelError
from rightsize.models.catalogue.shape_yaml import shape_from
from rightsize.models.gguf_header import read_header
from rightsize.models.shapes.gguf_file import write_sparse
from rightsize.models.shapes.quant_mix import unquantized
from rightsize.models.twins import hub_header
from rightsize.models.twins.from_header import plan_of_header, subject_of_file
from rightsize.models.twins.hub_header import fetch_header
from rightsize.models.twins.plan import twin_plan
from rightsize.models.twins.tokenizer import synthetic_tokenizer
from rightsize.models.twins.write import write_twin
from tests.models.shape_documents import SHAPES

NAME = "someone/some-model-GGUF/some-model-F16.gguf"


@dataclass
class Hub:
    """A stand-in: serves one file under the hub's address of it, in ranges, and can misbehave."""

    data: bytes
    answer: Callable[[BaseHTTPRequestHandler], bool] = lambda _: False
    asked: list[str] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    sent: int = 0

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        self.asked.append(request.path)
        self.tokens.append(request.headers.get("Authorization"))
        if self.answer(request):
            return
        if request.path != "/someone/some-model-GGUF/resolve/main/some-model-F16.gguf":
            request.send_error(404)
            return
        first, last = map(int, request.headers["Range"].removeprefix("bytes=").split("-"))
        part = self.data[first : last + 1]
        request.send_response(206)
        request.send_header("Content-Range", f"bytes {first}-{first + len(part) - 1}/{len(self.data)}")
        request.send_header("Content-Length", str(len(part)))
        request.end_headers()
        request.wfile.write(part)
        self.sent += len(part)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    shape = shape_from(SHAPES["llama"], 256)
    plan = twin_plan(shape, unquantized(shape), name="real", tokenizer=synthetic_tokenizer(300))
    standing = Hub(write_twin(tmp_path / "real.gguf", plan).read_bytes())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):
                standing.serve(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(hub_header, "_FIRST_BYTES", 4096)
    yield standing
    server.shutdown()
    server.server_close()


def test_only_the_header_is_read_and_the_twin_has_its_mix_and_vocabulary(hub: Hub, tmp_path: Path) -> None:
    subject = subject_of_file(f"hub:{NAME}")
    plan = subject.plan()
    assert subject.level == "F16"
    assert plan.size_bytes == len(hub.data)
    assert hub.sent < len(hub.data) / 4
    assert len(hub.asked) > 1  # the header is longer than the first part
    path = write_twin(tmp_path / "twin.gguf", plan, seed=3)
    twin, real = read_header(path), read_header(tmp_path / "real.gguf")
    assert (twin.metadata, twin.lengths, twin.tensors) == (real.metadata, real.lengths, real.tensors)


def test_a_token_goes_to_the_hub_and_is_not_needed(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch_header(NAME)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    fetch_header(NAME)
    assert hub.tokens[0] is None
    assert hub.tokens[-1] == "Bearer hf_secret"


def test_a_redirect_is_followed_without_the_token(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    target = (
        f"http://localhost:{hub_port(monkeypatch)}/someone/some-model-GGUF/resolve/main/some-model-F16.gguf"
    )

    def redirect(request: BaseHTTPRequestHandler) -> bool:
        if not request.headers["Host"].startswith("127."):
            return False
        request.send_response(302)
        request.send_header("Location", target)
        request.send_header("Content-Length", "0")
        request.end_headers()
        return True

    hub.answer = redirect
    fetch_header(NAME)
    assert hub.tokens[:2] == ["Bearer hf_secret", None]


def hub_port(_patch: pytest.MonkeyPatch) -> str:
    import os

    return os.environ["HF_ENDPOINT"].rpartition(":")[2]


def failing(code: int) -> Callable[[BaseHTTPRequestHandler], bool]:
    def answer(request: BaseHTTPRequestHandler) -> bool:
        request.send_error(code)
        return True

    return answer


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (401, "Set HF_TOKEN"),
        (403, "Set HF_TOKEN"),
        (404, "has no file"),
        (500, "answered 500"),
        (416, "answered 416"),
    ],
)
def test_a_refusal_says_what_to_do(hub: Hub, code: int, said: str) -> None:
    hub.answer = failing(code)
    with pytest.raises(ModelError, match=said):
        fetch_header(NAME)


def test_a_hub_that_is_away_is_named_so(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelError, match="cannot be reached"):
        fetch_header(NAME)


def test_a_hub_that_breaks_off_once_is_asked_again(hub: Hub) -> None:
    def once(request: BaseHTTPRequestHandler) -> bool:
        if len(hub.asked) > 1:
            return False
        request.connection.close()
        return True

    hub.answer = once
    assert fetch_header(NAME)[3] == len(hub.data)


def test_a_slow_hub_is_given_up(hub: Hub) -> None:
    def trickle(request: BaseHTTPRequestHandler) -> bool:
        request.send_response(206)
        request.send_header("Content-Range", f"bytes 0-4095/{len(hub.data)}")
        request.send_header("Content-Length", "4096")
        request.end_headers()
        for byte in hub.data[:100]:
            request.wfile.write(bytes([byte]))
            request.wfile.flush()
            time.sleep(0.02)
        return True

    hub.answer = trickle
    with pytest.raises(ModelError, match="too slow"):
        fetch_header(NAME, time_limit_s=0.3)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<html>sign in</html>" * 500, "not a GGUF file"),
        (b"", "how long|empty|not a GGUF|answered"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1) + b"\0" * 8000, "claims"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + struct.pack("<Q", 1 << 40) + b"\0" * 8000, "corrupted"),
        (b"GGUF" + struct.pack("<IQQ", 9, 1, 1) + b"\0" * 8000, "version 9"),
    ],
)
def test_garbage_is_one_line(hub: Hub, data: bytes, said: str) -> None:
    hub.data = data
    with pytest.raises(ModelError, match=said):
        fetch_header(NAME)


def test_a_header_that_lies_about_its_tensors_is_refused(tmp_path: Path) -> None:
    shape = shape_from(SHAPES["llama"], 256)
    plan = twin_plan(shape, unquantized(shape), name="liar")
    path = tmp_path / "liar.gguf"
    write_sparse(path, plan.head, plan.tensors)
    sound = read_header(path)
    size = path.stat().st_size
    plan_of_header("liar", sound, plan.head, size)
    with pytest.raises(ModelError, match="the file has"):
        plan_of_header("liar", sound, plan.head, size + 4096)
    offset = plan.head.index(b"blk.1.ffn_down.weight") + len(b"blk.1.ffn_down.weight") + 4 + 16 + 4
    lying = bytearray(plan.head)
    lying[offset : offset + 8] = struct.pack("<Q", 64)
    write_sparse(path, bytes(lying), plan.tensors)
    with pytest.raises(ModelError, match="its neighbours say"):
        plan_of_header("liar", read_header(path), bytes(lying), size)
