"""What operators type and the files they are handed: searches (71), paths (72), depth and aliases (73)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from rasid.app.context import load_config
from rasid.config import parse_feeds, parse_settings, parse_watchlist
from rasid.errors import ConfigError
from tests.cli.conftest import _Console
from tests.hostile.hostile_press import Site, Watch, http, item, page, rss, watch

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

HTML = "Content-Type: text/html; charset=utf-8"
ARTICLES = {
    "لغة C++ تصل إلى المتصفحات الحديثة": "صار في وسع المبرمجين أن يكتبوا صفحات الشبكة بلغة قديمة أحبها كثيرون منهم،"
    " بعد أن أضاف ثلاثة من صناع المتصفحات مترجما يحول شفرتها إلى صيغة تعمل في لحظات على كل حاسوب.",
    "شركة AND تفتتح معملا قرب الميناء": "دشنت الشركة البحرية معملها لتحلية المياه على رصيف الصيادين، ووعد مديرها بأن"
    " يوظف مئتين من أهل الحي، وبأن تصل أول قطرة عذبة إلى البيوت المجاورة قبل حلول الصيف القادم بأسابيع.",
    "معرض للصور القديمة في المدينة": "جمعت أمينة المتحف ألف صورة التقطها مصورو الشوارع في القرن الماضي، وعلقتها على"
    " جدران السوق المسقوف ليراها المارة، فعرف بعضهم أجدادهم بين الباعة والحمالين وعازفي العود الواقفين.",
    'خريطة الفقرات "xray" بدقة عالية': "رسم فريق من الأطباء والمهندسين كل عظمة من عظام الظهر بأشعة خفيفة لا تؤذي"
    " المريض، وقالوا إن الجهاز الذي صنعوه أصغر من حقيبة، وإن العيادات الريفية ستحصل عليه أولا مجانا.",
    "تقرير NEAR عن محصول الزيتون": "توقع المزارعون موسما وفيرا بعد شتاء ماطر، غير أن المعاصر القليلة في الجبال قد لا"
    " تكفي لعصر الثمار كلها في وقتها، فاقترح التعاونيون أن تنقل الشاحنات الفائض إلى معاصر السهل ليلا.",
}
TITLES = tuple(ARTICLES)
DEEP = 100_000


def rasid(made: Watch, *words: str, stdin: str | bytes = "") -> Result:
    """`rasid …` in this process."""
    words = ("--config", str(made.folder), *words)
    return CliRunner().invoke(_Console("rasid"), list(words), input=stdin, catch_exceptions=False)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Watch:
    """Five articles of one site, collected."""
    with Site({}) as site:
        for number, (title, text) in enumerate(ARTICLES.items()):
            site.answers[f"/{number}"] = http(page(title, text), HTML)
        items = [item(site.url(f"/{number}"), title) for number, title in enumerate(TITLES)]
        site.answers["/feed"] = http(rss(*items), "Content-Type: application/rss+xml")
        made = watch(tmp_path_factory.mktemp("archive"), site.url("/feed"))
        report = made.collect()
        assert (len(TITLES), len(TITLES)) == (report.stored, report.stories)
    return made


# ── 71: what is searched for is text ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["AND"], [TITLES[1]]),
        (["شركة", "AND", "المدينة"], []),
        (["معرض", "OR", "شركة"], []),
        (["NOT", "شركة"], []),
        (["NEAR(تقرير محصول)"], []),
        (["NEAR"], [TITLES[4]]),
        (["headline:AND"], []),
        (["title:xray"], []),
        (["xra*"], []),
        (["xr%"], []),
        (["x_ay"], []),
        (["C++"], [TITLES[0]]),
        (["مدينة' OR '1'='1"], []),
        (["شركة; DROP TABLE stories"], []),
        (["المتصفحات الحديثة"], [TITLES[0]]),
    ],
)
def test_071_words_of_a_search_are_literal(archive: Watch, asked: list[str], found: list[str]) -> None:
    """Operators of search engines and of SQL are words like others: they find what says so, and change nothing."""
    done = rasid(archive, "stories", "find", "--json", "--since", "all", "--", *asked)
    assert 0 == done.exit_code, done.stderr
    assert found == [story["headline"] for story in json.loads(done.stdout)]


@pytest.mark.parametrize(
    "asked", ['"', '""', "*", "^", "(", ")", "-", "'", "\\", "\0", "%", "؟", "\u202e", " "]
)
def test_071_a_search_without_a_word_is_told(archive: Watch, asked: str) -> None:
    """Signs alone: nothing found or usage in one line, never a traceback, never everything."""
    done = rasid(archive, "stories", "find", "--json", "--since", "all", "--", asked)
    assert done.exit_code in {0, 1, 2}
    assert (done.stdout.strip() or "[]") == "[]"
    assert "Traceback" not in done.stderr


def test_071_forms_of_a_backtest_are_literal(archive: Watch, tmp_path: Path) -> None:
    """The archive's index is asked for the words of each form, whatever they mean in its own language."""
    forms = {
        "and": "AND",
        "near": "NEAR(محصول",
        "column": "col:xray",
        "quote": '"xray"',
        "star": "xra*",
        "minus": "NOT xray",
        "both": "AND OR NEAR",
        "sql": "x' OR '1'='1",
    }
    path = tmp_path / "forms.yaml"
    terms = [{"id": name, "label": name, "forms": [form]} for name, form in forms.items()]
    path.write_text(json.dumps({"name": "حروف", "terms": terms}, ensure_ascii=False), encoding="utf-8")
    done = rasid(archive, "backtest", str(path), "--since", "all", "--json")
    assert 0 == done.exit_code, done.stderr
    told = json.loads(done.stdout)["terms"]
    expected = dict.fromkeys(forms, 0) | {"and": 1, "quote": 1}
    assert expected == {name: told[name]["articles"] for name in forms}


