"""A model folder is whole or not there, whatever happens while it is written; what is broken is refused by name."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grunit import bundle
from grunit.bundle import FORMAT, VERSION, read_bundle, write_bundle
from grunit.errors import BundleError, InputError

CONFIG = {"hidden_size": 8, "cell": "gru", "levels": [80, 95], "rate": 0.1 + 0.2, "note": None}
TENSORS = {
    "weight": torch.arange(6.0).reshape(2, 3),
    "half": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
    "exact": torch.tensor([1 / 3], dtype=torch.float64),
    "steps": torch.tensor(7),
    "empty": torch.zeros(0, 3),
}
ENCODERS = {"scaler": {"center": [1.0, 1e-300], "names": ["ä", "数"]}, "columns": {"y": "sales"}}


@pytest.fixture
def model(tmp_path) -> Path:
    return write_bundle(tmp_path / "model", "Forecaster", CONFIG, TENSORS, ENCODERS)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def edit_config(folder: Path, **changes) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_is_written_is_read(model):
    read = read_bundle(model)
    assert (read.kind, read.config, read.encoders) == ("Forecaster", CONFIG, ENCODERS)
    assert read.tensors.keys() == TENSORS.keys()
    for name, value in TENSORS.items():
        assert read.tensors[name].dtype == value.dtype
        assert torch.equal(read.tensors[name], value)


def test_the_files_are_what_other_programs_read(model):
    from safetensors import safe_open

    assert sorted(contents(model)) == ["columns.json", "config.json", "model.safetensors", "scaler.json"]
    description = json.loads((model / "config.json").read_text())
    assert description["format"] == FORMAT == "grunit-bundle"
    assert description["version"] == VERSION
    assert description["config"] == CONFIG
    with safe_open(model / "model.safetensors", "pt") as file:
        assert torch.equal(file.get_tensor("weight"), TENSORS["weight"])


def test_the_same_model_gives_the_same_bytes(model, tmp_path):
    again = write_bundle(tmp_path / "again", "Forecaster", CONFIG, TENSORS, ENCODERS)
    assert contents(model) == contents(again)


def test_tensors_that_share_memory_or_are_strided(tmp_path):
    weight = torch.arange(6.0, requires_grad=True).reshape(2, 3)
    read = read_bundle(write_bundle(tmp_path / "m", "K", {}, {"a": weight, "tied": weight, "turned": weight.T}))
    assert torch.equal(read.tensors["tied"], weight)
    assert torch.equal(read.tensors["turned"], weight.T)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(config=st.dictionaries(st.text(), json_values, max_size=4))
def test_every_plain_config_comes_back(tmp_path_factory, config):
    try:
        folder = write_bundle(tmp_path_factory.mktemp("b") / "m", "K", config, {})
    except InputError:
        # Half of a surrogate pair is not text that a file can hold.
        assert "\\ud" in json.dumps(config)
    else:
        assert read_bundle(folder).config == config


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}, torch.ones(1)])
def test_settings_that_json_cannot_hold_are_refused_before_anything_is_written(tmp_path, value):
    with pytest.raises(InputError, match="config cannot be written as JSON"):
        write_bundle(tmp_path / "m", "K", {"value": value}, {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../evil", "a/b", "/etc/passwd", "", ".hidden", "config", "a\0b", "a" * 65, "a.b"])
def test_names_that_leave_the_folder_are_refused_both_ways(model, tmp_path, name):
    with pytest.raises(InputError, match="cannot name a file"):
        write_bundle(tmp_path / "other", "K", {}, {}, {name: {}})
    edit_config(model, encoders=[name])
    with pytest.raises(BundleError, match=r"config\.json: the encoder name .* cannot name a file"):
        read_bundle(model)


def test_tensors_that_cannot_be_written(tmp_path):
    for value in (torch.eye(2).to_sparse(), 3.0):
        with pytest.raises(InputError, match="the tensor 'w' cannot be written"):
            write_bundle(tmp_path / "m", "K", {}, {"w": value})
    assert list(tmp_path.iterdir()) == []


# --- the place is taken ---------------------------------------------------------------------------------------------


def test_a_model_is_replaced_only_when_asked(model):
    before = contents(model)
    with pytest.raises(BundleError, match="there is a model here already; choose another name, or pass overwrite=True"):
        write_bundle(model, "K", {}, {})
    assert contents(model) == before
    write_bundle(model, "K", {"new": 1}, {}, overwrite=True)
    assert sorted(contents(model)) == ["config.json", "model.safetensors"]
    assert read_bundle(model).config == {"new": 1}
    assert os.listdir(model.parent) == ["model"]


def test_foreign_things_are_never_replaced(tmp_path, model):
    file, folder, link = tmp_path / "file", tmp_path / "folder", tmp_path / "link"
    file.write_text("mine")
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "bert"}')
    link.symlink_to(model)
    for path, message in [(file, "there is a file"), (folder, "is not a grunit model"), (link, "there is a file")]:
        with pytest.raises(BundleError, match=message):
            write_bundle(path, "K", {}, {}, overwrite=True)
    (model / "notes.txt").write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(BundleError, match=r"it also holds 'notes\.txt', which grunit did not write"):
        write_bundle(model, "K", {}, {}, overwrite=True)
    assert contents(tmp_path) == before


def test_an_empty_folder_and_missing_parents_will_do(tmp_path):
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "new" / "deeper"):
        assert read_bundle(write_bundle(path, "K", {}, {})).kind == "K"
    assert sorted(os.listdir(tmp_path)) == ["empty", "new"]


def test_a_place_below_a_file(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BundleError, match="could not be written"):
        write_bundle(tmp_path / "file" / "model", "K", {}, {})


# --- faults while writing -------------------------------------------------------------------------------------------


class FaultError(BaseException):
    """Like Ctrl-C: nothing that expects ordinary errors stops it."""


def fail_at(monkeypatch, name: str, call: int, error: BaseException) -> list[int]:
    """The system call of this name raises at its n-th call."""
    original, calls = getattr(os, name), [0]

    def failing(*arguments, **options):
        calls[0] += 1
        if calls[0] == call:
            raise error
        return original(*arguments, **options)

    monkeypatch.setattr(os, name, failing)
    return calls


@pytest.mark.parametrize("exchange", [True, False], ids=["in one step", "in two steps"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), FaultError()])
@pytest.mark.parametrize(("name", "call"), [("fsync", 1), ("fsync", 2), ("fsync", 4), ("replace", 1), ("replace", 2)])
def test_a_fault_leaves_the_old_model_and_no_debris(monkeypatch, model, name, call, error, exchange):
    before = contents(model)
    if not exchange:
        monkeypatch.setattr(bundle, "_exchange", lambda new, target: False)
    with monkeypatch.context() as patch:
        calls = fail_at(patch, name, call, error)
        try:
            write_bundle(model, "K", {"new": 1}, TENSORS, ENCODERS, overwrite=True)
        except BundleError as refused:
            assert "No space left on device" in str(refused)  # noqa: PT017
            assert "nothing was changed" in str(refused)  # noqa: PT017
        except (KeyboardInterrupt, FaultError):
            assert not isinstance(error, OSError)
        else:
            # Swapped in one step, there is no second rename to fail at.
            assert exchange
            assert name == "replace"
            assert calls[0] < call
            return
    assert contents(model) == before
    assert os.listdir(model.parent) == ["model"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize(("name", "call"), [("fsync", 1), ("fsync", 3), ("replace", 1)])
def test_a_fault_leaves_nothing_where_nothing_was(monkeypatch, tmp_path, name, call, error):
    fail_at(monkeypatch, name, call, error)
    with pytest.raises((BundleError, KeyboardInterrupt)):
        write_bundle(tmp_path / "model", "K", {}, TENSORS, ENCODERS)
    assert os.listdir(tmp_path) == []


KILLED = """
import sys, torch
from grunit.bundle import write_bundle
print("ready", flush=True)
for turn in range(10**6):
    tensors = {"w": torch.full((2000,), float(turn))}
    write_bundle(sys.argv[1], "K", {"turn": turn}, tensors, {"e": {"turn": turn}}, overwrite=True)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="folders are swapped in one step on Linux only")
