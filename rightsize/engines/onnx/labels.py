"""An encoder's labels and what a task calls them: the mapping is explicit, and what is left over is said."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from rightsize.domain import Suite, TaskType
from rightsize.engines.onnx.folder import LABEL_MAP, OnnxFolder

_SHOWN = 4
_HOW = f"say which is which in {LABEL_MAP} beside the model, as {{label: name in the task}}"


def choice_of_label(labels: Sequence[str], choices: Sequence[str], named: Mapping[str, str]) -> dict[int, int]:
    """The choice (by number) that each label (by number) means: as named, else where both are written alike.

    Alike is: the same letters and digits, whatever the case and what stands between.
    """
    known = {_plain(choice): number for number, choice in enumerate(choices)}
    found = {}
    for number, label in enumerate(labels):
        meant = named.get(label, label)
        if meant in choices:
            found[number] = list(choices).index(meant)
        elif _plain(meant) in known:
            found[number] = known[_plain(meant)]
    return found


def label_misfit(folder: OnnxFolder, suite: Suite) -> str | None:
    """Why a text classifier cannot do a task, or None."""
    if suite.task_type is not TaskType.CHOICE:
        return "it classifies texts, and the task asks for other answers"
    if len({item.choices for item in suite.items}) != 1:
        return "it has the same labels for every item, and the task has not"
    labels, choices = folder.labels(), suite.items[0].choices
    meant = set(choice_of_label(labels, choices, folder.label_map()).values())
    missing = [choice for number, choice in enumerate(choices) if number not in meant]
    if not missing:
        return None
    return f"its labels ({_some(labels)}) lack {len(missing)} of the task's ({_some(missing)}): {_HOW}"


def entity_types(folder: OnnxFolder) -> dict[str, str]:
    """Each entity type of a token classifier (without B- and I-) with the type that the task knows it by."""
    types = dict.fromkeys(entity for label in folder.labels() if (entity := entity_of(label)))
    named = folder.label_map()
    return {entity: named.get(entity, entity) for entity in types}


def entity_of(label: str) -> str:
    """``PER`` of ``B-PER``; empty for what is outside of any entity."""
    return "" if label in {"O", "0"} else re.sub(r"^[BIESLU][-_]", "", label)


def type_misfit(folder: OnnxFolder, suite: Suite) -> str | None:
    """Why a token classifier cannot do a task, or None: the answers must be objects of lists of its types."""
    wanted = {path for item in suite.items for path in _paths(item.target)}
    if suite.task_type is not TaskType.GENERATE or not wanted:
        return "it finds entities, and the task asks for other answers"
    types = entity_types(folder)
    if wanted & set(types.values()):
        return None
    return f"none of its types ({_some(types)}) is one of the task's ({_some(sorted(wanted))}): {_HOW}"


def _paths(target: str) -> Iterable[str]:
    """Dotted names of the lists in an answer object: ``PERSON``, ``slots.artist``."""
    try:
        answer = json.loads(target)
    except ValueError:
        return
    if isinstance(answer, dict):
        for key, value in answer.items():
            if isinstance(value, list):
                yield key
            elif isinstance(value, dict):
                yield from (f"{key}.{inner}" for inner, held in value.items() if isinstance(held, list))


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


def _some(names: Iterable[str]) -> str:
    found = list(names)
    return ", ".join(found[:_SHOWN]) + (", ..." if len(found) > _SHOWN else "")
