"""A channel: posts an alert as JSON. The key goes along, so that the receiver knows a repeat."""

from __future__ import annotations

import json

from sluice_plugin import Channel, Host, Message, PluginError


def url_of(host: Host) -> str:
    """What a user sets; `plugin.toml` publishes the same as JSON Schema."""
    url = host.settings().get("url")
    if not isinstance(url, str):
        raise PluginError.config("url", "`url` must be a text")
    return url


class Post(Channel):
    """The plugin."""

    def check(self, host: Host) -> None:
        url_of(host)

    def deliver(self, host: Host, message: Message, key: str) -> str | None:
        headers = {"content-type": "application/json", "idempotency-key": key}
        token = host.find_secret("token")
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        # 2xx is success; 429 and 5xx may be tried again; all else is final.
        answer = host.send("post", url_of(host), headers=headers, body=json.dumps(body_of(message)))
        return id_of(answer.success("the receiver").text(64 << 10))


def body_of(message: Message) -> dict:
    return {
        "id": message.id,
        "severity": message.severity.word,
        "title": message.title,
        "text": message.text,
        "fields": dict(message.fields),
        "link": message.link,
    }


def id_of(answer: str) -> str | None:
    """The receiver's id for the alert, where it answers with one."""
    try:
        found = json.loads(answer)
    except ValueError:
        return None
    found = found.get("id") if isinstance(found, dict) else None
    return found if isinstance(found, str) else None


channel = Post()
