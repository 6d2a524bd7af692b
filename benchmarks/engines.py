"""Do other ways of running a model cost answers or time? One part a file, each prints its own table.

Last line: ``agreement``, the share of items that the embedded weights answer alike in llama.cpp (F16) and ONNX
Runtime (FP32), at least 0.99; and what the HTTP engine costs against a raw loop on the same server.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from common import finish
from engines_agreement import agreement
from engines_http import http

#: A part is a function of ``quick`` that prints its table and returns its figures.
PARTS: dict[str, Callable[[bool], Mapping[str, Any]]] = {"agreement": agreement, "http": http}


def main() -> None:
    """Measure the parts named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=list(PARTS), action="append")
    parser.add_argument("--quick", action="store_true", help="few items: tries the script itself")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    for name in options.part or PARTS:
        figures |= PARTS[name](options.quick)
    finish(figures)


if __name__ == "__main__":
    main()
