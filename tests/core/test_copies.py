"""Copies: what hides an article, what only links it, what leaves it alone."""

import random
import re
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rasid.copies import CANDIDATES, COMMON_KEY, MemoryCorpus, decide, fingerprint, worth_reading
from rasid.types import SUPPRESSED, Candidate, Fingerprint, LearnedLines, Relation, Verdict

SEEDS = Path(__file__).parents[3] / "shared" / "seeds"
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)

TITLE = "ميناء صلالة يعتمد الرافعات ذاتية القيادة"
PARAGRAPHS = [
    (
        "بدأ ميناء صلالة يوم الأحد تشغيل ست رافعات ذاتية القيادة على الرصيف الجنوبي، بعد تجارب دامت تسعة أشهر"
        " شارك فيها مهندسون من ثلاث دول، ورافقها تدريب للعاملين الذين سيراقبون الرافعات من غرفة تحكم جديدة."
    ),
    (
        "وقال مدير العمليات سالم الحارثي إن الرافعات تنقل 42 حاوية في الساعة، مقابل 27 حاوية للرافعة التي يقودها"
        " عامل، وإن كلفة النظام كله بلغت 118 مليون دولار دفع نصفها مستثمر من سنغافورة."
    ),
    (
        "ويعتمد النظام على كاميرات ورادارات قصيرة المدى وعلى نموذج تعلم آلي دُرّب على صور الميناء وحده، لأن الغبار"
        " في موسم الخريف يربك النماذج العامة التي جُرّبت في موانئ أخرى."
    ),
    (
        "ويرى خبراء في النقل البحري أن الميناء سيكسب سفنا كانت ترسو في موانئ أبعد، لكنهم ينبهون إلى أن توقف"
        " الشبكة دقائق قليلة قد يعطل الرصيف كله، ولذلك أبقى الميناء رافعتين يدويتين في الخدمة."
    ),
]
TEXT = "\n".join(PARAGRAPHS)

PASSAGE = (
    "وفي تطور لاحق أعلن وزير النقل مساء الاثنين أن موانئ صحار والدقم ستتسلم رافعات من الطراز نفسه قبل نهاية"
    " الصيف، وأن العقد وُقّع مع الشركة المصنعة دون مناقصة لأنها وحدها تملك رخصة البرمجيات، على أن تُدرّب خمسين"
    " مهندسا عمانيا كل سنة، وتفتح مركزا للصيانة في المنطقة الحرة يخدم موانئ شرق أفريقيا أيضا، وهو ما رحبت به"
    " غرفة التجارة وعدّته بداية صناعة محلية لم تعرفها البلاد من قبل."
)
STRANGER = (
    "افتتحت بلدية فاس سوقا للصناعات التقليدية في المدينة القديمة، يضم ثمانين محلا للدباغين والنحاسين والخزافين،"
    " وقالت إن الإيجار مجاني في السنة الأولى لمن يعلّم صبيا حرفته. ويأمل الحرفيون أن يعيد السوق زوارا غابوا منذ"
    " سنوات، بعدما أغلقت ورش كثيرة أبوابها وهجر أبناؤها الحرفة إلى مهن أخرى في الدار البيضاء وطنجة."
)


def candidate(text: str = TEXT, title: str = TITLE, article_id: int = 1, *, hours_ago: int = 5) -> Candidate:
    """An article that the corpus holds."""
    return Candidate(article_id, title, text, NOW - timedelta(hours=hours_ago))


def verdict(text: str, title: str = TITLE, *, old: str = TEXT, old_title: str = TITLE) -> Verdict:
    """Decide on a new article against one old one."""
    return decide(title, text, NOW, [candidate(old, old_title)])


def edited(text: str, every: int) -> str:
    """Replace one word in so many, as an editor's hand does."""
    words = text.split(" ")
    return " ".join("مثلا" if at % every == every - 1 else word for at, word in enumerate(words))


def misspelled(text: str) -> str:
    """Write as hasty typists do: bare alef, final ya and ha, stretched letters, Arabic digits."""
    changed = text.translate(str.maketrans("أإآةى0123456789", "ااا" + "هي" + "٠١٢٣٤٥٦٧٨٩"))
    return changed.replace("ال", "الـ").replace("ُ", "").replace("ّ", "")


