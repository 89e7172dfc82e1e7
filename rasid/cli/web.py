"""`rasid web`: readers' pages and feeds out, served in the foreground."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import click

from rasid.app.context import load_config
from rasid.app.feedback import links_key
from rasid.cli.output import ROW_ID
from rasid.errors import RasidError
from rasid.feedback import feed_key

if TYPE_CHECKING:
    from pathlib import Path

    from rasid.config import Config

_NEEDS = (
    "there are no readers' links: set public_url in settings.yaml and a key in the environment variable {name}; "
    "python -c 'import secrets; print(secrets.token_urlsafe(32))' makes one"
)


@click.command()
@click.option("--host", help="Address to listen on, where it is not to be web.host.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port, where it is not to be web.port; 0: any.")
@click.option("--feeds", is_flag=True, help="Print the secret addresses of the watchlists' feeds, and end.")
@click.option("--story", "stories", multiple=True, type=ROW_ID, metavar="ID", help="… and of a story's.")
@click.pass_obj
def web(folder: Path, host: str | None, port: int | None, feeds: bool, stories: tuple[int, ...]) -> None:
    """Serve readers' pages and feeds until interrupted; `rasid serve` does it beside the flows.

    The port speaks plain HTTP: a proxy in front of it has the certificate.
    """
    config = load_config(folder)
    key = links_key(config.settings)
    if key is None:
        raise RasidError(_NEEDS.format(name=config.settings.feedback.key_env))
    if feeds or stories:
        for address in _addresses(config, key, stories):
            click.echo(address)
        return
    _serve(folder, host or config.settings.web.host, config.settings.web.port if port is None else port)


def _addresses(config: Config, key: bytes, stories: tuple[int, ...]) -> list[str]:
    """Whoever knows an address reads the feed; another key makes all of them others."""
    base = (config.settings.public_url or "").rstrip("/")
    names = [watchlist.id for watchlist in config.watchlists] if not stories else []
    names += [f"stories/{story}" for story in stories]
    return [f"{base}/feeds/{feed_key(key, name)}/{name}.rss" for name in names]


def _serve(folder: Path, host: str, port: int | None) -> None:
    from console.app import serving  # templates and a server: for this command alone

    if port is None:
        raise RasidError("web.port is null in settings.yaml: give --port, or write a port there")
    try:
        with serving(folder, host, port) as address:
            click.echo(f"readers' pages are at {address}/", err=True)
            threading.Event().wait()
    except OSError as error:
        place = f"{host}:{port}"
        raise RasidError(
            f"cannot listen on {place}: {error.strerror or error}; give another --port"
        ) from error
    except KeyboardInterrupt:
        click.echo("ended", err=True)
