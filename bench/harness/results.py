"""Figures on disk: one file a case, from which the page is made."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from bench.harness.figures import Table

RESULTS = Path(__file__).resolve().parents[1] / "results"


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a case found.

    Attributes:
        case: Its name.
        title: Its heading.
        environment: On what, and when.
        tables: What was found.
    """

    case: str
    title: str
    environment: Mapping[str, str]
    tables: Sequence[Table]


_ADAPTER = TypeAdapter(Result)


def write(result: Result, folder: Path = RESULTS) -> None:
    """Replace the file of a case."""
    folder.mkdir(exist_ok=True)
    text = json.dumps(_ADAPTER.dump_python(result, mode="json"), indent=1, ensure_ascii=False)
    (folder / f"{result.case}.json").write_text(f"{text}\n", encoding="utf-8")


def read_all(cases: Iterable[str], folder: Path = RESULTS) -> list[Result]:
    """What these cases found last; those that never ran are left out."""
    files = (folder / f"{case}.json" for case in cases)
    return [_ADAPTER.validate_json(path.read_text(encoding="utf-8")) for path in files if path.exists()]
