//! Posts one alert as an adaptive card.
//!
//! A 202 says that the workflow began, not that the card is shown; repeats are kept from it by what was delivered before.

use crate::config::Config;
use plugin_sdk::channel::{Answer, once, post};
use plugin_sdk::text::{cut_chars, fit, one_line};
use plugin_sdk::{Channel, Error, Host, Message, Result, Severity, url};
use serde_json::{Value, json};

const WHO: &str = "Teams";
/// Bytes of a message.
const BODY: usize = 28 << 10;
const FIELDS: usize = 40;

/// The plugin.
pub(crate) struct Teams;

impl Channel for Teams {
    fn check(host: &Host) -> Result<()> {
        host.settings::<Config>()?;
        url::secret(host).map(|_| ())
    }

    fn deliver(host: &Host, message: Message, key: String) -> Result<Option<String>> {
        host.settings::<Config>()?;
        let url = url::secret(host)?;
        once(host, &url, &key, || {
            let make = |text: &str| body(&message, text).to_string();
            delivered(&post(host, &url, fit(&message.text, BODY, make, String::len))?).map(|()| None)
        })
    }
}

fn body(message: &Message, text: &str) -> Value {
    let color = match message.severity {
        Severity::Info => "Accent",
        Severity::Warning => "Warning",
        Severity::Critical => "Attention",
        Severity::Resolved => "Good",
    };
    let title = literal(&cut_chars(&message.headline(), 500));
    let mut blocks = vec![json!({
        "type": "TextBlock", "size": "Large", "weight": "Bolder", "color": color, "text": title, "wrap": true,
    })];
    if !text.trim().is_empty() {
        // One line break is none here.
        blocks.push(json!({ "type": "TextBlock", "text": text.replace('\n', "\n\n"), "wrap": true }));
    }
    let fact = |(name, value): &(String, String)| json!({ "title": literal(&cut_chars(&one_line(name), 100)), "value": literal(&cut_chars(&one_line(value), 200)) });
    let mut facts: Vec<Value> = message.fields.iter().take(FIELDS).map(fact).collect();
    if message.fields.len() > FIELDS {
        facts.push(json!({ "title": "…", "value": format!("and {} more", message.fields.len() - FIELDS) }));
    }
    if !facts.is_empty() {
        blocks.push(json!({ "type": "FactSet", "facts": facts }));
    }
    let open = |link: &String| json!({ "type": "Action.OpenUrl", "title": "Open in Sluice", "url": link });
    let actions: Vec<Value> = message.link.iter().map(open).collect();
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": blocks,
        "actions": actions,
    });
    let attachment =
        json!({ "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card });
    json!({ "type": "message", "attachments": [attachment] })
}

/// Text that is no Markdown: what would be markup is escaped.
fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\\' | '*' | '_' | '[' | ']' | '`' | '#' | '~') {
            literal.push('\\');
        }
        literal.push(character);
    }
    literal
}

/// Old connectors answered 200 to everything and told a failure in the body.
fn delivered(answer: &Answer) -> Result<()> {
    match answer.status {
        200..=299 if !answer.text.contains("failed") && !answer.text.contains("HTTP error") => Ok(()),
        200..=299 if answer.text.contains("429") => {
            Err(Error::transient(format!("{WHO} takes no more messages for now")))
        }
        200..=299 => Err(Error::permanent(format!("{WHO} did not show the message")))
            .map_err(|error: Error| error.detail("answer", cut_chars(&answer.text, 500))),
        404 => Err(Error::auth(format!("{WHO} no longer knows the workflow behind the address"))),
        _ => Err(answer.refusal(WHO)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::ErrorKind;
    use plugin_sdk::testing::{FakeHost, alert, answer, json_body};

    const URL: &str = "https://prod-1.westus.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke?sig=hidden";

    fn host(status: u16, body: &str) -> Host {
        let fake = FakeHost::default().with_secret("url", URL);
        fake.answer(answer(status, body).header("retry-after", "2")).host()
    }

    #[test]
    fn an_alert_becomes_an_adaptive_card() {
        let host = host(202, "");
        Teams::deliver(&host, alert("**a**\nb"), "k".into()).unwrap();
        let body = json_body(&host.fake().requests()[0]);
        assert_eq!(body["type"], "message");
        assert_eq!(body["attachments"][0]["contentType"], "application/vnd.microsoft.card.adaptive");
        let card = &body["attachments"][0]["content"];
        assert_eq!((card["type"].as_str(), card["version"].as_str()), (Some("AdaptiveCard"), Some("1.4")));
        assert_eq!(card["body"][0]["text"], "\\[critical\\] load <b>failed</b> & stopped");
        assert_eq!(card["body"][0]["color"], "Attention");
        assert_eq!(card["body"][1]["text"], "**a**\n\nb");
        assert_eq!(card["body"][2]["facts"][1], json!({ "title": "error", "value": "a < b @all" }));
        assert_eq!(card["actions"][0]["url"], "https://sluice.example/runs/7?a=1&b=2");
    }

    #[test]
    fn a_long_message_is_cut_to_what_teams_takes() {
        let host = host(202, "");
        let mut message = alert(&"日\n".repeat(30_000));
        message.fields = (0..100).map(|index| (format!("f{index}"), "v*".repeat(1000))).collect();
        Teams::deliver(&host, message, "k".into()).unwrap();
        let request = host.fake().requests().remove(0);
        let length = request.body.as_ref().unwrap().len();
        assert!(length <= BODY && length > BODY / 2, "{length}");
        let card = &json_body(&request)["attachments"][0]["content"];
        assert!(card["body"][1]["text"].as_str().unwrap().ends_with('…'));
        assert_eq!(card["body"][2]["facts"][FIELDS]["value"], "and 60 more");
    }

    #[test]
    fn answers_are_sorted_by_whether_trying_again_may_help() {
        for (status, body, expected) in [
            (202, "", None),
            (200, "1", None),
            (200, "Summary or Text is required; delivery failed", Some(ErrorKind::Permanent)),
            (200, "Webhook message delivery failed with error: HTTP error 429", Some(ErrorKind::Transient)),
            (400, "{}", Some(ErrorKind::Permanent)),
            (401, "", Some(ErrorKind::Auth)),
            (403, "", Some(ErrorKind::Auth)),
            (404, "", Some(ErrorKind::Auth)),
            (413, "", Some(ErrorKind::Permanent)),
            (429, "", Some(ErrorKind::Transient)),
            (500, "", Some(ErrorKind::Transient)),
        ] {
            let outcome = Teams::deliver(&host(status, body), alert("x"), "k".into());
            assert_eq!(outcome.as_ref().err().map(|it| it.kind), expected, "{status} {body}");
            assert!(outcome.err().is_none_or(|it| !it.message.contains("hidden")));
        }
    }
}