@pytest.mark.slow
def test_a_process_killed_at_any_moment_leaves_a_whole_model(tmp_path):
    folder = tmp_path / "model"
    write_bundle(folder, "K", {"turn": -1}, {"w": torch.full((2000,), -1.0)}, {"e": {"turn": -1}})
    for wait in (0.05, 0.0501, 0.0533, 0.0577):
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(folder)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        with process:
            process.stdout.readline()
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
        read = read_bundle(folder)
        assert read.encoders["e"] == read.config
        assert (read.tensors["w"] == read.config["turn"]).all()


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(BundleError, match="could not be written"):
        write_bundle(tmp_path / "locked" / "model", "K", {}, {})


def test_a_parent_that_refuses_new_folders(monkeypatch, tmp_path):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(bundle.tempfile, "mkdtemp", refuse)
    with pytest.raises(BundleError, match=r"could not be written \(Permission denied\); nothing was changed"):
        write_bundle(tmp_path / "model", "K", {}, {})


# --- faults in what is read -----------------------------------------------------------------------------------------


def test_what_is_no_model_folder(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    for name, message in [("none", "no such model folder"), ("file", "this is a file"), ("empty", r"no config\.json")]:
        with pytest.raises(BundleError, match=message):
            read_bundle(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not valid JSON"),
        ('{"format": "grunit-bun', "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("[]", "holds a list"),
        ('{"model_type": "bert"}', "not of a grunit model"),
        ('{"format": "grunit-bundle"}', "its version is None"),
        ('{"format": "grunit-bundle", "version": true}', "its version is True"),
        ('{"format": "grunit-bundle", "version": 2, "grunit": "9.0"}', "version 2 by grunit 9.0.*upgrade grunit"),
        ('{"format": "grunit-bundle", "version": 1}', "its 'kind' is missing"),
    ],
)
def test_a_broken_or_foreign_config(model, text, message):
    (model / "config.json").write_text(text)
    with pytest.raises(BundleError, match=message) as refused:
        read_bundle(model)
    assert "config.json" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["model.safetensors", "scaler.json"])
