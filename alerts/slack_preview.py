"""Messages for Slack as a page that looks as Slack draws them, for a look before anything is sent.

Slack tells no direction: each paragraph has that of its first strong character, which `unicode-bidi: plaintext` does in
a browser. Only what `alerts.slack_blocks` makes is drawn: headers, dividers, rich text of sections and lists.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from alerts.links import safe_link

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_STYLE = """
body { margin: 0; background: #fff; color: #1d1c1d;
  font: 15px/1.46668 Slack-Lato, Lato, "Noto Sans Arabic", "Noto Sans", sans-serif; }
main { max-width: 680px; margin: 0 auto; padding: 16px 0; }
article { display: flex; gap: 8px; padding: 8px 20px; }
article.reply { margin-inline-start: 44px; border-inline-start: 2px solid #ddd; }
.icon { flex: none; width: 36px; height: 36px; border-radius: 4px; background: #0f766e; color: #fff;
  font: 700 20px/36px "Noto Sans Arabic", sans-serif; text-align: center; }
.message { flex: 1; min-width: 0; }
.from { font-weight: 900; } .from small { color: #616061; font-weight: 400; }
.from i { background: #e8e8e8; border-radius: 2px; color: #616061; font: 700 10px/1 sans-serif; padding: 2px 3px; }
.broadcast { color: #616061; font-size: 13px; }
h3 { font-size: 18px; line-height: 1.33334; margin: 8px 0; }
hr { border: 0; border-top: 1px solid #ddd; margin: 12px 0; }
h3, p, li { unicode-bidi: plaintext; text-align: start; white-space: pre-wrap; overflow-wrap: anywhere; }
p { margin: 4px 0; } ul, ol { margin: 4px 0; }
a { color: #1264a3; text-decoration: none; } b { font-weight: 900; }
""".strip()


def page(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return an HTML page of messages, in order.

    Args:
        messages: As `alerts.slack.payload` makes them, or the messages of `alerts.slack_bot.posts`; one with a
            `thread_ts` is drawn as a reply.
    """
    drawn = "\n".join(_message(message) for message in messages)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Slack</title>\n<style>\n{_STYLE}\n'
        f"</style></head>\n<body><main>\n{drawn}\n</main></body></html>\n"
    )


def _message(message: Mapping[str, Any]) -> str:
    reply = ' class="reply"' if "thread_ts" in message else ""
    broadcast = (
        '<div class="broadcast">also sent to the channel</div>' if message.get("reply_broadcast") else ""
    )
    blocks = "\n".join(_block(block) for block in message["blocks"])
    sender = '<div class="from">Rasid <i>APP</i> <small>7:00 AM</small></div>'
    icon = '<div class="icon">ر</div>'
    return f'<article{reply}>{icon}<div class="message">{sender}{broadcast}\n{blocks}</div></article>'


def _block(block: Mapping[str, Any]) -> str:
    if block["type"] == "header":
        return f"<h3>{escape(block['text']['text'])}</h3>"
    if block["type"] == "divider":
        return "<hr>"
    return "".join(_part(part) for part in block["elements"])


def _part(part: Mapping[str, Any]) -> str:
    """A section, whose line feeds are paragraphs of their own, or a list of sections."""
    if part["type"] == "rich_text_list":
        tag = "ol" if part["style"] == "ordered" else "ul"
        items = "".join(f"<li>{_inner(one)}</li>" for one in part["elements"])
        return f"<{tag}>{items}</{tag}>"
    return f"<p>{_inner(part)}</p>"


def _inner(section: Mapping[str, Any]) -> str:
    return "".join(_element(element) for element in section["elements"])


def _element(element: Mapping[str, Any]) -> str:
    shown = escape(element["text"])
    style = element.get("style", {})
    for name, tag in (("bold", "b"), ("italic", "i")):
        shown = f"<{tag}>{shown}</{tag}>" if style.get(name) else shown
    link = safe_link(element["url"]) if element["type"] == "link" else None
    return f'<a href="{escape(link)}">{shown}</a>' if link else shown
