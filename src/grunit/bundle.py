"""A model on disk: a folder of readable JSON and one file of tensors. Nothing in it is ever executed.

    model/
      config.json          format, version, kind, versions of grunit and torch, config, checksums
      model.safetensors    the tensors
      <encoder>.json       what each encoder learned

A folder is written beside its place and renamed into it, so that there is a whole model or none.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grunit.errors import BundleError, InputError

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = "grunit-bundle"
VERSION = 1
CONFIG, TENSORS = "config.json", "model.safetensors"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass
class Bundle:
    """What a model folder holds.

    Args:
        kind: which class of model reads it, for example ``"Forecaster"``.
        config: its settings, as JSON holds them.
        tensors: its parameters and buffers by name.
        encoders: what its encoders learned, by name.
    """

    kind: str
    config: dict[str, Any]
    tensors: dict[str, Tensor]
    encoders: dict[str, dict[str, Any]] = field(default_factory=dict)


def write_bundle(
    path: str | os.PathLike,
    kind: str,
    config: dict[str, Any],
    tensors: Mapping[str, Tensor],
    encoders: Mapping[str, dict[str, Any]] | None = None,
    *,
    overwrite: bool = False,
) -> Path:
    """Write a model folder whole, or leave everything as it was.

    Args:
        path: the folder to make; its parents are made too.
        kind: which class of model this is.
        config: settings; anything JSON can hold, with finite numbers.
        tensors: by name; tensors that share memory are written one by one.
        encoders: by name (letters, digits, ``_`` and ``-``); JSON each.
        overwrite: replace a grunit model that is there already. Anything else is never replaced, nor is a model with
            files in it that grunit did not write.

    Returns:
        The folder.

    Raises:
        BundleError: the path is taken, or the disk refuses.
        InputError: a name or a value that cannot be written.

    >>> import torch
    >>> folder = write_bundle(Path(tempfile.mkdtemp(), "model"), "Demo", {"h": 2}, {"w": torch.ones(2)})
    >>> read_bundle(folder)
    Bundle(kind='Demo', config={'h': 2}, tensors={'w': tensor([1., 1.])}, encoders={})
    """
    import torch
    from safetensors.torch import save

    from grunit import __version__

    target = Path(os.path.abspath(path))
    encoders = {} if encoders is None else encoders
    try:
        _check_place(target, overwrite)
    except OSError as error:
        raise BundleError(f"{target}: it cannot be looked at ({error.strerror}); check its permissions") from error
    for name in encoders:
        if not _NAME.fullmatch(name) or name == "config":
            raise InputError(
                f"the encoder name {name!r} cannot name a file: use letters, digits, _ and -, not 'config'"
            )
    files = {f"{name}.json": _to_json(content, f"encoder {name!r}") for name, content in encoders.items()}
    for name, value in tensors.items():
        if not isinstance(value, torch.Tensor) or value.layout != torch.strided:
            raise InputError(f"the tensor {name!r} cannot be written: give a dense torch tensor")
    files[TENSORS] = save({name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()})
    description = {
        "format": FORMAT,
        "version": VERSION,
        "kind": kind,
        "grunit": __version__,
        "torch": str(torch.__version__),
        "config": config,
        "encoders": sorted(encoders),
        "tensors": sorted(tensors),
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    files[CONFIG] = _to_json(description, "config")
    try:
        _write_folder(target, files)
    except OSError as error:
        raise BundleError(
            f"{target}: the model could not be written ({error.strerror or error}); nothing was changed: free space "
            "or choose another place"
        ) from error
    return target


def _check_place(target: Path, overwrite: bool) -> None:
    """Refuse a path that is taken by anything that may not be replaced."""
    if not os.path.lexists(target):
        return
    if target.is_symlink() or not target.is_dir():
        raise BundleError(f"{target}: there is a file of this name already; choose another")
    present = {entry.name for entry in target.iterdir()}
    if not present:
        return
    try:
        description = _read_description(target)
    except BundleError:
        raise BundleError(
            f"{target}: the folder exists and is not a grunit model, so it is left alone; choose another name"
        ) from None
    if not overwrite:
        raise BundleError(f"{target}: there is a model here already; choose another name, or pass overwrite=True")
    foreign = sorted(present - _file_names(description))
    if foreign:
        raise BundleError(f"{target}: it also holds {foreign[0]!r}, which grunit did not write; move it away first")


def _file_names(description: dict[str, Any]) -> set[str]:
    return {CONFIG, TENSORS, *(f"{name}.json" for name in description["encoders"])}


def _to_json(content: Any, what: str) -> bytes:
    try:
        return (json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
    except (TypeError, ValueError) as error:
        raise InputError(f"the {what} cannot be written as JSON ({error}): use plain finite values") from error


def _write_folder(target: Path, files: Mapping[str, bytes]) -> None:
    """Write beside the target, flush to the disk, and rename into place; undo on any failure, Ctrl-C included."""
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=".partial", dir=target.parent))
    old = work / "old"
    try:
        new = work / "new"
        new.mkdir()
        for name, content in files.items():
            with open(new / name, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        _flush_folder(new)
        if not target.exists():
            os.replace(new, target)
        elif not _exchange(new, target):
            # The old one steps aside, and comes back if the new one fails.
            os.replace(target, old)
            os.replace(new, target)
        _flush_folder(target.parent)
    except BaseException:
        if old.exists() and not target.exists():
            os.replace(old, target)
        raise
    finally:
        if not old.exists() or target.exists():
            shutil.rmtree(work, ignore_errors=True)


def _exchange(new: Path, target: Path) -> bool:
    """Swap two folders in one step, which Linux can (renameat2(2)); false where that is not to be had."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        swap = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return swap(here, os.fsencode(new), here, os.fsencode(target), exchange) == 0


