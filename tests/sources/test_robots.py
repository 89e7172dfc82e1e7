"""robots.txt: what is read out of it, and what it lets the fetcher do."""

from __future__ import annotations

import asyncio
import gzip
import time
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rasid.errors import FetchError
from rasid.types import HostState
from sources.http import Fetcher
from sources.robots import MAX_CRAWL_DELAY, Rules, concerning, product_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from sources.http import HttpOptions

OTHERS = "User-agent: otherbot\nDisallow: /\n"


def rules(text: str) -> Rules:
    """What a robots.txt says to us."""
    return Rules(concerning(text.encode(), "Rasid"), "Rasid")


@pytest.mark.parametrize(
    ("text", "allowed", "forbidden"),
    [
        ("", ["/", "/a"], []),
        (OTHERS, ["/", "/a"], []),
        ("User-agent: *\nDisallow: /admin\n", ["/", "/news"], ["/admin", "/admin/x"]),
        ("User-agent: *\nDisallow:\n", ["/", "/a"], []),
        ("User-agent: rasid\nDisallow: /a\n\nUser-agent: *\nDisallow: /\n", ["/b"], ["/a"]),
        ("User-agent: *\nDisallow: /\n\nUser-agent: RASID/2.0\nDisallow: /a\n", ["/b"], ["/a"]),
        ("User-agent: rasid-news\nDisallow: /\n", ["/"], []),
        ("User-agent: ras\nDisallow: /\n", ["/"], []),
        ("User-agent: otherbot\nUser-agent: Rasid\nDisallow: /a\n", ["/b"], ["/a"]),
        ("User-agent: Rasid\nUser-agent: otherbot\nDisallow: /a\n", ["/b"], ["/a"]),
        ("User-agent: *\nDisallow:\nUser-agent: otherbot\nDisallow: /\n", ["/"], []),
        ("User-agent: *\nDisallow:\n\nUser-agent: rasid\nDisallow: /a\n", ["/b"], ["/a"]),
        ("User-agent: *\nDisallow: /a\nAllow: /a/feed\n", ["/a/feed"], ["/a", "/a/b"]),
        ("User-agent: *\nDisallow: /*?print=\nDisallow: /*.pdf$\n", ["/a.pdfs"], ["/a?print=1", "/a.pdf"]),
        ("User-agent: *\nDisallow: /أخبار\n", ["/"], ["/%D8%A3%D8%AE%D8%A8%D8%A7%D8%B1/1"]),
        ("User-agent: * # all\nDisallow: /a # not here\n", ["/b"], ["/a"]),
        ("\ufeffUser-agent: *\r\nDisallow: /a\r\n", ["/b"], ["/a"]),
        ("Sitemap: https://a.example/s.xml\nUser-agent: *\nSitemap: x\nDisallow: /a", ["/b"], ["/a"]),
        ("<!doctype html><html><body>الصفحة الرئيسية</body></html>", ["/"], []),
        ("Disallow: /\n", ["/"], []),
    ],
)
def test_rules(text: str, allowed: list[str], forbidden: list[str]) -> None:
    """The group that names us counts, else that for all; the longest rule decides."""
    said = rules(text)
    site = "https://news.example"
    assert [] == [path for path in allowed if not said.allows(site + path)]
    assert [] == [path for path in forbidden if said.allows(site + path)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("User-agent: *\nCrawl-delay: 7.5\n", 7.5),
        ("User-agent: *\nCrawl-delay: 9\nUser-agent: rasid\nCrawl-delay: 2\n", 2.0),
        ("User-agent: otherbot\nCrawl-delay: 9\n", 0.0),
        ("User-agent: *\nCrawl-delay: 86400\n", MAX_CRAWL_DELAY),
        ("User-agent: *\nCrawl-delay: soon\n", 0.0),
        ("User-agent: *\nCrawl-delay: -3\n", 0.0),
        ("", 0.0),
    ],
)
def test_crawl_delay(text: str, expected: Any) -> None:
    """Seconds, up to what still lets a run come to an end."""
    assert expected == rules(text).crawl_delay


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [("Rasid", "Rasid"), ("Rasid/0 test", "Rasid"), ("My-Bot_x (+me)", "My-Bot_x"), ("راصد/1", ""), ("", "")],
)
def test_product_token(user_agent: str, expected: str) -> None:
    """The name before the version; a name in Arabic letters is none to robots.txt."""
    assert expected == product_token(user_agent)


