"""What a suite can be divided by, and which part of its test changed."""

from __future__ import annotations

from dataclasses import replace

from rightsize.domain import Item
from rightsize.suites.identity import suite_parts
from rightsize.suites.loader import load_suite
from rightsize.suites.slices import slices_of


def test_fields_that_repeat_divide_the_shipped_suites() -> None:
    extraction = slices_of(load_suite("extraction").items)
    assert {item["kind"] for item in extraction.values()} == {"email", "invoice", "claim"}
    assert len({item["label"] for item in slices_of(load_suite("classification").items).values()}) == 24


def test_texts_and_names_do_not_divide() -> None:
    items = [
        Item(
            f"i{n}",
            f"g{n}",
            "",
            "",
            doc={"id": n, "group": "x", "text": f"unique {n}", "same": "a", "n": n % 2},
        )
        for n in range(20)
    ]
    assert slices_of(items)["i0"] == {}
    assert slices_of([]) == {}


def test_the_hash_of_each_part_follows_that_part_alone() -> None:
    suite = load_suite("extraction")
    before = suite_parts(suite)

    def changed(**fields: object) -> set[str]:
        items = (replace(suite.items[0], **fields), *suite.items[1:])  # type: ignore[arg-type]
        after = suite_parts(replace(suite, items=items))
        return {part for part in before if before[part] != after[part]}

    assert changed(prompt="Another prompt") == {"prompt"}
    assert changed(target="Another answer") == {"gold"}
    assert changed(id="other") == {"items"}
    assert {p for p, h in suite_parts(replace(suite, stop=("x",))).items() if h != before[p]} == {"rules"}
    assert suite_parts(replace(suite, scorer="lm_eval")) == {}
