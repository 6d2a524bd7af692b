"""A machine whose rates are known, for predictions that can be computed by hand."""

from __future__ import annotations

from rightsize.predict.calibration import Calibration
from rightsize.predict.memory import Loading
from rightsize.predict.speed import MachineRates, Rates

KINDS = {"Q4_K": 2e-11, "Q6_K": 5e-11, "Q8_0": 1e-12, "F16": 2e-12, "Q5_0": 9e-11, "Q5_K": 5e-11, "Q3_K": 9e-11}
SIZES = ((3e7, 1e-11), (7e7, 2e-11), (4e8, 5e-11))
DECODE = Rates(KINDS, SIZES, ((64.0, 3e-10), (128.0, 4e-11)), 1e-10, 2e-9, 3e-6)
PREFILL = Rates(
    {k: v / 5 for k, v in KINDS.items()}, SIZES[:1], ((64.0, 3e-11), (128.0, 2e-11)), 0.0, 1e-9, 2e-5, 1e-10
)
MACHINE = MachineRates(2, 512, DECODE, PREFILL)
CALIBRATION = Calibration(MACHINE, Loading({"Q4_K": 1.03}, 50_000_000, 1), 40.0)
