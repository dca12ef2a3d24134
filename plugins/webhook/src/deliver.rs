//! Posts one alert, and sorts the answers by whether trying again may help.

use crate::config::Config;
use crate::signature::sign;
use plugin_sdk::{Channel, Host, Message, Method, Request, Result, text, time, url};
use serde_json::{Map, Value, json};

/// Receivers may refuse more.
const BODY: usize = 20 << 10;

/// The plugin.
pub(crate) struct Webhook;

impl Channel for Webhook {
    fn check(host: &Host) -> Result<()> {
        read_config(host)?;
        sign(&host.secret("signing")?, "check", 0, b"").map(|_| ())
    }

    fn deliver(host: &Host, message: Message, key: String) -> Result<Option<String>> {
        let config = read_config(host)?;
        // The id must stay the same over all attempts, and a dot would end it within the signed text.
        let id = key.replace('.', "_");
        let now = host.now().div_euclid(1_000_000);
        let body = body(&config, &message, now);
        let signature = sign(&host.secret("signing")?, &id, now, &body)?;
        let mut request = Request::new(Method::Post, config.url.as_str())
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", now.to_string())
            .header("webhook-signature", signature)
            .body(body);
        for (name, value) in &config.headers {
            request = request.header(name, value.as_str());
        }
        host.send(request)?.success("the webhook's receiver").map(|_| None)
    }
}

fn read_config(host: &Host) -> Result<Config> {
    let config: Config = host.settings()?;
    url::check("url", &config.url)?;
    Ok(config)
}

/// `type`, `timestamp` and `data`; the text is cut where the whole would be too long.
fn body(config: &Config, message: &Message, now: i64) -> Vec<u8> {
    let fields: Map<String, Value> =
        message.fields.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
    let make = |text: &str, fields: &Map<String, Value>| {
        let data = json!({
            "id": message.id,
            "severity": message.severity.as_str(),
            "title": message.title,
            "text": text,
            "fields": fields,
            "link": message.link,
        });
        json!({ "type": config.event, "timestamp": time::timestamp(now), "data": data }).to_string().into_bytes()
    };
    let empty = Map::new();
    let fields = if make("", &fields).len() <= BODY / 2 { &fields } else { &empty };
    text::fit(&message.text, BODY, |text| make(text, fields), Vec::len)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::testing::{FakeHost, answer};
    use plugin_sdk::{ErrorKind, Severity};

    fn message(text: &str) -> Message {
        Message {
            id: "alert_1".into(),
            severity: Severity::Critical,
            title: "run failed".into(),
            text: text.into(),
            fields: vec![("workflow".into(), "market-day".into())],
            link: None,
        }
    }

    fn host(status: u16) -> Host {
        FakeHost::default()
            .settings(json!({ "url": "https://example.com/hook?token=hidden" }))
            .with_secret("signing", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX")
            .at(1_700_000_000_000_000)
            .answer(answer(status, "why not").header("retry-after", "3"))
            .host()
    }

    #[test]
    fn an_alert_is_posted_signed_and_under_its_own_id() {
        let host = host(204);
        Webhook::deliver(&host, message("it *failed*"), "alert_1".into()).unwrap();
        let request = host.fake().requests().remove(0);
        let header = |name: &str| request.headers.iter().find(|it| it.0 == name).map(|it| it.1.clone()).unwrap();
        let body = request.body.clone().unwrap();
        assert_eq!(header("webhook-id"), "alert_1");
        assert_eq!(header("webhook-timestamp"), "1700000000");
        let expected = sign("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", "alert_1", 1_700_000_000, &body).unwrap();
        assert_eq!(header("webhook-signature"), expected);
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["type"], "alert");
        assert_eq!(body["timestamp"], "2023-11-14T22:13:20Z");
        assert_eq!(body["data"]["fields"]["workflow"], "market-day");
    }

    #[test]
    fn answers_are_sorted_by_whether_trying_again_may_help() {
        for (status, kind) in [
            (302, ErrorKind::Permanent),
            (400, ErrorKind::Permanent),
            (403, ErrorKind::Auth),
            (410, ErrorKind::Permanent),
            (429, ErrorKind::Transient),
            (503, ErrorKind::Transient),
        ] {
            let error = Webhook::deliver(&host(status), message("x"), "a".into()).unwrap_err();
            assert_eq!(error.kind, kind, "{status}");
            assert_eq!(error.retry_after_ms, (kind == ErrorKind::Transient).then_some(3000));
            assert!(!error.message.contains("hidden"), "{error}");
        }
    }

    #[test]
    fn a_long_text_is_cut_to_what_receivers_take() {
        let host = host(200);
        Webhook::deliver(&host, message(&"ü\n".repeat(50_000)), "a".into()).unwrap();
        let body = host.fake().requests().remove(0).body.unwrap();
        assert!(body.len() <= BODY && body.len() > BODY / 2, "{}", body.len());
        assert!(serde_json::from_slice::<Value>(&body).unwrap()["data"]["text"].as_str().unwrap().ends_with('…'));
    }

    #[test]
    fn a_missing_secret_is_told_before_anything_is_sent() {
        let host = FakeHost::default().settings(json!({ "url": "https://example.com" })).host();
        assert_eq!(Webhook::check(&host).unwrap_err().kind, ErrorKind::Denied);
        assert!(Webhook::deliver(&host, message("x"), "a".into()).is_err());
        assert!(host.fake().requests().is_empty());
    }
}
