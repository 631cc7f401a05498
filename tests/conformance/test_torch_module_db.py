"""Torch's own samples and error cases for its recurrent modules (``module_db``), with our modules in their place.

What is checked of each sample is what torch's test of modules checks: forward against the reference that ships with
the sample and against torch's module, gradients, second gradients, copies, factory arguments, memory layouts, errors.
"""

from __future__ import annotations

import copy
import io
import pickle
import warnings
from functools import lru_cache

import pytest
import torch
from torch.utils._pytree import tree_flatten, tree_map

import grunit.nn as ours

NAMES = ("RNN", "GRU", "LSTM", "RNNCell", "GRUCell", "LSTMCell")


@lru_cache
def database():
    """Torch's table of modules; importing it warns of things that are not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module_db = pytest.importorskip(
            "torch.testing._internal.common_modules", reason="not every build of torch has its own tests"
        ).module_db
    return {info.module_cls.__name__: info for info in module_db}


def samples_of(name, dtype=torch.float64, **more):
    info = database()[name]
    if not name.endswith("Cell") and "with_packed_sequence" not in more:
        more["with_packed_sequence"] = name != "LSTM"
    arguments = {"device": "cpu", "dtype": dtype, "requires_grad": True, "training": False, **more}
    return list(info.module_inputs_func(info, **arguments))


def build(home, name, sample, **more):
    return getattr(home, name)(*sample.constructor_input.args, **{**sample.constructor_input.kwargs, **more})


def tensors(value):
    return [leaf for leaf in tree_flatten(value)[0] if isinstance(leaf, torch.Tensor)]


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def pairs(name):
    """Each sample with torch's module and ours, the same weights in both."""
    for sample in samples_of(name):
        theirs = build(torch.nn, name, sample, dtype=torch.float64)
        mine = build(ours, name, sample, dtype=torch.float64)
        mine.load_state_dict(theirs.state_dict(), strict=True)
        yield theirs, mine, sample.forward_input, sample


def test_there_are_samples(name):
    assert len(samples_of(name)) >= 2


def test_forward_equals_torch_and_the_reference_of_the_sample(name):
    for theirs, mine, call, sample in pairs(name):
        output = mine(*call.args, **call.kwargs)
        torch.testing.assert_close(tensors(output), tensors(theirs(*call.args, **call.kwargs)), rtol=1e-10, atol=1e-10)
        # The reference is for samples without a batch axis.
        if not hasattr(call.args[0], "batch_sizes"):
            expected = sample.reference_fn(mine, *call.args, **call.kwargs)
            torch.testing.assert_close(output, expected, rtol=1e-10, atol=1e-10)


def test_gradients_equal_torch(name):
    for theirs, mine, call, _ in pairs(name):
        leaves = [leaf for leaf in tensors(call.args) if leaf.requires_grad and leaf.is_leaf]
        gradients = []
        for module in (theirs, mine):
            results = [value for value in tensors(module(*call.args, **call.kwargs)) if value.requires_grad]
            loss = sum((value**2).sum() for value in results)
            gradients.append(torch.autograd.grad(loss, [*leaves, *module.parameters()], allow_unused=True))
        torch.testing.assert_close(gradients[1], gradients[0], rtol=1e-10, atol=1e-10)


def test_second_gradients_are_those_of_finite_differences(name):
    # Torch's samples repeat one computation over layouts of its arguments; a fifth of them holds every option.
    for _, mine, call, _ in list(pairs(name))[::5]:
        if hasattr(call.args[0], "batch_sizes"):
            continue
        flat, shape = tree_flatten(call.args)
        count = len(flat)
        names = [key for key, _ in mine.named_parameters()]

        def function(*values, mine=mine, shape=shape, count=count, names=names):
            weights = dict(zip(names, values[count:], strict=True))
            arguments = torch.utils._pytree.tree_unflatten(list(values[:count]), shape)
            return tuple(tensors(torch.func.functional_call(mine, weights, arguments)))

        leaves = [value.detach().clone().requires_grad_() for value in [*flat, *mine.parameters()]]
        torch.autograd.gradcheck(function, leaves, fast_mode=True)
        torch.autograd.gradgradcheck(function, leaves, fast_mode=True)


