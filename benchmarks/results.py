"""Results on disk: one JSON and one Markdown file a suite, with where and how they were measured."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from benchmarks.settings import Settings
from grunit.cli.machine import describe_machine

FOLDER = Path(__file__).parent / "results"


def describe_run(settings: Settings, arguments: list[str], seconds: float) -> dict[str, Any]:
    """What a reader needs to judge and to repeat a measurement."""
    return {
        "command": shlex.join(["python", "-m", "benchmarks", *arguments]),
        "wall_seconds": round(seconds, 1),
        "machine": describe_machine(),
        "seeds": {"parameters": 0, "input": 1, "gradient": 2},
        "dtype": "float32",
        "seconds_a_comparison": settings.seconds,
        "least_rounds": settings.least_rounds,
        "smoke": settings.smoke,
    }


def write(name: str, document: dict[str, Any], text: str | None, folder: Path) -> None:
    """Keep a suite's result; without a text the JSON alone."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{name}.draft"
    draft.write_text(json.dumps(rounded(document), indent=1) + "\n", encoding="utf-8")
    draft.replace(folder / f"{name}.json")
    if text is None:
        return
    title = name.replace("_", " ").capitalize()
    (folder / f"{name}.md").write_text(f"# {title}\n\n{tell_run(document['run'])}\n\n{text}\n", encoding="utf-8")


def read(name: str, folder: Path) -> dict[str, Any] | None:
    """A suite's result, or None where it was not measured."""
    path = folder / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def rounded(value: Any) -> Any:
    """Floats to four digits: more is noise, and makes differences between runs hard to read."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def tell_run(run: dict[str, Any]) -> str:
    """Machine, versions and command in a few sentences."""
    machine = run["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    warning = "**Smoke test: these numbers mean nothing.**\n\n" if run["smoke"] else ""
    return (
        f"{warning}{machine['processor']} ({', '.join(machine['flags'])}), {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, {machine['system']}; {machine['compiler']}; Python {machine['python']}, "
        f"{versions}; float32; commit {machine['commit']}. "
        f"`{run['command']}` took {run['wall_seconds']:.0f} s."
    )
