"""Where a server is, and that its key is nowhere but in the request."""

from __future__ import annotations

import logging
import pickle
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rightsize.domain import CandidateSettings, Item, TaskType
from rightsize.engines.interface import RemoteRun, TaskRules
from rightsize.engines.openai_http.address import is_address, is_loopback, parse_address
from rightsize.engines.openai_http.keys import Secret, find_key
from rightsize.engines.openai_http.presets import PRESETS
from rightsize.engines.openai_http.problems import ServerError, retry_after_s
from rightsize.engines.openai_http.retry import Patience
from rightsize.engines.openai_http.session import OpenAiSession
from rightsize.engines.openai_http.sse import EventParser
from rightsize.errors import EngineError, UsageError

from .stand_in import answering, stand_in

KEY = "sk-verysecret0123456789"
QUICK = (RemoteRun(1, 5.0), Patience(attempts=1))


@pytest.mark.parametrize(
    ("text", "base_url", "model", "preset"),
    [
        ("http://127.0.0.1:8080/v1#a/b:c", "http://127.0.0.1:8080/v1", "a/b:c", "server"),
        ("http://localhost:8080", "http://localhost:8080/v1", "", "server"),
        ("http://localhost:8080/v1/chat/completions#m", "http://localhost:8080/v1", "m", "server"),
        ("vllm:Qwen/Qwen3-0.6B", "http://127.0.0.1:8000/v1", "Qwen/Qwen3-0.6B", "vllm"),
        ("vllm+https://gpu1.lan:9000/v1/#m", "https://gpu1.lan:9000/v1", "m", "vllm"),
        ("openai:gpt-x", "https://api.openai.com/v1", "gpt-x", "openai"),
        ("http://[::1]:8080/v1#m", "http://[::1]:8080/v1", "m", "server"),
    ],
)
def test_addresses_are_read_and_written_back(text: str, base_url: str, model: str, preset: str) -> None:
    address = parse_address(text)
    assert (address.base_url, address.model, address.preset.name) == (base_url, model, preset)
    assert is_address(text)
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    "text", ["model.gguf", "./dir", "rightsize-mini", "ollama:llama3.2", "C:\\models", "a/b"]
)
def test_files_and_names_are_no_addresses(text: str) -> None:
    assert not is_address(text)


def test_an_address_with_a_secret_in_it_is_refused_without_repeating_it() -> None:
    for text in (f"http://user:{KEY}@host/v1", f"https://host/v1?api_key={KEY}#m"):
        with pytest.raises(UsageError, match="addresses are stored") as caught:
            parse_address(text)
        assert KEY not in str(caught.value)
    with pytest.raises(UsageError, match="Did you mean vllm"):
        parse_address("vlm+http://host/v1")


def test_every_preset_has_an_address_that_can_be_read() -> None:
    for name, preset in PRESETS.items():
        address = parse_address(f"{name}:some-model")
        assert address.at_preset
        assert parse_address(str(address)) == address
        assert preset.hosted == (not address.is_loopback)
    assert is_loopback("127.0.0.1")
    assert not is_loopback("example.org")


def test_a_key_goes_only_where_it_belongs() -> None:
    environment = {"OPENAI_API_KEY": KEY, "RIGHTSIZE_API_KEY": "mine"}
    assert find_key(parse_address("openai:gpt-x"), environment).header() == {"Authorization": f"Bearer {KEY}"}
    assert find_key(parse_address("http://host/v1#m"), environment).header() == {"Authorization": "Bearer mine"}
    assert not find_key(parse_address("groq:m"), environment)


def test_a_key_cannot_be_printed_or_pickled() -> None:
    secret = Secret(KEY)
    assert KEY not in f"{secret!r} {secret!s} {[secret]}"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret.hide_in(f"bad key {KEY}, and sk-another-one-1234 too") == (
        "bad key [key hidden], and [key hidden] too"
    )


