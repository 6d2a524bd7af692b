"""Loads tasks through lm-eval itself, as its own evaluator would, and builds their requests.

Nothing is downloaded: the libraries underneath are told that they are offline unless the user has said
otherwise (``HF_HUB_OFFLINE=0``), so that data which is not on this machine is an error and not a wait.
"""

from __future__ import annotations

import json
import logging
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

from rightsize.domain import Conversation, Message, TaskType
from rightsize.errors import SuiteError
from rightsize.suites.lm_eval_index import Registry, folder_registry, packaged_index, read_entry
from rightsize.suites.lm_eval_trust import TRUST, is_shipped, rendering

_PYTHON_SEED, _NUMPY_SEED, _FEWSHOT_SEED = 0, 1234, 1234  # the defaults of lm-eval's evaluator
_PUT_IT = (
    "Put a file where the task's data_files say (beside its YAML will do), a hub's data set into the cache "
    "below HF_HOME; with a connection HF_HUB_OFFLINE=0 fetches it once"
)


@dataclass(frozen=True, slots=True)
class LoadedTask:
    """One lm-eval task with its requests by document, in the order of its documents.

    ``chats`` are the same requests for models with a chat template, their contexts to be read with
    :func:`conversation_of`; empty where all there is to say is one message of the user's. ``trusted`` tells how
    its templates are rendered; ``source`` is what the user named.
    """

    name: str
    task: Any
    requests: Mapping[int, tuple[Any, ...]]
    trusted: bool
    source: str
    chats: Mapping[int, tuple[Any, ...]] = field(default_factory=dict)


@cache
def load_tasks(source: str, *, trusted: bool, num_fewshot: int | None = None) -> Mapping[str, LoadedTask]:
    """Load a task, group or tag of lm-eval's by name, or by the path of a YAML file or a folder.

    The result is kept for the life of the process: the scorer of a suite asks for the same task again.

    Raises:
        SuiteError: there is no such task, its data is not on this machine, it would run code that is not
            trusted, or lm-eval cannot load it.
    """
    go_offline()
    path = Path(source)
    trusted = trusted or not path.exists() or is_shipped(path)
    with as_lm_eval_runs(), rendering(trusted=trusted), _translated(source):
        tasks = _from_path(path, trusted=trusted) if path.exists() else _by_name(source)
        return {name: _loaded(name, task, trusted, source, num_fewshot) for name, task in tasks.items()}


