"""The filters: JSON lines in, JSON lines out, order kept, a bad line answered on its line."""

from __future__ import annotations

import json
from pathlib import Path

from clitools import rasid

ROOT = Path(__file__).resolve().parents[2]

STORY = (
    "أعلنت وزارة التجارة اليوم أنها ستراجع رخص تصدير الرقائق المتقدمة قبل نهاية الشهر الجاري، وقالت إن المراجعة "
    "تشمل معالجات الذكاء الاصطناعي التي تباع لمراكز البيانات في آسيا، وإن الشركات ستبلغ بالنتائج كتابة. "
    "وأوضح متحدث باسم الوزارة أن القرار لا يمس العقود الموقعة قبل مطلع العام، وأن لجنة فنية ستنظر في كل طلب على حدة."
)


def lines(*rows: object) -> bytes:
    """Rows as JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def test_match_gives_spans_in_code_points() -> None:
    """Each mention's span is the text that it names; a title is context and gives no span."""
    rows = [
        {"id": 1, "text": "قالت المتحدثة إن مبيعاتها ولإنفيديا حصة وH20 مطلوبة"},
        {"id": "ب", "text": "لا شيء هنا"},
        {"id": 3, "title": "إنفيديا", "text": "خبر قصير"},
    ]
    done = rasid("match", cwd=ROOT, stdin=lines(*rows))
    assert 0 == done.returncode, done.stderr
    out = [json.loads(line) for line in done.stdout.splitlines()]
    assert [1, "ب", 3] == [row["id"] for row in out]
    for mention in out[0]["mentions"]:
        assert mention["text"] == rows[0]["text"][mention["start"] : mention["end"]]
        assert {"term", "start", "end", "text", "status", "form", "why"} == set(mention)
    assert ["إنفيديا", "H20"] == [mention["text"] for mention in out[0]["mentions"]]
    assert [[], []] == [row["mentions"] for row in out[1:]]


def test_a_bad_line_is_answered_on_its_line() -> None:
    """Not JSON, no id, no text, a number for text: an error object each, and the good line still answered."""
    stdin = b"{not json\n" + lines(
        [1], {"text": "x"}, {"id": 4}, {"id": 5, "text": 7}, {"id": 6, "text": "هواوي"}
    )
    for command in ("match", "dedupe"):
        done = rasid(command, cwd=ROOT, stdin=stdin)
        out = [json.loads(line) for line in done.stdout.splitlines()]
        assert 1 == done.returncode
        assert 6 == len(out)
        assert [True] * 5 + [False] == ["error" in row for row in out]
        assert 6 == out[5]["id"]
        assert "Traceback" not in done.stderr


NEWS = (
    "وأعلنت وزارة التعليم في بيان لاحق إغلاق المدارس الحكومية والخاصة في ست محافظات يومين، على أن تُعطى الدروس عن بعد"
    " عبر المنصة الوطنية، وقالت إن الامتحانات المقررة هذا الأسبوع تُنقل إلى مطلع الشهر، وطلبت غرفة الصناعة من المصانع"
    " تقديم ساعات العمل إلى الفجر ووقف الورش المكشوفة عند الظهر، وتعهدت شركة الكهرباء بألا تقطع التيار عن أي حي."
)


def test_dedupe_knows_a_copy_and_its_story() -> None:
    """The second outlet's copy names its original and shares its story; another event does not."""
    other = (
        "ارتفعت درجات الحرارة في العاصمة إلى مستويات لم تسجل منذ عشرة أعوام، ودعت الأرصاد السكان إلى شرب الماء. "
        * 3
    )
    rows = [
        {"id": "a", "title": "مراجعة رخص الرقائق", "text": STORY, "published": "2026-01-01T08:00:00+00:00"},
        {
            "id": "b",
            "title": "الوزارة تراجع الرخص",
            "text": STORY,
            "published": "Thu, 01 Jan 2026 09:00:00 GMT",
        },
        {"id": "c", "title": "حر شديد في العاصمة", "text": other},
        {
            "id": "d",
            "title": "موسم حار",
            "text": f"القاهرة (رويترز) - {other}\n{NEWS}",
            "source": "صحيفة",
        },
    ]
    done = rasid("dedupe", cwd=ROOT, stdin=lines(*rows))
    assert 0 == done.returncode, done.stderr
    out = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"id", "relation", "original", "story", "score", "why", "story_why", "wire", "added"} == set(
        out[0]
    )
    assert ["new", "exact", "new", "extends"] == [row["relation"] for row in out]
    assert [None, "a", None, "c"] == [row["original"] for row in out]
    assert out[0]["story"] == out[1]["story"] != out[2]["story"] == out[3]["story"]
    assert [None, None, None, "reuters"] == [row["wire"] for row in out]
    assert ([], [NEWS[:-1]]) == (out[2]["added"], out[3]["added"])


def test_extract_reads_an_article_out_of_a_page() -> None:
    """Title without the site's name, text without the navigation, time with its zone."""
    page = f"""<!doctype html><html lang="ar" dir="rtl"><head><title>مراجعة رخص الرقائق - موقع تجريبي</title>
    <meta property="og:site_name" content="موقع تجريبي">
    <meta property="article:published_time" content="2026-01-01T08:00:00+03:00"></head>
    <body><nav><a href="/">الرئيسية</a></nav><article><h1>مراجعة رخص الرقائق</h1><p>{STORY}</p></article>
    <footer>جميع الحقوق محفوظة</footer></body></html>"""
    done = rasid("extract", "--url", "https://example.org/a", cwd=ROOT, stdin=page.encode())
    assert 0 == done.returncode, done.stderr
    out = json.loads(done.stdout)
    assert {"title", "text", "author", "published", "language", "outlet"} == set(out)
    assert "مراجعة رخص الرقائق" == out["title"]
    assert STORY == out["text"]
    assert "2026-01-01T05:00:00+00:00" == out["published"]
    assert "ar" == out["language"]


def test_extract_says_why_it_found_nothing() -> None:
    """A page without an article is an error object and exit code 1."""
    done = rasid("extract", cwd=ROOT, stdin=b"<html><body>404</body></html>")
    assert 1 == done.returncode
    assert json.loads(done.stdout)["error"]
