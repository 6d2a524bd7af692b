"""Is evaluating in-process as much faster than over a server as we say? Both sides in one interleaved run.

Last line: ``fewshot_ratio`` (at least 12) and ``labels_ratio`` (at least 100) against lm-eval's ``gguf`` model
over llama-cpp-python's server; ``fewshot_server_ratio`` (2.5) and ``generate_server_ratio`` (1.0) against
lm-eval's ``local-completions`` over llama-server with 16 slots and 16 concurrent requests; ``bound_ratio``
(0.85), our tokens per second over what llama-batched-bench needs for the same prefix, suffixes and outputs in
16 slots; and ``kv_budget_held``. A round is a run of one task for every side: llama-server is started anew for
it and meets the few-shot examples for the first time, as ours does. ``fewshot_warm_server_ratio`` (no aim) is
against one that has them in its slots already. Before that, on the embedded family, outputs and scores are
shown to be equal.

The model has a 1B shape at Q4_K_M and random weights, with the embedded family's tokenizer. Our side's times
include tokenizing and making the cache; lm-eval's and the servers' exclude their start.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from math import isclose
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

import yaml
from common import Ratio, finish, show
from llama_tools import batched_bench
from random_models import copy_that_adds_bos, write_random_model
from servers import llama_server, python_server
from sides import Ours, Workload, ask, asked_per_s, gguf_model, local_completions

from rightsize.engines.llama_cpp.context import LoadedModel
from rightsize.machine import scan
from rightsize.models.expand import embedded_family
from rightsize.models.local_file import read_model
from rightsize.models.quantize import quantized
from rightsize.paths import cache_dir, suites_dir
from rightsize.suites.loader import load_suite

SLOTS = 16
PROMPTS = 480  # enough that no round repeats another's: a server would find them in its prompt cache
PREFIX_TOKENS = 450
GGUF_TOKENS = 16  # what lm-eval's gguf model always generates
GENERATED_TOKENS = 96
CONTEXT = 1024
KV_BUDGET_BYTES = 512 << 20
AGREEMENT_ITEMS = 2  # of 77 labels each
SCORE_TOLERANCE, RELATIVE_TOLERANCE = 0.05, 3e-3  # of a label's log probability: half precision
# Ends a label, so that the model goes on: where it would stop at once, lm-eval's gguf takes the label's last
# token for a generated one and leaves it out.
GOES_ON = "\n"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many rounds there are, and how many items a side gets in each.

    ``fewshot`` and ``generate`` are those of both batching sides, multiples of ``SLOTS``, and ``warm`` those of
    the server that has their examples already; the ``gguf`` ones are few, because that side takes its items one
    by one and keeps its pace.
    """

    rounds: int
    fewshot: int
    warm: int
    generate: int
    labels: int
    gguf_fewshot: int
    gguf_labels: int
    label_rounds: int


FULL = Sizes(
    rounds=3, fewshot=96, warm=48, generate=32, labels=16, gguf_fewshot=6, gguf_labels=1, label_rounds=2
)  # more than half an hour on two quiet cores
QUICK = Sizes(
    rounds=2, fewshot=32, warm=32, generate=32, labels=32, gguf_fewshot=2, gguf_labels=1, label_rounds=1
)


@dataclass(slots=True)
class Samples:
    """Items per second by workload and side, one value a round."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        """Keep one value."""
        self.values.setdefault(name, []).append(value)
        print(f"{name}: {value:.4g}", file=sys.stderr)

    def ratio(self, ours: str, theirs: str) -> Ratio:
        """Median of one series over median of another."""
        return Ratio.of(self.values[ours], self.values[theirs])


def main() -> None:
    """Show that both sides say the same, measure, and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="an embedded model and few items: is all in order?"
    )
    parser.add_argument("--fewshot-only", action="store_true", help="leave labels and free generation out")
    parser.add_argument("--model", type=Path, help="a GGUF file to use instead of the random 1B one")
    parser.add_argument("--threads", type=int, help="threads of every side; by default the usable cores")
    options = parser.parse_args()
    threads = options.threads or scan(with_bandwidth=False).usable_cores
    small = embedded_family()[0]
    equal = _agreement(embedded_family()[-1], threads)
    model = options.model or (small if options.quick else _one_b(small))
    sizes = QUICK if options.quick else FULL
    if options.fewshot_only:
        sizes = replace(sizes, generate=0, labels=0, label_rounds=0)
    samples, held = _measure(model, threads, sizes)
    _report(model, threads, samples, held, equal)


# --- what is asked ----------------------------------------------------------------------------------------


