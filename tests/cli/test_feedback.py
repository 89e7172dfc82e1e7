"""`rasid feedback` and `rasid web`: an operator reads what readers said, and the files stay in order."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from click.testing import CliRunner

from rasid.cli.output import utc_now
from rasid.feedback import feed_key
from tests.hostile.hostile_post import mail, office
from tests.storage.builders import NOW, digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    from tests.hostile.hostile_post import Office

KEY = "a-key-of-the-tests-of-commands"
WATCHLIST = """\
name: رقائق
terms:
  - id: nvidia # الأهم
    label: إنفيديا
    forms: [إنفيديا, Nvidia]
    unless: [لعبة]
    examples:
      match:
        - افتتحت إنفيديا مكتبا
"""


@pytest.fixture
def post(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office with one digest for two readers."""
    monkeypatch.delenv("RASID_FEEDBACK_KEY", raising=False)
    found = office(tmp_path, sqlite_url, monkeypatch)
    (found.folder / "watchlists" / "chips.yaml").write_text(WATCHLIST, encoding="utf-8")
    found.freeze(mail("sara", "omar"))
    return found


@pytest.fixture
def run(post: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`rasid …` on its config folder, as the console script runs it."""
    import click

    from rasid.cli import main

    class Console(click.Command):
        def main(self, args: list[str], **_: object) -> None:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(sys, "argv", ["rasid", *args])
                main()

    monkeypatch.chdir(tmp_path)

    def called(*words: str) -> Result:
        return CliRunner().invoke(
            Console("rasid"), ["--config", str(post.folder), *words], catch_exceptions=False
        )

    return called


def proposed(post: Office, text: str, *, match: bool = False, term: str = "nvidia") -> int:
    """What the first reader says of a sentence."""
    with post.opened() as rasid:
        made = rasid.store.propose(term, text, 1, NOW, rasid.store.deliveries()[0].id, match=match)
    assert made is not None
    return made


def chips(post: Office) -> str:
    """The watchlist as it stands on the disk."""
    return (post.folder / "watchlists" / "chips.yaml").read_text(encoding="utf-8")


def test_what_readers_said_is_listed(post: Office, run: Callable[..., Result]) -> None:
    """The sentence, the term, who (shortened) and the article; what is settled only where it is asked for."""
    made = proposed(post, "اشتريت لعبة إنفيديا")
    shown = run("feedback", "list")
    assert 0 == shown.exit_code
    for part in ("اشتريت لعبة إنفيديا", "nvidia", "skip", "email s…@mail.example", "https://tech.example/"):
        assert part in shown.stdout
    assert "sara" not in shown.stdout
    assert 0 == run("feedback", "decline", str(made)).exit_code
    assert "[]" == run("feedback", "list", "--json").stdout.strip()
    (row,) = json.loads(run("feedback", "list", "--state", "all", "--json").stdout)
    assert ("declined", "email s…@mail.example") == (row["state"], row["who"])


def test_an_accepted_sentence_becomes_an_example(post: Office, run: Callable[..., Result]) -> None:
    """The smallest edit, comments kept; `rasid check` stays green; a second time it is told to be settled."""
    made = proposed(post, "اشتريت لعبة إنفيديا: الجزء الأول")
    tried = run("feedback", "accept", str(made), "--dry-run")
    assert (0, WATCHLIST) == (tried.exit_code, chips(post))
    assert 0 == run("feedback", "accept", str(made)).exit_code
    assert WATCHLIST + "      skip:\n        - 'اشتريت لعبة إنفيديا: الجزء الأول'\n" == chips(post)
    assert 0 == run("check").exit_code
    again = run("feedback", "accept", str(made))
    assert 0 != again.exit_code
    assert "accepted already" in again.stderr


@pytest.mark.parametrize(
    ("text", "match", "told"),
    [
        ("كتاب عن إنفيديا إلهة الحسد", False, "is still found"),
        ("أعلنت أنفيدا نتائجها", True, "is not found"),
    ],
)
def test_an_example_that_the_watchlist_fails_is_refused(
    post: Office, run: Callable[..., Result], text: str, match: bool, told: str
) -> None:
    """`rasid check` must not fail on what nobody has mended: nothing is written, what to do is told, it stays open."""
    made = proposed(post, text, match=match)
    refused = run("feedback", "accept", str(made))
    assert (1, WATCHLIST) == (refused.exit_code, chips(post))
    assert told in refused.stderr
    assert "rasid terms add nvidia" in refused.stderr
    with post.opened() as rasid:
        assert [made] == [one.id for one in rasid.store.proposals()]


def test_a_crash_between_file_and_database_is_made_good(post: Office, run: Callable[..., Result]) -> None:
    """Where the example stands in the file already, accepting it settles it and writes nothing twice."""
    made = proposed(post, "افتتحت إنفيديا مكتبا", match=True)
    assert 0 == run("feedback", "accept", str(made)).exit_code
    assert WATCHLIST == chips(post)
    with post.opened() as rasid:
        assert ["accepted"] == [one.state for one in rasid.store.proposals(None)]


def test_what_is_not_there_is_refused(post: Office, run: Callable[..., Result]) -> None:
    """An unknown proposal, an unknown mute, an unknown story, a term that is gone, a day that is past."""
    gone = proposed(post, "جملة", term="nvidea")
    for words, told in (
        (("accept", "99"), "no proposal 99"),
        (("decline", "99"), "no proposal 99"),
        (("unmute", "99"), "no mute 99"),
        (("mute", "99", "--until", "2099-01-01"), "no story 99"),
        (("mute", "1", "--until", "2020-01-01"), "is not ahead"),
        (("accept", str(gone)), "no term 'nvidea'"),
    ):
        refused = run("feedback", *words)
        assert 0 != refused.exit_code
        assert told in refused.stderr


def test_a_story_is_muted_for_everybody_and_back(post: Office, run: Callable[..., Result]) -> None:
    """Until midnight of the day in the settings' timezone; readers' mutes stand beside it with their owner."""
    now = utc_now()
    with post.opened() as rasid:
        rasid.store.mute(1, now + timedelta(days=3650), now, rasid.store.deliveries()[0].id)
    done = run("feedback", "mute", "1", "--until", "2099-06-01")
    assert 0 == done.exit_code
    with post.opened() as rasid:
        assert frozenset({1}) == rasid.store.muted_for_all(now)
        (by_all, _) = rasid.store.mutes(now)
    assert "2099-05-31T21:00:00+00:00" == by_all.until.isoformat()
    rows = json.loads(run("feedback", "mutes", "--json").stdout)
    assert [("everybody", 1), ("email s…@mail.example", 1)] == [(row["who"], row["story"]) for row in rows]
    assert "its end" == rows[1]["until"]
    assert "إنفيديا تكشف عن معالج جديد" in run("feedback", "mutes").stdout
    taken_back = re.search(r"unmute (\d+)", done.stderr)
    assert taken_back is not None
    assert 0 == run("feedback", "unmute", taken_back[1]).exit_code
    with post.opened() as rasid:
        assert frozenset() == rasid.store.muted_for_all(now)


# ── web ───────────────────────────────────────────────────────────────────────────────────────────


def with_links(post: Office, patch: pytest.MonkeyPatch) -> None:
    """Give it a key and an address."""
    patch.setenv("RASID_FEEDBACK_KEY", KEY)
    settings = post.folder / "settings.yaml"
    settings.write_text(
        settings.read_text(encoding="utf-8") + "public_url: https://rasid.example/\n", encoding="utf-8"
    )


def test_web_says_what_it_needs(post: Office, run: Callable[..., Result]) -> None:
    """Without a key and an address there are no pages: both are named, with the command that makes a key."""
    refused = run("web")
    assert 0 != refused.exit_code
    for part in ("public_url", "RASID_FEEDBACK_KEY", "secrets.token_urlsafe"):
        assert part in refused.stderr


def test_web_tells_the_addresses_of_feeds(
    post: Office, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One for each watchlist, or those of the stories that are named; nothing is served."""
    with_links(post, monkeypatch)
    key = feed_key(KEY.encode(), "chips")
    assert f"https://rasid.example/feeds/{key}/chips.rss\n" == run("web", "--feeds").stdout
    key = feed_key(KEY.encode(), "stories/7")
    assert f"https://rasid.example/feeds/{key}/stories/7.rss\n" == run("web", "--story", "7").stdout


def test_web_serves_until_interrupted(post: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own: it says where, answers, writes no address it was asked for, and ends in order."""
    with_links(post, monkeypatch)
    post.freeze(mail("layla"), one=replace(digest("editors"), window_end=utc_now()))
    command = [sys.executable, "-m", "rasid.cli", "--config", str(post.folder), "web", "--port", "0"]
    served = subprocess.Popen(
        command, cwd=tmp_path, env=dict(os.environ), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert served.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", served.stderr.readline())
        assert found is not None
        assert 404 == httpx.get(f"{found[0]}/r/some-token", timeout=30).status_code
    finally:
        served.send_signal(signal.SIGINT)
        out, err = served.communicate(timeout=60)
    assert (0, "") == (served.returncode, out)
    assert "some-token" not in err
