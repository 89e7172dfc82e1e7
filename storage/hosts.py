"""Hosts: who asks them at this moment, and what they asked of us.

A process holds a host for as long as it has feeds or pages of it in hand: politeness is kept by all processes together,
not by each for itself. Claims look at the holders and become one under a lock, so that no two take one host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select, update

from rasid.types import HostState
from storage.dialects import chunks, serialise, upsert
from storage.schema import hosts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import Connection

_REMEMBERED = ("robots", "robots_at", "not_before", "asked_at")


def states(connection: Connection) -> list[HostState]:
    """What is remembered of every host."""
    query = select(hosts.c.host, *(hosts.c[name] for name in _REMEMBERED))
    return [HostState(**row) for row in connection.execute(query).mappings()]


def save(connection: Connection, changed: Iterable[HostState]) -> None:
    """Remember what was learned of hosts."""
    names = ("host", *_REMEMBERED)
    rows = [{name: getattr(one, name) for name in names} for one in sorted(changed, key=lambda one: one.host)]
    if rows:
        connection.execute(upsert(connection, hosts, key=["host"], update=_REMEMBERED), rows)


def held_by_others(connection: Connection, holder: str, now: datetime) -> set[str]:
    """The hosts that another process has to itself; nobody else may take one until this transaction ends."""
    serialise(connection, "hosts")
    query = select(hosts.c.host).where(hosts.c.lease_until > now, hosts.c.holder != holder)
    return set(connection.scalars(query))


def closed(connection: Connection, holder: str, now: datetime) -> set[str]:
    """Those, and the hosts that asked not to be asked now."""
    held = held_by_others(connection, holder, now)
    return held | set(connection.scalars(select(hosts.c.host).where(hosts.c.not_before > now)))


def hold(connection: Connection, holder: str, taken: Iterable[str], lease_until: datetime) -> None:
    """Take hosts that are free, or hold on to them."""
    rows = [{"host": host, "holder": holder, "lease_until": lease_until} for host in sorted(taken)]
    if rows:
        connection.execute(upsert(connection, hosts, key=["host"], update=("holder", "lease_until")), rows)


def release(connection: Connection, holder: str, left: Collection[str] | None = None) -> None:
    """Give hosts back: these, or all that the process holds."""
    mine = update(hosts).where(hosts.c.holder == holder).values(holder=None, lease_until=None)
    if left is None:
        connection.execute(mine)
        return
    for some in chunks(sorted(left)):
        connection.execute(mine.where(hosts.c.host.in_(some)))


def release_all(connection: Connection) -> None:
    """Give every host back."""
    held = or_(hosts.c.holder.is_not(None), hosts.c.lease_until.is_not(None))
    connection.execute(update(hosts).where(held).values(holder=None, lease_until=None))