def _flush_folder(folder: Path) -> None:
    """Make renames last through a power cut, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read_bundle(path: str | os.PathLike) -> Bundle:
    """Read a model folder, checking that it is whole and as it was written.

    Raises:
        BundleError: it is missing, foreign, broken, changed, or from a newer grunit; the sentence names the file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    folder = Path(path)
    if not folder.exists():
        raise BundleError(f"{folder}: there is no such model folder; check the path")
    if not folder.is_dir():
        raise BundleError(f"{folder}: this is a file, and a model is a folder; give the folder that holds {CONFIG}")
    description = _read_description(folder)
    checksums = description["sha256"]
    content = {name: _read_file(folder / name) for name in sorted(_file_names(description) - {CONFIG})}
    for name, data in content.items():
        if hashlib.sha256(data).hexdigest() != checksums.get(name):
            raise BundleError(f"{folder / name}: it is not what was saved (its checksum differs); copy the model again")
    try:
        tensors = load(content[TENSORS])
    except (SafetensorError, ValueError, KeyError) as error:
        raise BundleError(f"{folder / TENSORS}: it is not a whole file of tensors ({error}); copy it again") from error
    missing = sorted(set(description["tensors"]) ^ set(tensors))
    if missing:
        raise BundleError(
            f"{folder / TENSORS}: the tensor {missing[0]!r} is not in both this file and {CONFIG}; copy the model again"
        )
    encoders = {name: _parse_json(folder / f"{name}.json", content[f"{name}.json"]) for name in description["encoders"]}
    return Bundle(description["kind"], description["config"], tensors, encoders)


def _read_file(path: Path) -> bytes:
    if path.is_symlink():
        raise BundleError(f"{path}: it is a link; a model holds its own files: copy the file in its place")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BundleError(f"{path}: the file is missing; copy the model again") from None
    except OSError as error:
        raise BundleError(f"{path}: it cannot be read ({error.strerror or error}); check its permissions") from error


def _parse_json(path: Path, content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path}: it is not valid JSON ({error}); copy the model again") from error
    if not isinstance(value, dict):
        raise BundleError(f"{path}: it holds a {type(value).__name__} instead of an object; copy the model again")
    return value


def _read_description(folder: Path) -> dict[str, Any]:
    """``config.json``, checked to be ours and readable by this version."""
    path = folder / CONFIG
    if not path.exists():
        raise BundleError(f"{folder}: it holds no {CONFIG}, so it is not a grunit model; give the folder of a model")
    description = _parse_json(path, _read_file(path))
    if description.get("format") != FORMAT:
        raise BundleError(f"{path}: it is not of a grunit model (no format {FORMAT!r}); give the folder of one")
    version = description.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BundleError(f"{path}: its version is {version!r}, not a number from 1; copy the model again")
    if version > VERSION:
        raise BundleError(
            f"{path}: it was written as version {version} by grunit {description.get('grunit')}, and this one reads "
            f"up to {VERSION}; upgrade grunit"
        )
    shapes = {"kind": str, "config": dict, "encoders": list, "tensors": list, "sha256": dict}
    for name, expected in shapes.items():
        if not isinstance(description.get(name), expected):
            raise BundleError(f"{path}: its {name!r} is missing or of the wrong kind; copy the model again")
    for name in description["encoders"]:
        if not isinstance(name, str) or not _NAME.fullmatch(name) or name == "config":
            raise BundleError(f"{path}: the encoder name {name!r} cannot name a file of this folder; do not trust it")
    if not all(isinstance(name, str) for name in description["tensors"]):
        raise BundleError(f"{path}: its 'tensors' are not names; copy the model again")
    return description
