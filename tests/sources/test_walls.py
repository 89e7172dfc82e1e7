"""What stands in a page's place is refused by its name; articles that speak of such things are not."""

from __future__ import annotations

import pytest

from rasid.errors import ExtractError
from sources.pages import extract

URL = "https://press.example/tech/cable"
SENTENCES = (
    "بدأت الشركة صباح الأحد مد كابل جديد يربط الموانئ الثلاثة ويضاعف سعة الشبكة في المدن الداخلية قبل نهاية العام.",
    "وقال مدير المشروع إن التيارات القوية أخرت العمل أسبوعين، لكن الفرق عوضت ما فات وعادت إلى جدولها الأصلي.",
    "ويرى خبراء أن السعة الجديدة ستخفض الأسعار إذا فتحت الجهة المنظمة باب المنافسة أمام المشغلين الصغار.",
    "ومن المنتظر أن تجرى الاختبارات الأولى في الربيع، ثم تبدأ الخدمة في المدن الساحلية وتنتقل بعدها إلى الداخل.",
)
ARTICLE = "".join(f"<p>{sentence}</p>" for sentence in SENTENCES * 2)
MENU = "<nav><a href='/'>الرئيسية</a><a href='/login'>تسجيل الدخول</a><a href='/subscribe'>اشترك</a></nav>"


def page(title: str, body: str, head: str = "") -> str:
    """A page with a site's menu."""
    return (
        f"<!doctype html><html lang='ar'><head><meta charset='utf-8'><title>{title}</title>{head}</head>"
        f"<body>{MENU}{body}</body></html>"
    )


def refusal(html: str, url: str = URL) -> tuple[str, bool]:
    """Why a page is refused, and whether for good."""
    with pytest.raises(ExtractError) as caught:
        extract(html, url)
    return caught.value.reason, caught.value.permanent


CLOUDFLARE = (
    "<h1>press.example</h1><h2>Checking if the site connection is secure</h2><noscript>Enable JavaScript and cookies"
    " to continue</noscript><p>press.example needs to review the security of your connection before proceeding.</p>"
)
PAYWALL = f"<article><h1>كابل جديد</h1><p>{SENTENCES[0]}</p><p>{SENTENCES[1]}</p><div>{{}}</div></article>"


@pytest.mark.parametrize(
    ("html", "reason", "permanent"),
    [
        (
            page(
                "قبل أن تتابع القراءة",
                f"<p>نحن وشركاؤنا نخزّن معلومات على جهازك. {'نعالج البيانات. ' * 30}</p>",
            ),
            "consent",
            True,
        ),
        (
            page("الموقع", f"<p>نحن وشركاؤنا البالغ عددهم 812 نخزّن معلومات. {'نعالج البيانات. ' * 20}</p>"),
            "consent",
            True,
        ),
        (page("Just a moment...", CLOUDFLARE), "check", False),
        (page("press.example", CLOUDFLARE), "check", False),
        (page("DDoS-Guard", "<p>Checking your browser before accessing press.example</p>"), "check", False),
        (
            page("", "<iframe></iframe><p>Request unsuccessful. Incapsula incident ID: 55-9</p>"),
            "check",
            False,
        ),
        (
            page("Access to this page has been denied", "<p>Press &amp; Hold to confirm you are a human</p>"),
            "check",
            False,
        ),
        (
            page(
                "Access Denied",
                '<p>You don\'t have permission to access "http://press.example/" on this server. Reference #18.9</p>',
            ),
            "check",
            False,
        ),
        (page("لحظة من فضلك", "<p>جار التحقق من أنك إنسان</p>"), "check", False),
        (
            page("Before you continue to Google", "<p>We use cookies</p><button>Accept all</button>"),
            "consent",
            True,
        ),
        (
            page(
                "الخصوصية",
                "<div><p>نحن وشركاؤنا نخزن ملفات تعريف الارتباط على جهازك لعرض إعلانات تناسبك وقياس أدائها وتحسين"
                " خدماتنا، ولك أن تقبل ذلك أو ترفضه أو تغير رأيك في أي وقت من صفحة الإعدادات.</p></div>",
            ),
            "consent",
            True,
        ),
        (page("كابل جديد", PAYWALL.format("اشترك الآن لقراءة بقية المقال")), "subscribers", True),
        (page("كابل جديد", PAYWALL.format("هذا المحتوى للمشتركين")), "subscribers", True),
        (page("كابل جديد", PAYWALL.format("هذا المقال متاح فقط للمشتركين")), "subscribers", True),
        (
            page(
                "كابل جديد",
                PAYWALL.format(""),
                '<script type="application/ld+json">{"@type": "NewsArticle", "isAccessibleForFree": "False"}</script>',
            ),
            "subscribers",
            True,
        ),
        (page("كابل جديد", PAYWALL.format("سجل الدخول لمتابعة القراءة")), "log in", True),
        (
            page("تسجيل الدخول - مرصد", "<form><input name='user'><input name='password'></form>"),
            "log in",
            True,
        ),
        (page("الصفحة غير موجودة - مرصد", f"<h1>404</h1>{ARTICLE * 2}"), "not there", True),
        (page("مرصد", "<p>عذرا، الصفحة التي تبحث عنها غير موجودة.</p>"), "not there", True),
        (page("مرصد", "<p>عذراً، لم نتمكن من العثور على ما تبحث عنه.</p>"), "not there", True),
        (page("404 Not Found", "<hr>nginx"), "not there", True),
        (page("مرصد", "<p>الموقع قيد الصيانة، نعود إليكم قريبا.</p>"), "maintenance", False),
        (page("503 Service Unavailable", ""), "maintenance", False),
        (page("مرصد", "<div id=root></div><noscript>يرجى تفعيل جافا سكريبت</noscript>"), "JavaScript", False),
        (
            page("App", "<noscript>You need to enable JavaScript to run this app.</noscript>"),
            "JavaScript",
            False,
        ),
        (page("press.example", "<p>This domain is for sale. Buy this domain today.</p>"), "parked", True),
    ],
)
def test_walls(html: str, reason: str, permanent: bool) -> None:
    """Each by its name, and worth another try or not."""
    found = refusal(html)
    assert reason in found[0]
    assert permanent == found[1]


