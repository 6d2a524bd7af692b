"""guidellm, beside which our figures of a server are shown, where it is installed.

It brings torch, so it has an environment of its own, and nobody installs it for a benchmark unasked:

    python -m venv CACHE/benchmarks/guidellm-venv
    CACHE/benchmarks/guidellm-venv/bin/pip install guidellm
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rightsize.paths import cache_dir

_LIMIT_S = 120


def guidellm_rows(url: str, prompts: Sequence[str], output_tokens: int) -> list[tuple[str, str]]:
    """Table rows with what guidellm finds of the same server, asked the same prompts one at a time."""
    tool = _tool()
    if tool is None:
        where = cache_dir() / "benchmarks" / "guidellm-venv"
        return [("guidellm", f"not installed; see {Path(__file__).name} for how to put it into {where}")]
    with tempfile.TemporaryDirectory() as folder:
        data, report = Path(folder) / "prompts.jsonl", Path(folder) / "report.json"
        data.write_text("".join(json.dumps({"prompt": prompt}) + "\n" for prompt in prompts))
        backend = {"kind": "openai_http", "target": url, "request_format": "/v1/completions"}
        body = {"ignore_eos": True, "temperature": 0, "cache_prompt": False}
        asked = json.dumps({**backend, "max_tokens": output_tokens, "extras": {"body": body}})
        command = [str(tool), "run", "--backend", asked, "--profile", "kind=synchronous"]
        command += ["--constraint", f"kind=max_requests,count={len(prompts)}", "--disable-console"]
        command += ["--data", f"kind=json_file,path={data}", "--output", f"kind=json,path={report}"]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1"}
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_LIMIT_S, check=False, env=environment
        )
        if done.returncode != 0 or not report.is_file():
            return [("guidellm", f"failed: {(done.stderr or done.stdout).strip()[-200:]}")]
        return _rows(json.loads(report.read_text())["benchmarks"][0]["metrics"])


def _tool() -> Path | None:
    own = cache_dir() / "benchmarks" / "guidellm-venv" / "bin" / "guidellm"
    found = shutil.which("guidellm")
    return own if own.is_file() else Path(found) if found else None


def _rows(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    def of(name: str) -> Mapping[str, Any]:
        figures: Mapping[str, Any] = metrics[name]["successful"]
        return figures

    latency_s, ttft = of("request_latency"), of("time_to_first_token_ms")
    tokens, gap = of("output_token_count"), of("inter_token_latency_ms")
    return [
        ("guidellm: tokens/s", f"{tokens['median'] / latency_s['median']:.0f} n={latency_s['count']}"),
        ("guidellm: TTFT", f"{ttft['median']:.2f} ms"),
        ("guidellm: ITL", f"{gap['median']:.3f} ms"),
    ]
