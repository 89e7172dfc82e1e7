"""Digests for the tests of every channel; all texts are of our own writing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rasid.types import (
    Appearance,
    Digest,
    DigestStory,
    FailedFeed,
    Hit,
    Reason,
    Relation,
    Review,
    Snippet,
    TermCount,
)

NOW = datetime(2025, 11, 22, 4, 0, 30, tzinfo=UTC)  # 07:00 in Riyadh
END = NOW.replace(second=0)
HOSTILE = (
    '<script>alert(1)</script> <!channel> <@U1> "&'
    "\u202eمقلوب\u2066\r\nX-Evil: 1\u2028\ud800 *[x](javascript:1)"
)

_ENGLISH = {"رويترز": "Reuters", "بلومبرغ": "Bloomberg"}
_TERMS = {"إنفيديا": "nvidia", "Nvidia": "nvidia", "هواوي": "huawei", "Kunlun": "kunlun"}


def snippet(marked: str) -> Snippet:
    """A snippet from text whose hits stand in braces."""
    text, hits = "", []
    for index, part in enumerate(marked.replace("}", "{").split("{")):
        if index % 2:
            hits.append(Hit(start=len(text), end=len(text) + len(part), term=_TERMS.get(part, "h20")))
        text += part
    return Snippet(text=text, hits=tuple(hits))


def appearance(
    number: int,
    outlet: str,
    hours: float,
    *,
    title: str,
    relation: Relation = "new",
    note: Reason | None = None,
    added: Snippet | None = None,
    wire: str = "",
) -> Appearance:
    """One outlet's article."""
    return Appearance(
        article_id=number,
        outlet=outlet,
        title=title,
        url=f"https://news.example/{number}?a=1&b=2",
        published=NOW - timedelta(hours=hours),
        relation=relation,
        note=note,
        added=added,
        wire=wire,
    )


def _copies(count: int, first: int, title: str) -> list[Appearance]:
    note = Reason(ar="96% من النص", en="96% of the text")
    return [
        appearance(
            first + n,
            f"موقع الخبر {n + 1}",
            3 - n / 10,
            title=title,
            relation="near",
            note=note,
            wire="رويترز" if n == 0 else "",
        )
        for n in range(count)
    ]


_EXPORT = "واشنطن تسمح ببيع شريحة H20 للشركات الصينية بعد أشهر من المنع"
_ALLIANCE = "هواوي تعلن تحالفًا لتصنيع معالجات الذكاء الاصطناعي محليًا"
_KUNLUN = "بايدو تكشف عن Kunlun P800 وتعد بكلفة تدريب أقل من معالجات Nvidia"
_RESULTS = "أرباح إنفيديا الفصلية تفوق التوقعات مع طلب متزايد على مراكز البيانات"

