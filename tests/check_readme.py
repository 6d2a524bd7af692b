"""``python -m tests.check_readme``: the README speaks of the commands as ``--help`` does.

Every ``rightsize`` command line in the README must name commands and options that exist, and the table of
commands must give each command's own first sentence.
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from rightsize.cli.main import app

README = Path(__file__).resolve().parent.parent / "README.md"


def main() -> int:
    """Print what does not match; 1 when something does not."""
    text = README.read_text(encoding="utf-8")
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    problems = [*_wrong_lines(text, root), *_wrong_table(text, root)]
    for problem in problems:
        print(f"README.md: {problem}", file=sys.stderr)
    return 1 if problems else 0


def command_lines(text: str) -> list[str]:
    """The ``rightsize ...`` lines of fenced blocks, continuation lines joined, prompts removed."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    joined = "\n".join(blocks).replace("\\\n", " ")
    found = (re.match(r"\s*(?:- run: |\$ )?(rightsize\b.*)", line) for line in joined.splitlines())
    return [match[1] for match in found if match]


def _wrong_lines(text: str, root: TyperGroup) -> list[str]:
    lines = command_lines(text)
    problems = [problem for line in lines if (problem := _problem(line, root))]
    return problems if lines else ["shows no command at all"]


def _problem(line: str, root: TyperGroup) -> str | None:
    words = shlex.split(line.split(" #", maxsplit=1)[0])[1:]
    command: TyperCommand | TyperGroup = root
    while isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
        name = words.pop(0)
        if name not in command.commands:
            return f"`{line}`: there is no command {name!r}"
        command = command.commands[name]
    if command.context_settings.get("ignore_unknown_options"):
        return None
    known = {option for parameter in command.params for option in parameter.opts} | {"--help", "-h", "--debug"}
    unknown = [word for word in words if word.startswith("--") and word.split("=")[0] not in known]
    return f"`{line}`: {command.name} has no option {unknown[0]}" if unknown else None


def _wrong_table(text: str, root: TyperGroup) -> list[str]:
    rows = dict(re.findall(r"^\| `rightsize ([\w-]+)` \| (.+?) \|$", text, re.MULTILINE))
    problems = [f"the table of commands lacks `{name}`" for name in root.commands if name not in rows]
    for name, said in rows.items():
        if name not in root.commands:
            problems.append(f"the table names `{name}`, which does not exist")
        elif said != (helps := first_sentence(root.commands[name])):
            problems.append(f"`rightsize {name}` is described as {said!r}; --help says {helps!r}")
    return problems


def first_sentence(command: TyperCommand | TyperGroup) -> str:
    """The first paragraph of a command's help, on one line."""
    return " ".join((command.help or "").split("\n\n")[0].split())


if __name__ == "__main__":
    sys.exit(main())
