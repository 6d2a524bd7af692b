"""What a suite's hash is made of, part by part, so that a gate can say *which* part of a test has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rightsize.domain import Suite
from rightsize.suites.scorers import get_scorer

#: lm-eval judges by its own filters and metrics, which no item shows: its tasks are compared as a whole.
_OPAQUE = frozenset({"lm_eval"})


def suite_parts(suite: Suite) -> Mapping[str, str]:
    """Return a short hash of each part of ``suite``: ``items``, ``gold``, ``scorer``, ``prompt`` and ``rules``.

    Two suites with equal ``items``, ``gold`` and ``scorer`` ask and judge the same, however the question is
    worded (``prompt``) and wherever the answer is cut off (``rules``). Empty where the parts do not show.
    """
    if suite.scorer in _OPAQUE:
        return {}
    scorer = get_scorer(suite.scorer, suite.scorer_args)
    parts: dict[str, Any] = {
        "items": [[item.id, item.group, dict(item.doc)] for item in suite.items],
        "gold": [[item.target, item.choices] for item in suite.items],
        "scorer": [scorer.name, scorer.version, dict(suite.scorer_args), suite.score_name],
        "prompt": [
            [item.prompt, item.contexts, *([asdict(item)["chats"]] if item.chats else [])]
            for item in suite.items
        ],
        "rules": [suite.task_type.value, suite.stop, suite.max_output_tokens, suite.target_delimiter],
    }
    return {name: _short_hash(content) for name, content in parts.items()}


def _short_hash(content: Any) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