def test_a_robot_without_a_name_keeps_to_what_is_said_to_all() -> None:
    """An agent line that names nothing is not meant for it."""
    text = concerning(b"User-agent: 007\nDisallow: /\nUser-agent: *\nDisallow: /a\n", "")
    said = Rules(text, "")
    assert (True, False) == (said.allows("https://a.example/b"), said.allows("https://a.example/a"))


def test_other_robots_cost_nothing() -> None:
    """10,000 names over 20,000 rules are 200 million rules to a parser that keeps them all; ours keeps none."""
    names = "".join(f"User-agent: bot-{n}\n" for n in range(10_000))
    text = names + "".join(f"Disallow: /{n}$\n" for n in range(20_000))
    began = time.perf_counter()
    assert "" == concerning(text.encode(), "Rasid")
    assert time.perf_counter() - began < 2


@given(
    st.binary(max_size=300)
    | st.text(alphabet="User-agent: *DisallowRasid/\n\r#$\0", max_size=300).map(str.encode)
)
def test_any_bytes_are_a_robots_txt(body: bytes) -> None:
    """Whatever a site sends is read, and kept as text that every database takes."""
    text = concerning(body, "Rasid")
    assert "\0" not in text.encode().decode()
    assert Rules(text, "Rasid").allows("https://a.example/") in (True, False)


# ── asked for ────────────────────────────────────────────────────────────────────────────────────


def robots(answer: Callable[..., bytes], text: str, headers: str = "") -> bytes:
    """An answer that is a robots.txt."""
    return answer("200 OK", headers, text.encode())


def learned(fetcher: Fetcher) -> list[HostState]:
    """What a run learned of hosts, the times of its requests aside."""
    known = [replace(one, asked_at=None) for one in fetcher.hosts()]
    return [one for one in known if one != HostState(one.host)]


def outcomes(
    site: type[Any], answers: dict[str, Any], options: HttpOptions, clock: Any, *paths: str
) -> tuple[Any, list[Any], list[HostState]]:
    """A site after these paths were asked for at once, what each gave, and what is to be remembered."""

    async def scenario() -> Any:
        async with site(answers) as at:
            changed = replace(options, allow_hosts=frozenset({at.host}))
            async with Fetcher(changed, clock=clock) as fetcher:
                asked = (fetcher.get(at.url(path)) for path in paths)
                given = await asyncio.gather(*asked, return_exceptions=True)
            return at, given, learned(fetcher)

    return asyncio.run(scenario())


def test_it_is_asked_for_once_and_before_all_else(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions, clock: Any
) -> None:
    """Pages that want one host at once share one robots.txt; what it says is to be remembered."""
    page = answer("200 OK", "", b"x")
    answers = {
        "/robots.txt": robots(answer, "User-agent: *\nDisallow: /no\n"),
        "/a": page,
        "/b": page,
        "/no/1": page,
    }
    at, given, known = outcomes(site, answers, options, clock, "/a", "/b", "/no/1")
    assert ([b"x", b"x"], 1) == ([response.body for response in given[:2]], at.robots_asked)
    assert {"/a", "/b"} == {path for path, _ in at.asked}
    refused = given[2]
    words = f"robots.txt of {at.host} does not allow it; if the site allowed you, name the host in http.robots_exempt"
    assert (words, True, False) == (refused.reason, refused.permanent, refused.deferred)
    assert [HostState(at.host, "User-agent: *\nDisallow: /no", clock.now)] == known


