"""Getting models of the hub: through huggingface_hub itself, against a stand-in of the hub on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rightsize.cli.common import SCHEMAS_DIR
from rightsize.errors import ModelError, ResourceError, UsageError
from rightsize.models.expand import find_models
from rightsize.models.hub.fetch import HubCache, fetch, part_of
from rightsize.models.hub.names import HubName, parse_name
from rightsize.models.hub.repository import choose_files, level_of, look_up
from tests.tiny_models import make_tiny_llama

from .stand_in import COMMIT, Hub, hub_of

REPO = "owner/repo-GGUF"


@pytest.fixture
def weights(tmp_path: Path) -> bytes:
    return make_tiny_llama(tmp_path / "source.gguf").read_bytes()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RIGHTSIZE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    # Loading lm-eval's tasks puts a process off line, and tests share one.
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    return tmp_path / "hub"


def got(hub: Hub, home: Path, text: str = f"{REPO}:F16", **more: object) -> list[Path]:
    name = parse_name(text)
    repository = look_up(name, endpoint=hub.url)
    files = choose_files(repository, name.level)
    return fetch(repository, files, revision=name.revision, endpoint=hub.url, root=home, **more)  # type: ignore[arg-type]


def test_what_comes_is_what_the_hub_has_and_where_its_own_client_looks(home: Path, weights: bytes) -> None:
    from huggingface_hub import scan_cache_dir, try_to_load_from_cache

    with hub_of({"tiny-F16.gguf": weights, "README.md": b"# card"}) as hub:
        heard: list[int] = []
        (path,) = got(hub, home, progress=heard.append)
        assert path.read_bytes() == weights
        assert sum(heard) == len(weights)
        assert try_to_load_from_cache(REPO, "tiny-F16.gguf", cache_dir=home) == str(path)
        assert try_to_load_from_cache(REPO, "tiny-F16.gguf", cache_dir=home, revision=COMMIT) == str(path)
        assert [repo.repo_id for repo in scan_cache_dir(home).repos] == [REPO]
        before = hub.sent_bytes
        assert got(hub, home) == [path]  # a second time nothing is sent
        assert hub.sent_bytes == before


def test_a_cut_transfer_goes_on_where_it_stopped(
    home: Path, weights: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    # The client keeps whole chunks only, of 10 MB; these files are smaller.
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 10_000)
    with hub_of({"tiny-F16.gguf": weights}, cut_at=50_000, cuts=2) as hub:
        (path,) = got(hub, home)
        assert path.read_bytes() == weights
        assert hub.sent_bytes == len(weights)  # no byte came twice
        assert [asked for _, p, asked in hub.asked if p.startswith("/store/")][-2:] == [
            "bytes=50000-",
            "bytes=100000-",
        ]


def test_what_an_earlier_process_left_is_not_fetched_again(home: Path, weights: bytes) -> None:
    with hub_of({"tiny-F16.gguf": weights}) as hub:
        (file,) = choose_files(look_up(parse_name(REPO), endpoint=hub.url), None)
        part_of(file).parent.mkdir(parents=True)
        part_of(file).write_bytes(weights[:70_000])
        (path,) = got(hub, home)
        assert path.read_bytes() == weights
        assert hub.sent_bytes == len(weights) - 70_000
        assert not part_of(file).exists()


def test_a_store_that_ignores_ranges_starts_anew(home: Path, weights: bytes) -> None:
    with hub_of({"tiny-F16.gguf": weights}, ignores_ranges=True) as hub:
        (file,) = choose_files(look_up(parse_name(REPO), endpoint=hub.url), None)
        part_of(file).parent.mkdir(parents=True)
        part_of(file).write_bytes(b"x" * 1000)
        (path,) = got(hub, home)
        assert path.read_bytes() == weights


def test_corrupted_bytes_are_not_let_in(home: Path, weights: bytes) -> None:
    with hub_of({"tiny-F16.gguf": weights}, corrupt=True) as hub:
        with pytest.raises(ModelError, match=r"checksum .* the repository names"):
            got(hub, home)
        assert not list(home.rglob("blobs/*"))
        assert not list(home.rglob("*.gguf"))
        hub.corrupt = False
        (path,) = got(hub, home)  # and the wrong bytes were not kept for the next try
        assert path.read_bytes() == weights


def test_the_revision_is_pinned(home: Path, weights: bytes) -> None:
    with hub_of({"tiny-F16.gguf": weights}) as hub:
        (path,) = got(hub, home, f"{REPO}:F16@{COMMIT}")
        assert COMMIT in str(path)
        assert all(COMMIT in p for _, p, _ in hub.asked if "/resolve/" in p)
        with pytest.raises(ModelError, match="no such revision"):
            got(hub, home, f"{REPO}:F16@nowhere")


def test_all_parts_of_a_split_model_come_and_a_missing_one_is_noticed(home: Path, weights: bytes) -> None:
    parts = {f"Q8_0/tiny-Q8_0-0000{n}-of-00003.gguf": weights[n:] for n in (1, 2, 3)}
    with hub_of({**parts, "tiny-F16.gguf": weights}) as hub:
        paths = got(hub, home, f"{REPO}:q8_0")
        assert [path.name for path in paths] == [name.partition("/")[2] for name in parts]
    del parts["Q8_0/tiny-Q8_0-00002-of-00003.gguf"]
    with hub_of(parts) as hub, pytest.raises(ModelError, match="only 2 of its parts"):
        got(hub, home, REPO)


def test_what_cannot_be_meant_is_answered_with_what_there_is(home: Path, weights: bytes) -> None:
    with hub_of({"tiny-F16.gguf": weights, "tiny-Q4_K_M.gguf": weights[:-1]}) as hub:
        with pytest.raises(ModelError, match=r"several levels.*It has F16 \(\d+kB\), Q4_K_M"):
            got(hub, home, REPO)
        with pytest.raises(ModelError, match="no level Q5_0"):
            got(hub, home, f"{REPO}:Q5_0")
    with hub_of({"model.safetensors": b"x", "config.json": b"{}"}) as hub:
        with pytest.raises(ModelError, match=r"no GGUF file; it has model.safetensors, config.json"):
            got(hub, home)
        with pytest.raises(ModelError, match="has no model owner/other"):
            got(hub, home, "owner/other")
    for text in ("model", "a/b/c", "../../etc", "a/..", "https://host/a/b", "a/b:Q4;rm"):
        with pytest.raises(UsageError, match="no model of the hub"):
            parse_name(text)
    assert parse_name("hf:a/b:Q4_K_M@main") == HubName("a/b", "Q4_K_M", "main")


def test_a_gated_model_is_explained_and_a_token_goes_to_the_hub_alone(
    home: Path, weights: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub_of({"tiny-F16.gguf": weights}, gated=True, token="hf_secret") as hub:
        with pytest.raises(ModelError, match=rf"is gated.*{hub.url}/{REPO}.*HF_TOKEN"):
            got(hub, home)
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        (path,) = got(hub, home)
        assert path.read_bytes() == weights
        assert set(hub.tokens_at_store) == {""}
    assert not [p for p in home.rglob("*") if p.is_file() and b"hf_secret" in p.read_bytes()]


@pytest.mark.parametrize("name", ["../../evil.gguf", "/tmp/evil.gguf", "a/../../evil.gguf", "c:\\evil.gguf"])
def test_a_file_name_cannot_lead_out_of_the_cache(home: Path, weights: bytes, name: str) -> None:
    with hub_of({name: weights}) as hub, pytest.raises(ModelError, match="outside the cache"):
        got(hub, home, REPO)
    assert not home.exists()


def test_a_link_in_the_cache_cannot_lead_out_of_it(home: Path, weights: bytes, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder = home / "models--owner--repo-GGUF"
    folder.mkdir(parents=True)
    for inner in ("blobs", "snapshots", "refs"):
        (folder / inner).symlink_to(elsewhere)
        with (
            hub_of({"tiny-F16.gguf": weights}) as hub,
            pytest.raises(ModelError, match="leads out of the cache"),
        ):
            got(hub, home)
        assert list(elsewhere.iterdir()) == []
        (folder / inner).unlink()


@pytest.mark.parametrize(
    "lie",
    [
        lambda hub: setattr(hub, "commit", "../../../evil"),
        lambda hub: hub.sha256.update({"tiny-F16.gguf": "../../../evil"}),
        lambda hub: hub.sha256.update({"tiny-F16.gguf": ""}),
    ],
)
def test_a_hub_cannot_name_paths_by_its_hashes(home: Path, weights: bytes, lie: Callable[[Hub], None]) -> None:
    with hub_of({"tiny-F16.gguf": weights}) as hub:
        lie(hub)
        with pytest.raises(ModelError, match=r"named no commit|no size or checksum"):
            got(hub, home)
    assert not home.exists()


def test_a_disk_that_is_too_small_is_known_before(
    home: Path, weights: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr("rightsize.models.hub.fetch.shutil.disk_usage", lambda _: usage)
    with hub_of({"tiny-F16.gguf": weights}) as hub:
        with pytest.raises(ResourceError, match=r"are needed in .*HF_HOME"):
            got(hub, home)
        assert hub.sent_bytes == 0


def test_a_link_to_elsewhere_is_replaced_not_followed(home: Path, weights: bytes, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    link = home / f"models--owner--repo-GGUF/snapshots/{COMMIT}/tiny-F16.gguf"
    link.parent.mkdir(parents=True)
    link.symlink_to(victim)
    with hub_of({"tiny-F16.gguf": weights}) as hub:
        (path,) = got(hub, home)
        assert path.read_bytes() == weights
        assert (
            HubCache(look_up(parse_name(REPO), endpoint=hub.url), home).link(
                choose_files(look_up(parse_name(REPO), endpoint=hub.url), "F16")[0]
            )
            == path
        )
    assert victim.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("tiny-Q4_K_M.gguf", "Q4_K_M"),
        ("tiny.q8_0.gguf", "Q8_0"),
        ("BF16/tiny-00001-of-00002.gguf", "BF16"),
        ("tiny-IQ2_XXS-00001-of-00002.gguf", "IQ2_XXS"),
        ("tiny.gguf", "unknown"),
    ],
)
def test_levels_are_read_from_names(name: str, level: str) -> None:
    assert level_of(name) == level


def run(*words: str, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rightsize", "models", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
        env={
            **os.environ,
            "HF_HUB_OFFLINE": "0",
            "HF_HOME": str(tmp_path / "hf"),
            "RIGHTSIZE_CACHE": str(tmp_path / "c"),
            **environment,
        },
    )


def test_the_command_shows_size_and_licence_first_and_heeds_the_environment(
    tmp_path: Path, weights: bytes
) -> None:
    import jsonschema

    with hub_of({"tiny-F16.gguf": weights}) as hub:
        tried = run("pull", f"{REPO}:F16", "--dry-run", tmp_path=tmp_path, HF_ENDPOINT=hub.url)
        assert tried.returncode == 0, tried.stderr
        assert "Licence: apache-2.0" in tried.stderr
        assert "to get" in tried.stderr
        assert hub.sent_bytes == 0
        done = run("pull", f"{REPO}:F16", "--json", tmp_path=tmp_path, HF_ENDPOINT=hub.url)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    jsonschema.validate(answer, json.loads((SCHEMAS_DIR / "models-pull.schema.json").read_text()))
    assert Path(answer["paths"][0]).read_bytes() == weights
    assert (answer["licence"], answer["commit"]) == ("apache-2.0", COMMIT)
    offline = run("pull", f"{REPO}:F16", tmp_path=tmp_path, HF_ENDPOINT=hub.url, HF_HUB_OFFLINE="1")
    assert offline.returncode == 2
    assert "HF_HUB_OFFLINE" in offline.stderr
    gone = run("pull", "owner/other:F16", tmp_path=tmp_path, HF_ENDPOINT=hub.url)
    assert gone.returncode == 2
    assert "could not be read from" in gone.stderr
    assert "Traceback" not in gone.stderr
    # What was pulled is there by its name, offline too.
    found = run("discover", "--json", tmp_path=tmp_path, HF_HUB_OFFLINE="1")
    models = json.loads(found.stdout)
    jsonschema.validate(models, json.loads((SCHEMAS_DIR / "models-discover.schema.json").read_text()))
    (mine,) = [model for model in models["models"] if model["where"] == "Hugging Face cache"]
    assert mine["spec"] == f"hf:{REPO}/tiny-F16.gguf"
    assert mine["level"] == "F16"


def test_what_was_pulled_can_be_measured_by_its_name(
    home: Path, weights: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(home))
    with hub_of({"tiny-F16.gguf": weights}) as hub:
        got(hub, home)
    for spec in (f"hf:{REPO}:F16", f"{REPO}:F16", f"hf:{REPO}", f"hf:{REPO}/tiny-F16.gguf"):
        assert [model.name for model in find_models([spec])] == ["tiny"]