def test_copies_pickles_and_saved_modules_give_the_same(name):
    for _, mine, call, _ in list(pairs(name))[::3]:
        expected = tensors(mine(*call.args, **call.kwargs))
        saved = io.BytesIO()
        torch.save(mine, saved)
        saved.seek(0)
        for other in (
            copy.deepcopy(mine),
            pickle.loads(pickle.dumps(mine)),
            torch.load(saved, weights_only=False),
        ):
            torch.testing.assert_close(tensors(other(*call.args, **call.kwargs)), expected, rtol=0, atol=0)


def test_repr_is_torchs(name):
    for theirs, mine, _, _ in pairs(name):
        assert repr(mine) == repr(theirs)
        assert str(mine) == str(theirs)


def test_factory_arguments_reach_every_parameter(name):
    for sample in samples_of(name):
        module = build(ours, name, sample, device="meta", dtype=torch.float16)
        assert {(p.device.type, p.dtype) for p in module.parameters()} == {("meta", torch.float16)}
        module = build(ours, name, sample)
        assert {(p.device.type, p.dtype) for p in module.parameters()} == {("cpu", torch.float32)}
        with torch.device("meta"):
            module = build(ours, name, sample)
        assert {p.device.type for p in module.parameters()} == {"meta"}
        empty = module.to_empty(device="cpu")
        empty.reset_parameters()
        assert all(torch.isfinite(p).all() for p in empty.parameters())


def scattered(value):
    """The same values with gaps between them in memory."""
    if not isinstance(value, torch.Tensor) or value.dim() == 0:
        return value
    wide = torch.empty(*value.shape, 2, dtype=value.dtype)
    wide[..., 0] = value.detach()
    return wide[..., 0].requires_grad_(value.requires_grad)


def test_memory_layout_of_input_and_weights_does_not_matter(name):
    for _, mine, call, _ in pairs(name):
        if hasattr(call.args[0], "batch_sizes"):
            continue
        expected = tensors(mine(*call.args))
        loose = tree_map(scattered, call.args)
        assert not loose[0].is_contiguous()
        torch.testing.assert_close(tensors(mine(*loose)), expected, rtol=1e-10, atol=1e-10)
        for key, weight in list(mine.named_parameters()):
            setattr(mine, key, torch.nn.Parameter(scattered(weight.detach())))
        results = tensors(mine(*loose))
        torch.testing.assert_close(results, expected, rtol=1e-10, atol=1e-10)
        sum(value.sum() for value in results).backward()
        assert all(weight.grad is not None for weight in mine.parameters())


def test_eval_and_train_agree_without_dropout(name):
    for _, mine, call, _ in pairs(name):
        torch.testing.assert_close(
            tensors(mine.eval()(*call.args)), tensors(mine.train()(*call.args)), rtol=1e-12, atol=1e-12
        )


def test_float32_and_bfloat16_run_in_their_own_precision(name):
    for dtype in (torch.float32, torch.bfloat16):
        for sample in samples_of(name, dtype)[::15]:
            module = build(ours, name, sample, dtype=dtype)
            assert {
                value.dtype for value in tensors(module(*sample.forward_input.args)) if value.is_floating_point()
            } == {dtype}


def test_torchs_error_cases_raise_torchs_errors(name):
    info = database()[name]
    cases = info.module_error_inputs_func(info, device="cpu", dtype=torch.float64, requires_grad=False, training=False)
    assert cases
    for case in cases:
        sample = case.module_error_input
        if case.error_on.name == "CONSTRUCTION_ERROR":
            with pytest.raises(case.error_type, match=case.error_regex):
                build(ours, name, sample)
        else:
            module = build(ours, name, sample)
            # The cells' cases are float64 input to float32 weights: sizes must be looked at first.
            with pytest.raises(case.error_type, match=case.error_regex):
                module(*sample.forward_input.args, **sample.forward_input.kwargs)
