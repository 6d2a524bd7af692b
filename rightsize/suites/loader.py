"""Loads a suite by name or path: task YAML and data in, rendered items with one hash out."""

from __future__ import annotations

import difflib
import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from rightsize.domain import Item, JsonValue, Suite, TaskType
from rightsize.errors import SuiteError
from rightsize.paths import suites_dir
from rightsize.suites.row_makers import make_rows
from rightsize.suites.rows import Row, read_rows
from rightsize.suites.scorers import get_scorer, permitted_args
from rightsize.suites.scorers.interface import Scorer
from rightsize.suites.sources import DataSource, find_data
from rightsize.suites.task_yaml import FunctionName, TaskYaml, read_task_yaml
from rightsize.suites.templates import Before, Renderer

_DEFAULT_MAX_OUTPUT_TOKENS = 256


def list_suites() -> list[str]:
    """Return the names of the bundled suites, sorted."""
    return sorted(path.parent.name for path in suites_dir().glob("*/*.yaml") if path.stem == path.parent.name)


def load_suite(name_or_path: str | Path, *, num_fewshot: int | None = None) -> Suite:
    """Load a bundled suite by name, or any task by its YAML file or folder.

    ``num_fewshot`` solved examples stand before each question, always the same ones (default: the YAML's
    number, else none).

    Raises:
        SuiteError: the name is unknown (the nearest are suggested), or the YAML, data or a row is malformed.
    """
    task = read_task_yaml(find_task_file(name_or_path))
    declared = task.extras.get("scorer_args") or {}
    scorer_args = permitted_args(task.scorer, declared, allow_code_execution=False)
    scorer = get_scorer(task.scorer, scorer_args)
    before = _before(task, num_fewshot)
    items = _items(task, task_rows(task), before)
    return Suite(
        name=task.name,
        title=str(task.extras.get("title", task.name)),
        task_type=task.task_type,
        items=items,
        scorer=scorer.name,
        score_name=str(task.extras.get("score", "acc" if task.task_type is TaskType.CHOICE else "score")),
        sha256=_sha256(task, items, scorer),
        licence=str(task.extras.get("licence", "not stated")),
        source=str(task.extras.get("source", task.path.name)),
        stop=_stop(task),
        max_output_tokens=_max_output_tokens(task),
        target_delimiter=str(task.config.get("target_delimiter", " ")),
        description=str(task.extras.get("description", "")),
        scorer_args=scorer_args,
        task_file=task.path,
        fewshot_prefix=before.text,
        chat_delimiter=_chat_delimiter(task),
    )


