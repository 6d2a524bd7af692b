"""A gate's baseline as a file: JSON with a checksum, so that a cut or edited one is refused.

Format history: 1 the first; 2 hashes of the suite's parts and the candidate's settings, so that what changed
can be named, and what disturbed the readings. Both are read.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from rightsize import __version__
from rightsize.decide.baseline import Baseline, BaselineItem
from rightsize.domain import Provenance, Reading
from rightsize.errors import BaselineError

FORMAT_VERSION = 2
_READABLE = (1, 2)
_REWRITE = "Write it anew: rightsize gate --write-baseline FILE"


def write_baseline(baseline: Baseline, path: Path) -> None:
    """Write ``baseline``, replacing what was there only once the new file is complete.

    Raises BaselineError when the folder cannot be written.
    """
    body = _to_json(baseline)
    text = json.dumps({**body, "sha256": _checksum(body)}, indent=1, sort_keys=True, ensure_ascii=False)
    partial = path.with_name(f"{path.name}.part")
    try:
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise BaselineError(f"cannot write {path}: {error.strerror}", next_step="Name another file") from error


def read_baseline(path: Path) -> Baseline:
    """Read a baseline. Raises BaselineError for one that is missing, cut, edited, or of a newer format."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BaselineError(f"baseline {path}: {error.strerror}", next_step=_REWRITE) from error
    except UnicodeDecodeError as error:
        raise BaselineError(f"baseline {path} is not text", next_step=_REWRITE) from error
    except json.JSONDecodeError as error:
        problem = f"baseline {path} is cut or broken at line {error.lineno}: {error.msg}"
        raise BaselineError(problem, next_step=_REWRITE) from error
    if not isinstance(content, dict) or "rightsize_baseline" not in content:
        raise BaselineError(f"{path} is not a rightsize baseline", next_step=_REWRITE)
    return _checked(content, path)


def _checked(content: dict[str, Any], path: Path) -> Baseline:
    version = content["rightsize_baseline"]
    if version not in _READABLE:
        problem = f"baseline {path} has format {version!r}, this rightsize reads up to {FORMAT_VERSION}"
        raise BaselineError(problem, next_step=f"Upgrade rightsize. {_REWRITE}")
    body = {key: value for key, value in content.items() if key != "sha256"}
    if content.get("sha256") != _checksum(body):
        problem = f"baseline {path} was changed after it was written: its checksum does not match"
        raise BaselineError(problem, next_step=_REWRITE)
    try:
        return _from_json(body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"baseline {path} lacks or garbles a field: {error}"
        raise BaselineError(problem, next_step=_REWRITE) from error


def _checksum(body: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _to_json(baseline: Baseline) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(asdict(baseline), default=str))
    return {**plain, "rightsize_baseline": FORMAT_VERSION, "written_by": __version__}


def _from_json(body: dict[str, Any]) -> Baseline:
    return Baseline(
        created_at=datetime.fromisoformat(body["created_at"]),
        suite=body["suite"],
        suite_sha256=body["suite_sha256"],
        candidate_id=body["candidate_id"],
        model_sha256=body["model_sha256"],
        machine_fingerprint=body["machine_fingerprint"],
        engine=body["engine"],
        items=_items(body["items"]),
        readings={name: _reading(raw) for name, raw in body["readings"].items()},
        suite_parts=dict(body.get("suite_parts", {})),
        settings=dict(body.get("settings", {})),
        contaminated=dict(body.get("contaminated", {})),
    )


def _items(raw: dict[str, Any]) -> dict[str, BaselineItem]:
    if not raw:
        raise ValueError("it holds no items")
    items = {name: BaselineItem(str(item["group"]), float(item["score"])) for name, item in raw.items()}
    for name, item in items.items():
        if not 0 <= item.score <= 1:  # false for NaN as well
            raise ValueError(f"the score of item {name} is {item.score}, not in [0, 1]")
    return items


def _reading(raw: dict[str, Any]) -> Reading:
    samples, provenance = tuple(map(float, raw["samples"])), Provenance(raw["provenance"])
    if not all(map(math.isfinite, samples)):
        raise ValueError(f"a sample of {raw['metric']} is not a number")
    return Reading(**{**raw, "samples": samples, "provenance": provenance})