def _workloads(model: Path) -> dict[str, Workload]:
    """Few-shot extraction, classification into 77 labels, and free generation, on committed suites."""
    tickets = [
        str(item.prompt.partition("Ticket: ")[2].partition("\n")[0])
        for item in load_suite("classification").items
    ]
    tickets = tickets[:: max(1, len(tickets) // PROMPTS)]
    prefix = _prefix(model)
    labels = tuple(yaml.safe_load((suites_dir() / "banking77" / "banking77.yaml").read_text())["doc_to_choice"])
    return {
        "fewshot": Workload("fewshot", tuple(f"{prefix}\nDocument: {t}\nJSON:" for t in tickets), GGUF_TOKENS),
        "labels": Workload("labels", tuple(f"Customer: {t}\nIntent:" for t in tickets), labels=labels),
        "generate": Workload("generate", tuple(f"Ticket: {t}\nAnswer:" for t in tickets), GENERATED_TOKENS),
    }


def _prefix(model: Path) -> str:
    """Solved examples of the extraction suite, cut at ``PREFIX_TOKENS`` tokens."""
    text = load_suite("extraction", num_fewshot=4).items[0].prompt
    loaded = LoadedModel(model)
    tokens = loaded.tokenize(text, special=True, parse_special=False)[:PREFIX_TOKENS]
    cut = b"".join(loaded.piece(token) for token in tokens).decode("utf-8", "ignore")
    loaded.close()
    return cut


def _one_b(vocabulary_of: Path) -> Path:
    """A random model of a 1B shape at Q4_K_M, made once."""
    path = cache_dir() / "benchmarks" / "random-1b-vocabulary-q8_0.gguf"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_random_model(path.with_suffix(".part"), vocabulary_of=vocabulary_of).replace(path)
    return quantized(read_model(path), "Q4_K_M", allow_requantize=True).path


# --- do both sides say the same? --------------------------------------------------------------------------


def _agreement(model: Path, threads: int, count: int = 16) -> dict[str, float]:
    """Shares of equal texts against llama-server, of equal choices and of equal label scores against gguf."""
    workloads = _workloads(model)
    ours = Ours(model, threads, slots=SLOTS, kv_budget_bytes=KV_BUDGET_BYTES)
    texts = ours.run(workloads["generate"], count)
    ours.close()
    with llama_server(model, threads, slots=SLOTS, context_per_slot=CONTEXT) as url:
        theirs = ask(local_completions(url, SLOTS), workloads["generate"], count)
    same = [float(texts[str(number)].text == text) for number, text in enumerate(theirs)]
    with TemporaryDirectory() as folder:
        scores = _label_agreement(copy_that_adds_bos(model, Path(folder) / model.name), threads)
    return {"equal_outputs": mean(same), **scores}


def _label_agreement(model: Path, threads: int) -> dict[str, float]:
    labels = _workloads(model)["labels"]
    labels = replace(labels, labels=tuple(label + GOES_ON for label in labels.labels))
    ours = Ours(model, threads, slots=SLOTS, kv_budget_bytes=KV_BUDGET_BYTES)
    answers = ours.run(labels, AGREEMENT_ITEMS)
    mine = [answers[str(number)].choice_logprobs for number in range(AGREEMENT_ITEMS)]
    ours.close()
    with python_server(model, threads, context=CONTEXT) as url:
        flat = [value for value, _ in ask(gguf_model(url), labels, AGREEMENT_ITEMS)]
    theirs = [flat[at : at + len(labels.labels)] for at in range(0, len(flat), len(labels.labels))]
    pairs = [pair for a, b in zip(mine, theirs, strict=True) for pair in zip(a, b, strict=True)]
    return {
        "equal_choices": mean(float(_best(a) == _best(b)) for a, b in zip(mine, theirs, strict=True)),
        "equal_scores": mean(
            float(isclose(a, b, rel_tol=RELATIVE_TOLERANCE, abs_tol=SCORE_TOLERANCE)) for a, b in pairs
        ),
    }


def _best(values: Sequence[float]) -> int:
    return max(range(len(values)), key=values.__getitem__)


# --- measuring --------------------------------------------------------------------------------------------


def _measure(model: Path, threads: int, sizes: Sizes) -> tuple[Samples, bool]:
    """All sides in turn, round after round; whether the KV budget held."""
    workloads, samples = _workloads(model), Samples()
    ours = Ours(model, threads, slots=SLOTS, kv_budget_bytes=KV_BUDGET_BYTES)
    with ExitStack() as stack:
        gguf = gguf_model(stack.enter_context(python_server(model, threads, context=CONTEXT)))
        ours.run(
            workloads["fewshot"].after(-2), 2
        )  # touches every weight once; the servers warm up by themselves
        for number in range(sizes.rounds):
            seen = number * (sizes.fewshot + sizes.warm)
            fresh = {name: workload.after(seen) for name, workload in workloads.items()}
            turns = [
                partial(_our_turn, ours, fresh, sizes, samples),
                partial(_server_turn, model, threads, fresh, sizes, samples),
            ]
            for turn in turns if number % 2 else reversed(turns):
                turn()
            samples.add("fewshot gguf", asked_per_s(gguf, fresh["fewshot"], sizes.gguf_fewshot))
            if number < sizes.label_rounds:
                samples.add("labels gguf", asked_per_s(gguf, fresh["labels"], sizes.gguf_labels))
            samples.add("bound", _bound(model, threads, fresh["fewshot"], sizes.fewshot))
    ours.close()
    return samples, ours.budget_held


def _our_turn(ours: Ours, workloads: Mapping[str, Workload], sizes: Sizes, samples: Samples) -> None:
    for name, workload in workloads.items():
        count = {"fewshot": sizes.fewshot, "generate": sizes.generate, "labels": sizes.labels}[name]
        if not count:
            continue
        started = time.perf_counter()
        answers = ours.run(workload, count)
        elapsed = time.perf_counter() - started
        samples.add(f"{name} ours", count / elapsed)
        if name == "fewshot":
            tokens = PREFIX_TOKENS + sum(
                a.prompt_tokens - PREFIX_TOKENS + a.output_tokens for a in answers.values()
            )
            samples.add("tokens ours", tokens / elapsed)


def _server_turn(
    model: Path, threads: int, workloads: Mapping[str, Workload], sizes: Sizes, samples: Samples
) -> None:
    fewshot, count = workloads["fewshot"], sizes.fewshot
    with llama_server(model, threads, slots=SLOTS, context_per_slot=CONTEXT) as url:
        server = local_completions(url, SLOTS)
        ask(server, workloads["generate"].after(-2), 2)  # touches every weight once, and none of the examples
        samples.add("fewshot server", asked_per_s(server, fewshot, count))
        samples.add("fewshot warm server", asked_per_s(server, fewshot.after(count), sizes.warm))
        if sizes.generate:
            samples.add("generate server", asked_per_s(server, workloads["generate"], sizes.generate))


def _bound(model: Path, threads: int, workload: Workload, count: int) -> float:
    """Tokens per second if every step ran as llama-batched-bench's do: the shared prefix once, then for each 16
    items their suffixes as prompts and their outputs side by side."""
    loaded = LoadedModel(model)
    lengths = [len(loaded.tokenize(p, special=True, parse_special=False)) for p in workload.prompts[:count]]
    loaded.close()
    suffix = round(mean(lengths)) - PREFIX_TOKENS
    shared = batched_bench(model, threads, SLOTS, PREFIX_TOKENS, workload.output_tokens, "-pps")
    suffixes = batched_bench(model, threads, SLOTS, suffix, 1)
    batches = count / SLOTS
    seconds = shared["t_pp"] + batches * (suffixes["t_pp"] + shared["t_tg"])
    return (PREFIX_TOKENS + count * (suffix + workload.output_tokens)) / seconds


# --- reporting --------------------------------------------------------------------------------------------


def _report(model: Path, threads: int, samples: Samples, held: bool, equal: Mapping[str, float]) -> None:
    sides = {
        "fewshot_ratio": ("fewshot ours", "fewshot gguf"),
        "labels_ratio": ("labels ours", "labels gguf"),
        "fewshot_server_ratio": ("fewshot ours", "fewshot server"),
        "fewshot_warm_server_ratio": ("fewshot ours", "fewshot warm server"),
        "generate_server_ratio": ("generate ours", "generate server"),
        "bound_ratio": ("tokens ours", "bound"),
    }
    ratios = {name: samples.ratio(*pair) for name, pair in sides.items() if set(pair) <= set(samples.values)}
    show(
        f"rightsize over the others, {model.name}, {threads} threads, {SLOTS} slots (ratio of medians)",
        [(name, str(ratio)) for name, ratio in ratios.items()],
    )
    show("on the embedded family", [(name, f"{value:.4g}") for name, value in equal.items()])
    finish(
        {name: ratio.value for name, ratio in ratios.items()}
        | {"kv_budget_held": held, **equal, "threads": threads, "samples": samples.values}
    )


if __name__ == "__main__":
    main()