def find_task_file(name_or_path: str | Path) -> Path:
    """Return the YAML that a suite's name, a file or a folder stands for.

    Raises:
        SuiteError: there is no such suite; the message suggests the nearest names.
    """
    path = Path(name_or_path)
    bundled = suites_dir() / str(name_or_path) / f"{name_or_path}.yaml"
    if str(name_or_path) in list_suites():
        return bundled
    if path.is_file():
        return path
    if path.is_dir():
        return _only_yaml(path)
    refuse_missing_path(str(name_or_path))
    known = list_suites()
    near = difflib.get_close_matches(str(name_or_path), known, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Bundled tasks: {', '.join(known)}"
    raise SuiteError(f"unknown task {str(name_or_path)!r}", next_step=f"{hint} A path to a task YAML works too")


def refuse_missing_path(name_or_path: str) -> None:
    """Say of what is written like a path and is not there that it is not there, instead of guessing names.

    Raises:
        SuiteError: it is such a path.
    """
    is_yaml = name_or_path.endswith((".yaml", ".yml"))
    if is_yaml or name_or_path.startswith((".", "~")) or "/" in name_or_path or "\\" in name_or_path:
        kind = "file" if is_yaml else "folder"
        raise SuiteError(f"no such {kind}: {name_or_path}", next_step="Name a suite's folder or its task YAML")


def task_rows(task: TaskYaml) -> list[Row]:
    """Return the rows of a task's test split, each with an ``id`` and, where declared, a JSON ``target``."""
    return _completed(task, _rows(task, "data", "test_split"))


def fewshot_rows(task: TaskYaml) -> list[Row]:
    """Return the rows that few-shot examples are taken from, in file order."""
    return _completed(task, _rows(task, "fewshot_data", "fewshot_split"))


def training_rows(task: TaskYaml) -> list[Row]:
    """Return the rows of the training split, in file order."""
    return _completed(task, _rows(task, "train_data", "training_split"))


def has_fewshot(task: TaskYaml) -> bool:
    """Whether the task declares few-shot examples."""
    return bool(task.extras.get("fewshot_data") or task.config.get("fewshot_split"))


def has_training(task: TaskYaml) -> bool:
    """Whether the task declares a training split."""
    return bool(task.extras.get("train_data") or task.config.get("training_split"))


def _rows(task: TaskYaml, data_key: str, split_key: str) -> list[Row]:
    """Read the files that the task declares, by the row maker it names if it names one."""
    files = [find_data(source) for source in DataSource.of(task, data_key)] or [_split_file(task, split_key)]
    maker = task.extras.get("rows")
    if maker:
        return make_rows(task, str(maker), files)
    if len(files) > 1:
        raise task.error(f"metadata.rightsize.{data_key} lists {len(files)} files, but no rows to make of them")
    return read_rows(files[0])


def _completed(task: TaskYaml, rows: list[Row]) -> list[Row]:
    """Add an ``id`` where there is none, and the ``target`` that ``metadata.rightsize.target_json`` declares.

    It names the field that holds the answer object, or a list of fields that make one up. The text is made here
    because Jinja's own JSON filter escapes characters and sorts keys.
    """
    declared = task.extras.get("target_json")
    for number, row in enumerate(rows):
        row.setdefault("id", f"{task.name}-{number}")
        if declared:
            answer = row.get(declared) if isinstance(declared, str) else {key: row.get(key) for key in declared}
            row["target"] = json.dumps(answer, ensure_ascii=False)
    return rows


def _only_yaml(folder: Path) -> Path:
    named = folder / f"{folder.resolve().name}.yaml"
    found = [named] if named.is_file() else sorted(folder.glob("*.yaml"))
    if len(found) != 1:
        raise SuiteError(
            f"{folder}: holds {len(found)} task YAML files, not one", next_step="Name the file itself"
        )
    return found[0]


def _split_file(task: TaskYaml, split_key: str) -> Path:
    """Return a split's data file: beside the YAML, or where its path leads from the YAML or from here."""
    split = task.config.get(split_key)
    files = (task.config.get("dataset_kwargs") or {}).get("data_files")
    declared = files.get(split) if isinstance(files, dict) else files
    if not split or not isinstance(declared, str):
        raise task.error(
            f"no data file for {split_key}: {split!r}",
            "Give dataset_kwargs.data_files a JSONL or CSV file for that split; hubs are not read",
        )
    folder = task.path.parent
    candidates = (folder / Path(declared).name, folder / declared, Path(declared))
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise task.error(f"the data file {declared} is missing", f"Put it at {candidates[0]}")


def _before(task: TaskYaml, wanted: int | None) -> Before:
    """Return the description and the solved examples that stand before every question."""
    declared = task.config.get("num_fewshot") or 0
    count = declared if wanted is None else wanted
    if not isinstance(count, int) or count < 0:
        raise task.error(f"num_fewshot must be a whole number from 0, not {count!r}")
    rows = fewshot_rows(task) if count else []
    if count > len(rows):
        raise task.error(f"num_fewshot is {count}, but the few-shot file has {len(rows)} rows")
    return Renderer(task).before(rows[:count])


def _chat_delimiter(task: TaskYaml) -> str:
    """As lm-eval: after a template's own end there is none; a started answer has it unless a space ends it."""
    begun = str(task.config.get("gen_prefix") or "")
    return str(task.config.get("target_delimiter", " ")) if begun and not begun[-1].isspace() else ""


def _items(task: TaskYaml, rows: list[Row], before: Before) -> tuple[Item, ...]:
    renderer = Renderer(task)
    group_field = task.extras.get("group")
    items: dict[str, Item] = {}
    for row in rows:
        item_id = str(row["id"])
        if item_id in items:
            raise task.error(
                f"the id {item_id!r} occurs twice in the data", "Every item needs an id of its own"
            )
        if group_field and group_field not in row:
            raise task.error(
                f"row {item_id!r} has no field {group_field!r}, which metadata.rightsize.group names"
            )
        choices = renderer.choices(row) if task.task_type is TaskType.CHOICE else ()
        items[item_id] = Item(
            id=item_id,
            group=str(row[group_field]) if group_field else item_id,
            prompt=before.text + renderer.prompt(row),
            target=renderer.target(row, choices),
            choices=choices,
            doc=row,
            chats=renderer.chats(before, row),
        )
    return tuple(items.values())


def _stop(task: TaskYaml) -> tuple[str, ...]:
    until = (task.config.get("generation_kwargs") or {}).get("until") or ()
    return (until,) if isinstance(until, str) else tuple(str(text) for text in until)


def _max_output_tokens(task: TaskYaml) -> int:
    if task.task_type is TaskType.CHOICE:
        return 0
    declared = (task.config.get("generation_kwargs") or {}).get("max_gen_toks", _DEFAULT_MAX_OUTPUT_TOKENS)
    if not isinstance(declared, int) or declared < 1:
        raise task.error(f"max_gen_toks must be a whole number from 1, not {declared!r}")
    return declared


def rendered_parts(item: Item) -> tuple[JsonValue, ...]:
    """What a hash covers of an item; conversations only where there are any, as before there were."""
    parts = (item.id, item.group, item.prompt, item.target, item.choices)
    return (*parts, asdict(item)["chats"]) if item.chats else parts


def _sha256(task: TaskYaml, items: tuple[Item, ...], scorer: Scorer) -> str:
    """Hash what makes two tests the same: YAML content, rendered items, scorer and its version."""
    rendered = [rendered_parts(item) for item in items]
    content = {"yaml": _tested(task), "items": rendered, "scorer": [scorer.name, scorer.version]}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=_plain)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _tested(task: TaskYaml) -> dict[str, JsonValue]:
    """The YAML less the data that may be learnt from, which are no part of the test."""
    metadata = task.config.get("metadata")
    if not isinstance(metadata, dict) or "train_data" not in task.extras:
        return dict(task.config)
    extras = {key: value for key, value in task.extras.items() if key != "train_data"}
    return {**task.config, "metadata": {**metadata, "rightsize": extras}}


def _plain(value: JsonValue) -> str:
    return f"!function {value.name}" if isinstance(value, FunctionName) else str(value)
