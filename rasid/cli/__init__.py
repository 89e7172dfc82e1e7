"""The command line. Each command's module is imported when it is called, so that `rasid --help` is quick.

Data goes to stdout; progress, notes and errors go to stderr. Exit codes: 0 fine, 1 findings, 2 usage,
3 invalid config, 4 delivered in part, 130 interrupted.
"""

from __future__ import annotations

import atexit
import gc
import sys
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rasid import __version__
from rasid.errors import ConfigError, RasidError

if TYPE_CHECKING:
    from collections.abc import Iterator

FINDINGS, INVALID_CONFIG, IN_PART, INTERRUPTED = 1, 3, 4, 130

COMMANDS = {
    "init": ("rasid.cli.files", "Write a first config folder here."),
    "check": ("rasid.cli.files", "Check the config folder and the watchlists' examples."),
    "schema": ("rasid.cli.files", "Write the JSON Schemas of the config files."),
    "doctor": ("rasid.cli.files", "Say what is wrong with this installation, and what to do."),
    "health": ("rasid.cli.health", "Whether Rasid does its work: the exit code for a monitor."),
    "terms": ("rasid.cli.terms", "The watchlists' terms: list, show, add, remove, rename, history."),
    "run": ("rasid.cli.run", "Collect and digest once."),
    "serve": ("rasid.cli.run", "Collect, digest and maintain on their schedules, until interrupted."),
    "deploy": ("rasid.cli.alarm", "Put the flows and their automations on a Prefect server."),
    "alarm": (
        "rasid.cli.alarm",
        "Tell the operators where Rasid fell silent: for cron or a timer beside it.",
    ),
    "feeds": ("rasid.cli.feeds", "The feeds: find and add, test, list, import, export."),
    "digest": ("rasid.cli.show", "Digests: list, show, preview, send again."),
    "deliveries": ("rasid.cli.deliveries", "Every message to every recipient, and where it stands."),
    "subscriptions": ("rasid.cli.subscriptions", "Who gets what and when: list, next, pause, resume, who."),
    "feedback": ("rasid.cli.feedback", "What readers said of mentions, and the stories that are muted."),
    "web": ("rasid.cli.web", "Serve readers' pages and feeds; print the addresses of feeds."),
    "stories": ("rasid.cli.stories", "The articles about one event: list, show, find, merge, split."),
    "export": ("rasid.cli.export", "Carry out: mentions as CSV or JSON lines, feeds for feed readers."),
    "corpus": ("rasid.cli.corpus", "All stored articles: show, learned lines, judging anew, reading anew."),
    "explain": ("rasid.cli.watch", "Why an article matches or does not: every hit, every refusal."),
    "backtest": (
        "rasid.cli.watch",
        "What a watchlist finds in the archive, and what its change gains and loses.",
    ),
    "match": ("rasid.cli.filters", "JSON lines in, with mentions out."),
    "extract": ("rasid.cli.filters", "A page in, its article out."),
    "dedupe": ("rasid.cli.filters", "JSON lines in time order in, relations and stories out."),
}


@contextmanager
def _uncollected() -> Iterator[None]:
    """Imports make a few hundred thousand objects that all stay: looking for garbage among them takes .2 s."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Every command, in the order in which people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        with _uncollected():
            command = getattr(import_module(COMMANDS[cmd_name][0]), cmd_name)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list in --help, from the table above: nothing is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("config"),
    envvar="RASID_CONFIG",
    show_default=True,
    help="The folder with settings.yaml, feeds.yaml, subscriptions.yaml and watchlists/.",
)
@click.version_option(__version__, prog_name="rasid")
@click.pass_context
def cli(ctx: click.Context, folder: Path) -> None:
    """Rasid (راصد) watches the Arabic technology press for the names on a watchlist."""
    ctx.obj = folder


def main() -> None:
    """The console script: errors become a message and an exit code."""
    atexit.register(gc.freeze)  # or the ending interpreter looks for garbage in all there is: .1 s
    try:
        code = cli.main(prog_name="rasid", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted; what was finished is kept, and the next run goes on from there", err=True)
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except ConfigError as error:
        click.echo(str(error), err=True)
        click.echo(f"nothing was run: {len(error.problems)} to mend in the config folder", err=True)
        sys.exit(INVALID_CONFIG)
    except RasidError as error:
        click.echo(f"rasid: {error}", err=True)
        sys.exit(FINDINGS)
    sys.exit(code if isinstance(code, int) else 0)
