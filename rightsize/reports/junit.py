"""A gate's result as JUnit XML: one test case per check, so that every CI system can show it."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

from rightsize.decide.gate import GateResult
from rightsize.decide.on_undecided import OnUndecided
from rightsize.domain import Verdict
from rightsize.errors import UsageError
from rightsize.reports.gate_lines import GateLine, cause_text, gate_lines, moved_text

#: What XML 1.0 cannot hold, even escaped; names of models and labels come from files.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(result: GateResult, on_undecided: OnUndecided = OnUndecided.WARN) -> str:
    """Return the XML. FAIL is a failure; UNDECIDED an error if it stops the build, else skipped, like what is
    not judged at all: the message tells them apart."""
    lines = gate_lines(result)
    verdicts = [line.verdict for line in lines]
    stops = on_undecided is OnUndecided.FAIL
    undecided = verdicts.count(Verdict.UNDECIDED)
    suite = ET.Element(
        "testsuite",
        name="rightsize gate",
        tests=str(len(lines)),
        failures=str(verdicts.count(Verdict.FAIL)),
        errors=str(undecided if stops else 0),
        skipped=str(verdicts.count(None) + (0 if stops else undecided)),
        time="0",
    )
    for line in lines:
        suite.append(_case(line, f"{result.suite}.{result.candidate_id}", stops))
    said = (moved_text(result), cause_text(result), *result.remarks)
    ET.SubElement(suite, "system-out").text = _clean("\n".join(text for text in said if text))
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def write_junit(result: GateResult, path: Path, on_undecided: OnUndecided = OnUndecided.WARN) -> None:
    """Write the XML. Raises UsageError when the file cannot be written."""
    try:
        path.write_text(junit_xml(result, on_undecided), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"--junit {path}: {error.strerror}", next_step="Name a file in a folder that exists"
        ) from error


def _case(line: GateLine, class_name: str, undecided_stops: bool) -> ET.Element:
    case = ET.Element("testcase", classname=_clean(class_name), name=_clean(line.name), time="0")
    words = _clean("; ".join(word for word in (line.stated, line.detail) if word))
    match line.verdict:
        case Verdict.FAIL:
            ET.SubElement(case, "failure", type="gate", message=words)
        case Verdict.UNDECIDED if undecided_stops:
            ET.SubElement(case, "error", type="undecided", message=words)
        case Verdict.UNDECIDED:
            ET.SubElement(case, "skipped", message=f"undecided: {words}")
        case None:
            ET.SubElement(case, "skipped", message=f"not judged: {words}")
        case Verdict.PASS:
            ET.SubElement(case, "system-out").text = words
    return case


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
