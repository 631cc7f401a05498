"""What makes two cells run the same program."""

from __future__ import annotations

import enum
import functools
import types
import weakref
from typing import Any

import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

_PLAIN = (int, float, complex, str, bytes, type(None), type, enum.Enum, torch.dtype, torch.device)
_OWN = {"_parameters", "_buffers", "_modules", "training"}
_MODULE = frozenset(vars(nn.Module()))


class Same:
    """Stands for an object that can only be told apart by which one it is; does not keep it alive."""

    __slots__ = ("number", "reference")

    def __init__(self, value: Any):
        self.number = id(value)
        try:
            self.reference: Any = weakref.ref(value)
        except TypeError:
            self.reference = lambda: value

    def __hash__(self) -> int:
        return self.number

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Same) or self.number != other.number:
            return False
        value = self.reference()
        return value is not None and value is other.reference()


def fingerprint(cell: nn.Module) -> tuple[Any, bool]:
    """The structure of a cell as something to look it up by, and whether equal cells may share what is found.

    It is made of the classes, the modes and the attributes of the cell and of its modules. Attributes that are
    numbers, words, plain functions or collections of them are compared by value. Others (tensors, closures, objects)
    are compared by identity, and such a cell keeps its plans to itself. What it does not see: global variables, class
    attributes, and changes inside an object.
    """
    parts: list[Any] = [getattr(type(cell), "step", None)]
    shareable = True
    for name, module in cell.named_modules():
        # A parametrised module has a class of its own, made on the spot.
        shareable = shareable and not is_parametrized(module)
        parts.append((name, type(module), module.training))
        for key, value in module.__dict__.items():
            if key in _OWN or (key in _MODULE and _is_empty(value)):
                continue
            plain, by_value = _describe(value)
            parts.append((key, plain))
            shareable = shareable and by_value
    return tuple(parts), shareable


def _is_empty(value: Any) -> bool:
    """Whether one of the attributes that every module has was left as it began."""
    return value is None or value is False or (isinstance(value, (dict, set)) and not value)


def _describe(value: Any) -> tuple[Any, bool]:
    """Something hashable that stands for a value, and whether it is the value rather than the object that counts."""
    if isinstance(value, _PLAIN):
        return (type(value), value), True
    if isinstance(value, types.FunctionType) and value.__closure__ is None:
        defaults, by_value = _describe((value.__defaults__, value.__kwdefaults__))
        return (value.__code__, id(value.__globals__), defaults), by_value
    if isinstance(value, types.BuiltinFunctionType) and not isinstance(value.__self__, (torch.Tensor, nn.Module)):
        return (types.BuiltinFunctionType, value), True
    if isinstance(value, functools.partial):
        return _describe_all(functools.partial, (value.func, value.args, value.keywords))
    if isinstance(value, (tuple, list)):
        return _describe_all(type(value), value)
    if isinstance(value, dict):
        return _describe_all(type(value), (*value, *value.values()))
    if isinstance(value, (set, frozenset)):
        items = [_describe(item) for item in value]
        return (type(value), frozenset(item for item, _ in items)), all(by_value for _, by_value in items)
    return Same(value), False


def _describe_all(kind: type, values: Any) -> tuple[Any, bool]:
    items = [_describe(value) for value in values]
    return (kind, *(item for item, _ in items)), all(by_value for _, by_value in items)
