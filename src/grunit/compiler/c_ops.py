"""Pointwise ops as C expressions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

aten = torch.ops.aten


def number(value: Any) -> str:
    """A Python number as a C literal of type ``real``."""
    value = float(value)
    if math.isnan(value):
        return "((real)NAN)"
    if math.isinf(value):
        return "((real)INFINITY)" if value > 0 else "((real)-INFINITY)"
    return f"((real){value!r})"


def _binary(sign: str) -> Callable[..., str]:
    return lambda a, b: f"({a} {sign} {b})"


def _call(name: str) -> Callable[..., str]:
    return lambda *a: f"{name}({', '.join(a)})"


# Results are vectors of `real`.
POINTWISE: dict[Any, Callable[..., str]] = {
    aten.add.Tensor: _binary("+"),
    aten.add.Scalar: _binary("+"),
    aten.sub.Tensor: _binary("-"),
    aten.sub.Scalar: _binary("-"),
    aten.mul.Tensor: _binary("*"),
    aten.mul.Scalar: _binary("*"),
    aten.div.Tensor: _binary("/"),
    aten.div.Scalar: _binary("/"),
    aten.rsub.Scalar: lambda a, b: f"({b} - {a})",
    aten.neg.default: lambda a: f"(-{a})",
    aten.reciprocal.default: lambda a: f"(splat(1) / {a})",
    aten.sigmoid.default: _call("sigmoid_of"),
    aten.tanh.default: _call("tanh_of"),
    aten.exp.default: _call("exp_of"),
    aten.expm1.default: _call("expm1_of"),
    aten.log.default: _call("log_of"),
    aten.log1p.default: _call("log1p_of"),
    aten.log2.default: _call("log2_of"),
    aten.sqrt.default: _call("sqrt_of"),
    aten.rsqrt.default: lambda a: f"(splat(1) / sqrt_of({a}))",
    aten.sin.default: _call("sin_of"),
    aten.cos.default: _call("cos_of"),
    aten.erf.default: _call("erf_of"),
    aten.tan.default: _call("tan_of"),
    aten.asin.default: _call("asin_of"),
    aten.acos.default: _call("acos_of"),
    aten.atan.default: _call("atan_of"),
    aten.sinh.default: _call("sinh_of"),
    aten.cosh.default: _call("cosh_of"),
    aten.asinh.default: _call("asinh_of"),
    aten.acosh.default: _call("acosh_of"),
    aten.atanh.default: _call("atanh_of"),
    aten.exp2.default: _call("exp2_of"),
    aten.log10.default: _call("log10_of"),
    aten.round.default: _call("round_of"),
    aten.trunc.default: _call("trunc_of"),
    aten.floor.default: _call("floor_of"),
    aten.ceil.default: _call("ceil_of"),
    aten.abs.default: _call("absolute"),
    aten.sign.default: _call("sign"),
    aten.relu.default: lambda a: f"larger({a}, splat(0))",
    aten.maximum.default: _call("larger"),
    aten.minimum.default: _call("smaller"),
    aten.where.self: _call("choose"),
    aten.pow.Tensor_Tensor: _call("power"),
}

# Results are masks.
COMPARISONS: dict[Any, Callable[..., str]] = {
    aten.gt.Scalar: _binary(">"),
    aten.gt.Tensor: _binary(">"),
    aten.lt.Scalar: _binary("<"),
    aten.lt.Tensor: _binary("<"),
    aten.ge.Scalar: _binary(">="),
    aten.ge.Tensor: _binary(">="),
    aten.le.Scalar: _binary("<="),
    aten.le.Tensor: _binary("<="),
    aten.eq.Scalar: _binary("=="),
    aten.eq.Tensor: _binary("=="),
    aten.ne.Scalar: _binary("!="),
    aten.ne.Tensor: _binary("!="),
    aten.isnan.default: _call("is_nan"),
    aten.logical_and.default: _binary("&"),
    aten.logical_or.default: _binary("|"),
    aten.bitwise_and.Tensor: _binary("&"),
    aten.bitwise_or.Tensor: _binary("|"),
    aten.logical_not.default: lambda a: f"(~{a})",
    aten.bitwise_not.default: lambda a: f"(~{a})",
}


def power_of(base: str, exponent: Any) -> str:
    """``base ** number``, small whole powers by multiplication."""
    if exponent in (1, 2, 3, 4):
        return "(" + " * ".join([base] * int(exponent)) + ")"
    if exponent == 0.5:
        return f"sqrt_of({base})"
    if exponent == -1:
        return f"(splat(1) / {base})"
    return f"power({base}, splat({number(exponent)}))"
