"""`rasid corpus`: what is stored, what was learned, and how judging it anew speaks."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, get_args

import pytest
from click.testing import CliRunner
from clitools import rasid

from rasid.app.context import load_config
from rasid.app.reindex import rules_version
from rasid.cli import cli
from rasid.cli.corpus import percent_lines
from rasid.cli.output import utc_now
from rasid.copies import fingerprint
from rasid.errors import RasidError
from rasid.types import Fingerprint, Relation
from storage import open_store
from tests.storage.builders import article, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

    from storage import Store

    Corpus = Callable[..., Result]

FOOTER = "جميع الحقوق محفوظة لصحيفة الواحة الرقمية"
TEXTS = (
    "افتتحت شركة ناشئة مختبرا لفحص الرقائق في الميناء القديم، وقالت إنه يوظف ستين مهندسا هذا العام.",
    "أعلن مصرف البلدة أن تطبيقه الجديد يحوّل الرواتب في دقيقة، بعد تجربة دامت أربعة أشهر في فرعين.",
    "تبدأ المدارس الريفية استقبال حواسيب تعمل بالطاقة الشمسية، على أن تصل الدفعة الأخيرة مع الشتاء.",
)


@pytest.fixture
def store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The database of the config folder, still empty."""
    monkeypatch.chdir(folder.parent)
    (folder.parent / "var").mkdir()
    with open_store("sqlite:///var/rasid.sqlite") as opened:
        opened.migrate()
        yield opened


@pytest.fixture
def corpus(store: Store, folder: Path) -> Corpus:
    """`rasid corpus …` within this process; what it raises is the test's to see."""

    def run(*words: str) -> Result:
        return CliRunner().invoke(
            cli, ["--config", str(folder), "corpus", *words], standalone_mode=False, catch_exceptions=False
        )

    return run


def print_under_all(store: Store, outlet: str) -> None:
    """Three articles of an outlet with a footer under each."""
    for number, text in enumerate(TEXTS):
        new = article(title=f"خبر {number}", text=f"{outlet}: {text}\n{FOOTER}", outlet=outlet)
        stored(store, new, fp=fingerprint(new.title, new.text, outlet=outlet))


# ── show, lines ───────────────────────────────────────────────────────────────────────────────────


def test_show_tells_what_is_there(corpus: Corpus, store: Store) -> None:
    """Figures and the last reindex: never, then finished, then by other rules than today's."""
    print_under_all(store, "الواحة")
    shown = corpus("show").stdout.splitlines()[1:]
    assert ["articles\t3", "new\t3", *(f"{name}\t0" for name in get_args(Relation)[1:])] == shown[:7]
    assert "stories\t3" == shown[7]
    assert int(shown[8].removeprefix("fingerprint keys\t")) > 3
    assert ["learned lines\t1", "learned everywhere\t0", "last reindex\tnever"] == shown[9:]
    corpus("reindex")
    assert f"last reindex\tfinished {utc_now():%Y-%m-%d}" in corpus("show").stdout
    told = json.loads(corpus("show", "--json").stdout)
    assert (3, 1, "finished", False) == (
        told["articles"],
        told["learned_lines"],
        told["reindex"]["state"],
        told["reindex"]["rules_changed"],
    )
    left = store.start_reindex("rules of yesterday", utc_now(), utc_now() + timedelta(minutes=1))
    assert left is not None
    assert "at work after article 0 of 3; the rules have changed since" in corpus("show").stdout
    store.reindex_progress(left.id, 2, utc_now())
    assert "left off after article 2 of 3; the rules have changed since" in corpus("show").stdout


def test_lines_are_shown_as_they_are_written(corpus: Corpus, folder: Path, store: Store) -> None:
    """With the feed's id, how many stories held it, the article where it stands; the same as JSON."""
    feed, other = load_config(folder).feeds[:2]
    assert ["outlet\ttimes\tarticle\tline"] == corpus("lines").stdout.splitlines()
    print_under_all(store, feed.name)
    assert f"{feed.id}\t3\t1\t{FOOTER}" == corpus("lines").stdout.splitlines()[1]
    for name in (feed.id, feed.name):
        (line,) = json.loads(corpus("lines", "--outlet", name, "--json").stdout)
        assert (feed.name, 3, "articles", 1, FOOTER) == tuple(line.values())
    assert 1 == len(corpus("lines", "--outlet", other.id).stdout.splitlines())
    unknown = corpus("lines", "--outlet", "nobody")
    assert f"no feed is called nobody; there are: {feed.id}, " in unknown.stderr


