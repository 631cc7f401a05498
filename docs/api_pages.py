"""The API page, made from docstrings while the site is built: a hook of mkdocs."""

from __future__ import annotations

import importlib
import inspect
import re

from cell_pages import to_markdown
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from pygments.formatters import HtmlFormatter

# What a user writes, in the order of the guide.
CONTENTS = {
    "Cells": [
        "grunit.Cell",
        "grunit.cells.GatedCell",
        "grunit.cells.names",
        "grunit.cells.get",
        "grunit.cells.register",
        "grunit.gate",
    ],
    "Layers": [
        "grunit.Recurrent",
        "grunit.nn.LSTM",
        "grunit.nn.GRU",
        "grunit.nn.RNN",
        "grunit.nn.AdditiveAttention",
        "grunit.nn.MultiplicativeAttention",
        "grunit.nn.SelfAttentionPooling",
        "grunit.nn.Pooling",
        "grunit.nn.pool",
        "grunit.nn.ConvolutionFront",
        "grunit.nn.SegmentFront",
        "grunit.nn.initialize_cell",
        "grunit.trace",
        "grunit.Session",
    ],
    "Compiler": ["grunit.compile", "grunit.backend"],
    "Forecasting": ["grunit.Forecaster", "grunit.load", "grunit.data.load_example"],
    "Classification": [
        "grunit.SequenceClassifier",
        "grunit.SequenceRegressor",
        "grunit.SequenceMultitask",
        "grunit.Ensemble",
        "grunit.data.read_sequences",
        "grunit.data.load_ucr",
        "grunit.data.LabelledSequences",
    ],
    "Tagging": [
        "grunit.SequenceTagger",
        "grunit.nn.CRF",
        "grunit.data.read_tagged",
        "grunit.data.TaggedSentences",
        "grunit.data.tagging_schemes.convert",
        "grunit.data.tagging_scores.score_tags",
    ],
    "Language": [
        "grunit.LanguageModel",
        "grunit.tasks.language_model_writer.TextWriter",
        "grunit.tasks.language_model_sampling.Sampling",
        "grunit.tasks.language_model_state.LanguageState",
        "grunit.tasks.language_model_scores.TextScore",
        "grunit.tasks.language_model_adaptation.DynamicEvaluation",
        "grunit.tasks.language_model_adaptation.CachePointer",
        "grunit.nn.softmax.AdaptiveSoftmax",
        "grunit.nn.softmax.SampledSoftmax",
        "grunit.nn.embedding.TokenEmbedding",
    ],
    "Translation": [
        "grunit.Translator",
        "grunit.tasks.translation_alignment.Alignment",
        "grunit.tasks.translation_scores.score_translations",
        "grunit.data.read_pairs",
        "grunit.data.TextPairs",
        "grunit.nn.decoder.Decoder",
        "grunit.nn.decoder_search.search_beams",
    ],
    "Tuning": ["grunit.tune", "grunit.tuning.Tuning", "grunit.tuning.Trial"],
    "Live streams": [
        "grunit.OnlineRegressor",
        "grunit.OnlineClassifier",
        "grunit.OnlineForecaster",
        "grunit.online.FittedForecaster",
        "grunit.online.AdaptiveInterval",
        "grunit.online.PageHinkley",
        "grunit.online.DriftMonitor",
    ],
    "Errors": ["grunit.errors"],
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page, and the colours of code."""
    files.append(File.generated(config, "api.md", content=api_page()))
    files.append(File.generated(config, "code.css", content=HtmlFormatter().get_style_defs(".codehilite")))
    return files


def api_page() -> str:
    """All entries under their headings."""
    parts = ["# API"]
    for heading, names in CONTENTS.items():
        parts += [f"## {heading}", *(entry(name) for name in names)]
    return "\n\n".join(parts)


def entry(dotted: str) -> str:
    """One name: its signature, its docstring, and the public methods it defines itself.

    >>> entry("grunit.cells.names").splitlines()[0]
    '### grunit.cells.names'
    """
    module, _, name = dotted.rpartition(".")
    found = getattr(importlib.import_module(module), name)
    parts = [f"### {dotted}", *described(name, found)]
    for each, member in members(found):
        parts += [f"#### {name}.{each}", *described(each, member)]
    return "\n\n".join(parts)


def members(found: object) -> list[tuple[str, object]]:
    """The public methods of a class, the classes of a module."""
    if not (inspect.isclass(found) or inspect.ismodule(found)):
        return []
    wanted = inspect.isfunction if inspect.isclass(found) else inspect.isclass
    return [(name, value) for name, value in vars(found).items() if wanted(value) and not name.startswith("_")]


def described(name: str, found: object) -> list[str]:
    """Signature and docstring as Markdown."""
    text = to_markdown(inspect.getdoc(found) or "")
    if inspect.ismodule(found) or (inspect.isclass(found) and issubclass(found, Exception)):
        return [text]
    # Annotations arrive as strings; the reader wants them without the quotes.
    signature = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(found)))  # type: ignore[arg-type]
    return [f"```python\n{name}{signature}\n```", text]
