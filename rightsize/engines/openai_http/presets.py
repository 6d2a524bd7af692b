"""The servers that are known by name: where they listen, where their key is, and what they do differently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known of one kind of server.

    ``key_variable`` names the environment variable that holds the key, empty where none is needed. ``hosted``
    servers cost money a token. ``grammar_field`` and ``schema_field`` name the body fields (``a.b``: within one
    another) that take a GBNF grammar and a JSON schema where the server has its own, ``response_format`` the
    form of OpenAI's field that it takes. ``cache`` says whether prompts seen before are answered from a cache;
    a fresh value in ``salt_field`` prevents it. ``at_a_time`` is how many requests it bears (0: any number).
    ``continues`` are the fields that make it go on with a last message of the assistant's; others do so unasked
    or, as hosted ones, begin a new answer.
    """

    name: str
    base_url: str
    key_variable: str = ""
    hosted: bool = False
    completions: bool = True
    grammar_field: str = ""
    schema_field: str = ""
    response_format: str = "json_schema"
    salt_field: str = ""
    at_a_time: int = 0
    cache: str = "the server's own, which may speed up prompts that begin alike"
    extra: Mapping[str, object] = field(default_factory=dict)
    continues: Mapping[str, object] = field(default_factory=dict)


GENERIC_KEY = "RIGHTSIZE_API_KEY"

_OFF = "switched off in each request"
_HERE = "http://127.0.0.1"

PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("server", f"{_HERE}:8000/v1", GENERIC_KEY),
        # Without cache_prompt=false the second request of a prompt would be faster than the first.
        Preset(
            "llama-server",
            f"{_HERE}:8080/v1",
            "LLAMA_API_KEY",
            grammar_field="grammar",
            schema_field="json_schema",
            extra={"cache_prompt": False},
            cache=_OFF,
        ),
        # Unless it was started otherwise, it drops the answer that it is giving when another request comes. And
        # without repeat_penalty=1 its answers are not the greedy ones.
        Preset(
            "llama-cpp-python",
            f"{_HERE}:8000/v1",
            GENERIC_KEY,
            grammar_field="grammar",
            response_format="json_object_schema",
            at_a_time=1,
            extra={"repeat_penalty": 1.0},
        ),
        Preset("ollama-server", f"{_HERE}:11434/v1", "OLLAMA_API_KEY"),
        Preset("lm-studio-server", f"{_HERE}:1234/v1", GENERIC_KEY),
        Preset(
            "vllm",
            f"{_HERE}:8000/v1",
            "VLLM_API_KEY",
            grammar_field="structured_outputs.grammar",
            schema_field="structured_outputs.json",
            salt_field="cache_salt",
            cache=_OFF,
            continues={"continue_final_message": True, "add_generation_prompt": False},
        ),
        Preset("tgi", f"{_HERE}:8080/v1", "HF_TOKEN", completions=False),
        Preset(
            "sglang",
            f"{_HERE}:30000/v1",
            GENERIC_KEY,
            grammar_field="ebnf",
            continues={"continue_final_message": True},
        ),
        Preset("openai", "https://api.openai.com/v1", "OPENAI_API_KEY", hosted=True, completions=False),
        Preset(
            "anthropic",
            "https://api.anthropic.com/v1",
            "ANTHROPIC_API_KEY",
            hosted=True,
            completions=False,
            response_format="",
        ),
        Preset(
            "gemini",
            "https://generativelanguage.googleapis.com/v1beta/openai",
            "GEMINI_API_KEY",
            hosted=True,
            completions=False,
        ),
        Preset("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY", hosted=True, completions=False),
        Preset(
            "deepseek",
            "https://api.deepseek.com/v1",
            "DEEPSEEK_API_KEY",
            hosted=True,
            completions=False,
            response_format="json_object",
        ),
        Preset("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY", hosted=True, completions=False),
        Preset("together", "https://api.together.xyz/v1", "TOGETHER_API_KEY", hosted=True),
        Preset("fireworks", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY", hosted=True),
        Preset(
            "openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", hosted=True, completions=False
        ),
    )
}
