"""Every cell of the catalogue: gradients, chunks, steps, lengths, resets, both backends, saved weights, its page."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from xml.etree import ElementTree

import cell_pages
import pytest
import torch
from torch import Tensor

import grunit
from grunit import Recurrent, cells
from grunit.cli.catalogue import read_catalogue
from grunit.cli.equations import equations_of
from grunit.compiler import backend
from grunit.compiler.c_build import BuildError, find_compiler
from grunit.errors import GrunitError, InputError, ShapeError

DOUBLE = torch.float64
FEATURES, UNITS, LENGTH, ROWS = 3, 4, 5, 3
WITH_MORE = [name for name in cells.names() if cells.get(name).inputs[1:]]
every_cell = pytest.mark.parametrize("name", cells.names())


def layer(name: str, units: int = UNITS) -> Recurrent:
    """A layer of the cell with parameters that are not at a special value."""
    rnn = Recurrent(name, FEATURES, units).to(DOUBLE)
    with torch.no_grad():
        for parameter in rnn.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return rnn


def example(rnn: Recurrent, length: int = LENGTH, rows: int = ROWS) -> tuple[Tensor, dict[str, Tensor]]:
    """An input and the other inputs that the cell declares, all of them positive as gaps and masks are."""
    (cell,) = rnn.cells
    sizes = cell.input_sizes()
    more = {name: 0.1 + 0.8 * torch.rand(length, rows, sizes.get(name, 1), dtype=DOUBLE) for name in cell.inputs[1:]}
    return torch.randn(length, rows, FEATURES, dtype=DOUBLE), more


def piece(more: dict[str, Tensor], *where: slice | int) -> dict[str, Tensor]:
    """A part of the other inputs."""
    return {name: value[where] for name, value in more.items()}


def assert_same(got, expected, tolerance: float = 1e-12) -> None:
    """Two results are equal to the rounding of double precision."""
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance)


@every_cell
def test_gradients_are_those_of_small_differences(name):
    rnn = layer(name)
    x, more = example(rnn, length=3, rows=2)
    values = [x, *more.values(), *(torch.randn_like(s) for s in rnn.init_state(2)), *rnn.parameters()]
    values = [value.detach().requires_grad_() for value in values]
    parameters = [key for key, _ in rnn.named_parameters()]
    count, states = len(more), len(rnn.init_state(2))

    def walk(x, *others):
        extra = dict(zip(more, others[:count], strict=True))
        own = dict(zip(parameters, others[count + states :], strict=True))
        output, state = torch.func.functional_call(rnn, own, (x, others[count : count + states]), extra)
        return (output, *state)

    assert torch.autograd.gradcheck(walk, values, fast_mode=True)


@every_cell
def test_chunks_and_single_steps_are_the_whole(name):
    rnn = layer(name)
    x, more = example(rnn)
    with torch.no_grad():
        whole, last = rnn(x, **more)
        first, state = rnn(x[:2], **piece(more, slice(2)))
        second, state = rnn(x[2:], state, **piece(more, slice(2, None)))
        assert_same((torch.cat([first, second]), *state), (whole, *last))
        state, outputs = rnn.init_state(ROWS), []
        for t in range(LENGTH):
            output, state = rnn.step(x[t], state, **piece(more, t))
            outputs.append(output)
        assert_same((torch.stack(outputs), *state), (whole, *last))


@pytest.mark.slow
@every_cell
def test_a_row_with_a_length_or_a_reset_is_as_if_it_were_alone(name):
    rnn = layer(name)
    x, more = example(rnn)
    lengths, resets = [LENGTH, 2, 0], torch.zeros(LENGTH, ROWS, dtype=torch.bool)
    resets[3, 0] = True
    with torch.no_grad():
        output, final = rnn(x, lengths=lengths, resets=resets, **more)
        _, before = rnn(x[:3, :1], **piece(more, slice(3), slice(1)))
        after = rnn(x[3:, :1], **piece(more, slice(3, None), slice(1)))
        assert_same((output[3:, :1], *(s[:, :1] for s in final)), (after[0], *after[1]))
        short = rnn(x[:2, 1:2], **piece(more, slice(2), slice(1, 2)))
        assert_same((output[:2, 1:2], *(s[:, 1:2] for s in final)), (short[0], *short[1]))
    assert not output[2:, 1].any()
    assert not output[:, 2].any()
    assert not any(state[:, 2].any() for state in final)
    assert any(state.any() for state in before)  # else the reset would have had nothing to do


@every_cell
def test_saved_weights_make_the_same_cell(name, tmp_path):
    rnn, other = layer(name), Recurrent(name, FEATURES, UNITS).to(DOUBLE)
    other.load_state_dict(rnn.state_dict())
    x, more = example(rnn)
    with torch.no_grad():
        assert_same(*((output, *state) for output, state in (rnn(x, **more), other(x, **more))), tolerance=0)


@every_cell
def test_built_with_two_sizes_and_found_by_its_name_and_its_class(name):
    kind = cells.get(name)
    cell = kind(FEATURES, UNITS)
    assert (cell.input_size, cell.hidden_size) == (FEATURES, UNITS)
    assert cells.name_of(kind) == name
    assert kind.__name__ in cells.__all__
    assert getattr(grunit.cells, kind.__name__) is kind
    assert set(cell.state_sizes()) <= set(kind.state)
    assert set(cell.input_sizes()) <= set(kind.inputs[1:])


@every_cell
def test_it_has_a_page(name, monkeypatch):
    # The schedules take most of the time, and the site is built with all of them in its own test.
    monkeypatch.setattr(cell_pages, "schedule_section", lambda kind: "")
    page = cell_pages.cell_page(name)
    headings = [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")]
    for heading in ("Equations", "When to use", "Gates", "Size", "Example", "Source", "Code"):
        assert heading in headings, f"no section {heading}"
    tables = [line for line in page.splitlines() if line.startswith('<div class="equations">')]
    rows = [row for table in tables for row in ElementTree.fromstring(table).iter("tr")]
    assert len(rows) == len(equations_of(cells.get(name)))
    for table in tables:
        shown = "".join(ElementTree.fromstring(table).itertext())
        assert not set(shown) & set("\\$&{}"), shown
    listed = page.split("## Gates")[1].split("## ")[0]
    x, more = example(rnn := layer(name))
    for gate, values in grunit.trace(rnn, x, **more).items():
        assert f"`{gate}`" in listed
        assert values.isfinite().all()


@every_cell
def test_the_catalogue_says_the_class_that_the_compiler_finds(name):
    (entry,) = read_catalogue([name], FEATURES, UNITS)
    schedule = grunit.compile(layer(name).cells[0]).schedule
    found = None if schedule is None else schedule.kind
    assert entry["speed_class"] == found, "CLASSES of src/grunit/cli/catalogue.py names the cells that are not dense"


@pytest.fixture(scope="module")
def _quickly_built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Plain compilation takes a tenth of the time."""
    try:
        find_compiler()
    except BuildError as error:
        pytest.skip(str(error))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRUNIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("GRUNIT_CFLAGS", os.environ.get("GRUNIT_CFLAGS", "-march=native") + " -O0")
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("_quickly_built")
@every_cell
def test_c_computes_what_torch_computes(name):
    rnn = layer(name)
    x, more = example(rnn, rows=7)
    leaves = [value.requires_grad_() for value in (x, *more.values())]
    start = [torch.randn_like(state).requires_grad_() for state in rnn.init_state(7)]
    leaves += [*start, *rnn.parameters()]
    resets = torch.rand(LENGTH, 7) < 0.2
    with backend("auto"):
        compiled = grunit.compile(rnn.cells[0])
    if compiled.backend != "c":
        # Whoever adds such a cell says so here.
        assert name in TORCH_ALONE, compiled.reason
        pytest.skip(f"{name} runs on torch: {compiled.reason}")
    assert name not in TORCH_ALONE

    def walk(on: str) -> list[Tensor]:
        with backend(on):
            output, final = rnn(x, tuple(start), lengths=[5, 2, 0, 5, 4, 5, 1], resets=resets, **more)
        results = [output, *final]
        loss = sum((r * torch.linspace(-1, 2, r.numel(), dtype=DOUBLE).view_as(r)).sum() for r in results)
        found = torch.autograd.grad(loss, leaves, allow_unused=True)
        zeros = [torch.zeros_like(leaf) if g is None else g for leaf, g in zip(leaves, found, strict=True)]
        return [*results, *zeros]

    assert_same(walk("c"), walk("torch"), tolerance=1e-10)