RELATIONS: dict[str, tuple[str, Relation]] = {
    "the same": (TEXT, "exact"),
    "other lines and spaces": (TEXT.replace("\n", " \n\n ").replace("، ", " ، "), "exact"),
    "other spelling": (misspelled(TEXT), "exact"),
    "held twice in one page": (f"{TEXT}\n{TEXT}", "exact"),
    "every 12th word edited": (edited(TEXT, 12), "near"),
    "paragraphs in another order": ("\n".join(reversed(PARAGRAPHS)), "near"),
    "agency's name in front": (f"صلالة - وكالات: {TEXT}", "near"),
    "a closing line": (f"{TEXT}\nوهذه هي المرة الأولى التي يجرب فيها ميناء عماني نظاما كهذا.", "near"),
    "the first paragraph": (PARAGRAPHS[0], "excerpt"),
    "cut after 40 words": (" ".join(TEXT.split()[:40]) + "…", "excerpt"),
    "two middle paragraphs": ("\n".join(PARAGRAPHS[1:3]), "excerpt"),
    "a passage above": (f"{PASSAGE}\n{TEXT}", "extends"),
    "a passage below": (f"{TEXT}\n{PASSAGE}", "extends"),
    "a passage between": ("\n".join([*PARAGRAPHS[:2], PASSAGE, *PARAGRAPHS[2:]]), "extends"),
    "another figure": (TEXT.replace("118", "131"), "revised"),
    "another figure, edited": (edited(TEXT, 12).replace("42 حاوية", "51 حاوية"), "revised"),
    "another event": (STRANGER, "new"),
    "a paragraph quoted": (f"{STRANGER}\n{PASSAGE}\n{PARAGRAPHS[2]}", "new"),
    "a sentence in common": (f"{STRANGER} {PARAGRAPHS[0][:80]}", "new"),
    "nothing": ("", "new"),
}


@pytest.mark.parametrize(("text", "expected"), RELATIONS.values(), ids=RELATIONS)
def test_relation(text: str, expected: Relation) -> None:
    """Each way of saying the same, or more, or something else has its name."""
    found = verdict(text)

    assert found.relation == expected
    assert found.original == (None if expected == "new" else 1)
    assert 0 <= found.score <= 1


def test_shorter_figures_with_separators_are_the_same_figure() -> None:
    """1,300 and 1300, 2.5 and ٢٫٥ are one figure each: no revision."""
    old = TEXT.replace("118", "1,300").replace("27", "2.5")
    new = edited(TEXT, 12).replace("118", "1300").replace("27", "٢٫٥")

    assert verdict(new, old=old).relation == "near"


def telegram(country: str, president: str) -> tuple[str, str]:
    """Two texts that share a template: title and text."""
    text = (
        f"بعث رئيس البلاد برقية تهنئة إلى رئيس {country} {president} بمناسبة يوم الاستقلال، أعرب فيها باسمه وباسم"
        " الشعب والحكومة عن أصدق التهاني وأطيب الأمنيات له بموفور الصحة والسعادة.\n"
        f"كما بعث رئيس الوزراء برقية مماثلة تمنى فيها لشعب {country} الصديق مزيدا من التقدم والازدهار، مشيدا بما"
        " يجمع البلدين من علاقات متينة يسعى الجميع إلى تعزيزها في المجالات كلها."
    )
    return f"رئيس البلاد يهنئ {country} بيوم الاستقلال", text


def test_swapped_name_is_no_copy() -> None:
    """The same telegram to another president is shown, with what changed."""
    title, text = telegram("كولومبيا", "خوان بيريس")
    old_title, old = telegram("النيجر", "عمر إدريس")
    found = verdict(text, title, old=old, old_title=old_title)

    assert found.relation == "revised"
    assert "النيجر" in found.why.ar
    assert "كولومبيا" in found.why.ar


def test_name_in_another_spelling_is_a_copy() -> None:
    """بوتن and بوتين are one name."""
    title, text = telegram("روسيا", "فلاديمير بوتين")

    assert verdict(text.replace("بوتين", "بوتن"), title, old=text, old_title=title).relation == "near"


def test_a_shared_footer_makes_no_relation() -> None:
    """Strangers above one and the same block are strangers."""
    assert verdict(
        f"{STRANGER}\n{PASSAGE}", "سوق في فاس", old=f"{PARAGRAPHS[0]}\n{PARAGRAPHS[2]}\n{PASSAGE}"
    ) == (verdict(""))


def test_same_line_under_other_titles_is_new() -> None:
    """Two video pages with one line of text are told apart by their titles."""
    line = "شاهد الفيديو كاملا في الأعلى"

    assert verdict(line, "بايدو تعرض كونلون", old=line, old_title="سباق الهجن في مسقط").relation == "new"
    assert verdict(line, "بايدو تعرض كونلون", old=line, old_title="بايدو تعرض كونلون").relation == "exact"


