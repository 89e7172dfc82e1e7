"""What comes from outside and goes out again (64 to 70), and templates that nobody may bring (74)."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from alerts import slack, slack_blocks, slack_bot
from alerts.email import Mailer, SmtpOptions, build_message
from alerts.render import Rendered, render
from alerts.slack_blocks import Unit
from rasid.app.context import load_config
from rasid.errors import ConfigError, TransportError
from rasid.types import Channel, Digest, FailedFeed, Hit, Snippet
from tests.alerts.samples import NOW, rich
from tests.alerts.servers import smtp_server
from tests.alerts.slack_fake import CHANNEL, TOKEN, fake_slack, problems, strings
from tests.hostile.hostile_post import BOT, HOOK, mail, office
from tests.hostile.hostile_press import watch

if TYPE_CHECKING:
    from pathlib import Path

    from tests.alerts.slack_fake import FakeSlack

LOOPBACK = frozenset({"127.0.0.1"})
DIRECTING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
OPENING, PDI = "\u2066\u2067\u2068", "\u2069"
OURS = re.compile(f"[{DIRECTING}\u2060]")  # what a rendering adds to the text of others


def said(text: str, *, url: str = "https://news.example/1") -> Digest:
    """A digest in which every word from outside is this text, and every link this one."""
    full = rich()
    story, review = full.stories[0], full.reviews[0]
    quoted = Snippet(text, (Hit(0, 1, "h20"),))
    appearances = tuple(
        replace(one, outlet=text, title=text, url=url, added=quoted if one.added else None, wire=text)
        for one in story.appearances[:1] + story.appearances[-2:]
    )
    told = replace(
        story,
        headline=text,
        url=url,
        snippets=(quoted,),
        appearances=appearances,
        matched=(("h20", text, 1),),
        wire=text,
    )
    judged = replace(review, title=text, outlet=text, url=url, snippet=quoted)
    return replace(
        full,
        name=text,
        stories=(told,),
        reviews=(judged,),
        failed_feeds=(FailedFeed("raqami", text, text, None),),
        terms=tuple(replace(term, label=text, label_en=text) for term in full.terms),
    )


def to_slack(server: FakeSlack, via: str, one: Digest) -> None:
    """Send a digest as a webhook or as a bot does."""
    if via == "webhook":
        slack.send(server.hook, slack.payload(one, now=NOW), 5, allow_hosts=LOOPBACK)
        return
    bot = slack_bot.Bot(TOKEN, CHANNEL, 5, base_url=server.api, allow_hosts=LOOPBACK, pace=0)
    bot.deliver(
        slack_bot.posts(one, now=NOW),
        message_id="<1@rasid.example>",
        threads={},
        ask=False,
        since=NOW,
        taken=lambda *_: None,
    )


def shown(server: FakeSlack) -> str:
    """All that a reader of the channel sees, without what Rasid puts around words."""
    return OURS.sub("", "\n".join(text for message in server.taken for text in strings(message)))


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep its text."""
        if self.elements[-1][0] not in ("style", "title"):
            self.words.append(data)

    @property
    def links(self) -> list[str]:
        """Where it leads."""
        return [attributes["href"] or "" for _, attributes in self.elements if "href" in attributes]


# ── 64: what would call a whole channel ───────────────────────────────────────────────────────────


@pytest.mark.parametrize("via", ["webhook", "bot"])
@pytest.mark.parametrize(
    "title",
    [
        "<!channel> <@U1>",
        "<!here> إنفيديا <!everyone>",
        "<!subteam^S012|الفريق> خبر",
        "<#C012|general> خبر",
        "@channel @here خبر",
        "&lt;!channel&gt; خبر",
        "< !channel> <\u200b@U1>",
    ],
)
def test_064_titles_call_nobody(title: str, via: str) -> None:
    """A headline, an outlet, a quote and a feed's error that are mentions in Slack notify nobody, and can be read."""
    with fake_slack() as server:
        to_slack(server, via, said(title))
        assert [] == server.pings
        assert OURS.sub("", title).replace("\u200b", "") in shown(server)
        tops = [message["text"] for message in server.taken]
    assert [] == [top for top in tops if re.search("[<>]|&(?!amp;|lt;|gt;)", top)]


