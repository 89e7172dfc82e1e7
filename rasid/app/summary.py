"""What a run did, as lines for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rasid.types import CollectReport, DigestReport, Reread, StageTime

if TYPE_CHECKING:
    from collections.abc import Sequence


def collect_lines(report: CollectReport) -> list[str]:
    """The summary of a collect: counts first, then everything that failed, by name, with its reason."""
    failed = [feed for feed in report.feeds if feed.result == "failed"]
    put_off = [feed for feed in report.feeds if feed.result == "deferred"]
    unchanged = sum(feed.result == "unchanged" for feed in report.feeds)
    new = sum(feed.new for feed in report.feeds)
    lines = [
        (
            f"feeds      {len(report.feeds) - len(put_off)} polled, {unchanged} unchanged, {len(failed)} failed"
            + (f", {len(put_off)} put off" if put_off else "")
        ),
        f"entries    {new} new, {report.pending} left for a later run",
        f"pages      {report.fetched} fetched, {report.from_feed} from the feed's own text",
        (
            f"articles   {report.stored} new, {report.known} known before"
            + (f", {report.edited} of them edited since" if report.edited else "")
        ),
        f"copies     {report.copies} hidden, {report.linked} linked and kept as news",
        f"stories    {report.stories} new",
        f"mentions   {report.mentions} matched, {report.uncertain} uncertain",
    ]
    lines += [_reread_line(one) for one in report.rereads]
    lines += [f"  feed failed: {feed.feed_id}: {feed.error}" for feed in failed]
    lines += [f"  feed put off: {feed.feed_id}: {feed.error}" for feed in put_off]
    lines += [f"  feed {feed.feed_id}: {feed.note}" for feed in report.feeds if feed.note]
    lines += [
        f"  page {'given up' if failure.final else 'put back'}: {failure.url}: {failure.error}"
        for failure in report.failures
    ]
    if report.deadline_hit:
        lines.append("  the run's deadline (collect.deadline) came first; the next run goes on from here")
    return lines


def _reread_line(one: Reread) -> str:
    after = "" if one.finished else "; the next run goes on"
    return (
        f"archive    {one.watchlist} changed ({', '.join(one.terms) or 'nothing that matches'}): "
        f"{one.articles} articles read again, {one.gained} mentions gained, {one.lost} lost{after}"
    )


def digest_lines(report: DigestReport) -> list[str]:
    """The summary of a digest run."""
    lines = [
        (
            f"digests    {len(report.composed)} composed, {len(report.empty)} with nothing to say, "
            f"{len(report.waiting)} waiting for a collect to end"
        ),
        f"deliveries {len(report.sent)} sent, {len(report.retrying)} to try again, {len(report.failed)} failed"
        + (f", {len(report.withheld)} withheld" if report.withheld else ""),
    ]
    lines += [f"  not composed: {line}" for line in report.broken]
    lines += [f"  withheld: {line}" for line in report.withheld]
    lines += [f"  to try again: {line}" for line in report.retrying]
    lines += [f"  failed: {line}" for line in report.failed]
    lines += [f"  written: {path}" for path in report.files]
    return lines


def stage_lines(stages: Sequence[StageTime]) -> list[str]:
    """Where the time went: a row per stage, and each one's share of the CPU time."""
    merged: dict[str, StageTime] = {}
    for stage in stages:
        seen = merged.get(stage.stage, StageTime(stage.stage, 0, 0.0, 0.0))
        merged[stage.stage] = StageTime(
            stage.stage, seen.items + stage.items, seen.wall + stage.wall, seen.cpu + stage.cpu
        )
    total = sum(stage.cpu for stage in merged.values()) or 1.0
    lines = [f"{'stage':<28}{'items':>7}{'wall s':>9}{'CPU s':>9}{'CPU':>6}"]
    lines += [
        # What only workers did has no wall time of its own: it ran beside the fetching.
        f"{stage.stage:<28}{stage.items or '-':>7}{f'{stage.wall:.2f}' if stage.wall else '-':>9}"
        f"{stage.cpu:>9.2f}{stage.cpu / total:>6.0%}"
        for stage in merged.values()
    ]
    return [*lines, f"{'all':<28}{'-':>7}{'-':>9}{total:>9.2f}{'100%':>6}"]