@pytest.mark.parametrize(
    "status", ["404 Not Found", "401 Unauthorized", "403 Forbidden", "410 Gone", "204 No Content"]
)
def test_a_site_without_one_allows_everything(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions, clock: Any, status: str
) -> None:
    """4xx says that there are no rules, which is remembered as well."""
    answers = {"/robots.txt": answer(status), "/a": answer("200 OK", "", b"x")}
    at, (response,), known = outcomes(site, answers, options, clock, "/a")
    assert (b"x", [HostState(at.host, "", clock.now)]) == (response.body, known)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close the connection without a word."""
    writer.close()


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("500 Internal Server Error", "500 Internal Server Error"),
        ("503 Service Unavailable", "503 Service Unavailable"),
        (None, "breaks off"),
    ],
)
def test_a_site_that_cannot_say_is_not_fetched_from(
    site: type[Any],
    answer: Callable[..., bytes],
    options: HttpOptions,
    clock: Any,
    status: str | None,
    reason: str,
) -> None:
    """Everything wanted of it fails, for now; it is asked once, and nothing is remembered."""
    answers = {"/robots.txt": answer(status) if status else hang_up, "/a": answer("200 OK", "", b"x")}
    at, given, known = outcomes(site, answers, options, clock, "/a", "/a")
    assert [(True, False, False)] * 2 == [(reason in e.reason, e.permanent, e.deferred) for e in given]
    assert ([], 1, []) == (at.asked, at.robots_asked, known)


def test_too_many_requests_says_that_the_site_is_busy(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions, clock: Any
) -> None:
    """429 is no permission: one fails, the others wait as long as it asks."""
    answers = {"/robots.txt": answer("429 Too Many Requests", "Retry-After: 60"), "/a": b""}
    at, given, _ = outcomes(site, answers, options, clock, "/a", "/a")
    assert [(False, 60.0), (True, 60.0)] == [(error.deferred, error.retry_after) for error in given]
    assert [] == at.asked


def test_one_attempt_counts_against_a_site_that_never_answers(
    site: type[Any], options: HttpOptions, clock: Any
) -> None:
    """Ten pages of a dead host cost one deadline, and nine of them keep their attempts."""

    async def silent(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    began = time.perf_counter()
    answers = {"/robots.txt": silent}
    at, given, _ = outcomes(site, answers, replace(options, deadline=0.3), clock, *["/a"] * 10)
    assert [False] + [True] * 9 == [error.deferred for error in given]
    assert (1, True) == (at.robots_asked, time.perf_counter() - began < 2)


def test_an_exempt_host_is_not_even_asked(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions, clock: Any
) -> None:
    """Who has the site's word needs no robots.txt."""
    answers = {
        "/robots.txt": robots(answer, "User-agent: *\nDisallow: /\n"),
        "/a": answer("200 OK", "", b"x"),
    }
    changed = replace(options, robots_exempt=frozenset({"127.0.0.1"}))
    at, (response,), known = outcomes(site, answers, changed, clock, "/a")
    assert (b"x", 0, []) == (response.body, at.robots_asked, known)


def test_what_is_remembered_serves_a_day(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions, clock: Any
) -> None:
    """Later runs do not ask within 24 hours; then they do, and take what has changed."""

    async def scenario() -> Any:
        closed = robots(answer, "User-agent: *\nDisallow: /\n")
        async with site({"/robots.txt": closed, "/": answer("200 OK", "", b"x")}) as at:
            changed = replace(options, allow_hosts=frozenset({at.host}))
            known: list[HostState] = []
            log = []
            for hours in (0, 23, 2):
                clock.move(hours=hours)
                async with Fetcher(changed, clock=clock, hosts=known) as fetcher:
                    given = (await asyncio.gather(fetcher.get(at.url("/")), return_exceptions=True))[0]
                log.append((isinstance(given, FetchError), at.robots_asked, len(fetcher.hosts())))
                known = fetcher.hosts() or known
                at.answers["/robots.txt"] = robots(answer, "User-agent: *\nAllow: /\n")
            return log

    assert [(True, 1, 1), (True, 1, 0), (False, 2, 1)] == asyncio.run(scenario())


@pytest.mark.parametrize(("days", "served"), [(6, True), (8, False)])
def test_an_old_copy_serves_a_week_while_none_can_be_had(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions, clock: Any, days: int, served: bool
) -> None:
    """Its rules are kept to, and it grows no younger; afterwards nothing is fetched."""

    async def scenario() -> Any:
        busy = answer("503 Service Unavailable")
        page = answer("200 OK", "", b"x")
        async with site({"/robots.txt": busy, "/": page, "/no": page}) as at:
            known = [HostState(at.host, "User-agent: *\nDisallow: /no", clock.now)]
            clock.move(days=days)
            changed = replace(options, allow_hosts=frozenset({at.host}))
            async with Fetcher(changed, clock=clock, hosts=known) as fetcher:
                asked = (fetcher.get(at.url(path)) for path in ("/", "/no"))
                given = await asyncio.gather(*asked, return_exceptions=True)
            return given, [path for path, _ in at.asked], learned(fetcher), known

    (page, refused), paths, changed, known = asyncio.run(scenario())
    assert (["/"] if served else [], known) == (paths, changed)
    assert isinstance(refused, FetchError)
    assert (served, served) == (not isinstance(page, FetchError), refused.permanent)


