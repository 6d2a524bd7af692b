"""What suites there are, and whether their data are here; never fetches anything."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rightsize.domain import TaskType
from rightsize.errors import SuiteError
from rightsize.paths import cache_dir
from rightsize.suites.loader import find_task_file, task_rows
from rightsize.suites.sources import DataSource, local_data
from rightsize.suites.task_yaml import TaskYaml, read_task_yaml


class DataState(StrEnum):
    """Where a suite's data are."""

    SHIPPED = "shipped"
    LOCAL = "local"
    NOT_PULLED = "not pulled"


@dataclass(frozen=True, slots=True)
class SuiteEntry:
    """One suite as its YAML describes it.

    ``items`` is None when the data are not here. ``files`` are the local data files, ``origin`` the addresses
    they come from. ``error`` says why a suite that is here cannot be read.
    """

    name: str
    title: str
    task_type: TaskType
    licence: str
    source: str
    description: str
    scorer: str
    score_name: str
    state: DataState
    items: int | None
    files: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()
    error: str | None = None


def suite_entry(name_or_path: str | Path) -> SuiteEntry:
    """Describe one suite, by name or path.

    Raises:
        SuiteError: it is unknown, or its YAML cannot be read.
    """
    task = read_task_yaml(find_task_file(name_or_path))
    sources = data_sources(task)
    found = [local_data(source) for source in sources]
    state = DataState.SHIPPED if not sources else DataState.LOCAL if all(found) else DataState.NOT_PULLED
    items, error = (None, None) if state is DataState.NOT_PULLED else _count(task)
    return SuiteEntry(
        name=task.name,
        title=str(task.extras.get("title", task.name)),
        task_type=task.task_type,
        licence=str(task.extras.get("licence", "not stated")),
        source=str(task.extras.get("source", task.path.name)),
        description=str(task.extras.get("description", "")),
        scorer=task.scorer,
        score_name=str(task.extras.get("score", "acc" if task.task_type is TaskType.CHOICE else "score")),
        state=state,
        items=items,
        files=tuple(str(path) for path in found if path),
        origin=tuple(address for source in sources for address in source.origin),
        error=error,
    )


def data_sources(task: TaskYaml) -> tuple[DataSource, ...]:
    """Return every file that a task needs: its tests' and its few-shot examples'."""
    return DataSource.of(task) + DataSource.of(task, "fewshot_data")


def training_sources(task: TaskYaml) -> tuple[DataSource, ...]:
    """Return the files that engines may learn from; without them a task is still whole."""
    return DataSource.of(task, "train_data")


def pull_folder() -> Path:
    """Folder that pulled data are put into."""
    return cache_dir() / "data"


def require_data(task: TaskYaml) -> None:
    """Refuse a suite whose data are not here.

    Raises:
        SuiteError: a file is missing; the message says how to get it.
    """
    missing = [str(source.file) for source in data_sources(task) if local_data(source) is None]
    if missing:
        raise SuiteError(
            f"the data of {task.name} are not here ({', '.join(missing)})",
            next_step=f"Fetch them with: rightsize suites pull {task.name}",
        )


def _count(task: TaskYaml) -> tuple[int | None, str | None]:
    try:
        return len(task_rows(task)), None
    except SuiteError as error:
        return None, str(error)