STORIES = (
    DigestStory(
        story_id=1,
        headline=_EXPORT,
        url="https://news.example/1?a=1&b=2",
        terms=("h20", "nvidia", "huawei"),
        snippets=(
            snippet(
                "…وقالت مصادر مطلعة إن الترخيص الجديد يشمل شريحة {H20} وحدها، وإن {إنفيديا} ستبدأ الشحن قبل "
                "نهاية الشهر، على أن تُراجَع الكميات كل 90 يومًا."
            ),
            snippet("ويرى محللون أن القرار يضغط على {هواوي} التي كسبت حصة من السوق في غياب منافستها."),
        ),
        appearances=(
            appearance(1, "الراصد التقني", 4.2, title=_EXPORT, wire="رويترز"),
            *_copies(7, 20, _EXPORT),
            appearance(
                2,
                "اقتصاد الخليج",
                2.1,
                title="ماذا يعني رفع المنع؟",
                relation="extends",
                note=Reason(
                    ar="يضيف 120 كلمة عن أثر القرار في الأسعار", en="adds 120 words on the effect on prices"
                ),
                added=snippet(
                    "ويتوقع تجار في شنجن أن يهبط سعر {H20} بنحو 15% خلال أسبوعين. وكان سعرها قد بلغ 13 ألف دولار "
                    "في السوق الموازية."
                ),
                wire="The Information",
            ),
            appearance(3, "Gulf Chips", 0.4, title="رفع القيود عن H20: خمسة أسئلة"),
        ),
        matched=(
            ("h20", "H20", 9),
            ("nvidia", "إنفيديا", 6),
            ("nvidia", "نفيديا", 2),
            ("huawei", "هواوي", 1),
        ),
        known=False,
        why=Reason(
            ar="كلمات نادرة مشتركة: الترخيص، H20، الشحن", en="rare words in common: الترخيص, H20, الشحن"
        ),
    ),
    DigestStory(
        story_id=2,
        headline=_ALLIANCE,
        url="https://news.example/4",
        terms=("huawei",),
        snippets=(
            snippet("أعلنت {هواوي} أن خط الإنتاج الأول سيعمل بطاقة 12 ألف رقاقة في الشهر بدل 9 آلاف."),
        ),
        appearances=(
            appearance(
                4,
                "صحيفة الرقمية",
                9.4,
                title=_ALLIANCE,
                relation="revised",
                note=Reason(ar="الأرقام تغيّرت: 9000 → 12000", en="the figures changed: 9,000 → 12,000"),
                added=replace(
                    snippet("وتبلغ طاقة الخط الثاني {12000} رقاقة في الشهر."), hits=(Hit(23, 28, term=""),)
                ),
            ),
        ),
        matched=(("huawei", "هواوي", 4),),
        known=True,
        why=None,
    ),
    DigestStory(
        story_id=3,
        headline=_KUNLUN,
        url="https://news.example/5",
        terms=("kunlun", "nvidia"),
        snippets=(
            snippet(
                "تقول الشركة إن {Kunlun} P800 يضاهي معالجات {Nvidia} في الاستدلال، وتختبره مع Ernie 4.5."
            ),
        ),
        appearances=(appearance(5, "Gate العربية", 9.33, title=_KUNLUN),),
        matched=(("kunlun", "Kunlun", 3), ("nvidia", "Nvidia", 2)),
        known=False,
        why=None,
    ),
    DigestStory(
        story_id=4,
        headline=_RESULTS,
        url="https://news.example/6",
        terms=("nvidia",),
        snippets=(snippet("ارتفعت إيرادات {إنفيديا} إلى 57 مليار دولار، بزيادة 62% عن العام الماضي."),),
        appearances=(
            appearance(6, "أسواق ومال", 14, title=_RESULTS, wire="بلومبرغ"),
            appearance(
                7, "يومية التقنية", 13, title="نتائج نفيديا تدفع أسهم الرقائق إلى الصعود", wire="بلومبرغ"
            ),
        ),
        matched=(("nvidia", "إنفيديا", 11), ("nvidia", "نفيديا", 4)),
        known=False,
        why=None,
        wire="بلومبرغ",
    ),
    DigestStory(
        story_id=5,
        headline=f"هواوي {HOSTILE}",
        url="javascript:alert(1)",
        terms=("huawei",),
        snippets=(snippet("قالت {هواوي} <b>ذلك</b> \u202eوعكسته\u2028 & انتهى <!here>."),),
        appearances=(
            replace(appearance(8, HOSTILE, 30, title="عنوان"), url="https://user:secret@evil.example/"),
            replace(
                appearance(
                    9, "منصة", 40, title=HOSTILE, relation="extends", added=snippet(HOSTILE), wire=HOSTILE
                ),
                url="data:text/html,x",
            ),
        ),
        matched=(("huawei", "هواوي", 1),),
        known=False,
        why=None,
    ),
)


