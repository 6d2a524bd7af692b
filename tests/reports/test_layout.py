"""How a browser lays the page out: nothing sticks out of a laptop's window, nor of a phone's."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html import escape, unescape
from pathlib import Path

import pytest

from rightsize.reports.build import ReportOptions, build_report
from rightsize.reports.html import render_html
from tests.reports.builders import NOW, family
from tests.reports.test_reading import classical, disturbed

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDTHS = (1200, 390)

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium here to lay the page out")


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[int]]]:
    """For each width of the window: what is wider than its box, and the width of the page."""
    assert BROWSER is not None
    records = [replace(each, embedded=False) for each in (*family(), classical(), disturbed())]
    page = render_html(build_report(records, ReportOptions("r", 500_000.0, region="DEU"), None, NOW))
    page = re.sub(r"<meta http-equiv=[^>]*>", "", page)  # the policy forbids the script that measures
    frames = "".join(
        f'<iframe id="w{width}" style="width:{width}px;height:900px;border:0" srcdoc="{escape(page)}"></iframe>'
        for width in WIDTHS
    )
    script = """<script>onload = () => {
      const seen = {};
      for (const frame of document.querySelectorAll("iframe")) {
        const inside = frame.contentDocument, boxes = [...inside.querySelectorAll(".scroll")];
        const heads = [...inside.querySelectorAll("thead .id")];
        seen[frame.id] = {hidden: boxes.map(box => box.scrollWidth - box.clientWidth),
                          heads: heads.map(head => head.getClientRects().length),
                          page: [inside.documentElement.scrollWidth]};
      }
      document.body.innerHTML = "<pre>" + JSON.stringify(seen) + "</pre>";
    }</script>"""
    folder: Path = tmp_path_factory.mktemp("layout")
    wrapper = folder / "wrapper.html"
    wrapper.write_text(f"<!doctype html><body>{frames}{script}</body>", encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    command = [BROWSER, *flags, "--virtual-time-budget=4000", "--dump-dom", wrapper.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    found = re.search(r"<pre>(.*?)</pre>", done.stdout, flags=re.DOTALL)
    assert found, done.stderr[-2000:]
    seen: dict[str, dict[str, list[int]]] = json.loads(unescape(found[1]))
    return seen


def test_every_table_fits_a_window_of_1200_pixels(laid_out: dict[str, dict[str, list[int]]]) -> None:
    hidden = laid_out["w1200"]["hidden"]
    assert len(hidden) >= 5, "candidates, cost, break-even, carbon, assumptions"
    assert max(hidden) <= 1


def test_a_models_name_does_not_break_in_the_head_of_a_table(laid_out: dict[str, dict[str, list[int]]]) -> None:
    assert laid_out["w1200"]["heads"] == [1, 1, 1]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_itself_never_scrolls_sideways(laid_out: dict[str, dict[str, list[int]]], width: int) -> None:
    assert laid_out[f"w{width}"]["page"][0] <= width
