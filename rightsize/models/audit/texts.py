"""Addresses and code in a file's texts, where neither belongs."""

from __future__ import annotations

import re

from rightsize.models.audit.finding import Finding, ok, warn
from rightsize.models.gguf_header import GgufHeader

_CHECK = "texts"
_STATEMENTS = re.compile(r"general\..*(url|link|doi|license|description|author|organization|name|tags)")
_URL = re.compile(r"\b(?:https?|ftp|wss?|file)://[^\s'\"<>]{3,}", re.IGNORECASE)
_CODE = re.compile(
    r"\b(?:__import__|__globals__|__builtins__|__subclasses__|subprocess\.|os\.(?:system|popen|environ)|"
    r"exec\s*\(|eval\s*\(|pickle\.loads|base64\.b64decode|import\s+(?:os|sys|subprocess|socket|ctypes)\b|"
    r"curl\s+-|wget\s+http|powershell|/bin/(?:ba)?sh\b)|<script\b",
    re.IGNORECASE,
)
_SHOWN = 80
_TEMPLATE = "tokenizer.chat_template"


def audit_texts(header: GgufHeader) -> list[Finding]:
    """Every text of the header but the template, which has checks of its own."""
    findings: list[Finding] = []
    for key, value in header.metadata.items():
        if isinstance(value, str) and not key.startswith(_TEMPLATE):
            findings += suspicious(value, key, urls=not _STATEMENTS.fullmatch(key))
    return findings or [ok(_CHECK, "no addresses or code beside statements of origin")]


def suspicious(text: str, where: str, *, urls: bool = True) -> list[Finding]:
    """Warnings for addresses (unless they belong there) and for code in one text."""
    findings = []
    if urls and (found := _URL.search(text)):
        findings.append(warn(_CHECK, f"{where} holds an address: {found[0][:_SHOWN]}", "embedded-url"))
    if found := _CODE.search(text):
        findings.append(
            warn(_CHECK, f"{where} holds what looks like code: {found[0][:_SHOWN]}", "embedded-code")
        )
    return findings
