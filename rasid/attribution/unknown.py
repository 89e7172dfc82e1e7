"""The names of outlets that nobody here knows: «كوميرسانت» of «صحيفة كوميرسانت الروسية»."""

from __future__ import annotations

import re
from typing import Final

from rasid.attribution.patterns import LETTERS, QUOTES, THAT, any_of

_MOST_WORDS: Final = 4  # of a name
_NO_PRESS: Final = r"""
ناسا nasa موديز فيتش ستاندرد فرونتكس يوروبول الاونروا غوث تتبع تابع رسمي حكومي خاص محلي اخباري الكتروني
اجنبي سفر السويس عربي امريكي اميركي عبري متخصص معروف شهير اقتصادي تقني اعلان\S* توظيف ايتمان\S* تصنيف تواصل
وزاره شركه هييه جامعه حكومه رياسه بلديه تويتر فيسبوك فيس يوتيوب اكس انستغرام انستجرام تيك امازون ابل غوغل جوجل
google amazon youtube facebook x ويكيبيديا واتساب تلغرام تليغرام كبري اخري مقره\S* انباء اخبار حزب (?:ال)?تلفزيون
صحيفه جريده مجله قناه شبكه محطه نادي اتحاد موسسه منظمه مركز بنك
هذا ذلك نشر قال ذكر عالمي من في عن التي الذي علي الي لم ل و
"""
_NO_OUTLET: Final = re.compile(
    rf"(?:{any_of(_NO_PRESS)}"
    r"|اس اند|(?!ال)[^ ]+يه|[^ ]+ها|ان(?! \S{1,3} ))(?![ء-ي])"
)
_MANY_KINDS: Final = frozenset({"وكاله", "موقع", "شبكه"})  # «وكالة الفضاء», «موقع الشركة»
_CUT: Final = re.compile(
    rf"{THAT}|{any_of('فان في من علي عن الي التي الذي قد امس اليوم يوم نقلا اذ حيث ثم مساء صباح قبل بعد خلال مع عبر')}"
    rf"|{any_of('قول المتخصص المعني الصادر المقرب المحلي الالكتروني الاخباري الناطق التابع الموالي المملوك')}\S*"
    rf"|{any_of('الحكومي الخاص شبه واسع الواسع')}\S*"
    rf"|{any_of('ذكر قال افاد نقل كشف اعلن اكد اوضح اشار قرر بدا وقع طلب')}ت?"
    rf"|[تي]{any_of('عتزم سعي درس خطط ستعد عمل بحث واجه توقع')}|س[تي]\S{{3,}}|ال\S+(?:يه|[^ا]ي)"
)
_IN_QUOTES: Final = re.compile(
    rf"(?: (?:ال)?(?:انباء|اخبار))?(?: ال[{LETTERS}]+){{0,2}} ?[{QUOTES}(] ?([^{QUOTES}()\n]{{2,40}})[{QUOTES})]"
)
_FOR_NEWS: Final = re.compile(rf" ((?:[{LETTERS}]+ ){{1,3}}للانباء)(?![{LETTERS}])")
_OF_A_COUNTRY: Final = re.compile(rf" الانباء ال(?!رسم|حكوم|محل|عالم)[{LETTERS}]+يه(?![{LETTERS}])")
_NAME_WORD: Final = rf"([{LETTERS}][{LETTERS}.&'-]*(?<![.-]))"
_FIRST_WORD: Final = re.compile(rf"(?: انباء)? {_NAME_WORD}")
_NEXT_WORD: Final = re.compile(f" {_NAME_WORD}")


def name_span(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Give where the name stands of an outlet whose kind (وكالة, صحيفة) is at start:end, None where there is none.

    The name is at most four words, cut before a verb, a comma, a nationality.
    """
    in_quotes = _IN_QUOTES.match(text, end)
    if in_quotes:
        return None if _NO_OUTLET.match(text, in_quotes.start(1)) else in_quotes.span(1)
    for_news = _FOR_NEWS.match(text, end)
    if for_news:
        return for_news.span(1)
    of_a_country = _OF_A_COUNTRY.match(text, end)
    if of_a_country:
        return start, of_a_country.end()
    first = _FIRST_WORD.match(text, end)
    if first is None or _NO_OUTLET.match(text, first.start(1)):
        return None
    if first[1].startswith("ال") and text[start:end] in _MANY_KINDS:
        return None
    return first.start(1), _end_of_name(text, first)


def _end_of_name(text: str, first: re.Match[str]) -> int:
    start, end = first.span(1)
    for _ in range(_MOST_WORDS - 1):
        word = _NEXT_WORD.match(text, end)
        spelled = len(first[1]) <= 2 and end - start <= 6  # «إن تي في»
        if word is None or (_CUT.fullmatch(word[1]) and not (spelled and len(word[1]) <= 2)):
            break
        end = word.end()
    return end