# ── 72: paths stay where they belong ──────────────────────────────────────────────────────────────

_CRAFTED = """<opml version="2.0"><body>
  <outline type="rss" text="أ" xmlUrl="file:///etc/passwd"/>
  <outline type="rss" text="ب" xmlUrl="../../settings.yaml"/>
  <outline type="rss" text="ج" xmlUrl="/etc/passwd"/>
  <outline type="rss" text="د" xmlUrl="\\\\host\\share"/>
  <outline type="rss" text="هـ" xmlUrl="https://user:secret@a.example/rss"/>
  <outline type="include" text="و" url="file:///etc/hostname" xmlUrl="file:///etc/hostname"/>
  <outline text="../../watchlists"><outline type="rss" text="../x" xmlUrl="https://ok.example/rss"
    xmlns:r="urn:x-rasid:feeds" r:id="../../../etc/cron.d/x"/></outline>
</body></opml>"""


def test_072_a_crafted_list_adds_web_addresses_alone(archive: Watch, tmp_path: Path) -> None:
    """Files, relative and network paths, addresses with passwords are skipped; an id that is a path is made anew."""
    made = watch(tmp_path, "http://127.0.0.1:9/feed")
    before = {path.relative_to(tmp_path) for path in tmp_path.rglob("*")}
    done = rasid(made, "feeds", "import", "-", stdin=_CRAFTED.encode())
    assert 0 == done.exit_code, done.stderr
    assert "1 to add, 5 skipped" in done.stderr
    assert "secret" not in done.stderr + done.stdout
    added = load_config(made.folder).feeds[-1]
    assert ("ok", "https://ok.example/rss", "../../watchlists") == (added.id, added.url, added.category)
    assert before == {path.relative_to(tmp_path) for path in tmp_path.rglob("*")}


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "..", "a/b", "C:\\x", "x\0y", "../../config/settings"]
)
def test_072_no_id_is_a_path(name: str) -> None:
    """Ids of feeds and terms become names of rows, files and addresses; a path is refused with its line."""
    written = json.dumps(name)
    feeds = f"feeds:\n  - {{id: {written}, name: x, url: https://a.example/}}\n"
    with pytest.raises(ConfigError, match=r"feeds\.yaml:2: .*(is no id|delete it)"):
        parse_feeds(feeds, "feeds.yaml")
    terms = f"name: x\nterms:\n  - {{id: {written}, label: x, forms: [Nvidia]}}\n"
    with pytest.raises(ConfigError, match=r"w\.yaml:3: .*(is no id|delete it)"):
        parse_watchlist(terms, "w.yaml")


def test_072_a_list_is_named_and_not_reached_by_path(archive: Watch) -> None:
    """`--list` takes the names that there are; `feeds test` takes no file."""
    done = rasid(archive, "terms", "add", "new", "Intel", "--label", "إنتل", "--list", "../settings")
    assert (2, True) == (done.exit_code, "no list '../settings'" in done.stderr)
    for name in ("../feeds.yaml", "/etc/passwd", "file:///etc/passwd"):
        done = rasid(archive, "feeds", "test", name)
        assert 1 == done.exit_code, name
        assert "root:" not in done.stdout + done.stderr