def test_064_the_fake_knows_a_mention() -> None:
    """Else the test above would prove nothing: the same words as mrkdwn are mentions."""
    message = {
        "text": "x",
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "<!channel> <@U1>"}}],
    }
    with fake_slack() as server:
        slack.send(server.hook, [message], 5, allow_hosts=LOOPBACK)
        assert ["<!channel>", "<@U1>"] == server.pings


# ── 65: where links lead ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://news.example/a|b>c", "https://news.example/a%7Cb%3Ec"),
        ("https://news.example/?q=<!channel>", "https://news.example/?q=%3C!channel%3E"),
        ('https://news.example/"onmouseover="x', "https://news.example/%22onmouseover=%22x"),
        ("https://news.example/a'b`c", "https://news.example/a%27b%60c"),
        ("javascript:alert(1)", None),
        ("JavaScript:alert(1)//https://news.example/", None),
        (" javascript:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("data:text/html;base64,PHNjcmlwdD4=", None),
        ("vbscript:x", None),
        ("file:///etc/passwd", None),
        ("//news.example/1", None),
        ("https://reader:secret@evil.example/", None),
        ("https://bank.example@evil.example/", None),
        ("https://bank.example\\@evil.example/", None),
        ("https:///evil.example", None),
        ("https://news.example/\r\nX-Evil: 1", None),
        ("https://news.example/" + "a" * 3001, None),
    ],
)
def test_065_links_are_encoded_or_dropped(url: str, expected: str | None) -> None:
    """In mail, in plain text and in Slack an address from outside leads where it says, or nowhere."""
    one = said("إنفيديا", url=url)
    drawn = render(one, now=NOW)
    from_outside = [link for link in Page(drawn.html).links if link]
    assert {expected} - {None} == set(from_outside)
    assert (expected is not None) is ((expected or "https:") in drawn.text.split())
    assert "script:" not in drawn.text + drawn.html
    assert "secret" not in drawn.text + drawn.html
    with fake_slack() as server:
        to_slack(server, "webhook", one)
        to_slack(server, "bot", one)
        assert {expected} - {None} == set(addresses(server.taken))
        assert [] == server.pings


def addresses(value: object) -> list[str]:
    """Every link in Slack's blocks."""
    if isinstance(value, dict):
        own = [str(value["url"])] if "url" in value else []
        return own + [link for each in value.values() for link in addresses(each)]
    return [link for each in value for link in addresses(each)] if isinstance(value, list) else []


