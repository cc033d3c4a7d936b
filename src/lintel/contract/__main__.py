"""`python -m lintel.contract BEFORE AFTER`: names what a new OpenAPI document breaks."""

import json
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from lintel.contract import breaking_changes, judge


def main(
    before: Annotated[Path, typer.Argument(help="The document that clients were written by.")],
    after: Annotated[Path, typer.Argument(help="The document of the service they will meet.")],
    meant: Annotated[Path | None, typer.Option(help="TOML: the sentence of each break that is meant, and why.")] = None,
) -> None:
    """Name what a new OpenAPI document breaks. Ends with 1 if that is not meant."""
    reasons = {} if meant is None else tomllib.loads(meant.read_text(encoding="utf-8"))
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in (before, after)]
    verdict = judge(breaking_changes(*documents), reasons)
    for sentence in verdict.meant:
        typer.echo(f"meant: {sentence} ({reasons[sentence]})")
    for sentence in verdict.unmeant:
        typer.echo(f"breaks: {sentence}")
    for sentence in verdict.idle:
        typer.echo(f"breaks nothing, or has no reason: {sentence}")
    if not verdict.is_fine:
        raise typer.Exit(1)
    typer.echo(f"Nothing breaks but what is meant ({len(verdict.meant)}).")


if __name__ == "__main__":
    typer.run(main)
