"""What people do with PyTorch modules keeps working, with the torch and the C backend."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest
import torch
from tests.compiler.comparison import assert_same, example, walk_eagerly, weighted_sum, weights_of
from torch.autograd import gradcheck, gradgradcheck
from torch.func import functional_call

import grunit
from grunit import Recurrent, cells
from grunit.compiler.run import run


@pytest.fixture(params=["torch", "c"], autouse=True)
def backend(request):
    with grunit.backend(request.param):
        yield request.param


def gradients_of(module, x, loss=lambda output: output.square().sum()):
    output, _ = module(x)
    return torch.autograd.grad(loss(output), list(module.parameters()))


# -- gradients --


@pytest.mark.parametrize("name", ["gru", "peephole_lstm"])
def test_first_and_second_derivatives_agree_with_differences(name):
    cell = cells.get(name)(2, 2).double()
    inputs, states = example(cell, 3, 2)
    names = list(dict(cell.named_parameters()))

    def walk(*flat):
        output, final = run(cell, dict(zip(names, flat)), [flat[len(names)]], flat[len(names) + 1 :])
        return (output, *final)

    leaves = (*cell.parameters(), *inputs, *states)
    assert gradcheck(walk, leaves)
    assert gradgradcheck(walk, leaves)


def test_the_same_backward_twice_gives_the_same_bits():
    cell = cells.LSTM(3, 4).double()
    inputs, states = example(cell)
    output, (h, _) = run(cell, weights_of(cell), inputs, states)
    leaves = [*cell.parameters(), *inputs, *states]
    first = torch.autograd.grad(output.square().sum(), leaves, retain_graph=True)
    between = torch.autograd.grad(h.sum(), leaves, retain_graph=True)
    again = torch.autograd.grad(output.square().sum(), leaves)
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    assert not torch.equal(first[0], between[0])
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        torch.autograd.grad(output.sum(), leaves)


@pytest.mark.parametrize("changed", ["x", "h", "weight"])
def test_what_was_saved_and_then_changed_is_refused_as_by_torch(changed):
    cell = cells.GRU(3, 4)
    x, h = torch.randn(3, 2, 3), torch.randn(2, 4)
    output, _ = run(cell, weights_of(cell), [x], [h])
    with torch.no_grad():
        {"x": x, "h": h, "weight": cell.weight_hh}[changed].mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.sum().backward()


@pytest.mark.parametrize("name", ["gru", "lstm"])
def test_results_may_be_changed_in_place(name):
    """As those of torch.nn: a ReLU or a dropout in place may follow."""
    cell = cells.get(name)(3, 4).double()
    inputs, states = example(cell)
    leaves = [*cell.parameters(), *inputs, *states]
    output, final = run(cell, weights_of(cell), inputs, states)
    found = torch.autograd.grad(output.mul_(3).relu_().sum() + sum(value.mul_(2).sum() for value in final), leaves)
    output, final = walk_eagerly(cell, weights_of(cell), inputs, states)
    truth = torch.autograd.grad((output * 3).relu().sum() + sum((value * 2).sum() for value in final), leaves)
    for got, expected in zip(found, truth, strict=True):
        assert_same(got, expected, "gradient")


def test_results_without_gradients_do_not_share_memory_with_the_state_given():
    cell = cells.LSTM(3, 4)
    inputs, states = example(cell, requires_grad=False)
    kept = [s.clone() for s in states]
    with torch.no_grad():
        output, final = run(cell, weights_of(cell), inputs, states)
    last = output[-1].clone()
    output.zero_()
    torch.testing.assert_close(final[0], last, rtol=0, atol=0)
    for value in final:
        value.zero_()
    torch.testing.assert_close(states, kept, rtol=0, atol=0)


LAYOUTS = {
    "transposed": lambda value: value.transpose(0, 1).contiguous().transpose(0, 1),
    "every other feature": lambda value: torch.stack([value, -value], -1).flatten(-2)[..., ::2],
    "features first": lambda value: value.movedim(-1, 0).contiguous().movedim(0, -1),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_values_and_gradients_that_do_not_lie_in_order(layout):
    cell = cells.GRU(3, 4).double()
    (x,), (h,) = example(cell)
    arriving = torch.randn(4, 3, 4, dtype=torch.float64)
    found = []
    for change in (layout, lambda value: value):
        weights = {name: layout(p.unsqueeze(0)).squeeze(0) for name, p in weights_of(cell).items()}
        output, _ = run(cell, weights, [change(x)], [change(h.unsqueeze(0)).squeeze(0)])
        found.append([output, *torch.autograd.grad(output, [x, h, *cell.parameters()], change(arriving))])
    for got, expected in zip(*found, strict=True):
        assert_same(got, expected, "result")


def test_expanded_values_and_gradients():
    cell = cells.LSTM(3, 4).double()
    x = torch.randn(1, 1, 3, dtype=torch.float64, requires_grad=True)
    h = torch.randn(1, 4, dtype=torch.float64, requires_grad=True)
    found = []
    for walk in (run, walk_eagerly):
        output, _ = walk(cell, weights_of(cell), [x.expand(5, 2, 3)], [h.expand(2, 4), h.expand(2, 4)])
        arriving = torch.ones((), dtype=torch.float64).expand_as(output)
        found.append([output, *torch.autograd.grad(output, [x, h, *cell.parameters()], arriving)])
    for got, expected in zip(*found, strict=True):
        assert_same(got, expected, "result")


@pytest.mark.parametrize("wanted", ["x", "h", "c", "weight_hh", "bias_ih"])
def test_the_gradient_of_one_tensor_alone(wanted):
    cell = cells.LSTM(3, 4).double().requires_grad_(False)
    (x,), (h, c) = example(cell, requires_grad=False)
    leaf = {"x": x, "h": h, "c": c}.get(wanted)
    leaf = getattr(cell, wanted) if leaf is None else leaf
    leaf.requires_grad_()
    found = []
    for walk in (run, walk_eagerly):
        output, final = walk(cell, weights_of(cell), [x], [h, c])
        found.append(torch.autograd.grad(weighted_sum([output, *final]), leaf)[0])
    assert_same(*found, "gradient")


def test_double_backward_of_a_gradient_penalty():
    cell = cells.GRU(3, 4).double()
    inputs, states = example(cell)

    def penalty(walk):
        output, _ = walk(cell, weights_of(cell), inputs, states)
        (inner,) = torch.autograd.grad(output.square().sum(), inputs, create_graph=True)
        return torch.autograd.grad(inner.square().sum(), list(cell.parameters()))

    for got, expected in zip(penalty(run), penalty(walk_eagerly), strict=True):
        assert_same(got, expected, "second gradient")


def test_hooks_and_saved_tensor_hooks():
    module, x = Recurrent("gru", 3, 4), torch.randn(4, 2, 3, requires_grad=True)
    truth = gradients_of(module, x)
    seen, packed = [], []
    module.cells[0].weight_hh.register_hook(lambda gradient: seen.append(gradient.clone()))
    module.register_full_backward_hook(lambda *_: seen.append("module"))

    def pack(value):
        packed.append(value)
        return value.numpy(force=True).copy()

    with torch.autograd.graph.saved_tensors_hooks(pack, torch.from_numpy):
        output, _ = module(x)
    output.square().sum().backward()
    torch.testing.assert_close([p.grad for p in module.parameters()], list(truth))
    assert packed
    assert "module" in seen
    torch.testing.assert_close(seen[0] if seen[0] != "module" else seen[1], module.cells[0].weight_hh.grad)


def test_activation_checkpoints_recompute_the_same_gradients():
    module, x = Recurrent("lstm", 3, 4), torch.randn(4, 2, 3)
    truth = gradients_of(module, x)
    output, _ = torch.utils.checkpoint.checkpoint(module, x, use_reentrant=False)
    torch.testing.assert_close(torch.autograd.grad(output.square().sum(), list(module.parameters())), truth)


@pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled")
def test_anomaly_mode_names_the_walk_where_nan_appears():
    module, x = Recurrent("gru", 3, 4), torch.randn(4, 2, 3)
    with torch.autograd.detect_anomaly():
        gradients_of(module, x)
        with pytest.raises(RuntimeError, match="nan values"):
            gradients_of(module, x, lambda output: (output.sum() * 0).sqrt())


# -- modules --


def test_copies_are_independent_and_equal():
    module, x = Recurrent("peephole_lstm", 3, 4, num_layers=2), torch.randn(4, 2, 3)
    truth, _ = module(x)
    for other in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        torch.testing.assert_close(other(x)[0], truth, rtol=0, atol=0)
        with torch.no_grad():
            other.cells[0].weight_hh.zero_()
        assert not torch.equal(other(x)[0], truth)
    torch.testing.assert_close(module(x)[0], truth, rtol=0, atol=0)


def test_functional_call_uses_the_weights_it_is_given():
    module, x = Recurrent("gru", 3, 4).double(), torch.randn(4, 2, 3, dtype=torch.float64)
    other = Recurrent("gru", 3, 4).double()
    given = {name: p.detach().clone().requires_grad_() for name, p in other.named_parameters()}
    output, _ = functional_call(module, given, (x,))
    assert_same(output, other(x)[0], "output")
    found = torch.autograd.grad(output.square().sum(), list(given.values()))
    for got, expected in zip(found, gradients_of(other, x), strict=True):
        assert_same(got, expected, "gradient")


@pytest.mark.parametrize("kind", ["weight_norm", "spectral_norm", "orthogonal"])
def test_parametrised_weights(kind):
    cell = cells.GRU(3, 4).double()
    name = "weight_hh"
    getattr(torch.nn.utils.parametrizations, kind)(cell, name)
    cell.eval()  # spectral_norm moves its vectors while training
    inputs, states = example(cell)
    found = []
    for walk in (run, walk_eagerly):
        output, _ = walk(cell, weights_of(cell), inputs, states)
        leaves = [p for p in cell.parameters() if p.requires_grad]
        found.append([output, *torch.autograd.grad(output.square().sum(), leaves)])
    for got, expected in zip(*found, strict=True):
        assert_same(got, expected, "result")


def test_autocast_rounds_products_only():
    cell = cells.GRU(3, 4)
    inputs, states = example(cell, 5, 2)
    truth, _ = walk_eagerly(cell, weights_of(cell), inputs, states)
    with torch.autocast("cpu", torch.bfloat16):
        output, _ = run(cell, weights_of(cell), inputs, states)
        gradients = torch.autograd.grad(output.sum(), list(cell.parameters()))
    assert {value.dtype for value in (output, *gradients)} == {torch.float32}
    assert 0 < (output - truth).abs().max() < 0.03  # two roundings of 2 ** -9 each factor, over 5 steps


def test_inference_mode():
    cell = cells.LSTM(3, 4)
    inputs, states = example(cell, requires_grad=False)
    truth, _ = walk_eagerly(cell, weights_of(cell), inputs, states)
    with torch.inference_mode():
        output, _ = run(cell, weights_of(cell), inputs, states)
    assert output.is_inference()
    torch.testing.assert_close(output, truth)


def test_modes_that_watch_single_operations_see_them():
    from torch.utils.flop_counter import FlopCounterMode

    module = Recurrent("gru", 3, 4)
    with FlopCounterMode(display=False) as counter:
        module(torch.randn(5, 2, 3))
    assert counter.get_total_flops() == 5 * 2 * (2 * 12 * 3 + 2 * 12 * 4)
    with torch._subclasses.FakeTensorMode():
        assert Recurrent("gru", 3, 4)(torch.randn(5, 2, 3))[0].shape == (5, 2, 4)


def test_the_meta_device_gives_shapes():
    assert Recurrent("lstm", 3, 4).to("meta")(torch.empty(5, 2, 3, device="meta"))[0].shape == (5, 2, 4)


# -- threads and processes --


def test_the_number_of_threads_may_change_between_calls():
    cell, before = cells.LSTM(3, 4).double(), torch.get_num_threads()
    inputs, states = example(cell, 60, 33)
    truth = None
    try:
        for threads in (1, 2, 3, 1):
            torch.set_num_threads(threads)
            output, _ = run(cell, weights_of(cell), inputs, states)
            found = [output, *torch.autograd.grad(output.sum(), [*cell.parameters(), *inputs])]
            truth = truth or found
            for got, expected in zip(found, truth, strict=True):
                assert_same(got, expected, f"result with {threads} threads")
    finally:
        torch.set_num_threads(before)


def test_several_python_threads_at_once(backend):
    modules = [Recurrent("gru", 3, 4).double() for _ in range(4)]
    xs = [torch.randn(30, 5, 3, dtype=torch.float64) for _ in modules]
    truths = [gradients_of(module, x) for module, x in zip(modules, xs)]
    wrong: list[object] = []

    def work(module, x, truth):
        try:
            with grunit.backend(backend):
                for _ in range(20):
                    torch.testing.assert_close(gradients_of(module, x), truth, rtol=1e-12, atol=1e-12)
        except BaseException as error:  # noqa: BLE001 - reported below
            wrong.append(error)

    threads = [threading.Thread(target=work, args=each) for each in zip(modules, xs, truths)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def _answer(module, x, backend, queue):
    torch.set_num_threads(1)  # as DataLoader does in its workers; torch's own operations need it after a fork
    with grunit.backend(backend):
        output, _ = module(x)
        output.sum().backward()
        queue.put((output.detach().numpy(), next(module.parameters()).grad.numpy()))


@pytest.mark.slow
@pytest.mark.parametrize("parent_threads", [1, 2])
@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_child_processes(start, parent_threads, backend):
    if start not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system cannot {start}")
    if start == "spawn" and parent_threads == 2:
        pytest.skip("a spawned process has no threads to inherit")
    before = torch.get_num_threads()
    module, x = Recurrent("gru", 3, 4), torch.randn(400, 16, 3)
    try:
        torch.set_num_threads(parent_threads)
        output, _ = module(x)
        output.sum().backward()
        context = multiprocessing.get_context(start)
        queue = context.Queue()
        child = copy.deepcopy(module)
        child.zero_grad()
        process = context.Process(target=_answer, args=(child, x, backend, queue))
        process.start()
        found, gradient = queue.get(timeout=60)
        process.join(timeout=30)
        assert process.exitcode == 0
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(torch.from_numpy(found), output.detach())
    torch.testing.assert_close(torch.from_numpy(gradient), next(module.parameters()).grad, rtol=1e-4, atol=1e-4)


class _Windows(torch.utils.data.Dataset):
    """Runs a network in the workers, as a data set with features learnt elsewhere does."""

    def __init__(self, module, x):
        self.module, self.x = module, x

    def __len__(self):
        return len(self.x)

    def __getitem__(self, index):
        with torch.no_grad():
            return self.module(self.x[index])[0]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_workers_of_a_data_loader():
    module, x = Recurrent("gru", 3, 4), torch.randn(4, 5, 2, 3)
    truth = torch.stack([module(window)[0] for window in x]).detach()
    loader = torch.utils.data.DataLoader(_Windows(module, x), batch_size=4, num_workers=2)
    torch.testing.assert_close(next(iter(loader)), truth)


def _train_half(rank, folder, backend, queue):
    torch.set_num_threads(1)
    store = torch.distributed.FileStore(f"{folder}/store", 2)
    torch.distributed.init_process_group("gloo", store=store, rank=rank, world_size=2)
    torch.manual_seed(0)
    module, x = Recurrent("gru", 3, 4), torch.randn(6, 4, 3)
    parallel = torch.nn.parallel.DistributedDataParallel(module)
    with grunit.backend(backend):
        parallel(x[:, 2 * rank : 2 * rank + 2])[0].square().mean().backward()
    queue.put([p.grad.numpy() for p in module.parameters()])
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_in_parallel_average_their_gradients(tmp_path, backend):
    torch.manual_seed(0)
    module, x = Recurrent("gru", 3, 4), torch.randn(6, 4, 3)
    truth = gradients_of(module, x, lambda output: output.square().mean())
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    processes = [context.Process(target=_train_half, args=(r, str(tmp_path), backend, queue)) for r in range(2)]
    for process in processes:
        process.start()
    answers = [queue.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(timeout=30)
    for answer in answers:
        torch.testing.assert_close([torch.from_numpy(g) for g in answer], list(truth))


INTERRUPTED = """
    import sys, time, torch, grunit
    torch.set_num_threads(int(sys.argv[2]))
    rnn = grunit.Recurrent("gru", 2, 256)
    with grunit.backend("c"):
        rnn(torch.zeros(2, 2, 2))[0].sum().backward()
        x = torch.zeros(int(sys.argv[3]), 2, 2)
        def walk():
            with torch.set_grad_enabled(sys.argv[1] == "backward"):
                return rnn(x)[0]
        if sys.argv[1] == "backward":
            loss = walk()[-1].sum()
            start = loss.backward
        else:
            start = walk
        print("begin", flush=True)
        begun = time.monotonic()
        try:
            start()
            print("done", time.monotonic() - begun, flush=True)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("walk", "steps", "threads"), [("forward", 100_000, 2), ("backward", 50_000, 1)])
def test_an_interrupt_stops_a_long_loop_within_a_second(walk, steps, threads, backend):
    if backend == "torch":
        pytest.skip("a Python loop, which Python interrupts")
    command = [sys.executable, "-c", textwrap.dedent(INTERRUPTED), walk, str(threads), str(steps)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begin\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        answer = process.stdout.readline()
        waited = time.monotonic() - sent
        process.wait(timeout=60)
    assert answer == "interrupted\n"
    assert waited < 1