# ── 66: titles that would be headers ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "end",
    ["\r\n", "\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\r\n\r\n", "\n.\r\n"],
    ids=lambda end: end.encode("unicode_escape").decode(),
)
def test_066_a_broken_title_is_a_space_and_blocks_nobody(
    end: str, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It becomes one line of the subject, adds no header, and the message goes at the first attempt."""
    title = f"إنفيديا{end}Bcc: thief@evil.example{end}X-Evil: 1"
    one = said(title)
    with smtp_server() as (port, mailbox), fake_slack() as server:
        slack_port = server.server_address[1]
        post = office(tmp_path, sqlite_url, monkeypatch, smtp=port, slack=slack_port)
        post.freeze(
            mail("sara"), Channel("slack", (HOOK,)), Channel("slack_bot", (f"{BOT}:{CHANNEL}",)), one=one
        )
        report = post.deliver()
        assert ((), ()) == (report.failed, report.retrying)
        assert [] == server.pings
    ((_, recipients, content),) = mailbox.taken
    message = message_from_bytes(content, policy=policy.default)
    assert ["sara@mail.example"] == recipients
    assert (None, None) == (message["Bcc"], message["X-Evil"])
    assert ["multipart/alternative", "text/plain", "text/html"] == [
        part.get_content_type() for part in message.walk()
    ]
    subject = OURS.sub("", str(make_header(decode_header(message_from_bytes(content)["Subject"]))))
    assert "إنفيديا Bcc: thief@evil.example X-Evil: 1" in re.sub(" +", " ", subject).replace(" . ", " ")


# ── 67: a long Arabic subject ─────────────────────────────────────────────────────────────────────

_WORDS = "هواوي وكونلون تتقدمان في سباق الرقاقات الصينية بعد قيود جديدة على إنفيديا "
LONG = {
    "arabic": (_WORDS * 3)[:211].rstrip().ljust(212, "ة"),
    "with Latin": ("هواوي وKunlun P800 قبل H20 من Nvidia، والسوق تنتظر " * 5)[:211].rstrip().ljust(212, "ة"),
    "with isolates": ("هواوي و\u2066Kunlun P800\u2069 بعد \u2066H20\u2069 بأيام " * 7)[:211].ljust(212, "ة"),
    "one word": "ه" * 212,
    "spaces at every fold": ("ابتثج " * 36)[:211] + "ة",
    "beyond the plane": ("🛰️ راصد يرى " * 20)[:211].rstrip().ljust(212, "ة"),
}


@pytest.mark.parametrize("subject", LONG.values(), ids=LONG.keys())
@pytest.mark.parametrize("how", [policy.default, policy.compat32], ids=["default", "compat32"])
def test_067_a_subject_of_212_characters_comes_through(subject: str, how: policy.Policy) -> None:
    """Through a real server and back, every letter and every space of it, by both of the library's readers."""
    assert 212 == len(subject)
    rendered = Rendered(subject=subject, html="<p>نشرة</p>", text="نشرة", digest_id="d")
    content = build_message(
        rendered,
        sender="راصد <rasid@rasid.example>",
        recipient="sara@mail.example",
        message_id="<1@rasid.example>",
        list_id="analysts",
        unsubscribe=None,
        date=NOW,
        repeat=False,
    )
    with smtp_server() as (port, mailbox), Mailer(relay(port)) as mailer:
        mailer.send("sara@mail.example", content)
    ((_, _, taken),) = mailbox.taken
    found = message_from_bytes(taken, policy=how)["Subject"]
    assert subject == str(make_header(decode_header(str(found))))
    assert max(map(len, taken.split(b"\r\n"))) <= 998


def relay(port: int) -> SmtpOptions:
    """A relay on loopback."""
    return SmtpOptions(
        host="127.0.0.1",
        port=port,
        security="none",
        username=None,
        password=None,
        sender="rasid@rasid.example",
        timeout=5,
    )


# ── 68: HTML within text ──────────────────────────────────────────────────────────────────────────

_INERT = {"href", "title", "alt", "style", "class", "content", "lang", "dir"}
_LOADING = {
    "script",
    "iframe",
    "object",
    "embed",
    "img",
    "image",
    "svg",
    "video",
    "audio",
    "link",
    "base",
    "form",
}


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "<svg/onload=alert(1)>",
        "</style><script>alert(1)</script>",
        "</td></table><iframe src=//evil.example></iframe>",
        "<img src=https://evil.example/pixel.gif>",
        "' onmouseover='alert(1)",
        "{{ 7 * 7 }}<b>غامق</b>",
        "<!--[if mso]><script>x</script><![endif]-->",
        "<style>@import 'https://evil.example/x.css'</style>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "<base href=//evil.example><meta http-equiv=refresh content='0;url=//evil.example'>",
    ],
)
def test_068_html_in_titles_is_text(text: str) -> None:
    """It is read as it was written; it makes no element, no attribute, and nothing is loaded from anywhere."""
    plain, hostile = (Page(render(said(words), now=NOW).html) for words in ("نص عادي", text))
    assert [tag for tag, _ in plain.elements if tag not in ("span", "b")] == [
        tag for tag, _ in hostile.elements if tag not in ("span", "b")
    ]
    assert set() == {tag for tag, _ in hostile.elements} & _LOADING
    attributes = {name for _, found in hostile.elements for name in found}
    assert [] == [
        name for name in attributes if name.startswith("on") or name in ("src", "srcset", "background")
    ]
    styles = " ".join(str(found.get("style", "")) for _, found in hostile.elements)
    assert "url(" not in styles
    assert text.replace(" ", "") in "".join(hostile.words).replace(" ", "").replace("\n", "")
    assert all(urlsplit(link).scheme in ("http", "https") for link in hostile.links if link)


