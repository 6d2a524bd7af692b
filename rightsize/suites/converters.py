"""Turns a real data set's files, as its authors publish them, into the one file a suite reads.

A converter takes the files' bytes in the order of the suite's ``origin`` list and returns the bytes to keep;
the suite's checksum is of the result, so the same code made the files that development and CI read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from rightsize.suites.convert import (
    bbq,
    clinc,
    contract_nli,
    contracts,
    gsm8k,
    json_schema_tests,
    legal_summaries,
    ntrex,
    receipts,
    squad2,
)
from rightsize.suites.rows import Row


def verbatim(files: Sequence[bytes]) -> bytes:
    """Keep a single file as it is."""
    (only,) = files
    return only


def snips_slots(files: Sequence[bytes], ids: str = "snips") -> bytes:
    """Flatten SNIPS: each file is ``{intent: [{"data": [{"text", "entity"?}]}]}``; a line each.

    One training line has an emoji as two surrogates, which are no text: each becomes a question mark.
    """
    rows = (row for file in files for row in _snips_rows(json.loads(file), ids))
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return lines.encode("utf-8", "replace")


def _snips_rows(intents: dict[str, list[Row]], ids: str) -> Iterator[Row]:
    for intent, utterances in intents.items():
        for number, utterance in enumerate(utterances):
            slots: dict[str, list[str]] = {}
            for part in utterance["data"]:
                if "entity" in part:
                    slots.setdefault(part["entity"], []).append(part["text"].strip())
            text = "".join(part["text"] for part in utterance["data"]).strip()
            yield {"id": f"{ids}-{intent}-{number}", "text": text, "intent": intent, "slots": slots}


CONVERTERS: dict[str, Callable[[Sequence[bytes]], bytes]] = {
    "verbatim": verbatim,
    "snips_slots": snips_slots,
    "snips_train": partial(snips_slots, ids="snips-train"),
    "bbq": bbq.convert,
    "clinc150_fewshot": clinc.convert_fewshot,
    "clinc150_test": clinc.convert_test,
    "receipts": receipts.convert,
    "contracts": contracts.convert,
    "contract_nli_documents": contract_nli.convert_documents,
    "contract_nli_items": contract_nli.convert_items,
    "gsm8k": gsm8k.convert,
    "json_schema_tests": json_schema_tests.convert,
    "legal_summaries": legal_summaries.convert,
    "ntrex": ntrex.convert,
    "squad2": squad2.convert,
}
