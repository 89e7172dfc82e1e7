"""What `explain` tells: all that `find` gives, and of everything else that was looked at why it does not count."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rasid.config import parse_watchlist
from rasid.matching import Matcher
from rasid.types import Finding
from tests.eval.scoring import HERE, cases

LIST = """
name: رقائق
terms:
  - id: nvidia
    label: إنفيديا
    forms: [إنفيديا, إن فيديا, Nvidia, {form: NVDA, near: [سهم], unless: [قارئ]}]
    unless: [مسرحية]
  - id: h20
    label: H20
    codes: [H20]
    lookalikes: [{form: H2O, near: [شريحة], within: 3, unless: [ماء]}]
    near: [رقائق, شريحة]
    unless: [حافلة]
  - {id: huawei, label: هواوي, forms: [هواوي, {form: الهواوي, near: [هاتف], within: 6, unless: [حاتم]}]}
  - {id: deal, label: صفقة, query: {all: [{term: nvidia}, {term: huawei}, صفقة], none: [شائعة]}}
  - {id: close, label: قرب, query: {near: {of: [{term: nvidia}, حظر], within: 3}}}
  - {id: head, label: عنوان, query: {title: {all: [{term: huawei}, معرض]}}}
"""
LONG = (
    "قالت الشركة في بيان مطول إنها ستبيع {} في الأسواق الناشئة خلال العام المقبل، بعد أن تأخرت عن موعدها "
    "ثلاث مرات بسبب نقص في المكونات"
)
SHIPPED = (HERE.parents[1] / "config" / "watchlists" / "chips.yaml").read_text(encoding="utf-8")

MATCHER = Matcher(parse_watchlist(LIST, "l.yaml").terms)


def findings(term: str, text: str, title: str = "") -> list[Finding]:
    """What is told of one term."""
    return [finding for finding in MATCHER.explain(text, title) if finding.term == term]


# ── refusals ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("term", "text", "span", "arabic", "english"),
    [
        pytest.param(
            "huawei",
            "افتتح القهواوي المعرض",
            "هواوي",
            "الصيغة «هواوي» جزء من «القهواوي»، لا اسم قائم بنفسه",
            "the form “هواوي” is only a part of “القهواوي”",
            id="a part of a word",
        ),
        pytest.param(
            "h20",
            "معالجات «GH200»، متاحة",
            "H20",
            "الرمز «H20» جزء من «GH200»، لا اسم قائم بنفسه",
            "the code “H20” is only a part of “GH200”",
            id="a part of a code",
        ),
        pytest.param(
            "nvidia",
            "راسلونا على press@nvidia.com غدا",
            "nvidia",
            "الصيغة «Nvidia» في رابط أو عنوان بريد أو اسم ملف",
            "the form “Nvidia” is inside an address, an e-mail or a file name",
            id="masked",
        ),
        pytest.param(
            "h20",
            "انطلقت الحافلة H20 من الميدان",
            "H20",
            "الرمز «H20»، وردّتها «حافلة» بجوارها",
            "the code “H20”, refused by “حافلة” beside it",
            id="unless of the term",
        ),
        pytest.param(
            "nvidia",
            "نزّل قارئ NVDA المجاني",
            "NVDA",
            "الصيغة «NVDA»، وردّتها «قارئ» بجوارها",
            "the form “NVDA”, refused by “قارئ” beside it",
            id="unless of the form",
        ),
        pytest.param(
            "huawei",
            "افتتح حاتم الهواوي المعرض",
            "هواوي",
            "الصيغة «الهواوي» بعد السابقة «ال»، وردّتها «حاتم» بجوارها",
            "the form “الهواوي” after the clitic “ال”, refused by “حاتم” beside it",
            id="a surname",
        ),
        pytest.param(
            "nvidia",
            "ارتفع NVDA عشرة بالمئة",
            "NVDA",
            "الصيغة «NVDA»، من دون قرينة",
            "the form “NVDA”, with no cue to confirm it",
            id="no cue",
        ),
        pytest.param(
            "h20",
            LONG.format("طراز H20"),
            "H20",
            "الرمز «H20»، من دون قرينة",
            "the code “H20”, with no cue to confirm it",
            id="a code without a cue in a long text",
        ),
        pytest.param(
            "h20",
            "بيع طراز H2O أمس بعد أن نفدت كل شريحة",
            "H2O",
            "الشبيه «H2O»، من دون قرينة (على بعد 3 من الكلمات على الأكثر)",
            "the lookalike “H2O”, with none of its cues within 3 words",
            id="no cue within a distance",
        ),
        pytest.param(
            "h20",
            "عرضت كاميرا Zenmuse H20 في المعرض مع ملحقات كثيرة",
            "H20",
            "الرمز «H20»، وهي ذيل اسم منتج «zenmuse h20»",
            "the code “H20”, the end of the product name “zenmuse h20”",
            id="a product name",
        ),
        pytest.param(
            "nvidia",
            "تطبيق إنفيديو لتحرير المقاطع",
            "إنفيديو",
            "«إنفيديو» تشبه الصيغة «إنفيديا»، والفرق حرف واحد؛ أضفها إلى القائمة إن كانت هي الاسم",
            "“إنفيديو” is one letter away from the form “إنفيديا”; add it to the list if it is the name",
            id="resembles by a letter",
        ),
        pytest.param(
            "nvidia",
            "قالت وإنفلديوا اليوم",
            "وإنفلديوا",
            "«وإنفلديوا» تشبه الصيغة «إنفيديا»، والفرق حرفان؛ أضفها إلى القائمة إن كانت هي الاسم",
            "“وإنفلديوا” is 2 letters away from the form “إنفيديا”; add it to the list if it is the name",
            id="resembles by two, behind a clitic",
        ),
        pytest.param(
            "deal",
            "تبيع إنفيديا لهواوي",
            "إنفيديا",
            "ليس فيه «صفقة»",
            "there is no “صفقة”",
            id="a query without its word",
        ),
        pytest.param(
            "deal",
            "صفقة إنفيديا وهواوي شائعة",
            "إنفيديا",
            "فيه «شائعة»، وقد استُثني",
            "“شائعة” is there, and is excluded",
            id="a query with what it excludes",
        ),
        pytest.param(
            "deal",
            "صفقة هواوي الجديدة",
            "هواوي",
            "ليس فيه «nvidia»",
            "there is no “nvidia”",
            id="a query without its term",
        ),
        pytest.param(
            "close",
            "لا تعلق إنفيديا على كلام كثير عن حظر",
            "إنفيديا",
            "لا يجتمع «nvidia» و«حظر» ضمن 3 كلمات",
            "“nvidia” and “حظر” do not stand within 3 words of each other",
            id="a query whose parts are far apart",
        ),
    ],
)
def test_a_refusal_says_why(term: str, text: str, span: str, arabic: str, english: str) -> None:
    """Each kind of refusal, at its place, in the words of both languages; `find` gives none of it."""
    (finding,) = findings(term, text)
    assert ("rejected", span, "text") == (finding.outcome, finding.text, finding.field)
    assert span == text[finding.start : finding.end]
    assert (arabic, english) == (finding.why.ar, finding.why.en)
    assert term not in {mention.term for mention in MATCHER.find(text)}


def test_a_query_of_the_title_is_told_in_the_title() -> None:
    """The reason says where it was looked for; a text without any part of a query is silent about it."""
    (finding,) = findings("head", "افتتح معرض", "هواوي في السوق")
    assert ("title", "هواوي", "في العنوان: ليس فيه «معرض»", "in the title: there is no “معرض”") == (
        finding.field,
        finding.text,
        finding.why.ar,
        finding.why.en,
    )
    assert [] == findings("head", "معرض هواوي", "خبر")


# ── what counts ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "outcome", "arabic", "english"),
    [
        ("تبيع إنفيديا", "matched", "الصيغة «إنفيديا»", "the form “إنفيديا”"),
        (
            "قيل ولإنفيديا",
            "matched",
            "الصيغة «إنفيديا» بعد السابقة «ول»",
            "the form “إنفيديا” after the clitic “ول”",
        ),
        ("سهم NVDA", "matched", "الصيغة «NVDA»، والقرينة «سهم»", "the form “NVDA”, confirmed by “سهم”"),
        ("رمزه $NVDA", "matched", "الصيغة «NVDA»، والقرينة «$»", "the form “NVDA”, confirmed by “$”"),
        ("تبيع إنفييديا", "matched", "الصيغة «إنفيديا» بهفوة كتابة", "the form “إنفيديا”, mistyped"),
        (
            "شركةإنفيديا",
            "matched",
            "الصيغة «إنفيديا» مع التصاق «شركه»",
            "the form “إنفيديا” stuck to “شركه”",
        ),
        (
            "قيل إنفيديازقف",
            "uncertain",
            "الصيغة «إنفيديا» مع التصاق «زقف»، وقد تكون جزءا من كلمة أخرى",
            "the form “إنفيديا” stuck to “زقف”, possibly a part of another word",
        ),
    ],
)
def test_what_counts_says_why(text: str, outcome: str, arabic: str, english: str) -> None:
    """A mention is a finding with the reason that it is stored with."""
    (finding,) = findings("nvidia", text)
    (mention,) = [one for one in MATCHER.find(text) if one.term == "nvidia"]
    assert (outcome, arabic, english) == (finding.outcome, finding.why.ar, finding.why.en)
    assert finding.why == mention.why


def test_a_code_in_a_short_text_is_left_to_a_person() -> None:
    """Without a cue it is uncertain, and the reason says what is lacking."""
    (finding,) = findings("h20", "وصل H20 أمس")
    assert ("uncertain", "the code “H20”, with no cue to confirm it") == (finding.outcome, finding.why.en)


def test_findings_stand_in_order() -> None:
    """The title first, then by place; a query stands where its parts do."""
    told = MATCHER.explain("صفقة بين هواوي وإنفيديا، والقهواوي غائب", "إنفيديو والمعرض")
    assert sorted(told, key=lambda one: (one.field == "text", one.start, one.end)) == list(told)
    assert {
        ("nvidia", "title", "إنفيديو", "rejected"),
        ("head", "title", "والمعرض", "rejected"),
        ("deal", "text", "صفقة", "matched"),
        ("huawei", "text", "هواوي", "matched"),
        ("deal", "text", "هواوي", "matched"),
        ("nvidia", "text", "إنفيديا", "matched"),
        ("deal", "text", "إنفيديا", "matched"),
        ("close", "text", "إنفيديا", "rejected"),
        ("huawei", "text", "هواوي", "rejected"),
    } == {(one.term, one.field, one.text, one.outcome) for one in told}


# ── near misses ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("تبيع إنفيديا بطاقات", id="the name itself"),
        pytest.param("كاميرا جديدة", id="far away"),
        pytest.param("هاوي الرسم", id="too short to be told from a word"),
        pytest.param("مسرحية إنفيديا تعود", id="refused, and told as that"),
    ],
)
def test_what_is_found_or_far_away_resembles_nothing(text: str) -> None:
    """No advice to add what is listed, what is another word, or what cues have refused."""
    assert [] == [one for one in MATCHER.explain(text) if "add it to the list" in one.why.en]


def test_a_near_miss_is_told_once() -> None:
    """A word that comes again is named at its first place, in the title and in the text."""
    told = findings("nvidia", "إنفيديو وإنفيديو ثم إنفيديو", "إنفيديو")
    assert [("title", "إنفيديو"), ("text", "إنفيديو"), ("text", "وإنفيديو")] == [
        (one.field, one.text) for one in told
    ]


# ── and `find` ────────────────────────────────────────────────────────────────────────────────────


def agrees(matcher: Matcher, text: str, title: str) -> None:
    """Assert that what counts is what `find` gives, and that nothing refused lies over it."""
    told = matcher.explain(text, title)
    kept = [one for one in told if one.outcome != "rejected"]
    refused = [one for one in told if one.outcome == "rejected"]
    found = [
        Finding(one.term, one.field, one.start, one.end, one.text, one.status, one.form, one.why)
        for one in matcher.find(text, title)
    ]
    assert Counter(found) == Counter(kept)
    for one in refused:
        field = title if one.field == "title" else text
        assert one.text == field[one.start : one.end] != ""
        assert one.why.ar
        assert one.why.en
        assert not [
            other
            for other in kept
            if (other.term, other.field) == (one.term, one.field)
            and other.start < one.end
            and one.start < other.end
        ]


NAMES = [
    "إنفيديا",
    "هواوي",
    "الهواوي",
    "القهواوي",
    "إنفيديو",
    "H20",
    "H2O",
    "GH200",
    "NVDA",
    "Zenmuse",
    "nvidia.com",
]
CUES = ["سهم", "شريحة", "ماء", "حاتم", "قارئ", "صفقة", "شائعة", "حظر", "معرض", "هاتف", "زقف", "و", ".", "\n"]
PIECES = st.sampled_from(NAMES + CUES)


@given(st.lists(PIECES, max_size=14), st.lists(PIECES, max_size=5), st.sampled_from(["", " "]))
def test_explain_keeps_what_find_gives(text: list[str], title: list[str], joint: str) -> None:
    """Whatever stands beside what, in words and run together."""
    agrees(MATCHER, joint.join(text), " ".join(title))


@given(st.text("إنفيدياهوH20ـَ .و\n@", max_size=40), st.text(st.characters(), max_size=20))
def test_explain_takes_any_text(text: str, title: str) -> None:
    """Letters of the names in any order, and any characters at all."""
    agrees(MATCHER, text, title)


def test_explain_agrees_on_the_labelled_cases() -> None:
    """The list that ships with Rasid, on every fifth labelled text."""
    matcher = Matcher(parse_watchlist(SHIPPED, "chips.yaml").terms)
    labelled = [case for name in "abc" for case in cases(f"mentions_{name}.jsonl")]
    assert 500 < len(labelled)
    for case in labelled[::5]:
        agrees(matcher, case["text"], case.get("title", ""))
