"""Figures for Prometheus: read from the database when they are asked for, so they are those of all processes.

`rasid serve` offers them at http://HOST:PORT/metrics (`metrics` in settings.yaml). A scrape never fails: what cannot
be read is left out, and `rasid_up` is 0. Rasid's own metrics are all that is there, none of the serving process.
"""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, get_args

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from rasid.app.context import database_url, load_config, open_present
from rasid.errors import RasidError
from rasid.types import DeliveryState, FeedState, FeedStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path
    from wsgiref.simple_server import WSGIServer

    from prometheus_client.metrics_core import Metric

    from rasid.config import Config
    from storage import Store
    from storage.figures import Totals


class RasidCollector(Collector):
    """The metrics of one config folder, read anew for each scrape: an edited feeds.yaml counts at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._one = threading.Lock()  # scrapes come in threads; one at a time reads

    def collect(self) -> Iterator[Metric]:
        """Every metric, `rasid_up` last."""
        with self._one:
            families, up = self._read()
        yield from families
        yield GaugeMetricFamily("rasid_up", "1 where config and database could be read.", value=int(up))

    def _read(self) -> tuple[list[Metric], bool]:
        try:
            config = load_config(self._folder)
            with open_present(database_url(config, self._folder)) as store:
                return ([], False) if store is None else (_families(config, store), True)
        except RasidError:
            return [], False


def serve_metrics(folder: Path, host: str, port: int) -> WSGIServer:
    """Answer http://HOST:PORT/metrics in a thread of this process.

    Raises:
        OSError: the port is taken, or the address is none of this machine's.
    """
    registry = CollectorRegistry()
    registry.register(RasidCollector(folder))
    server, _thread = start_http_server(port, addr=host, registry=registry)
    return server


# ── the families ─────────────────────────────────────────────────────────────────────────────────


def _families(config: Config, store: Store) -> list[Metric]:
    states, totals = store.feed_states(), store.totals()
    feeds = {feed.id: states.get(feed.id, FeedState(feed.id)) for feed in config.feeds if feed.enabled}
    by_state = Counter(state.status for state in feeds.values())
    return [
        _gauges(
            "rasid_feeds",
            "Feeds that are on, by state.",
            "state",
            {status: by_state[status] for status in get_args(FeedStatus)},
        ),
        _moments(
            "rasid_feed_last_success_timestamp_seconds",
            "When a feed was last read.",
            "feed",
            {feed_id: state.last_success for feed_id, state in feeds.items()},
        ),
        _moments(
            "rasid_feed_last_new_timestamp_seconds",
            "When a feed last gave an entry not seen before.",
            "feed",
            {feed_id: state.last_new for feed_id, state in feeds.items()},
        ),
        _feed_entries(feeds, totals),
        CounterMetricFamily("rasid_articles", "Articles stored.", value=totals.articles),
        GaugeMetricFamily("rasid_mentions", "Mentions of terms in the corpus.", value=totals.mentions),
        GaugeMetricFamily("rasid_pending_entries", "Entries that wait for their page.", value=totals.pending),
        _gauges(
            "rasid_deliveries",
            "Messages in the outbox, by state.",
            "state",
            {state: totals.deliveries.get(state, 0) for state in get_args(DeliveryState)},
        ),
        _moments(
            "rasid_last_run_timestamp_seconds", "When a flow's latest run ended.", "flow", dict(totals.runs)
        ),
    ]


def _feed_entries(feeds: Mapping[str, FeedState], totals: Totals) -> CounterMetricFamily:
    family = CounterMetricFamily("rasid_feed_entries", "Entries that a feed has given.", labels=["feed"])
    for feed_id in feeds:
        family.add_metric([feed_id], totals.entries.get(feed_id, 0))
    return family


def _gauges(name: str, about: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=[label])
    for one, value in values.items():
        family.add_metric([one], value)
    return family


def _moments(name: str, about: str, label: str, times: Mapping[str, datetime | None]) -> GaugeMetricFamily:
    """Points in time in Unix seconds; what has not happened yet is left out."""
    return _gauges(name, about, label, {one: at.timestamp() for one, at in times.items() if at is not None})
