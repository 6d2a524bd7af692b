"""A folder of small lm-eval tasks of every kind over a few local rows, for tests."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

ROWS = [
    {"q": "the sky is", "a": "blue", "choices": ["blue", "green", "the red"], "label": 0},
    {"q": "the grass is", "a": "green", "choices": ["blue", "green", "the red"], "label": 1},
    {"q": "blood in there is", "a": "red", "choices": ["blue", "green", "red"], "label": 2},
    {"q": "the other thing is", "a": "blue", "choices": ["blue", "inner"], "label": 0},
    {"q": "her thin thread is", "a": "inner", "choices": ["thin", "inner"], "label": 1},
]
COMMON = {
    "dataset_path": "json",
    "dataset_kwargs": {"data_files": {"test": "rows.jsonl"}},
    "test_split": "test",
}
TASKS = {
    "le_gen": {
        "output_type": "generate_until",
        "description": "Name the colour.\n",
        "doc_to_text": "{{q}}",
        "doc_to_target": "{{a}}",
        "fewshot_split": "test",
        "num_fewshot": 2,
        "generation_kwargs": {"until": ["\n"], "max_gen_toks": 6, "do_sample": False},
        "filter_list": [
            {
                "name": "letter",
                "filter": [{"function": "regex", "regex_pattern": "([a-z])"}, {"function": "take_first"}],
            },
            {"name": "raw", "filter": [{"function": "take_first"}]},
        ],
        "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
    },
    "le_mc": {
        "output_type": "multiple_choice",
        "doc_to_text": "{{q}}",
        "doc_to_target": "label",
        "doc_to_choice": "choices",
        "metric_list": [
            {"metric": "acc", "aggregation": "mean", "higher_is_better": True},
            {"metric": "acc_norm", "aggregation": "mean", "higher_is_better": True},
        ],
    },
    "le_contexts": {
        "output_type": "multiple_choice",
        "doc_to_text": "label",
        "doc_to_target": "{{q}}",
        "doc_to_choice": "choices",
        "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
    },
    "le_mutual": {
        "output_type": "multiple_choice",
        "doc_to_text": "{{q}}",
        "doc_to_target": "label",
        "doc_to_choice": "choices",
        "metric_list": [{"metric": "acc_mutual_info", "aggregation": "mean", "higher_is_better": True}],
    },
    "le_begun": {
        "output_type": "generate_until",
        "description": "Name the colour of {{q}}.\n",
        "gen_prefix": "It is",
        "doc_to_text": "{{q}}",
        "doc_to_target": "{{a}}",
        "fewshot_split": "test",
        "num_fewshot": 2,
        "generation_kwargs": {"until": ["\n"], "max_gen_toks": 6, "do_sample": False},
        "filter_list": [
            {
                "name": "letter",
                "filter": [{"function": "regex", "regex_pattern": "([a-z])"}, {"function": "take_first"}],
            }
        ],
        "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
    },
    "le_pick": {
        "output_type": "multiple_choice",
        "description": "Choose the word.",
        "gen_prefix": "It is",
        "doc_to_text": "{{q}}",
        "doc_to_target": "label",
        "doc_to_choice": "choices",
        "fewshot_split": "test",
        "num_fewshot": 1,
        "metric_list": [
            {"metric": "acc", "aggregation": "mean", "higher_is_better": True},
            {"metric": "acc_mutual_info", "aggregation": "mean", "higher_is_better": True},
        ],
    },
    "le_ll": {"output_type": "loglikelihood", "doc_to_text": "{{q}}", "doc_to_target": " {{a}}"},
    "le_roll": {"output_type": "loglikelihood_rolling", "doc_to_text": "", "doc_to_target": "{{q}} {{a}}"},
}
GROUP = {"group": "le_group", "task": ["le_gen", "le_mc"], "aggregate_metric_list": [{"metric": "acc"}]}


def write_task(folder: Path, name: str, **changes: object) -> Path:
    """Write one of the tasks, changed, and the rows that it reads."""
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump({"task": name, **COMMON, **TASKS[name], **changes}, sort_keys=False))
    return path


def write_folder(folder: Path) -> Path:
    """Write every task and the group."""
    for name in TASKS:
        write_task(folder, name)
    (folder / "le_group.yaml").write_text(yaml.safe_dump(GROUP))
    return folder


OWN_CLASS = '''
from lm_eval.api.instance import Instance
from lm_eval.api.task import ConfigurableTask

class Several(ConfigurableTask):
    """A text, two likelihoods (one of nothing before it), another text of another length, a whole text."""

    def __init__(self, config):
        super().__init__(config={key: value for key, value in config.items() if key != "class"})

    def construct_requests(self, doc, ctx, **kwargs):
        keep = {"metadata": kwargs["metadata"]}
        asked = [
            ("generate_until", (ctx, {"until": ["\\n"], "max_gen_toks": 6})),
            ("loglikelihood", (ctx, " " + doc["a"])),
            ("loglikelihood", ("", " " + doc["a"])),
            ("generate_until", (ctx, {"until": ["e"], "max_gen_toks": 3})),
            ("loglikelihood_rolling", (doc["q"],)),
        ]
        return [Instance(kind, doc, args, number, **keep) for number, (kind, args) in enumerate(asked)]

    def process_results(self, doc, results):
        long, (given, greedy), (alone, _), short, whole = results
        letters = sum(map(ord, long + "/" + short)) % 97 / 97
        return {"acc": float(given > alone), "letters": letters, "given": given, "greedy": float(greedy),
                "alone": alone, "whole": whole}

    def higher_is_better(self):
        return dict.fromkeys(("acc", "letters", "given", "greedy", "alone", "whole"), True)

    def aggregation(self):
        from lm_eval.api.metrics import mean
        return dict.fromkeys(("acc", "letters", "given", "greedy", "alone", "whole"), mean)
'''


def write_several(folder: Path) -> Path:
    """Write a task whose items ask in several ways, by a class of its own."""
    (folder / "several.py").write_text(OWN_CLASS)
    path = write_task(folder, "le_gen", filter_list=None)
    text = path.read_text().replace("task: le_gen", "task: le_several")
    path.unlink()
    path = folder / "le_several.yaml"
    path.write_text(text + "\nclass: !function several.Several\n")
    return path