# ── 73: depth and aliases ─────────────────────────────────────────────────────────────────────────

_BOMBS = {
    "brackets": "[" * DEEP,
    "braces": '{"a":' * DEEP,
    "dashes": "- " * DEEP + "x",
    "indents": "".join(f"{' ' * level}a:\n" for level in range(1_200)),
    "aliases": "a: &a [x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)),
    "anchor in itself": "a: &a [*a]\n",
    "keys": "? " * DEEP,
    "long": "a: " + "x" * 2_000_000,
}


@pytest.mark.parametrize("bomb", _BOMBS)
@pytest.mark.parametrize("parse", [parse_feeds, parse_settings, parse_watchlist])
def test_073_a_yaml_bomb_is_one_clear_error(parse: object, bomb: str) -> None:
    """Deep, growing or endless files of every kind: file, what is wrong, what to do; within a second or two."""
    with pytest.raises(ConfigError) as caught:
        parse(_BOMBS[bomb], "f.yaml")  # type: ignore[operator]
    told = [problem.message for problem in caught.value.problems]
    assert 1 == len(
        [message for message in told if "unknown key" not in message and "missing key" not in message]
    )
    assert all(len(message) < 500 for message in told)


def test_073_a_bomb_in_the_folder_stops_before_anything_runs(tmp_path: Path) -> None:
    """Every command that reads the folder says so in one line, with exit code 3."""
    made = watch(tmp_path, "http://127.0.0.1:9/feed")
    (made.folder / "feeds.yaml").write_text("feeds: " + "[" * DEEP, encoding="utf-8")
    for words in (["check"], ["feeds", "list"], ["feeds", "test"], ["feeds", "add", "http://127.0.0.1:9/"]):
        done = rasid(made, *words)
        assert 3 == done.exit_code, words
        assert "feeds.yaml:1: nested deeper than 40 levels; flatten the file" in done.stderr + done.stdout
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["match", "dedupe"])
def test_073_a_json_bomb_is_an_error_on_its_line(archive: Watch, command: str) -> None:
    """A hundred thousand levels on one line; the lines around it are answered."""
    good = json.dumps({"id": 1, "title": "خبر", "text": "افتتحت إنفيديا مكتبا."}, ensure_ascii=False)
    lines = [good, "[" * DEEP, '{"id":' * DEEP, good]
    done = rasid(archive, command, stdin="\n".join(lines).encode())
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert (1, [False, True, True, False]) == (done.exit_code, ["error" in answer for answer in answers])
    assert all("not JSON" in answer["error"] for answer in answers[1:3])


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("<opml version='2.0'><body>" + "<outline text='a'>" * DEEP, "nested too deep"),
        (
            "<opml version='2.0'><body>" + "<outline text='a'>" * 100 + "</outline>" * 100 + "</body></opml>",
            "20 levels",
        ),
        ("<!DOCTYPE o [<!ENTITY a 'x'>]><opml version='2.0'><body/></opml>", "document type"),
        (
            "<opml version='2.0'><body><outline text='&a;' xmlUrl='https://a.example/'/></body></opml>",
            "Entity 'a'",
        ),
        (
            "<opml version='2.0'><body>"
            + "<outline xmlUrl='https://a.example/'/>" * 50_000
            + "</body></opml>",
            "2,000",
        ),
        ("<opml version='2.0'>" + " " * 6_000_000, "larger than 5 MB"),
        ("<opml version='2.0' " + " ".join(f"a{n}='x'" for n in range(100_000)) + "><body/></opml>", ""),
    ],
)
def test_073_an_opml_bomb_is_one_clear_error(tmp_path: Path, document: str, says: str) -> None:
    """Depth, entities, numbers, size: one line that names the file; the last is large, harmless and read."""
    made = watch(tmp_path, "http://127.0.0.1:9/feed")
    before = (made.folder / "feeds.yaml").read_bytes()
    done = rasid(made, "feeds", "import", "-", stdin=document.encode())
    assert (int(bool(says)), before) == (done.exit_code, (made.folder / "feeds.yaml").read_bytes())
    assert done.stderr.startswith("rasid: standard input: " if says else "0 to add")
    assert says in done.stderr
    assert 1 == len(done.stderr.splitlines())