def test_lines_of_several_outlets_are_everywhere(corpus: Corpus, folder: Path, store: Store) -> None:
    """What three outlets print is counted by outlets, and once more for each of them."""
    feeds = load_config(folder).feeds[:3]
    for feed in feeds:
        print_under_all(store, feed.name)
    listed = [line.split("\t")[0] for line in corpus("lines").stdout.splitlines()[1:]]
    assert sorted(["everywhere", *(feed.id for feed in feeds)]) == sorted(listed)
    (line,) = json.loads(corpus("lines", "--outlet", "everywhere", "--json").stdout)
    assert ("everywhere", 3, "outlets") == (line["outlet"], line["times"], line["counted"])
    assert 2 == len(corpus("lines", "--limit", "1").stdout.splitlines())


def test_a_line_learned_by_other_rules_is_told_so(corpus: Corpus, store: Store) -> None:
    """Where no line of the article gives the hash any more, no other one is shown in its place."""
    for _ in range(3):
        stored(store, article(outlet="الواحة"), fp=Fingerprint("00", (), 120, lines=(77,)))
    assert "(learned by other rules" in corpus("lines").stdout


# ── reindex ───────────────────────────────────────────────────────────────────────────────────────


def test_a_reindex_ends_with_what_changed(corpus: Corpus, store: Store) -> None:
    """A text stored twice as news is a copy in its original's story afterwards; a second time nothing changes."""
    for _ in range(2):
        stored(store, article(title="خبر الميناء", text=TEXTS[0] * 2))
    done = corpus("reindex")
    assert (0, "") == (done.exit_code, done.stderr)
    first, *rest = done.stdout.splitlines()
    assert first.startswith("2 articles judged anew in ")
    assert ["relations changed: new → exact 1", "articles in another story: 1"] == rest
    assert ["relations changed: none", "articles in another story: none"] == corpus(
        "reindex"
    ).stdout.splitlines()[1:]


def test_an_empty_corpus_is_done_at_once(corpus: Corpus) -> None:
    """No article, no division by none."""
    assert corpus("reindex").stdout.startswith("0 articles judged anew in 0.")


def test_where_it_goes_on_is_told(corpus: Corpus, store: Store) -> None:
    """After a run that left off, with how to begin anew; nothing of it after one that was asked to."""
    print_under_all(store, "الواحة")

    def leave_off(version: str) -> None:
        left = store.start_reindex(version, utc_now(), utc_now())
        assert left is not None
        store.reindex_progress(left.id, 2, utc_now())

    leave_off(rules_version())
    done = corpus("reindex", "--quiet")
    assert "goes on after article 2 of 3; --restart begins with the first" in done.stderr
    assert done.stdout.startswith("1 articles after article 2 judged anew")
    leave_off(rules_version())
    done = corpus("reindex", "--restart")
    assert ("", "3 articles judged anew") == (done.stderr, done.stdout[:22])
    leave_off("rules of yesterday")
    done = corpus("reindex")
    assert "the rules have changed since" in done.stderr
    assert done.stdout.startswith("3 articles judged anew")


def test_a_second_reindex_is_refused_in_words(corpus: Corpus, store: Store, folder: Path) -> None:
    """Exit code 1, how far the first one is, until when to wait; no traceback."""
    with store.present():
        assert store.start_reindex(rules_version(), utc_now(), utc_now() + timedelta(minutes=1)) is not None
        with pytest.raises(RasidError, match="another reindex is at work"):
            corpus("reindex")
        done = rasid("--config", str(folder), "corpus", "reindex", cwd=folder.parent)
    assert (1, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith("rasid: another reindex is at work, past article 0 of some 0; wait for it.")


def test_progress_is_a_line_every_five_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is no terminal a log gets few lines, on stderr, with how many of how many."""
    seconds = iter([0.0, 4.9, 5.1, 5.1, 6.0, 10.2, 10.2])
    show = percent_lines(lambda: next(seconds))
    for done in (50, 100, 150, 1200):
        show("reindex", done, 1200)
    shown = capsys.readouterr()
    assert ("", "reindex: 8% (100 of 1,200)\nreindex: 100% (1,200 of 1,200)\n") == (shown.out, shown.err)