def test_068_nothing_remote_is_loaded() -> None:
    """No stylesheet, no picture, no font: the whole page stands in the message."""
    html = render(rich(), now=NOW).html
    assert [] == re.findall(
        r"url\s*\(|@import|@font-face|<link|<img|\ssrc=|\sbackground=", html, re.IGNORECASE
    )


# ── 69: characters that turn lines round ──────────────────────────────────────────────────────────


@pytest.mark.parametrize("mark", DIRECTING, ids=lambda mark: f"U+{ord(mark):04X}")
def test_069_direction_marks_of_others_do_nothing(mark: str) -> None:
    """Overrides, embeddings and isolates in a title leave the subject, the mail and Slack as they are without them."""
    plain, hostile = (said(f"إنفيديا {sign}تعرض Kunlun{sign} P800 غدًا") for sign in ("", mark))
    first, second = render(plain, now=NOW), render(hostile, now=NOW)
    assert (first.subject, first.html, first.text) == (second.subject, second.html, second.text)
    assert slack.payload(plain, now=NOW) == slack.payload(hostile, now=NOW)
    assert slack_bot.posts(plain, now=NOW) == slack_bot.posts(hostile, now=NOW)


def test_069_every_isolate_is_closed_on_its_line() -> None:
    """What Rasid opens around a Latin run it closes, so no line turns the next one round."""
    one = said("إنفيديا Nvidia \u202e H20 \u2066 و Kunlun\u2067")
    drawn = render(one, now=NOW)
    lines = [drawn.subject, *drawn.text.splitlines(), *Page(drawn.html).words]
    for message in slack.payload(one, now=NOW):
        lines += "".join(strings(message)).split("\n")
    assert [] == [line for line in lines if not balanced(line)]
    assert set() == set("".join(lines)) & set("\u202a\u202b\u202c\u202d\u202e")


def balanced(line: str) -> bool:
    """Whether every isolate is closed, and none that is not open."""
    depth = 0
    for letter in line:
        depth += (letter in OPENING) - (letter == PDI)
        if depth < 0:
            return False
    return depth == 0


# ── 70: more than Slack takes ─────────────────────────────────────────────────────────────────────


def rich_text(length: int) -> dict[str, object]:
    """A block of so many characters."""
    text = {"type": "text", "text": "ن" * length}
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [text]}]}


@pytest.mark.parametrize(
    ("blocks", "why"),
    [
        ([rich_text(1)] * 51, "invalid_blocks"),
        ([rich_text(3001)], "invalid_blocks"),
        ([rich_text(2640)] * 5, "msg_blocks_too_long"),  # 13,200 in all
    ],
    ids=["51 blocks", "3,001 characters", "13,200 in all"],
)
def test_070_slack_refuses_what_is_too_much(blocks: list[dict[str, object]], why: str) -> None:
    """The tests' Slack is as strict as the real one, and a refusal of that kind is for good."""
    with fake_slack() as server:
        with pytest.raises(TransportError, match=why) as refused:
            slack.send(server.hook, [{"text": "x", "blocks": blocks}], 5, allow_hosts=LOOPBACK)
        assert [] == server.taken
    assert refused.value.permanent


