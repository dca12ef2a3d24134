//! Posts one alert as blocks: a header, the text, the fields, the link.
//!
//! The webhook answers `ok` as plain text and no id; repeats are kept from it by what was delivered before.

use crate::config::Config;
use plugin_sdk::channel::{Answer, once, post};
use plugin_sdk::markdown::{Span, spans};
use plugin_sdk::text::{cut_chars, escape_markup, fit, one_line};
use plugin_sdk::{Channel, Error, Host, Message, Result, Severity, url};
use serde_json::{Value, json};

const WHO: &str = "Slack";
/// Characters of a header, of a section's text, of one field, and fields of a section.
const HEADER: usize = 150;
const TEXT: usize = 3000;
const FIELD: usize = 2000;
const FIELDS: usize = 10;
/// Sections of fields: 40 fields are more than anybody reads, and far from the limit of 50 blocks.
const SECTIONS: usize = 4;

/// The plugin.
pub(crate) struct Slack;

impl Channel for Slack {
    fn check(host: &Host) -> Result<()> {
        host.settings::<Config>()?;
        url::secret(host).map(|_| ())
    }

    fn deliver(host: &Host, message: Message, key: String) -> Result<Option<String>> {
        let config: Config = host.settings()?;
        let url = url::secret(host)?;
        once(host, &url, &key, || {
            let answer = post(host, &url, body(&config, &message).to_string())?;
            delivered(&answer).map(|()| None)
        })
    }
}

/// Sorts by status: the address itself is the credential, so one that is gone was refused as such.
fn delivered(answer: &Answer) -> Result<()> {
    match answer.status {
        200..=299 if answer.text.trim() == "ok" => Ok(()),
        200..=299 => Err(Error::permanent(format!("{WHO} answered with status {} but not `ok`", answer.status))),
        404 | 410 => Err(Error::auth(format!("{WHO} no longer knows the webhook: {}", cut_chars(&answer.text, 100)))),
        _ => Err(answer.refusal(WHO)),
    }
}

fn body(config: &Config, message: &Message) -> Value {
    let headline = message.headline();
    let mut blocks = vec![json!({
        "type": "header",
        "text": { "type": "plain_text", "text": cut_chars(&headline, HEADER) },
    })];
    let mention = config.mention.as_deref().filter(|_| message.severity == Severity::Critical);
    let before = mention.map(|mention| format!("{mention} ")).unwrap_or_default();
    let text = fit(&message.text, TEXT, |text| before.clone() + &mrkdwn(text), |made| made.chars().count());
    if !text.trim().is_empty() {
        blocks.push(json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } }));
    }
    for fields in message.fields.chunks(FIELDS).take(SECTIONS) {
        let fields: Vec<Value> = fields.iter().map(|(name, value)| field(name, value)).collect();
        blocks.push(json!({ "type": "section", "fields": fields }));
    }
    let unshown = message.fields.len().saturating_sub(FIELDS * SECTIONS);
    let mut context = Vec::new();
    if unshown > 0 {
        context.push(json!({ "type": "mrkdwn", "text": format!("… and {unshown} more fields") }));
    }
    if let Some(link) = &message.link {
        context.push(json!({ "type": "mrkdwn", "text": format!("<{}|Open in Sluice>", target(link)) }));
    }
    if !context.is_empty() {
        blocks.push(json!({ "type": "context", "elements": context }));
    }
    // The notification shows this alone.
    json!({ "text": escape_markup(&cut_chars(&headline, TEXT)), "blocks": blocks })
}

fn field(name: &str, value: &str) -> Value {
    let name = escape_markup(&cut_chars(&one_line(name), 100));
    let text = fit(value, FIELD, |value| format!("*{name}*\n{}", escape_markup(value)), |made| made.chars().count());
    json!({ "type": "mrkdwn", "text": text })
}

/// Slack's own markup; what could call people is escaped.
fn mrkdwn(text: &str) -> String {
    let say = |span| match span {
        Span::Text(text) => escape_markup(text),
        Span::Bold(text) => format!("*{}*", escape_markup(text)),
        Span::Code(text) => format!("`{}`", escape_markup(text)),
        Span::Link(label, address) => format!("<{}|{}>", target(address), escape_markup(label).replace('|', "¦")),
    };
    spans(text).into_iter().map(say).collect()
}

