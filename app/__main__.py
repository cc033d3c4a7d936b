"""`python -m app`: the service from the command line."""

import asyncio
import secrets
import string
import sys
from collections.abc import Awaitable, Callable
from itertools import groupby
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from alembic.util import CommandError
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import DBAPIError
from uvicorn.loops.auto import auto_loop_factory

from app.api.openapi import written
from app.core.config import Settings, get_settings
from app.core.migrations import MIGRATIONS
from app.main import create_app
from app.services.container import Services
from app.workers.worker import run_worker
from lintel.api import normalized_email
from lintel.errors import ServiceError
from lintel.memory import freeze_collector, return_large_blocks
from lintel.observability import configure_logging
from lintel.server import serve
from lintel.settings import (
    MIN_SECRET_LENGTH,
    Environment,
    SettingsError,
    describe_settings,
    example_env_file,
    misspelt_names,
)

PASSWORD_LENGTH = 16
SIGNS = "-_."
"""Special characters that need no quotes in a shell and mean themselves in a form, where + is a space."""

T = TypeVar("T")

cli = typer.Typer(
    help="Lintel: the service from the command line. Settings come from the environment and from .env.",
    epilog="Ends with 2 when the settings cannot be used, with 1 when something else did not work.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@cli.command("serve")
def serve_command(
    *,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="First migrate, and make the first administrator.")
    ] = False,
    reload: Annotated[bool, typer.Option("--reload", help="Start anew when a source file changes.")] = False,
) -> None:
    """Serve on HOST and PORT until told to stop."""
    return_large_blocks()
    settings = _settings()
    configure_logging(settings)
    if prepare:
        _prepare(settings)
    root = Path(__file__).resolve().parent.parent
    sources = [str(root / "app"), str(root / "src")] if reload else None
    welcome = _welcome if settings.environment is Environment.DEVELOPMENT else None
    try:
        serve("app.main:serving_app", settings, reload_dirs=sources, on_started=welcome)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


@cli.command()
def worker() -> None:
    """Do background jobs until told to stop; as many of these processes as you like."""
    settings = _settings()
    configure_logging(settings)

    async def work(services: Services) -> None:
        freeze_collector()  # also for its end, which would walk through everything: 1.8 s of a processor
        await run_worker(settings, services)

    _run(settings, work)


@cli.command()
def migrate(
    revision: Annotated[str, typer.Argument(help="Where to; `head` is the newest.")] = "head",
) -> None:
    """Bring the database to a revision, from any state, an empty one included."""
    settings = _settings()
    configure_logging(settings)
    _run(settings, lambda services: MIGRATIONS.upgrade(services.database.migrator, revision))
    typer.echo(f"The database is at {revision}.")


@cli.command("create-admin")
def create_admin(
    *,
    reset: Annotated[bool, typer.Option("--reset", help="Set a new password for FIRST_ADMIN_EMAIL.")] = False,
) -> None:
    """Make the first administrator from FIRST_ADMIN_EMAIL and FIRST_ADMIN_PASSWORD.

    Does nothing when there is an administrator already. Without a password one is made up and shown once.
    """
    settings = _settings()
    configure_logging(settings)
    _create_admin(settings, reset=reset)


@cli.command("settings")
def settings_command(
    *,
    check: Annotated[bool, typer.Option("--check", help="Only say whether the service could start.")] = False,
    example: Annotated[bool, typer.Option("--example", help="Print .env.example: every setting's default.")] = False,
) -> None:
    """Show every setting: its meaning, default, value and where that comes from. Secrets are masked."""
    if example:
        typer.echo(example_env_file(Settings), nl=False)
        return
    settings = _settings()
    if check:
        _put_together(settings)
        typer.echo(f"The settings are fit to start with (ENVIRONMENT={settings.environment}).")
        return
    console = Console(width=None if sys.stdout.isatty() else 160)
    for group, rows in groupby(describe_settings(settings), key=lambda row: row.group):
        table = Table(
            "Variable",
            "Value",
            "From",
            "Default",
            "Meaning",
            title=group.removesuffix("Settings"),
            title_justify="left",
            expand=True,
        )
        for row in rows:
            table.add_row("\n".join(row.names), _short(row.value), row.source, _short(row.default), row.meaning)
        console.print(table)


