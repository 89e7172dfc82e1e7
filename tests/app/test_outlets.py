"""Outlets that a subscription leaves out, over several digests: their copies elsewhere are told, and told once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rasid.app.digest import compose_due
from tests.hostile.hostile_post import office
from tests.storage.builders import DAY, HOUR, NOW, article, mention, stored

if TYPE_CHECKING:
    from pathlib import Path

    from rasid.types import Digest
    from tests.hostile.hostile_post import Office

LEFT_OUT, OTHER, THIRD = "صحيفة المرفأ", "موقع المدار", "بوابة السوق"
SUBSCRIPTIONS = """\
subscriptions:
  - id: analysts
    name: نشرة
    terms: [nvidia]
    schedule: hourly
    max_stories: {most}
    outlets: {{without: [{left_out}]}}
    channels: [{{file: var/digests}}]
"""


@pytest.fixture
def post(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A subscription that leaves one outlet out."""
    opened = office(tmp_path, sqlite_url, monkeypatch)
    feeds = [
        f"  - {{id: feed{number}, name: {name}, url: https://outlet{number}.example/rss}}\n"
        for number, name in enumerate((LEFT_OUT, OTHER, THIRD))
    ]
    (opened.folder / "feeds.yaml").write_text("feeds:\n" + "".join(feeds), encoding="utf-8")
    subscribe(opened)
    return opened


def subscribe(post: Office, most: int = 20) -> None:
    """Write the subscription."""
    text = SUBSCRIPTIONS.format(left_out=LEFT_OUT, most=most)
    (post.folder / "subscriptions.yaml").write_text(text, encoding="utf-8")


def publish(
    post: Office,
    outlet: str,
    at: datetime,
    *,
    original: int | None = None,
    story_id: int | None = None,
    title: str = "إنفيديا تكشف عن معالج جديد",
) -> int:
    """Store an article, or a copy of one; its id."""
    with post.opened() as rasid:
        one = article(outlet=outlet, published=at, first_seen=at, title=title)
        relation = "new" if original is None else "exact"
        found = stored(
            rasid.store, one, mention(), relation=relation, original=original, story_id=story_id, now=at
        )
    return found.id


def compose(post: Office, now: datetime) -> Digest | None:
    """The digest that is due then, if there is one."""
    with post.opened() as rasid:
        report = compose_due(rasid, clock=lambda: now)
        return rasid.store.digest(report.composed[0]) if report.composed else None


def outlets(digest: Digest | None) -> list[list[str]]:
    """Where each of its stories appeared."""
    assert digest is not None
    return [[seen.outlet for seen in story.appearances] for story in digest.stories]


def test_a_copy_stands_in_and_further_copies_are_no_news(post: Office) -> None:
    """The first copy elsewhere is told in the place of the original; the next one, a digest later, is not."""
    original = publish(post, LEFT_OUT, NOW)
    publish(post, OTHER, NOW + timedelta(minutes=5), original=original, story_id=1)
    assert [[OTHER]] == outlets(compose(post, NOW + HOUR))
    publish(post, THIRD, NOW + HOUR, original=original, story_id=1)
    assert compose(post, NOW + 2 * HOUR) is None


def test_a_copy_that_comes_a_digest_later_is_told_then(post: Office) -> None:
    """Where at first only the outlet that is left out had it, there is nothing to tell; its copy is news."""
    original = publish(post, LEFT_OUT, NOW)
    publish(post, OTHER, NOW, title="إنفيديا في خبر آخر")
    assert [[OTHER]] == outlets(compose(post, NOW + HOUR))
    publish(post, THIRD, NOW + HOUR, original=original, story_id=1)
    assert [[THIRD]] == outlets(compose(post, NOW + 2 * HOUR))
    assert compose(post, NOW + 3 * HOUR) is None


def test_a_copy_for_which_there_is_no_room_is_told_in_the_next(post: Office) -> None:
    """What a digest has no room for is not told, and neither is the original that it stands for."""
    subscribe(post, most=1)
    original = publish(post, LEFT_OUT, NOW)
    publish(post, OTHER, NOW + timedelta(minutes=1), original=original, story_id=1)
    publish(post, THIRD, NOW + timedelta(minutes=9), title="إنفيديا في خبر آخر")
    first = compose(post, NOW + HOUR)
    assert first is not None
    assert 1 == first.omitted
    assert [[THIRD]] == outlets(first)
    assert [[OTHER]] == outlets(compose(post, NOW + 2 * HOUR))
    assert compose(post, NOW + 3 * HOUR) is None


def test_an_outlet_that_is_wanted_again_tells_nothing_twice(post: Office) -> None:
    """Its original was told by its copy."""
    original = publish(post, LEFT_OUT, NOW)
    publish(post, OTHER, NOW + timedelta(minutes=5), original=original, story_id=1)
    assert [[OTHER]] == outlets(compose(post, NOW + HOUR))
    text = (post.folder / "subscriptions.yaml").read_text(encoding="utf-8")
    (post.folder / "subscriptions.yaml").write_text(text.replace(f"[{LEFT_OUT}]", "[]"), encoding="utf-8")
    assert compose(post, NOW + 2 * HOUR) is None
    assert compose(post, NOW + DAY) is None


def test_a_clock_that_ran_ahead_silences_nobody(post: Office) -> None:
    """One run ten years ahead, then the right time again: the next digest comes in its hour, nothing comes twice."""
    publish(post, OTHER, NOW)
    assert [[OTHER]] == outlets(compose(post, NOW + HOUR))
    assert compose(post, NOW + 3650 * DAY) is None
    publish(post, THIRD, NOW + HOUR, title="إنفيديا في خبر آخر")
    assert [[THIRD]] == outlets(compose(post, NOW + 2 * HOUR))
    assert compose(post, NOW + 3 * HOUR) is None
