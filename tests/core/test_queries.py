"""Terms that are queries: what holds, what does not, and why; and how the file says it."""

from __future__ import annotations

import pytest

from rasid.config import parse_config, parse_watchlist
from rasid.errors import ConfigError
from rasid.matching import Matcher
from rasid.types import Mention, Query, Term

LIST = """
name: رقائق
terms:
  - id: nvidia
    label: إنفيديا
    forms: [إنفيديا]
  - id: h20
    label: H20
    codes: [H20]
    near: [رقائق]
  - id: asked
    label: سؤال
    query: {query}
"""


def matcher(query: str) -> Matcher:
    """The matcher of the list above with a query."""
    return Matcher(parse_watchlist(LIST.replace("{query}", query), "l.yaml").terms)


def asked(query: str, text: str, title: str = "") -> list[tuple[str, str]]:
    """What the query finds: each span with its status."""
    found = matcher(query).find(text, title)
    return [(one.text, one.status) for one in found if one.term == "asked"]


def refusal(query: str, text: str, title: str = "") -> str:
    """Why the query does not hold, in English."""
    (one,) = [one for one in matcher(query).explain(text, title) if one.term == "asked"]
    assert one.outcome == "rejected"
    return one.why.en


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("الصين", "سافر إلى الصين وعاد", ["الصين"]),
        ("{term: nvidia}", "أرباح إنفيديا", ["إنفيديا"]),
        ("{all: [{term: nvidia}, الصين]}", "تبيع إنفيديا في الصين", ["إنفيديا", "الصين"]),
        ("{all: [{term: nvidia}, الصين]}", "تبيع إنفيديا في اليابان", []),
        ("{any: [{term: nvidia}, الصين]}", "سوق الصين كبيرة", ["الصين"]),
        ("{all: [{term: nvidia}], none: [ألعاب]}", "بطاقات إنفيديا للألعاب", []),
        ("{term: nvidia, none: [ألعاب]}", "خوادم إنفيديا", ["إنفيديا"]),
        ("{all: [حظر تصدير]}", "بعد حظر تصدير الرقائق", ["حظر تصدير"]),
        ("{all: [حظر تصدير]}", "بعد حظر على تصدير الرقائق", []),
        ("شركة", "وشركتها الجديدة", ["وشركتها"]),
        ("{near: {of: [{term: nvidia}, حظر], within: 3}}", "حظر على إنفيديا", ["حظر", "إنفيديا"]),
        ("{near: {of: [{term: nvidia}, حظر], within: 1}}", "حظر على إنفيديا", []),
        ("{near: {of: [{term: nvidia}, حظر], within: 1}}", "حظر إنفيديا", ["حظر", "إنفيديا"]),
        (
            "{near: {of: [حظر, {any: [الصين, بكين]}, بيع], within: 3}}",
            "حظر بيع في بكين",
            ["حظر", "بيع", "بكين"],
        ),
        ("{title: {term: nvidia}}", "أرباح إنفيديا ترتفع", []),
    ],
)
def test_what_holds(query: str, text: str, expected: list[str]) -> None:
    """The spans that make a query hold, in order; nothing where it does not."""
    assert expected == [span for span, _ in asked(query, text)]


def test_the_title_is_asked_alone() -> None:
    """What only the text says is no title's; what the title says is shown there."""
    query = "{title: {all: [{term: nvidia}, أرباح]}}"
    found = [one for one in matcher(query).find("نص عام", "أرباح إنفيديا ترتفع") if one.term == "asked"]

    assert [("title", "أرباح"), ("title", "إنفيديا")] == [(one.field, one.text) for one in found]
    assert [] == asked(query, "أرباح إنفيديا ترتفع", "خبر اليوم")


def test_near_does_not_reach_from_the_title_into_the_text() -> None:
    """They are two texts, however close the words stand."""
    query = "{near: {of: [{term: nvidia}, حظر], within: 5}}"

    assert [] == asked(query, "إنفيديا تعترض", "حظر جديد")


def test_an_uncertain_term_makes_its_query_uncertain() -> None:
    """H20 without a cue is for review, and so is what is asked of it; a certain part beside it changes nothing."""
    assert [("H20", "uncertain")] == asked("{term: h20}", "وصلت H20 أمس")
    assert [("H20", "uncertain"), ("أمس", "uncertain")] == asked("{all: [{term: h20}, أمس]}", "وصلت H20 أمس")
    assert [("أمس", "uncertain")] == asked("{words: أمس, none: [{term: h20}]}", "وصلت H20 أمس")
    assert [("H20", "matched")] == asked("{term: h20}", "رقائق H20 وصلت")