REASONS = {
    "copy": (TEXT, "نسخة من «ميناء صلالة يعتمد الرافعات ذاتية القيادة»: 100% من النص", "100% of the text"),
    "figures": (TEXT.replace("118", "131"), "الأرقام تغيّرت: 118 → 131", "the figures changed: 118 → 131"),
    "passage": (
        f"{TEXT}\n{PASSAGE}",
        "يضيف 67 كلمة إلى «ميناء صلالة يعتمد الرافعات ذاتية القيادة»",
        "adds 67 words to “ميناء صلالة يعتمد الرافعات ذاتية القيادة”",
    ),
    "new": (STRANGER, "لا نصّ سابق يشبهه", "no earlier text is like it"),
}


@pytest.mark.parametrize(("text", "arabic", "english"), REASONS.values(), ids=REASONS)
def test_reason(text: str, arabic: str, english: str) -> None:
    """Every decision says why, in both languages."""
    found = verdict(text)

    assert arabic == found.why.ar
    assert english in found.why.en


def test_a_copy_wins_over_an_update() -> None:
    """Where one article is the original and another extends it, the original is named."""
    extension = candidate(f"{PASSAGE}\n{TEXT}", article_id=1, hours_ago=2)
    original = candidate(TEXT, article_id=2, hours_ago=9)

    for order in ([extension, original], [original, extension]):
        assert decide(TITLE, edited(TEXT, 12), NOW, order).original == 2
        assert decide(TITLE, PARAGRAPHS[0], NOW, order).original == 2


def test_a_copy_wins_over_another_edition() -> None:
    """Today's copy of today's figures is a copy, though yesterday's edition is there too."""
    yesterday = candidate(TEXT.replace("118", "131"), article_id=1)
    today = candidate(TEXT, article_id=2)
    found = decide(TITLE, edited(TEXT, 12), NOW, [yesterday, today])

    assert (found.relation, found.original) == ("near", 2)


def test_first_of_equals() -> None:
    """Among equal candidates the one that was here first is the original."""
    assert decide(TITLE, TEXT, NOW, [candidate(article_id=5), candidate(article_id=3)]).original == 3


def test_no_candidates() -> None:
    """Without candidates an article is new."""
    assert decide(TITLE, TEXT, NOW, []).relation == "new"


def test_fingerprint_is_stable_and_signed() -> None:
    """Keys fit a database's 64-bit integers, are distinct, and do not depend on spelling."""
    fp = fingerprint(TITLE, TEXT)

    assert fp == fingerprint("عنوان آخر", misspelled(TEXT))
    assert len(fp.lines) == len(PARAGRAPHS)
    assert fp.words == len(TEXT.replace("-", " ").split())
    assert len(fp.keys) == len(set(fp.keys))
    assert all(-(2**63) <= key < 2**63 for key in fp.keys)
    assert len(fp.exact) == 32
    assert fp.words / 10 < len(fp.keys) < fp.words / 3


def test_fingerprint_is_the_same_tomorrow() -> None:
    """Stored keys must be found by later versions: this value is pinned."""
    expected = Fingerprint(
        "4ceec7179f7d7fdce584a30ceaf6130b", (-5530292191841756741,), 4, (1649793039785445548,)
    )

    assert expected == fingerprint("", "one two three four")


def filled(texts: dict[int, str]) -> MemoryCorpus:
    """A corpus with these texts by id."""
    corpus = MemoryCorpus()
    for article_id, text in texts.items():
        corpus.add(candidate(text, article_id=article_id), fingerprint(TITLE, text))
    return corpus


def asked(corpus: MemoryCorpus, text: str) -> list[int]:
    """The ids that the corpus offers for a text."""
    return [found.id for found in corpus.candidates(fingerprint(TITLE, text))]


@pytest.mark.parametrize("text", [TEXT, edited(TEXT, 12), PARAGRAPHS[0], f"{PASSAGE}\n{TEXT}"])
def test_corpus_offers_what_is_alike(text: str) -> None:
    """Copies, edits, teasers and updates find their original, and no stranger."""
    assert asked(filled({1: STRANGER, 2: TEXT, 3: PASSAGE}), text)[0] == 2
    assert 1 not in asked(filled({1: STRANGER, 2: TEXT}), text)


def test_corpus_offers_the_first_exact_original() -> None:
    """Of equal texts the first comes first."""
    assert asked(filled({4: TEXT, 2: TEXT, 9: edited(TEXT, 12)}), TEXT)[0] == 4