def test_files_that_are_missing_cut_or_changed(model, name):
    path = model / name
    content = path.read_bytes()
    for broken in (content[:-1], b"", content[:-1] + bytes([content[-1] ^ 1]), content + b" "):
        path.write_bytes(broken)
        with pytest.raises(BundleError, match=f"{name}: it is not what was saved"):
            read_bundle(model)
    path.unlink()
    with pytest.raises(BundleError, match=f"{name}: the file is missing"):
        read_bundle(model)
    path.mkdir()
    with pytest.raises(BundleError, match=f"{name}: it cannot be read"):
        read_bundle(model)


def test_a_file_of_tensors_that_is_none_even_with_the_right_checksum(model):
    import hashlib

    for content in (b"", b"\xff" * 64, (model / "model.safetensors").read_bytes()[:-1]):
        (model / "model.safetensors").write_bytes(content)
        sums = json.loads((model / "config.json").read_text())["sha256"]
        edit_config(model, sha256=sums | {"model.safetensors": hashlib.sha256(content).hexdigest()})
        with pytest.raises(BundleError, match="not a whole file of tensors"):
            read_bundle(model)


def test_a_tensor_that_is_listed_and_not_there(model):
    edit_config(model, tensors=[*TENSORS, "bias"])
    with pytest.raises(BundleError, match="the tensor 'bias' is not in both"):
        read_bundle(model)


def test_a_link_out_of_the_folder_is_not_followed(model, tmp_path):
    (tmp_path / "secret.json").write_text("{}")
    (model / "scaler.json").unlink()
    (model / "scaler.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(BundleError, match=r"scaler\.json: it is a link"):
        read_bundle(model)


@given(data=st.data())
def test_no_single_changed_byte_goes_unnoticed_or_unexplained(tmp_path_factory, data):
    folder = write_bundle(tmp_path_factory.mktemp("b") / "m", "K", {"a": 1}, {"w": torch.ones(3)}, {"e": {"b": 2}})
    path = folder / data.draw(st.sampled_from(["model.safetensors", "e.json"]))
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    with pytest.raises(BundleError, match=path.name):
        read_bundle(folder)