def test_crawl_delay_is_kept_by_the_servers_log(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions, clock: Any
) -> None:
    """The pause is the longer of ours and theirs, from robots.txt itself on."""
    page = answer("200 OK", "", b"x")
    answers = {"/robots.txt": robots(answer, "User-agent: *\nCrawl-delay: 0.2\n"), "/": page}
    at, given, _ = outcomes(site, answers, options, clock, "/", "/")
    pauses = [after[0] - before[1] for before, after in pairwise(at.times)]
    assert (2, 2, True) == (len(given), len(pauses), min(pauses) >= 0.195)


# ── where it leads ───────────────────────────────────────────────────────────────────────────────


def test_redirects_of_robots_txt_are_followed_to_another_host(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions, clock: Any
) -> None:
    """Its rules are for the host that was asked; two hosts that lead to each other wait for nobody."""

    async def scenario() -> Any:
        page = answer("200 OK", "", b"x")
        async with site({"/": page}) as one, site({"/": page}) as two:
            one.answers["/robots.txt"] = answer("301 Moved Permanently", f"Location: {two.url('/r')}")
            two.answers["/robots.txt"] = answer("301 Moved Permanently", f"Location: {one.url('/r')}")
            one.answers["/r"] = robots(answer, "User-agent: *\nDisallow: /two\n")
            two.answers["/r"] = robots(answer, "User-agent: *\nDisallow: /one\n")
            changed = replace(options, allow_hosts=frozenset({"127.0.0.1"}))
            urls = (one.url("/one"), two.url("/two"), one.url("/"), two.url("/"))
            async with Fetcher(changed, clock=clock) as fetcher:
                async with asyncio.timeout(4):
                    return await asyncio.gather(*map(fetcher.get, urls), return_exceptions=True)

    given = asyncio.run(scenario())
    assert [True, True, False, False] == [isinstance(one, FetchError) for one in given]


def test_each_hop_of_a_redirect_asks_its_own_host(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions, clock: Any
) -> None:
    """A page that leads to a host which forbids it is not followed there."""

    async def scenario() -> Any:
        closed = robots(answer, "User-agent: *\nDisallow: /\n")
        async with site({"/robots.txt": closed, "/": b""}) as target, site({}) as first:
            first.answers["/"] = answer("302 Found", f"Location: {target.url('/')}")
            changed = replace(options, allow_hosts=frozenset({"127.0.0.1"}))
            async with Fetcher(changed, clock=clock) as fetcher:
                with pytest.raises(FetchError, match=f"robots.txt of {target.host}") as caught:
                    await fetcher.get(first.url("/"))
            return caught.value, first.url("/"), target.asked

    error, url, paths = asyncio.run(scenario())
    assert (url, True, []) == (error.url, error.permanent, paths)


@pytest.mark.parametrize(
    "location", ["/robots.txt", "http://10.0.0.1/robots.txt", "file:///etc/passwd", "http://[::1/", ""]
)
def test_a_robots_txt_that_leads_nowhere_is_none(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions, clock: Any, location: str
) -> None:
    """A loop, a private address and no address at all are no rules; nothing private is dialled."""
    moved = answer("302 Found", f"Location: {location}")
    at, (response,), known = outcomes(
        site, {"/robots.txt": moved, "/a": answer("200 OK", "", b"x")}, options, clock, "/a"
    )
    assert (b"x", "") == (response.body, known[0].robots)
    assert at.robots_asked <= 6


@pytest.mark.parametrize("packed", [False, True])
def test_a_huge_robots_txt_is_read_for_its_first_500_kb(
    site: type[Any], answer: Callable[..., bytes], options: HttpOptions, clock: Any, packed: bool
) -> None:
    """What stands at its beginning counts, what comes after the limit does not; a packed one costs no more."""
    filler = "# " + "x" * 98 + "\n"
    text = f"User-agent: *\nDisallow: /early\n{filler * 6_000}Disallow: /late\n"
    body = gzip.compress(text.encode()) if packed else text.encode()
    headers = "Content-Encoding: gzip" if packed else ""
    page = answer("200 OK", "", b"x")
    answers = {"/robots.txt": answer("200 OK", headers, body), "/early": page, "/late": page}
    _, (early, late), known = outcomes(site, answers, options, clock, "/early", "/late")
    assert (True, b"x") == (isinstance(early, FetchError), late.body)
    assert "User-agent: *\nDisallow: /early" == known[0].robots