def test_corpus_ignores_common_keys() -> None:
    """A footer that more than fifty articles carry brings no candidates."""
    corpus = filled({n: f"{PASSAGE} {n}" for n in range(COMMON_KEY + 10)})

    assert asked(corpus, f"{STRANGER} {PASSAGE}") == []


def test_corpus_offers_a_handful() -> None:
    """At most eight candidates are compared in full."""
    corpus = filled({n: f"{TEXT} {n}" for n in range(30)})

    assert len(asked(corpus, edited(TEXT, 12))) == CANDIDATES


@pytest.mark.parametrize("start", range(0, 80, 16))
def test_forty_words_are_found_wherever_they_stand(start: int) -> None:
    """Winnowing misses no shared run of forty words."""
    run = " ".join(TEXT.split()[start : start + 40])

    assert asked(filled({1: TEXT}), run) == [1]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(9, 30))
def test_any_edit_is_linked(salt: int, every: int) -> None:
    """However the words to be replaced fall, a lightly edited copy is hidden and nothing else is."""
    words = TEXT.split(" ")
    chosen = random.Random(salt)  # noqa: S311 - a repeatable choice, no secret
    for at in range(0, len(words) - every, every):
        place = at + chosen.randrange(every)
        if not any(character.isdigit() for character in words[place]):
            words[place] = "هكذا"

    assert verdict(" ".join(words)).relation in SUPPRESSED


@settings(deadline=None)
@given(st.text(max_size=30), st.text(max_size=200), st.text(max_size=30), st.text(max_size=200))
def test_any_texts(title: str, text: str, old_title: str, old: str) -> None:
    """Any two texts are decided, and a text is an exact copy of itself."""
    assert 0 <= verdict(text, title, old=old, old_title=old_title).score <= 1
    told = re.search(r"[0-9A-Za-z\u0627-\u063a]", title + text)
    itself = verdict(text, title, old=text, old_title=title)
    assert itself.relation == ("exact" if told else itself.relation)


def test_articles_without_words_are_strangers() -> None:
    """Two pages that gave nothing are not copies of each other, and have no keys in common."""
    assert verdict("…", "", old="", old_title="!").relation == "new"
    assert fingerprint("", "…").keys == ()


def test_candidates_are_not_changed() -> None:
    """Deciding leaves its candidates as they were."""
    before = candidate()
    decide(TITLE, TEXT, NOW, [before])

    assert before == candidate()


