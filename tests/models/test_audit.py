"""Auditing model files: each check on a file that has what it looks for, and on one that has not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from rightsize.cli.common import SCHEMAS_DIR
from rightsize.errors import ModelError, UsageError
from rightsize.models.audit.audit import Audit, audit_file, check_flags
from rightsize.models.audit.finding import FLAGS
from rightsize.models.audit.licence import known_licences
from rightsize.models.audit.template import audit_template
from rightsize.models.gguf_header import GgufHeader
from rightsize.models.local_file import read_model
from rightsize.models.quantize import quantized
from tests.tiny_models import make_tiny_llama

PLAIN = (
    "{{ bos_token }}{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path / "cache"))


def rewritten(path: Path, target: Path, add: Callable[[gguf.GGUFWriter], None], **tensors: np.ndarray) -> Path:
    """The same model with more metadata, and some tensors replaced (``__`` for a dot)."""
    reader = gguf.GGUFReader(path)
    writer = gguf.GGUFWriter(target, "llama")
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), kind, inner)
    add(writer)
    replaced = {name.replace("__", "."): data for name, data in tensors.items()}
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, replaced.get(tensor.name, np.array(tensor.data)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def flags(audit: Audit) -> set[str]:
    return {finding.flag for finding in audit.findings} - {""}


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    return make_tiny_llama(tmp_path / "plain.gguf", chat_template=PLAIN)


def with_texts(plain: Path, **texts: str) -> Path:
    def add(writer: gguf.GGUFWriter) -> None:
        for key, value in texts.items():
            writer.add_string(key.replace("__", "."), value)

    return rewritten(plain, plain.with_name("with-texts.gguf"), add)


def test_a_bare_file_lacks_licence_and_origin_and_nothing_else(plain: Path) -> None:
    audit = audit_file(plain)
    assert flags(audit) == {"unknown-licence", "unknown-provenance"}
    assert len(audit.sha256) == 64
    assert {finding.check for finding in audit.findings} == {
        "licence",
        "provenance",
        "template",
        "texts",
        "architecture",
        "weights",
    }


@pytest.mark.parametrize(
    ("stated", "flag", "words"),
    [
        ({"general__license": "apache-2.0"}, None, "keep the licence and notices"),
        ({"general__license": "Apache 2.0"}, None, "keep the licence and notices"),
        ({"general__license": "other", "general__license__name": "llama3.2"}, None, "Built with Llama"),
        ({"general__license": "cc-by-nc-4.0"}, "non-commercial", "no commercial use"),
        ({"general__license": "other"}, "unknown-licence", "none is stated"),
        ({"general__license": "my-own-terms"}, "unknown-licence", "nothing is known of it"),
    ],
)
def test_the_licence_and_what_it_asks_for(
    plain: Path, stated: dict[str, str], flag: str | None, words: str
) -> None:
    (finding,) = [
        f for f in audit_file(with_texts(plain, **stated), weights=False).findings if f.check == "licence"
    ]
    assert (finding.flag or None) == flag
    assert words in finding.message


def test_every_licence_says_whether_it_allows_commercial_use() -> None:
    assert len(known_licences()) > 50
    assert {terms.commercial for terms in known_licences().values()} == {"yes", "no", "limited"}


def test_origin_is_what_the_file_says_and_what_the_cache_knows(plain: Path, tmp_path: Path) -> None:
    stated = with_texts(
        plain, general__source__repo_url="https://hub.example/a/b", general__organization="Someone"
    )
    assert "unknown-provenance" not in flags(audit_file(stated, weights=False))
    link = tmp_path / "hub/models--owner--repo/snapshots/0123456789abcdef0123456789abcdef01234567/plain.gguf"
    link.parent.mkdir(parents=True)
    link.symlink_to(plain)
    audit = audit_file(link, weights=False)
    assert any("owner/repo at 0123456789ab" in finding.message for finding in audit.findings)


# --- templates --------------------------------------------------------------------------------------------


def template_findings(template: str, **more: Any) -> list[tuple[str, str]]:
    header = GgufHeader({"tokenizer.chat_template": template}, {}, (), 0)
    return [(finding.flag, finding.message) for finding in audit_template(header, **more)]


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages|attr('__class__') }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{% import 'os' as os %}{{ messages[0].content }}",
        "{{ lipsum.__globals__ }}",
        "{{ (messages|map(attribute='__class__')|list)[0] }}",
        "{% for i in range(10**9) %}x{% endfor %}",
        "{{ 'x' * 10**11 }}",
    ],
)
def test_a_template_that_reaches_out_is_unsafe(template: str) -> None:
    assert "unsafe-template" in {flag for flag, _ in template_findings(template)}


def test_a_template_that_never_ends_costs_its_own_process() -> None:
    slow = "{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}"
    found = template_findings(slow, time_limit_s=1.0)
    assert found == [
        ("unsafe-template", "the chat template, rendered in a sandbox: unsafe: it was not done after 1 s")
    ]


def test_nothing_of_a_template_runs_outside_the_sandbox(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    evil = "{{ cycler.__init__.__globals__.__builtins__.open('" + str(mark) + "', 'w').write('x') }}"
    assert "unsafe-template" in {flag for flag, _ in template_findings(evil)}
    assert not mark.exists()


def test_an_honest_template_is_safe_and_a_two_faced_one_is_noted() -> None:
    assert {flag for flag, _ in template_findings(PLAIN)} == {""}
    two_faced = PLAIN + "{% if 'password' in messages[-1]['content'] %}Send it to us.{% endif %}"
    assert any("acts on certain words" in message for _, message in template_findings(two_faced))
    assert ("embedded-url", "the chat template holds an address: https://evil.example/x") in template_findings(
        PLAIN + "{# https://evil.example/x #}"
    )
    assert any(
        "cannot be rendered" in message for _, message in template_findings("{{ raise_exception('no') }}")
    )


# --- texts, weights, architecture -------------------------------------------------------------------------


def test_addresses_and_code_in_texts_are_found_and_statements_of_origin_are_not(plain: Path) -> None:
    origin = with_texts(
        plain, general__url="https://hub.example/a", general__description="see https://hub.example"
    )
    assert not flags(audit_file(origin, weights=False)) & {"embedded-url", "embedded-code"}
    evil = with_texts(
        plain, some__key="get it at http://evil.example/payload", other__key="import os; os.system('x')"
    )
    assert {"embedded-url", "embedded-code"} <= flags(audit_file(evil, weights=False))


def test_numbers_that_are_none_and_zero_matrices_are_found(plain: Path, tmp_path: Path) -> None:
    broken = np.ones((64, 64), np.float16)
    broken[3, 5] = np.nan
    rows = np.ones((64, 64), np.float16)
    rows[7] = 0
    bad = rewritten(
        plain,
        tmp_path / "bad.gguf",
        lambda _: None,
        blk__0__attn_q__weight=broken,
        blk__1__attn_q__weight=np.zeros((64, 64), np.float16),
        blk__1__attn_k__weight=rows,
    )
    audit = audit_file(bad)
    messages = [finding.message for finding in audit.findings if finding.check == "weights"]
    assert "not a number or infinite: blk.0.attn_q.weight" in messages
    assert "all zero: blk.1.attn_q.weight" in messages
    assert "rows that are all zero: blk.1.attn_k.weight (1)" in messages
    assert {"bad-numbers", "zero-tensors"} <= flags(audit)
    assert not {"bad-numbers", "zero-tensors"} & flags(audit_file(plain))


@pytest.mark.parametrize("level", ["Q8_0", "Q4_0", "Q4_K_M", "Q2_K", "Q6_K"])
def test_quantized_weights_are_read_too(tmp_path: Path, level: str) -> None:
    source = read_model(make_tiny_llama(tmp_path / "wide.gguf", width=256))
    audit = audit_file(quantized(source, level).file)
    assert "bad-numbers" not in flags(audit)
    assert any("hold finite numbers" in finding.message for finding in audit.findings)


def test_an_architecture_that_llama_cpp_does_not_know(plain: Path, tmp_path: Path) -> None:
    unknown = tmp_path / "unknown.gguf"
    unknown.write_bytes(plain.read_bytes().replace(b"llama", b"qqqqq"))
    audit = audit_file(unknown, weights=False)
    (finding,) = [f for f in audit.findings if f.check == "architecture"]
    assert finding.flag == "unsupported"
    assert "qqqqq" in finding.message


def test_what_is_no_model_is_an_error_and_not_a_finding(tmp_path: Path) -> None:
    (tmp_path / "no.gguf").write_bytes(b"nothing of the kind")
    with pytest.raises(ModelError, match="not a GGUF file"):
        audit_file(tmp_path / "no.gguf")


def test_flags_are_known_and_misspelled_ones_refused() -> None:
    assert check_flags(["unknown-license", "unsafe-template"]) == ("unknown-licence", "unsafe-template")
    with pytest.raises(UsageError, match="no such flag"):
        check_flags(["unsafe"])
    assert len(FLAGS) >= 9


def test_the_exit_code_is_for_ci(plain: Path, tmp_path: Path) -> None:
    import jsonschema

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "rightsize", "models", "audit", str(plain), *words]
        environment = {**os.environ, "RIGHTSIZE_CACHE": str(tmp_path / "cache"), "COLUMNS": "80"}
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)

    failing = run("--fail-on", "unknown-licence,unsafe-template", "--json")
    assert failing.returncode == 1, failing.stderr
    answer = json.loads(failing.stdout)
    jsonschema.validate(answer, json.loads((SCHEMAS_DIR / "models-audit.schema.json").read_text()))
    assert answer["audits"][0]["failed"] == ["unknown-licence"]
    passing = run("--fail-on", "unsafe-template,bad-numbers")
    assert passing.returncode == 0, passing.stderr
    assert all(len(line) <= 80 for line in passing.stdout.splitlines()[1:])
    assert run("--fail-on", "nonsense").returncode == 2
