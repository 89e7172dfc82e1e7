"""The preview of Slack's messages: a page that says what they say, and is laid out as they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from lxml import html

from alerts import slack, slack_bot, slack_preview
from demo import pictures
from tests.alerts import samples
from tests.alerts.slack_fake import strings

if TYPE_CHECKING:
    from pathlib import Path


def test_the_page_says_all_that_the_messages_say() -> None:
    """Every text is there as text, none of it as markup; links lead where they led."""
    messages = slack.payload(samples.rich(), now=samples.NOW)
    page = html.document_fromstring(slack_preview.page(messages))
    text = page.text_content()

    assert [] == [one for message in messages for one in strings(message["blocks"]) if one not in text]
    assert [] == page.xpath("//script | //img | //@onerror | //link")
    assert "واشنطن تسمح" in page.xpath('string(//a[@href="https://news.example/1?a=1&b=2"])')
    assert [] == [link for link in page.xpath("//a/@href") if not link.startswith("https://news.example/")]


def test_replies_stand_below() -> None:
    """A message of a thread is indented, and says where it was sent too."""
    posts = slack_bot.posts(samples.rich(), now=samples.NOW)
    replies = [
        post.message if post.opens else {**post.message, "thread_ts": "1.0", "reply_broadcast": True}
        for post in posts
    ]
    page = html.document_fromstring(slack_preview.page(replies))

    assert len(posts) == len(page.xpath("//article"))
    (reply,) = page.xpath('//article[@class="reply"]')
    assert "also sent to the channel" in reply.text_content()
    assert "الراصد التقني" in reply.text_content()


def test_lists_are_lists() -> None:
    """Bullets and numbers."""
    item = {
        "type": "rich_text_section",
        "elements": [{"type": "text", "text": "أ", "style": {"italic": True}}],
    }
    blocks = [
        {
            "type": "rich_text",
            "elements": [{"type": "rich_text_list", "style": style, "elements": [item, item]}],
        }
        for style in ("bullet", "ordered")
    ]
    page = slack_preview.page([{"text": "x", "blocks": blocks}])

    assert ["<ul>", "<ol>"] == re.findall("<[uo]l>", page)
    assert 4 == page.count("<li><i>أ</i></li>")


@pytest.mark.browser
@pytest.mark.skipif(pictures.chromium() is None, reason="no chromium on this machine")
def test_it_fits_a_narrow_window(tmp_path: Path) -> None:
    """The longest digest needs no sideways scroll at 375 px."""
    page = tmp_path / "page.html"
    page.write_text(slack_preview.page(slack.payload(samples.huge(), now=samples.NOW)[:2]), encoding="utf-8")

    assert 375 >= pictures.laid_out(page, width=375).width
