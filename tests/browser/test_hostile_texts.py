"""Texts, senders and ids that would like to be markup, code or another text's direction: shown, and never carried out."""

import pytest

from browser.conftest import Look

HOSTILE = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    '"><svg onload=window.hit=1>',
    "' onmouseover='window.hit=1",
    "javascript:window.hit=1//",
    "</textarea><script>window.hit=1</script>",
    "</pre></code><iframe srcdoc='<script>parent.hit=1</script>'>",
    "{{ 7*7 }}{% raw %}${7*7}#{7*7}",
    "<a href='javascript:window.hit=1' hx-get='/console/sign-out' hx-trigger='load'>x</a>",
    "<form action=https://evil.example><button>Sign in",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example/>",
    "<link rel=stylesheet href=https://evil.example/x.css><style>*{display:none}</style>",
    "<!--<script>-->window.hit=1",
    "\u202eexe.yadot ruoy \u2066mrow\u2069",
    "a\u200bb\u200c\u200d\ufeffc\u2060",
    "\u0301" * 200,
    "W" * 1500,
    "&lt;script&gt;window.hit=1&lt;/script&gt;",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16") * 100,
)


@pytest.mark.parametrize("channel", ["message", "task"])
async def test_nothing_hostile_is_carried_out(look: Look, channel: str) -> None:
    """On the inbox, the list and the message's page: 0 executions, nothing asked of others, no page wider than a phone."""
    sent = {}
    for number, text in enumerate(HOSTILE):
        to = f"6591234{number:03}"
        given = {"Message": text} if channel == "message" else {"Message": "hello", "TaskId": text[:200]}
        reply = await look.house.customer.call("SendMessageToGlobe", {"To": to, **given})
        if reply.code == "OK":
            sent[to] = reply.id
    assert len(sent) >= len(HOSTILE) - 1
    await look.page.set_viewport_size({"width": 375, "height": 800})
    paths = [
        "/console/",
        "/console/messages",
        *(f"/console/inbox/{to}" for to in sent),
        *(f"/console/messages/{id}" for id in sent.values()),
    ]
    for path in paths:
        page = await look.go(path)
        assert await page.evaluate("window.hit") is None, path
        assert await page.evaluate("document.documentElement.scrollWidth") <= 375, path
        assert page.url == look.base + path