def test_a_refused_key_is_in_no_message_and_in_no_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("RIGHTSIZE_API_KEY", KEY)
    with (
        stand_in(key="the right one") as server,
        pytest.raises(ServerError, match="refuses the key") as caught,
    ):
        OpenAiSession(parse_address(f"{server.url}#tiny"), CandidateSettings(), *QUICK)
    assert KEY not in str(caught.value)
    assert KEY not in caplog.text
    monkeypatch.delenv("RIGHTSIZE_API_KEY")
    with stand_in(key="the right one") as server, pytest.raises(ServerError, match="needs a key") as caught:
        OpenAiSession(parse_address(f"{server.url}#tiny"), CandidateSettings(), *QUICK)
    assert "Set the environment variable RIGHTSIZE_API_KEY" in str(caught.value)


def test_the_right_key_opens_and_is_in_no_fact(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("RIGHTSIZE_API_KEY", KEY)
    with stand_in(key=KEY) as server:
        session = OpenAiSession(parse_address(f"{server.url}#tiny"), CandidateSettings(), *QUICK)
        ((_, answer),) = session.answer(
            [Item("i", "g", "q", "")], TaskRules(TaskType.GENERATE, max_output_tokens=8)
        )
        assert server.calls[0].headers["Authorization"] == f"Bearer {KEY}"
        assert KEY not in str(session.facts())
        session.close()
    assert answer.text
    assert KEY not in caplog.text


def test_a_proxy_serves_what_is_beyond_this_machine_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(407)

        def log_message(self, *_: object) -> None:
            pass

    asked: list[str] = []
    proxy = HTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://user:{KEY}@127.0.0.1:{proxy.server_port}")
    try:
        with stand_in() as server:
            OpenAiSession(parse_address(f"{server.url}#tiny"), CandidateSettings(), *QUICK).close()
        assert asked == []
        address = parse_address("http://far.invalid/v1#tiny")
        session = OpenAiSession(address, CandidateSettings(), *QUICK)  # it may have no list of models
        session.close()
        assert asked == ["http://far.invalid/v1/models"]
    finally:
        proxy.shutdown()
        proxy.server_close()
    # A proxy that is away: the message names the variables, and its password is not repeated.
    with pytest.raises(EngineError) as caught:
        OpenAiSession(address, CandidateSettings(), *QUICK)
    assert KEY not in str(caught.value)


@pytest.mark.skipif(which("openssl") is None, reason="openssl, which makes the certificate, is not installed")
def test_a_certificate_must_be_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cert, private = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(private), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, private)
    with stand_in(answering(), tls=tls) as server:
        address = parse_address(f"{server.url}#tiny")
        with pytest.raises(ServerError, match=r"certificate of 127.0.0.1:\d+ is not trusted.*SSL_CERT_FILE"):
            OpenAiSession(address, CandidateSettings(), *QUICK)
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        session = OpenAiSession(address, CandidateSettings(), *QUICK)
        rules = TaskRules(TaskType.GENERATE, max_output_tokens=8)
        assert [answer.text for _, answer in session.answer([Item("i", "g", "q", "")], rules)]
        session.close()


def test_retry_after_in_seconds_milliseconds_and_as_a_date() -> None:
    assert retry_after_s({"retry-after": "1.5"}) == 1.5
    assert retry_after_s({"retry-after-ms": "250"}) == 0.25
    assert retry_after_s({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}) == 0.0
    assert retry_after_s({"retry-after": "soon"}) is None
    assert retry_after_s({}) is None


@given(
    st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), min_size=1)),
    st.data(),
)
def test_events_are_the_same_however_the_bytes_are_cut(texts: list[str], data: st.DataObject) -> None:
    whole = b"".join(b": remark\n" + b"data: " + text.encode() + b"\n\n" for text in texts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)))))
    parts = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    parser = EventParser()
    found = [event for part in parts for event in parser.feed(part)]
    assert [event.decode() for event in found] == texts
    assert parser.end() is None