/// An address within `<…>`: what would end it is percent-encoded.
fn target(address: &str) -> String {
    escape_markup(&address.replace('|', "%7C").replace('<', "%3C").replace('>', "%3E"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::ErrorKind;
    use plugin_sdk::testing::{FakeHost, alert, answer, json_body};

    const URL: &str = "https://hooks.slack.com/services/T000/B000/hidden";

    fn host(status: u16, body: &str) -> Host {
        let fake = FakeHost::default().settings(json!({ "mention": "<!channel>" })).with_secret("url", URL);
        fake.answer(answer(status, body).header("retry-after", "3")).host()
    }

    #[test]
    fn an_alert_becomes_blocks_in_which_nothing_is_markup_that_was_not() {
        let host = host(200, "ok");
        let text = "**a** [run](https://x.example/?a=1&b=2) <!here> `c`";
        assert_eq!(Slack::deliver(&host, alert(text), "k".into()).unwrap(), None);
        let request = host.fake().requests().remove(0);
        assert_eq!(request.url, URL);
        let body = json_body(&request);
        assert_eq!(body["text"], "[critical] load &lt;b&gt;failed&lt;/b&gt; &amp; stopped");
        assert_eq!(body["blocks"][0]["text"]["text"], "[critical] load <b>failed</b> & stopped");
        assert_eq!(
            body["blocks"][1]["text"]["text"],
            "<!channel> *a* <https://x.example/?a=1&amp;b=2|run> &lt;!here&gt; `c`"
        );
        assert_eq!(body["blocks"][2]["fields"][1]["text"], "*error*\na &lt; b\n@all");
        let link = &body["blocks"][3]["elements"][0]["text"];
        assert_eq!(*link, "<https://sluice.example/runs/7?a=1&amp;b=2|Open in Sluice>");
    }

    #[test]
    fn what_is_too_long_is_cut_with_a_mark() {
        let mut message = alert(&"<日>".repeat(3000));
        message.title = "t".repeat(500);
        message.fields = (0..55).map(|index| (format!("f{index}"), "&".repeat(3000))).collect();
        let body = body(&Config::default(), &message);
        let blocks = body["blocks"].as_array().unwrap();
        assert_eq!(blocks[0]["text"]["text"].as_str().unwrap().chars().count(), HEADER);
        let text = blocks[1]["text"]["text"].as_str().unwrap();
        assert!(text.chars().count() <= TEXT && text.chars().count() > TEXT / 2 && text.ends_with('…'), "{text}");
        for block in &blocks[2..6] {
            let fields = block["fields"].as_array().unwrap();
            assert_eq!(fields.len(), FIELDS);
            assert!(fields.iter().all(|it| it["text"].as_str().unwrap().chars().count() <= FIELD));
        }
        assert_eq!(blocks[6]["elements"][0]["text"], "… and 15 more fields");
        assert_eq!(blocks.len(), 7);
    }

    #[test]
    fn answers_are_sorted_by_whether_trying_again_may_help() {
        for (status, body, kind) in [
            (400, "invalid_payload", ErrorKind::Permanent),
            (400, "no_text", ErrorKind::Permanent),
            (403, "action_prohibited", ErrorKind::Auth),
            (404, "no_service", ErrorKind::Auth),
            (410, "channel_is_archived", ErrorKind::Auth),
            (429, "rate_limited", ErrorKind::Transient),
            (500, "rollup_error", ErrorKind::Transient),
            (200, "<html>", ErrorKind::Permanent),
        ] {
            let error = Slack::deliver(&host(status, body), alert("x"), "k".into()).unwrap_err();
            assert_eq!(error.kind, kind, "{status} {body}");
            assert_eq!(error.retry_after_ms, (kind == ErrorKind::Transient).then_some(3000), "{status}");
            assert!(!error.message.contains("hidden"), "{error}");
        }
    }

    #[test]
    fn a_repeat_is_not_shown_twice_but_another_alert_is() {
        let fake = FakeHost::default().with_secret("url", URL).answer(answer(200, "ok")).answer(answer(200, "ok"));
        let host = fake.host();
        for key in ["a", "a", "b", "b"] {
            Slack::deliver(&host, alert("x"), key.into()).unwrap();
        }
        assert_eq!(host.fake().requests().len(), 2);
    }

    #[test]
    fn a_secret_that_is_no_address_is_refused_before_anything_is_sent() {
        let host = FakeHost::default().with_secret("url", "T000/B000/hidden").host();
        let error = Slack::check(&host).unwrap_err();
        assert_eq!((error.kind, error.field.as_deref()), (ErrorKind::Config, Some("url")));
        assert!(Slack::deliver(&host, alert("x"), "k".into()).is_err());
        assert!(host.fake().requests().is_empty());
    }
}