def test_a_query_may_ask_another() -> None:
    """Whatever their order in the file."""
    text = LIST.replace("{query}", "{all: [{term: other}, {term: nvidia}]}")
    terms = parse_watchlist(
        text + "  - {id: other, label: آخر, query: {any: [الصين, بكين]}}\n", "l.yaml"
    ).terms
    found = Matcher(terms).find("إنفيديا في بكين")

    assert {"nvidia", "asked", "other"} == {one.term for one in found}


def test_a_mention_tells_what_held() -> None:
    """Each span carries all that the query needed, in both languages."""
    found = matcher("{all: [{term: nvidia}, الصين]}").find("تبيع إنفيديا في الصين")
    (one,) = [one for one in found if one.term == "asked" and one.text == "إنفيديا"]

    assert isinstance(one, Mention)
    assert "the query holds: “إنفيديا”, “الصين”" == one.why.en
    assert "تحقق الاستعلام: «إنفيديا»، «الصين»" == one.why.ar
    assert "إنفيديا" == one.form


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("{all: [{term: nvidia}, الصين]}", "there is no “الصين”"),
        ("{all: [{term: nvidia}, {any: [الصين, بكين]}]}", "there is no “الصين” or “بكين”"),
        ("{term: nvidia, none: [أرباح]}", "“أرباح” is there, and is excluded"),
        (
            "{near: {of: [أرباح, فصل], within: 1}}",
            "“أرباح” and “فصل” do not stand within 1 words of each other",
        ),
        ("{all: [{term: nvidia}, {title: أرباح}]}", "in the title: there is no “أرباح”"),
    ],
)
def test_why_it_does_not_hold(query: str, why: str) -> None:
    """`explain` names the part that is to blame."""
    assert why == refusal(query, "أرباح إنفيديا في كل فصل")


def test_a_query_of_which_nothing_is_there_is_not_explained() -> None:
    """Or each article would list every query of every list."""
    assert [] == [one for one in matcher("الصين").explain("لا شيء هنا") if one.term == "asked"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{none: [الصين]}", "the query holds where nothing is found"),
        ("{any: [{none: [الصين]}, {term: nvidia}]}", "the query holds where nothing is found"),
        ("{all: [{}]}", "an empty condition"),
        ("{near: {of: [الصين, {all: [ب ب, ت ت]}], within: 2}}", "near is of words, terms"),
        ("{near: {of: [الصين], within: 2}}", "of: has 1, and needs 2 or more"),
        ("{term: nvida}", "unknown term 'nvida'; did you mean 'nvidia'?"),
        ("{term: asked}", "the query of 'asked' leads back to itself"),
        ("{terms: nvidia}", "unknown key 'terms'; did you mean 'term'?"),
        ("{all: [5]}", "words: expected text, got 5"),
    ],
)
def test_what_is_refused(query: str, message: str) -> None:
    """With file and line."""
    text = LIST.replace("{query}", query).lstrip("\n")
    with pytest.raises(ConfigError) as refused:
        parse_watchlist(text, "l.yaml")

    assert f"l.yaml:12: {message}" in str(refused.value)


def test_a_term_has_spellings_or_a_query() -> None:
    """Both at once would leave open which of them counts."""
    text = LIST.replace("{query}", "{term: nvidia}\n    forms: [سؤال]\n    unless: [جواب]")
    with pytest.raises(ConfigError) as refused:
        parse_watchlist(text, "l.yaml")

    assert 2 == str(refused.value).count("a term has spellings or a query, not both")


def test_queries_refer_to_terms_of_other_lists() -> None:
    """All lists together are one catalogue; a circle through two files is found as one in one file is."""
    one = "name: a\nterms:\n  - {id: a, label: a, query: {term: b}}\n"
    two = "name: b\nterms:\n  - {id: b, label: b, forms: [بايدو]}\n"
    files = {"watchlists/one.yaml": one, "watchlists/two.yaml": two}
    rest = {"feeds.yaml": "feeds: []\n", "subscriptions.yaml": "subscriptions: []\n"}
    config = parse_config(files | rest)

    assert {"a", "b"} == {found.term for found in Matcher(list(config.terms.values())).find("سهم بايدو")}
    files["watchlists/two.yaml"] = two.replace("forms: [بايدو]", "query: {term: a}")
    with pytest.raises(ConfigError, match="leads back to itself"):
        parse_config(files | rest)


def test_the_matcher_refuses_what_config_would() -> None:
    """Terms that were made by hand are checked, too."""
    with pytest.raises(ValueError, match="refers to the term b, which is not there"):
        Matcher([Term("a", "a", "a", query=Query("term", value="b"))])
    with pytest.raises(ValueError, match="a → b → a refer to each other in a circle"):
        Matcher(
            [
                Term("a", "a", "a", query=Query("term", value="b")),
                Term("b", "b", "b", query=Query("term", value="a")),
            ]
        )
