"""Rows kept as they are measured, so that an interrupted suite goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.settings import say


class Partial:
    """The rows of a suite that is under way, in ``<name>.part.json`` beside its result.

    Args:
        name: of the suite.
        folder: of results.
        facts: what a row depends on; rows measured with others are not taken over.
    """

    def __init__(self, name: str, folder: Path, facts: dict[str, Any]):
        self.name, self.path, self.facts = name, folder / f"{name}.part.json", json.loads(json.dumps(facts))
        before = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}
        self.rows: dict[str, Any] = before["rows"] if before.get("facts") == self.facts else {}

    def row(self, key: str, measure: Callable[[], Any]) -> Any:
        """What was measured under this key, now or before."""
        if key not in self.rows:
            say(f"{self.name}: {key}")
            self.rows[key] = measure()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"facts": self.facts, "rows": self.rows})
            draft = self.path.with_suffix(".draft")
            draft.write_text(text, encoding="utf-8")
            draft.replace(self.path)
        return self.rows[key]

    def close(self) -> None:
        """All rows are measured: the result takes their place."""
        self.path.unlink(missing_ok=True)
