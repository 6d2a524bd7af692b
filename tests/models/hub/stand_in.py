"""A stand-in of the hub's HTTP API on loopback: model info, metadata, ranges, a store for the bytes beside it.

It can cut transfers short, corrupt bytes, ignore ranges, gate a repository, and name evil files; it is reached
through huggingface_hub itself.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What it has and how it behaves. ``cut_at`` ends transfers after so many bytes, ``cuts`` times."""

    files: dict[str, bytes]
    repo: str = "owner/repo-GGUF"
    url: str = ""
    store_url: str = ""
    card: dict[str, Any] = field(default_factory=lambda: {"license": "apache-2.0"})
    gated: bool = False
    token: str = ""
    commit: str = COMMIT
    cut_at: int | None = None
    cuts: int = 0
    corrupt: bool = False
    ignores_ranges: bool = False
    sha256: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    tokens_at_store: list[str] = field(default_factory=list)
    sent_bytes: int = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Any

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        hub: Hub = self.server.hub
        path = unquote(urlsplit(self.path).path)
        hub.asked.append((self.command, path, self.headers.get("Range", "")))
        token = self.headers.get("Authorization", "")
        if path.startswith(f"/api/models/{hub.repo}"):
            self.info(hub, path, token)
        elif path.startswith(f"/{hub.repo}/resolve/"):
            self.resolve(hub, path.split("/resolve/")[1].partition("/")[2], token)
        elif path.startswith("/store/"):
            hub.tokens_at_store.append(token)
            self.bytes(hub, hub.files[path.removeprefix("/store/")])
        else:
            self.refuse(404, "RepoNotFound")

    def allowed(self, hub: Hub, token: str) -> bool:
        if hub.token and token != f"Bearer {hub.token}":
            self.refuse(401 if not token else 403, "GatedRepo" if hub.gated else "RepoNotFound")
            return False
        return True

    def info(self, hub: Hub, path: str, token: str) -> None:
        revision = path.partition("/revision/")[2]
        if revision and revision not in {"main", hub.commit}:
            return self.refuse(404, "RevisionNotFound")
        siblings = [
            {
                "rfilename": name,
                "size": len(data),
                "blobId": "b" * 40,
                "lfs": {
                    "sha256": hub.sha256.get(name, hashlib.sha256(data).hexdigest()),
                    "size": len(data),
                    "pointerSize": 130,
                },
            }
            for name, data in hub.files.items()
        ]
        body = {
            "id": hub.repo,
            "modelId": hub.repo,
            "sha": hub.commit,
            "gated": "manual" if hub.gated else False,
            "private": False,
            "tags": [],
            "downloads": 0,
            "likes": 0,
            "cardData": hub.card,
            "siblings": siblings,
        }
        return self.send(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def resolve(self, hub: Hub, name: str, token: str) -> None:
        if not self.allowed(hub, token):
            return None
        if name not in hub.files:
            return self.refuse(404, "EntryNotFound")
        data = hub.files[name]
        etag = hub.sha256.get(name, hashlib.sha256(data).hexdigest())
        headers = {
            "X-Repo-Commit": hub.commit,
            "X-Linked-Etag": f'"{etag}"',
            "X-Linked-Size": str(len(data)),
            "Location": f"{hub.store_url}/store/{name}",
        }
        return self.send(302, b"", headers)

    def bytes(self, hub: Hub, data: bytes) -> None:
        start = 0
        asked = self.headers.get("Range", "")
        code, headers = 200, {}
        if asked and not hub.ignores_ranges:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            code, headers = 206, {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
        body = data[start:]
        if hub.corrupt:
            body = bytes([body[0] ^ 255]) + body[1:]
        self.send_response(code)
        for key, value in {**headers, "Content-Length": str(len(body)), "ETag": '"x"'}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if hub.cut_at is not None and hub.cuts > 0:
            hub.cuts -= 1
            body = body[: hub.cut_at]
            self.close_connection = True
        hub.sent_bytes += len(body)
        self.wfile.write(body)

    def refuse(self, code: int, kind: str) -> None:
        self.send(code, b"{}", {"X-Error-Code": kind, "X-Error-Message": kind})

    def send(self, code: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(code)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def hub_of(files: dict[str, bytes], **behaviour: Any) -> Iterator[Hub]:
    """Run it: one server is the hub, another of its own origin holds the bytes."""
    hub = Hub(files, **behaviour)
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(2)]
    threads = []
    for server in servers:
        server.daemon_threads = True
        server.hub = hub  # type: ignore[attr-defined]
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        threads.append(
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        )
        threads[-1].start()
    hub.url, hub.store_url = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    try:
        yield hub
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join()
