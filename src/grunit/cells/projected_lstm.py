"""LSTM with fewer outputs than memory cells."""

from __future__ import annotations

from typing import Any

from grunit.cells.lstm import LSTM
from grunit.errors import InputError


class ProjectedLSTM(LSTM):
    r"""LSTM with a recurrent projection (LSTMP): many memory cells, and a small h that is seen and fed back.

    .. math::
        i &= \sigma(W_i x + U_i h + b_i) \\
        f &= \sigma(W_f x + U_f h + b_f) \\
        g &= \tanh(W_g x + U_g h + b_g) \\
        o &= \sigma(W_o x + U_o h + b_o) \\
        c' &= f \odot c + i \odot g \\
        h' &= W_r (o \odot \tanh(c'))

    ``hidden_size`` counts the memory cells ``c``; output and ``h`` have ``proj_size`` units. The paper's cell also has
    peepholes: that is ``PeepholeLSTM`` with ``proj_size``. This one is ``torch.nn.LSTM`` with ``proj_size``.

    Args:
        proj_size: units of ``h``; default half of ``hidden_size``.
        options: ``coupled_gates`` and ``output_activation`` of :class:`~grunit.cells.lstm.LSTM`, and those of
            :class:`~grunit.cells.gated.GatedCell`.

    When to use: large models, in speech and language above all, where the recurrent matrix of an LSTM would be most of
    the weights: that matrix shrinks by the ratio of ``proj_size`` to ``hidden_size``, the memory does not. It costs one
    more product a step, which waits for the others.

    Source: Sak, Senior & Beaufays, *Long short-term memory recurrent neural network architectures for large scale
    acoustic modeling*, Interspeech (2014), without the peepholes; ``torch.nn.LSTM``.

    >>> import torch
    >>> h, c = ProjectedLSTM(3, 5).step(torch.zeros(2, 3), torch.zeros(2, 2), torch.zeros(2, 5))
    >>> h.shape, c.shape
    (torch.Size([2, 2]), torch.Size([2, 5]))
    """

    def __init__(self, input_size: int, hidden_size: int, *, proj_size: int | None = None, **options: Any):
        if proj_size is None:
            proj_size = max(1, hidden_size // 2)
        if isinstance(proj_size, bool) or not isinstance(proj_size, int) or proj_size < 1:
            raise InputError(
                f"proj_size must be a whole number of at least 1, got {proj_size!r}: for none take the cell 'lstm'"
            )
        super().__init__(input_size, hidden_size, proj_size=proj_size, **options)