def go_offline() -> None:
    """Keep data libraries from the network unless the user decided; must precede their import."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("HF_DATASETS_OFFLINE", os.environ["HF_HUB_OFFLINE"])


def _from_path(path: Path, *, trusted: bool) -> dict[str, Any]:
    if path.is_file():
        entry = read_entry(path, trusted=trusted)
        registry = (
            folder_registry(path.parent, trusted=trusted)
            if "group" in entry.cfg
            else Registry({}, trusted=trusted)
        )
        registry.data[entry.name] = entry
        return _built(registry, [entry.name])
    registry = folder_registry(path, trusted=trusted)
    names = _roots(registry)
    if not names:
        raise SuiteError(f"{path}: holds no task YAML", next_step="Name a folder with lm-eval tasks, or a file")
    return _built(registry, names)


def _roots(registry: Registry) -> list[str]:
    """What a folder stands for: its groups, and its tasks that are in none of them."""
    groups = [name for name, entry in registry.data.items() if entry.kind.name == "GROUP"]
    inside = {
        member if isinstance(member, str) else member.get("task", member.get("group"))
        for group in groups
        for member in registry.data[group].cfg.get("task") or ()
    }
    return [n for n, entry in registry.data.items() if n not in inside and entry.kind.name != "TAG"]


def _by_name(name: str) -> dict[str, Any]:
    if name not in packaged_index():
        import difflib

        from rightsize.suites.loader import list_suites

        # Our own names first: a slip in "extraction" is likelier than a wish for one of lm-eval's thousands.
        near = difflib.get_close_matches(name, list_suites(), n=3, cutoff=0.6)
        near = near or difflib.get_close_matches(name, packaged_index(), n=3, cutoff=0.6)
        hint = f"Did you mean {' or '.join(near)}?" if near else "See: rightsize suites list"
        raise SuiteError(f"unknown task {name!r}: neither bundled, nor a path, nor lm-eval's", next_step=hint)
    return _built(Registry({}, trusted=True), [name])


def _built(registry: Registry, names: list[str]) -> dict[str, Any]:
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_defaults=False)
    manager._index = registry
    return dict(manager.load(names)["tasks"])


def _loaded(name: str, task: Any, trusted: bool, source: str, num_fewshot: int | None) -> LoadedTask:
    if getattr(task, "UNSAFE_CODE", False):
        raise SuiteError(
            f"the task {name} runs what the model writes",
            next_step="lm-eval does so after: rightsize lm-eval run --confirm_run_unsafe_code ...",
        )
    if getattr(task, "MULTIMODAL", False):
        raise SuiteError(f"the task {name} asks about images or sounds, which rightsize does not measure")
    if num_fewshot is not None and task.get_config("num_fewshot") != 0:
        task.set_config(key="num_fewshot", value=num_fewshot)
    elif task.get_config("num_fewshot") is None:
        task.set_config(key="num_fewshot", value=0)
    return built(name, task, trusted, source)


def built(name: str, task: Any, trusted: bool, source: str) -> LoadedTask:
    """Let a task make its requests, once as plain text and, where that differs, once as conversations."""
    state = random.getstate()
    requests = _requests(task)
    chats: Mapping[int, tuple[Any, ...]] = {}
    if _converses(task):
        random.setstate(state)  # a task that draws lots must draw the same
        chats = _requests(task, apply_chat_template=True, fewshot_as_multiturn=True, chat_template=_kept)
    return LoadedTask(name, task, requests, trusted, source, chats)


def _requests(task: Any, **how: Any) -> Mapping[int, tuple[Any, ...]]:
    task.set_fewshot_seed(seed=_FEWSHOT_SEED)
    task.build_all_requests(**how)
    return _by_document(task.instances)


def _converses(task: Any) -> bool:
    """Whether lm-eval makes more of a prompt than one message of the user's for a chat template."""
    said = (task.get_config("description"), task.get_config("gen_prefix"), task.get_config("num_fewshot"))
    return task.OUTPUT_TYPE != TaskType.ROLLING and any(said)


_KEPT = "\0rightsize conversation\0"


def _kept(messages: Sequence[Mapping[str, str]], add_generation_prompt: bool = True) -> str:
    """In place of a model's template: the conversation itself, for whatever template comes later."""
    return _KEPT + json.dumps(messages)


def conversation_of(context: str) -> Conversation:
    """The conversation that stands in a request of :attr:`LoadedTask.chats`."""
    if not context.startswith(_KEPT):
        return (Message("user", context),) if context else ()
    return tuple(Message(m["role"], m["content"]) for m in json.loads(context.removeprefix(_KEPT)))


def _by_document(instances: list[Any]) -> dict[int, tuple[Any, ...]]:
    documents: dict[int, list[Any]] = {}
    for instance in instances:
        documents.setdefault(instance.doc_id, []).append(instance)
    return {number: tuple(sorted(group, key=lambda i: i.idx)) for number, group in documents.items()}


@contextmanager
def as_lm_eval_runs() -> Iterator[None]:
    """The seeds of lm-eval's evaluator, and silence: it and its libraries report progress on both streams."""
    import numpy as np

    python, numpy = random.getstate(), np.random.get_state()
    level = logging.getLogger("lm_eval").level
    random.seed(_PYTHON_SEED)
    np.random.seed(_NUMPY_SEED)
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    try:
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        logging.getLogger("lm_eval").setLevel(level)


@contextmanager
def _translated(source: str) -> Iterator[None]:
    """Say in one line what lm-eval and its libraries raise."""
    from jinja2.exceptions import SecurityError

    try:
        yield
    except SuiteError:
        raise
    except SecurityError as error:
        raise SuiteError(f"{source}: a template was refused: {error}", next_step=TRUST) from error
    except (FileNotFoundError, ConnectionError) as error:
        raise SuiteError(
            f"{source}: its data is not on this machine ({_line(error)})", next_step=_PUT_IT
        ) from error
    except ModuleNotFoundError as error:
        raise SuiteError(
            f"{source}: needs the package {error.name!r}", next_step="Install it and try again"
        ) from error
    except Exception as error:  # a task may be anyone's code
        raise SuiteError(f"{source}: lm-eval cannot load it: {type(error).__name__}: {_line(error)}") from error


def _line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