def rich() -> Digest:
    """Four terms, five stories, copies, additions, reviews, failed feeds, hostile titles."""
    return Digest(
        id="analysts-20251122T040000Z",
        subscription_id="analysts",
        name="نشرة الرقائق",
        language="ar",
        timezone="Asia/Riyadh",
        window_start=END - timedelta(days=1),
        window_end=END,
        terms=(
            TermCount("h20", "H20", "H20", 1, 9, (1, 0, 2, 1, 0, 1, 4), 5 / 6),
            TermCount("nvidia", "إنفيديا", "Nvidia", 3, 25, (5, 4, 6, 5, 4, 5, 5), 29 / 6),
            TermCount("huawei", "هواوي", "Huawei", 3, 6, (2, 1, 3, 2, 0, 2, 3), 10 / 6),
            TermCount(
                "kunlun",
                "كونلون",
                "Kunlun",
                1,
                3,
                (0, 0, 0, 0, 0, 0, 1),
                0.0,
                last_seen=NOW - timedelta(days=12),
            ),
        ),
        stories=STORIES,
        reviews=(
            Review(
                article_id=11,
                term="h20",
                title="بيع رقائق H2O",
                url="https://news.example/11",
                outlet="نافذة التقنية",
                snippet=snippet("…فرضت الوزارة قيودًا على بيع رقائق {H2O} إلى الخارج…"),
                why=Reason(
                    ar="H2O قرب كلمة «رقائق»، وهي غير مؤكدة", en="H2O near the word “chips”, not certain"
                ),
            ),
        ),
        failed_feeds=(
            FailedFeed("raqami", "الرقمية", "504 Gateway Timeout", END - timedelta(hours=20)),
            FailedFeed("new", "منصة جديدة", "الصفحة ليست تغذية", None),
        ),
        articles=9,
        copies=7,
        outlets=9,
        omitted=0,
        schedule="daily 07:00",
    )


def empty() -> Digest:
    """A digest that found nothing."""
    terms = tuple(replace(term, stories=0, mentions=0) for term in rich().terms)
    nothing = {"stories": (), "reviews": (), "failed_feeds": (), "articles": 0, "copies": 0, "outlets": 0}
    return replace(rich(), terms=terms, **nothing)


def late() -> Digest:
    """A changed watchlist found a known story and a review in old articles, beside an update of today."""
    found = replace(
        STORIES[2],
        appearances=(appearance(5, "Gate العربية", 24 * 12, title=_KUNLUN),),
        known=True,
        late=True,
    )
    (review,) = rich().reviews
    return replace(
        rich(),
        stories=(STORIES[1], found),
        reviews=(review, replace(review, article_id=12, outlet="أرشيف الشرائح", late=True)),
        articles=2,
        copies=0,
        outlets=2,
    )


def english() -> Digest:
    """The rich one for an English reader; headlines and quotes stay Arabic."""
    stories = tuple(
        replace(
            story,
            appearances=tuple(
                replace(one, wire=_ENGLISH.get(one.wire, one.wire)) for one in story.appearances
            ),
            wire=_ENGLISH.get(story.wire, story.wire),
        )
        for story in STORIES
    )
    return replace(rich(), language="en", name="Chips digest", stories=stories)


def huge() -> Digest:
    """As hostile in size as values can be: forty stories, long everything, escapes all over."""
    long = "&\"'<😀" * 400
    note = Reason(ar=long, en=long)
    quoted = Snippet(text=long, hits=(Hit(3, 9, "t1"),))
    many = tuple(
        replace(
            appearance(
                n,
                long,
                1,
                title=long,
                relation="near" if n % 2 else "extends",
                note=note,
                added=quoted,
                wire=long,
            ),
            url="https://news.example/" + "%D8%A7&" * 270,
        )
        for n in range(40)
    )
    story = DigestStory(
        story_id=1,
        headline=long,
        url="https://news.example/" + "%D8%A7&" * 270,
        terms=tuple(f"t{n}" for n in range(30)),
        snippets=(Snippet(text=long, hits=(Hit(0, 5, "t1"),)),) * 2,
        appearances=many,
        matched=tuple((f"t{n}", long, n) for n in range(50)),
        known=True,
        why=note,
        late=True,
    )
    review = Review(1, "t1", long, many[0].url, long, quoted, note, late=True)
    return replace(
        rich(),
        name=long,
        terms=tuple(TermCount(f"t{n}", long, long, 1, 1, (9,) * 7, 9.0) for n in range(30)),
        stories=(story,) * 40,
        reviews=(review,) * 60,
        failed_feeds=(FailedFeed("f", long, long, None),) * 60,
        omitted=3,
    )
