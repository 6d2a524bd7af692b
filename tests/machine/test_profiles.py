from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from rightsize.errors import ProfileError, UsageError
from rightsize.machine import scan
from rightsize.machine.profiles import Origin, list_profiles, load_profile, profile_of, save_profile
from rightsize.paths import profiles_dir


@pytest.fixture(scope="module")
def machine():
    return scan(bandwidth_budget_s=0.05)


def test_a_saved_scan_reads_back_the_same(machine, tmp_path):
    path = save_profile(machine, "my-laptop", tmp_path / "hardware_profiles")
    assert path.name == "my-laptop.yaml"
    profile = load_profile(path)
    assert profile == profile_of(machine, "my-laptop")
    assert profile.kind == "scanned"
    assert {fact.origin for fact in profile.facts.values()} == {Origin.MEASURED}
    assert profile.facts["usable_cores"].value == machine.usable_cores
    assert len(profile.facts["bandwidth_gb_s"].samples) == len(machine.bandwidth_gb_s)


def test_a_scan_may_replace_a_scan_but_not_published_facts(machine, tmp_path):
    save_profile(machine, "here", tmp_path)
    save_profile(machine, "here", tmp_path)
    published = tmp_path / "pi.yaml"
    published.write_text(load_text("rpi5-8gb"), encoding="utf-8")
    with pytest.raises(ProfileError, match="published facts"):
        save_profile(machine, "pi", tmp_path)


def load_text(name):
    return (profiles_dir() / f"{name}.yaml").read_text(encoding="utf-8")


BUNDLED = sorted(path.stem for path in profiles_dir().glob("*.yaml"))
FACTS = Path(__file__).resolve().parents[3] / "shared" / "facts" / "hardware.yaml"
TEXTS = {"cpu_model", "architecture", "cpu_id"}
LISTS = {"isa", "gpus"}
NUMBERS = {
    "physical_cores": (1, 1024),
    "logical_cores": (1, 1024),
    "usable_cores": (1, 1024),
    "memory_bytes": (2**31, 2**42),
    "memory_limit_bytes": (2**30, 2**42),
    "bandwidth_gb_s": (1, 2000),
    "gpu_bandwidth_gb_s": (100, 10_000),
    "gpu_fp16_tflops": (1, 5000),
    "idle_w": (0.1, 2000),
    "load_w": (1, 10_000),
    "tdp_w": (1, 1500),
    "gpu_idle_w": (0.1, 300),
    "price_usd": (10, 100_000),
    "price_usd_per_hour": (0.001, 500),
}


def test_forty_devices_and_instance_types_ship():
    assert len(BUNDLED) >= 40
    assert set(BUNDLED) <= set(list_profiles())
    kinds = {load_profile(name).kind for name in BUNDLED}
    assert {"sbc", "laptop", "desktop", "apple-unified", "gpu", "cloud"} <= kinds


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_profile_loads_and_names_its_sources(name):
    profile = load_profile(name)
    assert profile.name == name
    assert profile.title
    assert {"memory_bytes", "gpus"} & set(profile.facts)
    for key, fact in profile.facts.items():
        assert key in TEXTS | LISTS | set(NUMBERS)
        assert fact.value not in (None, "", [], 0)
        assert fact.source
        named = fact.source != "none named"
        assert named or fact.origin in (Origin.RECALLED, Origin.ESTIMATED)
        assert not fact.verified or (named and fact.origin in (Origin.MEASURED, Origin.PUBLISHED))
        if key in NUMBERS:
            low, high = NUMBERS[key]
            assert low <= fact.value <= high, f"{key} is {fact.value}"
        if key.startswith("price"):
            assert re.search(r"20\d\d", fact.note), "a price has its date"


@pytest.mark.skipif(not FACTS.exists(), reason="../shared/facts is not beside this checkout")
def test_what_was_carried_is_what_the_facts_say():
    devices = {device["id"]: device for device in yaml.safe_load(FACTS.read_text(encoding="utf-8"))["devices"]}
    assert len(set(devices) & set(BUNDLED)) >= 40
    for name in set(devices) & set(BUNDLED):
        device, facts = devices[name], load_profile(name).facts
        memory = (
            facts["gpus"].value[0]["memory_bytes"] if device["kind"] == "gpu" else facts["memory_bytes"].value
        )
        assert memory == device["memory_gb"] * 2**30, name
        bandwidth = facts.get("gpu_bandwidth_gb_s" if device["kind"] == "gpu" else "bandwidth_gb_s")
        if "bandwidth_gb_s" in device:
            assert bandwidth.value == device["bandwidth_gb_s"], name
            assert bandwidth.verified <= any(
                field.startswith(("bandwidth", "all")) for field in device["verified_fields"]
            )


@pytest.mark.parametrize("name", ["../evil", "a/b", "", ".hidden", "x" * 99])
def test_a_name_must_be_a_file_name(machine, tmp_path, name):
    with pytest.raises(UsageError, match="cannot name a profile"):
        save_profile(machine, name, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("typed", "meant"), [("rpi5", "rpi5-8gb"), ("RPI5-8G", "rpi5-8gb"), ("aple-m4", "apple-m4"), ("nope", "")]
)
def test_an_unknown_name_leads_to_the_nearest_ones(typed, meant):
    with pytest.raises(ProfileError) as caught:
        load_profile(typed)
    said = str(caught.value)
    assert f"no hardware profile '{typed}'" in said and meant in said.partition("All ")[0]
    assert said.count(" or ") == 2 and len(said) < 300, "not the whole list"


@pytest.mark.parametrize(
    "text",
    ["[unclosed", "just text", "schema_version: 99\nfacts: {}", "schema_version: 1\nname: x", "- 1\n- 2"],
)
def test_a_malformed_profile_is_one_clear_line(tmp_path, text):
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError, match=r"bad\.yaml") as caught:
        load_profile(path)
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_made(machine, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ProfileError, match="cannot write"):
        save_profile(machine, "x", tmp_path / "file")