TORCH_ALONE = ("conv_lstm", "conv_gru")
"""Cells that the C backend cannot run."""


@pytest.mark.parametrize("name", WITH_MORE)
def test_a_missing_input_is_refused_by_name(name):
    rnn = layer(name)
    x, more = example(rnn)
    for absent in more:
        given = {key: value for key, value in more.items() if key != absent}
        with pytest.raises(
            InputError, match=rf"^the cell also needs the input {absent}: give it by name, as {absent}=\.\.\.$"
        ):
            rnn(x, **given)
        with pytest.raises(
            InputError, match=rf"^the cell also needs the input {absent}: give it by name, as {absent}=\.\.\.$"
        ):
            rnn.step(x[0], **piece(given, 0))


@every_cell
def test_states_and_lengths_that_cannot_be_are_refused_in_a_sentence(name):
    rnn = layer(name)
    x, more = example(rnn)
    state = rnn.init_state(ROWS)
    calls = {
        "a state of another batch": functools.partial(rnn, x, rnn.init_state(ROWS + 1), **more),
        "a state with a unit more": functools.partial(
            rnn, x, (torch.zeros(*state[0].shape[:-1], state[0].shape[-1] + 1, dtype=DOUBLE), *state[1:]), **more
        ),
        "a state too many": functools.partial(rnn, x, (*state, state[0]), **more),
        "a length beyond the end": functools.partial(rnn, x, lengths=[LENGTH + 1, 1, 1], **more),
        "too few lengths": functools.partial(rnn, x, lengths=[1], **more),
        "features that are not there": functools.partial(rnn, x[..., 1:], **more),
    }
    for what, call in calls.items():
        with pytest.raises((ShapeError, InputError)) as caught:
            call()
        sentence = str(caught.value)
        assert isinstance(caught.value, GrunitError)
        assert "\n" not in sentence, what
        assert any(word in sentence for word in ("must", "expected", "needs", "has")), f"{what}: {sentence}"


def with_slip(name):
    return name[:-1] + "q" if len(name) > 3 else name + "x"


@pytest.mark.parametrize("name", [name for name in cells.names() if with_slip(name) not in cells.names()])
def test_a_name_with_a_slip_is_told_the_nearest(name):
    slip = with_slip(name)
    with pytest.raises(InputError, match=f"^unknown cell '{slip}': did you mean '(\\w+)'\\?$") as caught:
        Recurrent(slip, FEATURES, UNITS)
    near = str(caught.value).split("'")[-2]
    # As near as any: of two that differ from the slip in one letter, either will do.
    assert near == name or (len(near) == len(slip) and sum(a != b for a, b in zip(near, slip, strict=True)) == 1)