@pytest.mark.parametrize(
    ("url", "head"),
    [
        ("https://press.example/", ""),
        ("https://press.example", ""),
        (URL, "<link rel='canonical' href='https://press.example/'>"),
        (URL, "<meta property='og:url' content='https://press.example'>"),
    ],
)
def test_the_front_page_is_no_article(url: str, head: str) -> None:
    """A site that leads old addresses to its front page has not kept the article."""
    assert ("the site leads to its front page; the article is gone", True) == refusal(
        page("مرصد", ARTICLE, head), url
    )


@pytest.mark.parametrize(
    ("url", "head"),
    [
        ("https://press.example/?p=17", ""),
        ("https://press.example/", "<meta property='og:type' content='article'>"),
        ("", ""),
        (URL, "<meta property='og:type' content='website'>"),
    ],
)
def test_what_only_looks_like_a_front_page_is_read(url: str, head: str) -> None:
    """WordPress numbers its articles behind a bare path; themes call every page a website."""
    assert SENTENCES[3] in extract(page("كابل جديد", ARTICLE, head), url).text


@pytest.mark.parametrize(
    ("title", "sentence"),
    [
        (
            "كيف تعمل صفحة Just a moment",
            "تعرض Cloudflare صفحة كتب عليها Checking your browser before accessing.",
        ),
        (
            "صحف عربية تغلق أبوابها",
            "يقرأ الزائر عبارة «هذا المحتوى للمشتركين» أو «اشترك الآن لقراءة المقال».",
        ),
        ("لماذا نرى خطأ 404؟", "تقول الرسالة عادة: عذرا، الصفحة غير موجودة، أو خطأ 404."),
        ("تعطل خدمة كبرى تحت الصيانة", "وأعلنت الشركة أن الموقع تحت الصيانة حتى صباح الغد."),
        ("متصفح جديد بلا جافا سكريبت", "وتطلب مواقع كثيرة من زائرها: يرجى تفعيل جافا سكريبت."),
        ("سوق أسماء النطاقات", "كتب على الصفحة: هذا النطاق للبيع، و this domain is for sale."),
        ("قانون جديد للخصوصية", "تسأل المواقع: هل توافق على قبول جميع ملفات تعريف الارتباط؟"),
    ],
)
def test_articles_about_walls_are_articles(title: str, sentence: str) -> None:
    """A text of some length may speak of anything."""
    assert sentence in extract(page(title, f"<article><p>{sentence}</p>{ARTICLE}</article>"), URL).text


@pytest.mark.parametrize(
    "around",
    [
        "<noscript>Please enable JavaScript to view comments.</noscript>",
        "<div class='bar'>نستخدم ملفات تعريف الارتباط لتحسين تجربتك</div>",
        "<footer>إذا ظهرت لك صفحة غير موجودة فراسلنا</footer>",
    ],
)
def test_short_articles_among_such_words_are_articles(around: str) -> None:
    """A brief of two sentences with a banner, a noscript, a footer around it."""
    html = page("كابل جديد", f"<article><p>{SENTENCES[0]}</p><p>{SENTENCES[1]}</p></article>{around}")
    assert "\n".join(SENTENCES[:2]) == extract(html, URL).text
