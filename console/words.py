"""What readers' pages say, in the two languages of digests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rasid.types import ChannelKind, Language

_PHRASES: dict[Language, dict[str, str]] = {
    "ar": {
        "brand": "راصد",
        "back": "عودة إلى النشرة",
        # unsubscribe
        "leave": "إلغاء الاشتراك",
        "leave ask": "لن تصل «{name}» بعد الآن إلى {who}.",
        "leave all": "هذا الرابط لكل من في القناة، وإلغاؤه يشملهم جميعًا.",
        "leave do": "إلغاء الاشتراك",
        "left": "أُلغي الاشتراك",
        "left already": "الاشتراك ملغى من قبل",
        "left text": "لن تصل «{name}» بعد الآن إلى {who}.",
        "left undo": "إن كان ذلك عن خطأ فاطلب ممن يدير راصد أن يعيد الاشتراك.",
        # mute
        "mute": "كتم القصة",
        "mute ask": "لن تُذكر لك هذه القصة في النشرات المقبلة.",
        "mute 7": "سبعة أيام",
        "mute 30": "ثلاثين يومًا",
        "mute end": "ما دامت القصة مستمرة",
        "mute do": "اكتم القصة",
        "muted": "كُتمت القصة",
        "muted already": "القصة مكتومة من قبل",
        "muted until": "لن تُذكر لك حتى {date}.",
        "muted end": "لن تُذكر لك ما دامت مستمرة.",
        # not a match
        "wrong": "ليست مطابقة؟",
        "wrong ask": "أيّ اسم رُصد هنا خطأً؟",
        "wrong none": "لم يبق في الأرشيف ما يُراجع في هذه القصة.",
        "wrong do": "أرسل الملاحظة",
        # an uncertain mention
        "judge right": "مطابقة صحيحة",
        "judge right ask": "هل تتحدث هذه الجملة حقًا عن «{term}»؟",
        "judge right do": "نعم، صحيحة",
        "judge wrong": "مطابقة خاطئة",
        "judge wrong ask": "هل رُصد «{term}» في هذه الجملة خطأً؟",
        "judge wrong do": "نعم، خاطئة",
        "told": "وصلت ملاحظتك، شكرًا لك",
        "told already": "وصلت ملاحظة عن هذه الجملة من قبل",
        "told text": "سينظر فيها من يدير قائمة الرصد، ولا يتغير شيء قبل ذلك.",
        "choose": "اختر واحدًا مما يلي، ثم اضغط الزر.",
        # who
        "who email": "هذا العنوان",
        "who slack": "قناة سلاك",
        "who apprise": "هذه القناة",
        "who file": "هذا المجلد",
        # what goes wrong
        "404": "لا شيء هنا",
        "404 text": "ربما انقطع الرابط عند نسخه: افتحه من النشرة نفسها.",
        "410": "انتهت مدة هذا الرابط",
        "410 text": "افتح الرابط نفسه من نشرة أحدث.",
        "403": "لم يتغير شيء",
        "403 text": "لم يُرسل هذا الطلب من صفحة راصد: افتح الرابط من النشرة، ثم اضغط الزر الذي فيها.",
        "405": "لا يُطلب هذا العنوان بهذه الطريقة",
        "405 text": "افتح الرابط من النشرة في متصفح.",
        "413": "الطلب أكبر مما يُقبل",
        "413 text": "افتح الرابط من النشرة، ثم اضغط الزر الذي فيها.",
        "503": "راصد متوقف الآن",
        "503 text": "لم يتغير شيء. أعد المحاولة بعد دقائق.",
    },
    "en": {
        "brand": "Rasid",
        "back": "Back to the digest",
        "leave": "Unsubscribe",
        "leave ask": "“{name}” will no longer be sent to {who}.",
        "leave all": "This link belongs to everyone in the channel, and so does its effect.",
        "leave do": "Unsubscribe",
        "left": "Unsubscribed",
        "left already": "Unsubscribed already",
        "left text": "“{name}” will no longer be sent to {who}.",
        "left undo": "If that was a mistake, ask whoever runs Rasid to subscribe you again.",
        "mute": "Mute this story",
        "mute ask": "Digests to come will not tell you of this story.",
        "mute 7": "for seven days",
        "mute 30": "for thirty days",
        "mute end": "as long as the story goes on",
        "mute do": "Mute the story",
        "muted": "The story is muted",
        "muted already": "The story is muted already",
        "muted until": "You will not be told of it until {date}.",
        "muted end": "You will not be told of it as long as it goes on.",
        "wrong": "Not a match?",
        "wrong ask": "Which name was found here by mistake?",
        "wrong none": "The archive holds nothing of this story that could be judged any more.",
        "wrong do": "Send",
        "judge right": "A right match",
        "judge right ask": "Is this sentence really about “{term}”?",
        "judge right do": "Yes, it is right",
        "judge wrong": "A wrong match",
        "judge wrong ask": "Was “{term}” found in this sentence by mistake?",
        "judge wrong do": "Yes, it is wrong",
        "told": "Thank you, your note is in",
        "told already": "This sentence was judged before",
        "told text": "Whoever runs the watchlist will look at it; nothing changes before that.",
        "choose": "Choose one of these, then press the button.",
        "who email": "this address",
        "who slack": "the Slack channel",
        "who apprise": "this channel",
        "who file": "this folder",
        "404": "There is nothing here",
        "404 text": "Perhaps the link was cut when it was copied: open it from the digest itself.",
        "410": "The time of this link is over",
        "410 text": "Open the same link in a newer digest.",
        "403": "Nothing was changed",
        "403 text": "This was not sent from a page of Rasid: open the link in the digest, and press the button there.",
        "405": "This address is not asked for in this way",
        "405 text": "Open the link in the digest with a browser.",
        "413": "That is more than is taken",
        "413 text": "Open the link in the digest, and press the button there.",
        "503": "Rasid is not at work just now",
        "503 text": "Nothing was changed. Try again in a few minutes.",
    },
}

_WHO: dict[ChannelKind, str] = {
    "email": "who email",
    "slack": "who slack",
    "slack_bot": "who slack",
    "apprise": "who apprise",
    "file": "who file",
}


def phrase(language: Language, key: str, **values: str) -> str:
    """A fixed phrase with its values put in."""
    return _PHRASES[language][key].format(**values)


def who(language: Language, channel: ChannelKind) -> str:
    """What a delivery went to."""
    return phrase(language, _WHO[channel])
