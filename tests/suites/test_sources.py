from __future__ import annotations

import dataclasses
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath

import pytest
import yaml

from rightsize.errors import SuiteError
from rightsize.suites.catalogue import training_sources
from rightsize.suites.converters import CONVERTERS
from rightsize.suites.loader import find_task_file, load_suite
from rightsize.suites.sources import DataSource, fetch, local_data
from rightsize.suites.task_yaml import read_task_yaml

RAW = {"PlayMusic": [{"data": [{"text": "play "}, {"text": "Über uns ", "entity": "track"}, {"text": "now "}]}]}
ROW = {
    "id": "snips-PlayMusic-0",
    "text": "play Über uns now",
    "intent": "PlayMusic",
    "slots": {"track": ["Über uns"]},
}
CONVERTED = (json.dumps(ROW, ensure_ascii=False) + "\n").encode()


@pytest.fixture
def origin() -> Iterator[str]:
    """A loopback server that serves one SNIPS file and nothing else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(RAW).encode() if self.path == "/raw.json" else b"gone"
            self.send_response(200 if self.path == "/raw.json" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def source(origin: str) -> DataSource:
    digest = hashlib.sha256(CONVERTED).hexdigest()
    return DataSource(PurePosixPath("slots/test.jsonl"), digest, (f"{origin}/raw.json",), "snips_slots")


def test_what_is_fetched_is_converted_checked_and_kept(origin: str, tmp_path: Path) -> None:
    path = fetch(source(origin), tmp_path)
    assert path == tmp_path / "slots" / "test.jsonl"
    assert path.read_bytes() == CONVERTED
    assert list(path.parent.iterdir()) == [path]


def test_a_changed_origin_leaves_no_file(origin: str, tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="as the suite expects"):
        fetch(dataclasses.replace(source(origin), sha256="0" * 64), tmp_path)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def test_an_unreachable_origin_says_where_the_file_goes(origin: str, tmp_path: Path) -> None:
    gone = dataclasses.replace(source(origin), origin=(f"{origin}/other.json",))
    with pytest.raises(SuiteError, match=r"cannot be fetched .*404.*Put the file at .*slots/test\.jsonl"):
        fetch(gone, tmp_path)


def test_an_origin_of_another_shape_is_refused(origin: str, tmp_path: Path) -> None:
    twice = dataclasses.replace(source(origin), origin=(f"{origin}/raw.json",) * 2, convert="verbatim")
    with pytest.raises(SuiteError, match="cannot be converted"):
        fetch(twice, tmp_path)


def task(folder: Path, data: object) -> Path:
    path = folder / "real.yaml"
    config = {
        "task": "real",
        "output_type": "generate_until",
        "doc_to_text": "{{text}}",
        "doc_to_target": "{{target}}",
        "metadata": {"rightsize": {"scorer": "json_fields", "target_json": ["intent", "slots"], "data": data}},
    }
    path.write_text(yaml.safe_dump(config))
    return path


def test_a_suite_fetches_once_and_then_reads_its_cache(
    origin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path / "cache"))
    here = source(origin)
    data = {
        "file": str(here.file),
        "sha256": here.sha256,
        "origin": list(here.origin),
        "convert": "snips_slots",
    }
    path = task(tmp_path, data)
    suite = load_suite(path)
    assert suite.items[0].target == '{"intent": "PlayMusic", "slots": {"track": ["Über uns"]}}'
    path.write_text(path.read_text().replace("raw.json", "gone.json"))
    assert load_suite(path).items == suite.items


def test_a_local_file_with_other_content_is_refused(
    origin: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIGHTSIZE_DATA", str(tmp_path))
    (tmp_path / "slots").mkdir()
    (tmp_path / "slots" / "test.jsonl").write_text('{"text": "other"}\n')
    here = source(origin)
    data = {"file": str(here.file), "sha256": here.sha256, "origin": list(here.origin)}
    with pytest.raises(SuiteError, match="Scores on other data would not be comparable"):
        load_suite(task(tmp_path, data))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"file": "a"}, "needs the keys file, sha256 and origin"),
        ({"file": "../a", "sha256": "0", "origin": []}, "leaves the data folder"),
        ({"file": "a", "sha256": "0", "origin": [], "convert": "magic"}, "unknown converter 'magic'"),
    ],
)
def test_a_bad_declaration_is_refused(tmp_path: Path, data: object, message: str) -> None:
    with pytest.raises(SuiteError, match=message):
        load_suite(task(tmp_path, data))


def test_a_surrogate_in_the_training_split_of_snips_becomes_a_question_mark() -> None:
    emoji = b"\xed\xa0\xbc\xed\xbd\x95"  # a pizza in CESU-8
    raw = (
        b'{"PlayMusic": [{"data": [{"text": "Pop Punk "}, {"text": "Perfection '
        + emoji
        + b' ", "entity": "playlist"}]}]}'
    )
    (line,) = CONVERTERS["snips_train"]([raw]).decode().splitlines()
    row = json.loads(line)
    assert (row["id"], row["text"]) == ("snips-train-PlayMusic-0", "Pop Punk Perfection ??")
    assert row["slots"] == {"playlist": ["Perfection ??"]}


def test_the_training_split_of_snips_is_what_its_origins_format_converts_to() -> None:
    """Every line cut into parts as the authors' files are, and converted: byte for byte the declared file."""
    (declared,) = training_sources(read_task_yaml(find_task_file("snips")))
    path = local_data(declared)
    if path is None:
        pytest.skip("the training split of SNIPS is not here (RIGHTSIZE_DATA or ../shared/data)")
    intents: dict[str, list[object]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        intents.setdefault(row["intent"], []).append({"data": parts(row["text"], row["slots"])})
    files = [json.dumps({intent: said}).encode() for intent, said in intents.items()]
    assert [Path(url).name for url in declared.urls()] == [f"train_{intent}_full.json" for intent in intents]
    assert hashlib.sha256(CONVERTERS[declared.convert](files)).hexdigest() == declared.sha256


def parts(text: str, slots: dict[str, list[str]]) -> list[dict[str, str]]:
    """A text cut at its slots, which come in the order in which a slot is first filled."""
    found, at = [], 0
    open_ = {name: list(values) for name, values in slots.items()}
    while any(open_.values()):
        # The next slot is the one whose value comes first; of an unseen slot, only the next in order.
        unseen = next((name for name in slots if len(open_[name]) == len(slots[name])), None)
        usable = [n for n in open_ if open_[n] and (len(open_[n]) < len(slots[n]) or n == unseen)]
        start, _, name = min((text.find(open_[n][0], at), -len(open_[n][0]), n) for n in usable)
        assert start >= 0, text
        value = open_[name].pop(0)
        found += [{"text": text[at:start]}, {"text": value, "entity": name}]
        at = start + len(value)
    return [*found, {"text": text[at:]}]
