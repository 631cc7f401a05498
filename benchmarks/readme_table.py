"""Sections of the README and of the documentation that are made from the results that are kept.

``python -m benchmarks.readme_table`` writes each between its two marks; a test holds the files to it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import goals, probes, reached, sequences, streaming
from benchmarks.results import FOLDER, read, tell_run
from benchmarks.tables import markdown

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- {}: made by benchmarks/readme_table.py -->", "<!-- end of what is made -->"
NOTHING = "No results are kept yet: `make bench` measures your machine."


def main() -> None:
    """Write the sections into every file that has their marks."""
    for path in PLACES:
        path.write_text(renew(path.read_text(encoding="utf-8"), path), encoding="utf-8")


def renew(text: str, path: Path) -> str:
    """The text of a file with all its sections made anew."""
    for name, make in PLACES[path].items():
        text = replace(text, name, make(FOLDER))
    return text


def replace(text: str, name: str, section: str) -> str:
    """The text with another section between the marks of this name.

    >>> replace(f"a {BEGIN.format('speed')} old {END} b", "speed", "new").splitlines()[1:-1]
    ['', 'new', '']
    """
    begin = BEGIN.format(name)
    before, rest = text.split(begin)
    return f"{before}{begin}\n\n{section}\n\n{END}{rest.partition(END)[2]}"


def summarise(folder: Path) -> str:
    """For the README: one line a cell, then where it was measured."""
    found, stream = read("sequences", folder), read("streaming", folder)
    if not found:
        return NOTHING
    rows = found["rows"]
    steps = {row["cell"]: row for row in stream["rows"] if row["units"] == 64} if stream else {}
    lines = []
    for cell in sequences.cells_of(rows):
        own = [row for row in rows if row["cell"] == cell]
        training = [row for row in own if row["work"] == "training"]
        inference = [row for row in own if row["work"] == "inference"]
        lines.append(
            [
                cell,
                f"nn.{own[0]['peer']}",
                over([row["speedup"]["c"] for row in training]),
                over([row["speedup"]["c"] for row in inference]),
                over([row["over_eager"] for row in training]),
                one_step(steps.get(cell)),
            ]
        )
    header = ["cell", "against", "training", "inference", "training, own plain loop", "one step, 64 units"]
    sizes = len({tuple(row["size"]) for row in rows})
    machine = found["run"]["machine"]
    missed = sum(goal["met"] is False for goal in (read("goals", folder) or {"goals": []})["goals"])
    return (
        f"{markdown(lines, header)}\n\n"
        f"Times faster than `torch.nn`: the median, and the range, over {sizes} sizes on one and two threads. Cells "
        "that `torch.nn` does not have are held against its plain LSTM or GRU. One step: microseconds of a "
        "`grunit.Session` at batch 1, and times faster than `torch.nn` and ONNX Runtime. Measured on "
        f"{machine['processor']}, {machine['cores']} cores, torch {machine['versions']['torch']}, commit "
        f"{machine['commit']}. Every number, and the goals ({missed} missed): "
        "[benchmarks/results](benchmarks/results/goals.md)."
    )


def over(numbers: list[float]) -> str:
    """The median and the range."""
    return f"{median(numbers):.2f} ({min(numbers):.2f} to {max(numbers):.2f})"


def one_step(row: dict[str, Any] | None) -> str:
    """Microseconds, and how many times faster than torch.nn and the quicker way to call ONNX Runtime."""
    if row is None:
        return "-"
    ratios = row["speedup"]
    quicker = min(ratios["onnxruntime"], ratios["onnxruntime, bound"])
    return f"{row['times']['Session']['median'] * 1e6:.1f} us, {ratios['torch.nn']:.0f}x, {quicker:.0f}x"


def tell_all(folder: Path) -> str:
    """For the documentation: the goals, and every ratio."""
    found = {name: read(name, folder) for name in ("goals", "sequences", "streaming")}
    if not found["sequences"]:
        return NOTHING
    parts = []
    for suite, title in ((goals, "Goals"), (sequences, "Whole sequences"), (streaming, "One step at a time")):
        document = found[suite.__name__.rpartition(".")[2]]
        if document:
            text = suite.tell(document).replace("\n## ", "\n### ").replace("\n#### ", "\n### ")
            parts.append(f"## {title}\n\n{text}")
    return "\n\n".join([tell_run(found["sequences"]["run"]), *parts])


PLACES: dict[Path, dict[str, Callable[[Path], str]]] = {
    ROOT / "README.md": {"quality": reached.tell, "speed": summarise},
    ROOT / "docs" / "speed.md": {"speed": tell_all},
    ROOT / "docs" / "probes.md": {"probes": probes.tell_all},
}

if __name__ == "__main__":
    main()