@cli.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    typer.echo(written(create_app(_with_some_key(_settings())).openapi()), nl=False)


def _put_together(settings: Settings) -> None:
    """As at the start, without a connection: for what only the makers of the services notice."""
    try:
        Services.of(_with_some_key(settings))
    except (SettingsError, ValueError, ImportError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def _with_some_key(settings: Settings) -> Settings:
    """Settings for what does not depend on the key, so that none is made for it."""
    return settings.model_copy(update={"secret_key": settings.secret_key or SecretStr("-" * MIN_SECRET_LENGTH)})


def _settings() -> Settings:
    try:
        settings = get_settings()
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None
    for name, meant in misspelt_names(Settings).items():
        typer.echo(f"{name} in .env is no setting and has no effect: is {meant} meant?", err=True)
    return settings


def _prepare(settings: Settings) -> None:
    _run(settings, lambda services: MIGRATIONS.upgrade(services.database.migrator))
    _create_admin(settings, reset=False)


def _create_admin(settings: Settings, *, reset: bool) -> None:
    given = settings.first_admin_password
    password = given.get_secret_value() if given is not None else _made_up_password()
    email = normalized_email(settings.first_admin_email)

    async def work(services: Services) -> bool:
        return await services.users.ensure_admin(email, password, reset=reset)

    if not _run(settings, work):
        typer.echo("There is an administrator already; nothing was changed (a lost password: create-admin --reset).")
    elif given is not None:
        typer.echo(f"Administrator {email}, with the password from FIRST_ADMIN_PASSWORD.")
    else:
        typer.echo(f"Administrator {email}, password {password} (shown only now).")


def _run(settings: Settings, work: Callable[[Services], Awaitable[T]]) -> T:
    async def with_services() -> T:
        services = Services.of(settings)
        async with services.database.opened(), services.cache.opened():
            return await work(services)

    try:
        with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            return runner.run(with_services())
    except DBAPIError as error:
        reason = str(error.orig).partition("\n")[0]
        hint = (
            " Migrate it first: python -m app migrate."
            if "no such table" in reason or "does not exist" in reason
            else ""
        )
        typer.echo(f"The database refused: {reason}.{hint}", err=True)
        raise typer.Exit(1) from None
    except (ServiceError, SettingsError, CommandError, OSError) as error:
        typer.echo(f"This did not work: {error}", err=True)
        raise typer.Exit(1) from None


def _made_up_password() -> str:
    """Random, and with every class that any policy asks for."""
    classes = (string.ascii_uppercase, string.ascii_lowercase, string.digits, SIGNS)
    password = [secrets.choice(members) for members in classes]
    password += [secrets.choice(string.ascii_letters + string.digits) for _ in range(PASSWORD_LENGTH - len(classes))]
    secrets.SystemRandom().shuffle(password)
    return "".join(password)


def _short(text: str) -> str:
    line = text.partition("\n")[0]
    return line if line == text else f"{line}…"


def _welcome(url: str) -> None:
    typer.echo(
        f"""
Lintel is running. Open {url}/docs to try everything in the browser
(Authorize: your e-mail address is the username). In another terminal:

  curl -s {url}/api/v1/auth/register -H 'Content-Type: application/json' \\
    -d '{{"email": "ada@example.com", "password": "Lovelace1815"}}'
  TOKEN=$(curl -s {url}/api/v1/auth/login -d username=ada@example.com -d password=Lovelace1815 \\
    | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
  curl -s {url}/api/v1/analyses -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
    -d '{{"text_content": "The room was lovely. The service was not good.", "analysis_type": "sentiment"}}'

Stop with Ctrl-C.
"""
    )


if __name__ == "__main__":
    cli()