def test_070_51_blocks_are_split() -> None:
    """A message of 51 blocks becomes two, in order, none lost."""
    units = [Unit(number, [rich_text(1)]) for number in range(51)]
    parts = slack_blocks.packed(units)
    assert 2 == len(parts)
    assert list(range(51)) == [key for part in parts for key in part]


def test_070_13200_characters_are_split() -> None:
    """Text of 13,200 characters becomes two messages, each within what Slack shows in full."""
    units = [Unit(number, [rich_text(2640)]) for number in range(5)]
    parts = slack_blocks.packed(units)
    assert list(range(5)) == [key for part in parts for key in part]
    assert 2 == len(parts)
    assert all(2640 * len(part) <= slack_blocks.MAX_MESSAGE for part in parts)


@pytest.mark.parametrize("via", ["webhook", "bot"])
def test_070_a_digest_past_every_limit_comes_whole(via: str) -> None:
    """51 stories with titles and quotes of 3,001 characters: every message is taken, every story is told once."""
    story = rich().stories[0]
    stories = tuple(
        replace(
            story,
            story_id=number,
            headline=f"الخبر رقم {number:03} " + "طويل " * 600,
            snippets=(Snippet("ن" * 3001, (Hit(0, 5, "h20"),)),),
        )
        for number in range(51)
    )
    one = replace(rich(), stories=stories, name="نشرة " * 600)
    with fake_slack() as server:
        to_slack(server, via, one)
        assert [] == [problem for message in server.taken for problem in problems(message, via)]
        text = shown(server)
    told = [int(number) for number in re.findall(r"(?m)^الخبر رقم (\d{3}) ", text)]
    assert list(range(51)) == list(dict.fromkeys(told))


# ── 74: templates ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        "{{ 7 * 7 }}",
        "{% for x in range(9) %}نص{% endfor %}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ view.digest_id }}",
        "{# سر #}",
        "${RASID_TEST_HOOK}",
        "%(name)s {name} {0}",
    ],
)
def test_074_words_are_no_templates(text: str) -> None:
    """Names and titles that are code of a template come out as they were written, on every channel."""
    one = said(text)
    drawn = render(one, now=NOW)
    squeezed = OURS.sub("", drawn.text + drawn.subject + "".join(Page(drawn.html).words)).replace(" ", "")
    assert text.replace(" ", "") in squeezed
    assert "49" not in re.sub(r"[0-9]{3,}|4\.9", "", OURS.sub("", drawn.subject))
    with fake_slack() as server:
        to_slack(server, "webhook", one)
        assert text.replace(" ", "") in shown(server).replace(" ", "")


@pytest.mark.parametrize("key", ["template", "template_dir", "html"])
def test_074_no_setting_names_a_template(key: str, tmp_path: Path) -> None:
    """There is no key for one, in settings or in a subscription: it is refused by file and line, not ignored."""
    made = watch(tmp_path, "https://sahifa.example/feed")
    path = made.folder / "settings.yaml"
    path.write_text(path.read_text(encoding="utf-8") + f"{key}: templates/digest.html.j2\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"settings\.yaml:4: unknown key '{key}'"):
        load_config(made.folder)


def test_074_templates_of_operators_are_not_read(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files named as Rasid's own templates, beside the config and in the working folder, change no digest."""
    post = office(tmp_path, sqlite_url, monkeypatch)
    for folder in (post.folder / "templates", tmp_path / "templates", tmp_path / "alerts" / "templates"):
        folder.mkdir(parents=True)
        (folder / "digest.html.j2").write_text("{{ 7 * 7 }} من المشغل", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "out"
    post.freeze(Channel("file", (str(out),)))
    (page,) = post.deliver().files
    html = out.joinpath(page).read_text(encoding="utf-8")
    assert "من المشغل" not in html
    assert "كشفت" in html
    shutil.rmtree(out)
