"""Each catalogue model's computed tensor bytes against its published files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rightsize.models.catalogue.load import catalogue
from rightsize.models.catalogue.size_check import SizeCheck, size_checks
from rightsize.models.shapes.quant_mix import quant_mixes

# Files that do not follow today's rules, one by one; their entries in the catalogue say why.
OLDER_QUANTIZER = {
    *((f"phi-{name}", level) for name in ("3-mini-4k-instruct", "3.5-mini-instruct", "3-medium-4k-instruct")
      for level in ("Q2_K", "Q3_K_M", "Q4_K_M", "Q5_K_M")),
    *(("phi-4", level) for level in ("Q2_K", "Q3_K_M", "Q4_K_M", "Q5_K_M")),
    *(("phi-4-mini-instruct", level) for level in ("Q2_K", "Q3_K_M", "Q4_K_M", "Q5_K_M")),
    ("tinyllama-1.1b-chat-v1.0", "Q2_K"),
    ("tinyllama-1.1b-chat-v1.0", "Q3_K_M"),
    ("openelm-450m", "Q4_K_M"),
}  # fmt: skip
IMPORTANCE_MATRIX = {
    ("llama-3.2-1b-instruct", "Q4_0"),
    ("llama-3.2-3b-instruct", "Q4_0"),
    ("smollm2-1.7b-instruct", "Q4_0"),
}


@pytest.fixture(scope="module")
def checks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[SizeCheck]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RIGHTSIZE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield size_checks(catalogue())


def test_files_that_follow_the_rules_agree_within_two_thousandths(checks: list[SizeCheck]) -> None:
    known = [check for check in checks if check.error is not None and not check.excepted]
    wrong = [(c.model, c.published.level, c.error) for c in known if c.error is not None and c.error > 0.002]
    assert len(known) > 90
    assert wrong == []


def test_what_is_left_of_every_file_could_be_its_vocabulary(checks: list[SizeCheck]) -> None:
    followed = [check for check in checks if not check.excepted]
    assert [(c.model, c.published.level) for c in followed if not c.plausible] == []
    assert len({check.model for check in followed}) > 40


def test_the_exceptions_are_those_named_here(checks: list[SizeCheck]) -> None:
    excepted = {
        (check.model, check.published.level): check.published.differs for check in checks if check.excepted
    }
    assert set(excepted) == OLDER_QUANTIZER | IMPORTANCE_MATRIX
    assert all("quantizer" in excepted[each] for each in OLDER_QUANTIZER)
    assert all("importance matrix" in excepted[each] for each in IMPORTANCE_MATRIX)
    # They are exceptions of the mix, not of the shape: an unmixed file of each model agrees.
    for model in {model for model, _ in OLDER_QUANTIZER} - {"openelm-450m"}:
        assert any(c.model == model and not c.excepted and (c.error or 0) < 1e-4 for c in checks)


def test_untied_files_are_larger_by_an_output_tensor_and_nothing_else(checks: list[SizeCheck]) -> None:
    untied = [check for check in checks if check.untied]
    assert len(untied) == 18
    assert all(check.plausible for check in untied)


def test_sizes_that_were_rounded_agree_within_their_rounding() -> None:
    rounded = [e for e in catalogue() if e.shape and any(not size.exact for size in e.sizes)]
    levels = sorted({size.level for entry in rounded for size in entry.sizes if not size.exact})
    mixes = quant_mixes([entry.shape for entry in rounded if entry.shape], levels)
    off = {
        (entry.id, size.level): size.size_bytes / mix[size.level].tensor_bytes - 1
        for entry, mix in zip(rounded, mixes, strict=True)
        for size in entry.sizes
        if not size.exact and not size.differs
    }
    assert len(off) > 30
    # Three digits are off by half a percent at most, and a vocabulary weighs up to 16 MB.
    assert {key: share for key, share in off.items() if not -0.005 <= share <= 0.012} == {}