def test_sample_pages_are_no_copies() -> None:
    """The five sample pages write about one subject, and none is a copy of another."""
    if not SEEDS.is_dir():
        pytest.skip("the sample pages are not beside this checkout")
    texts = [path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.txt"))]

    assert len(texts) == 5
    assert {verdict(new, "", old=old, old_title="").relation for new, old in permutations(texts, 2)} == {
        "new"
    }
    assert {verdict(text, "", old=text, old_title="").relation for text in texts} == {"exact"}


def test_a_copy_in_memory_leads_to_its_original() -> None:
    """A suppressed article is not a candidate; its very words lead to the original."""
    corpus = MemoryCorpus()
    corpus.add(candidate(), fingerprint(TITLE, TEXT))
    edited = TEXT.replace("يوم الأحد", "الأحد").replace("ورافقها", "وصحبها")
    corpus.add(candidate(edited, article_id=2), fingerprint(TITLE, edited), verdict(edited))
    assert verdict(edited).relation in SUPPRESSED
    assert [1] == [found.id for found in corpus.candidates(fingerprint(TITLE, edited))]


def added(text: str, old: str = TEXT) -> list[str]:
    """What a new article is said to add, in its own words."""
    return [text[start:end] for start, end in verdict(text, old=old).added]


@pytest.mark.parametrize(
    "text", [f"{PASSAGE}\n{TEXT}", f"{TEXT}\n{PASSAGE}", f"{PARAGRAPHS[0]}\n{PASSAGE}\n{TEXT}"]
)
def test_an_extension_names_what_it_adds(text: str) -> None:
    """The new passage is pointed out, to a shingle's exactness, and nothing of the old text."""
    found = added(text)

    assert len(found) == 1
    assert found[0] in PASSAGE
    assert len(found[0]) > 0.95 * len(PASSAGE)


def test_a_revision_names_the_figures_that_changed() -> None:
    """The new figures are pointed out where they stand."""
    assert added(TEXT.replace("118", "131").replace("42 حاوية", "51 حاوية")) == ["51", "131"]


@pytest.mark.parametrize("text", [TEXT, edited(TEXT, 12), PARAGRAPHS[0], STRANGER])
def test_copies_and_strangers_add_nothing(text: str) -> None:
    """Only what extends or revises another has something to point out."""
    assert added(text) == []


def test_learned_boilerplate_makes_no_copies_of_strangers() -> None:
    """Two short notices over one long disclaimer are strangers once the disclaimer is known."""
    footer = f"{PASSAGE} {PARAGRAPHS[2]}"
    notices = [
        f"افتُتح معرض {name} في القاعة الكبرى مساء أمس ويستمر أسبوعا.\n{footer}"
        for name in ("الخزف", "النسيج")
    ]
    known = LearnedLines({"الرصيف": set(fingerprint("", footer).lines)}, frozenset())
    old = Candidate(1, "", notices[0], NOW, outlet="الرصيف")
    blind = decide("", notices[1], NOW, [old], outlet="الرصيف")
    knowing = decide("", notices[1], NOW, [old], outlet="الرصيف", learned=known)

    assert blind.relation != "new"
    assert knowing.relation == "new"


@pytest.mark.parametrize(
    ("shared", "new", "old", "expected"),
    [(1, 4, 4, False), (2, 8, 45, True), (4, 45, 45, False), (5, 45, 45, True), (9, 45, 500, True)],
)
def test_worth_reading(shared: int, new: int, old: int, *, expected: bool) -> None:
    """A stock phrase in common is not worth a look; a tenth of the shorter one's keys is."""
    assert worth_reading(shared, new, old) == expected


def test_figures_turned_round_are_the_same_figures() -> None:
    """Programs that know no right-to-left turn decimals and seasons round; nothing changed in them."""
    old = f"{TEXT} وارتفعت الحصة إلى 7.3 في المئة في موسم 2026/2027 و3.9 قبله."
    new = edited(old, 12).replace("7.3", "3.7").replace("2026/2027", "2027/2026").replace("3.9", "9.3")

    assert verdict(new, old=old).relation == "near"


def test_two_spellings_are_one_subject() -> None:
    """A title that writes the subject's name otherwise, as its text does throughout, is about the same."""
    old, new = (f"{edited(TEXT, every)} {name} {name} {name}" for name, every in (("ترامب", 99), ("ترمب", 9)))

    assert verdict(new, "ترمب يزور الميناء", old=old, old_title="ترامب في الميناء").relation == "near"


@pytest.mark.parametrize(("days", "expected"), [(9, "near"), (-9, "near"), (11, "revised"), (-11, "revised")])
def test_a_text_that_comes_back_is_told(days: int, expected: Relation) -> None:
    """An edited text is a copy within days; a notice of every month is told, and says after how long it came back."""
    found = decide(TITLE, edited(TEXT, 12), NOW, [candidate(hours_ago=24 * days)])

    assert found.relation == expected
    assert ("11" in found.why.ar) == (expected == "revised")


def test_the_same_words_are_a_copy_at_any_time() -> None:
    """A page that a feed lists again after a year is not news."""
    assert decide(TITLE, TEXT, NOW, [candidate(hours_ago=9000)]).relation == "exact"


SECOND = (
    "وفي مساء الأربعاء قالت نقابة عمال الموانئ إنها لم تُستشر في أمر الرافعات، وطلبت ضمانات مكتوبة لثلاثمئة سائق"
    " يخشون على أعمالهم، ولوحت بإضراب يبدأ مطلع الشهر إذا مضت الإدارة في خطتها، فردت الوزارة بأن أحدا لن يُصرف، وأن"
    " السائقين سيُدرَّبون على المراقبة والصيانة بأجورهم كاملة، ودعت النقابة إلى اجتماع يوم الأحد المقبل في صلالة."
)


def test_two_updates_of_one_original_are_both_told() -> None:
    """What the second adds is in neither of the two that the corpus holds, however much of it the first update has."""
    first = candidate(f"{TEXT}\n{PASSAGE}", article_id=2, hours_ago=2)
    found = decide(TITLE, f"{TEXT}\n{SECOND}", NOW, [first, candidate()])

    assert (found.relation, found.original) == ("extends", 1)


def test_a_copy_of_an_update_is_hidden() -> None:
    """An edited copy of the update is a copy of it, not another extension of the original."""
    update = f"{TEXT}\n{PASSAGE}"
    found = decide(TITLE, edited(update, 14), NOW, [candidate(), candidate(update, article_id=2)])

    assert (found.relation, found.original) == ("near", 2)
