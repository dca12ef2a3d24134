//! Sends one alert as an event: a severity opens an incident or adds to it, `resolved` resolves it.
//!
//! The alert's id is the incident's key, so that PagerDuty itself drops repeats and finds what a `resolved` is about.

use crate::config::Config;
use plugin_sdk::channel::{Answer, post};
use plugin_sdk::sign::{hex, sha256};
use plugin_sdk::text::{cut_chars, fit};
use plugin_sdk::{Channel, Error, ErrorKind, Host, Message, Result, Severity, url};
use serde_json::{Map, Value, json};

const WHO: &str = "PagerDuty";
/// Characters of a summary and of a key; bytes of an event.
const SUMMARY: usize = 1024;
const KEY: usize = 255;
const BODY: usize = 512_000;
/// Fewer seconds after a refusal for too many events are pointless.
const PAUSE_MS: u64 = 30_000;

/// The plugin.
pub(crate) struct PagerDuty;

impl Channel for PagerDuty {
    fn check(host: &Host) -> Result<()> {
        let config: Config = host.settings()?;
        url::check("url", &config.url)?;
        routing_key(host).map(|_| ())
    }

    fn deliver(host: &Host, message: Message, key: String) -> Result<Option<String>> {
        let config: Config = host.settings()?;
        let url = url::check("url", &config.url)?;
        let routing_key = routing_key(host)?;
        // A key that is too long is still the same in every attempt.
        let key = if key.chars().count() <= KEY { key } else { hex(&sha256(key.as_bytes())) };
        let make = |text: &str| event(&config, &message, text, &routing_key, &key).to_string();
        delivered(&post(host, url, fit(&message.text, BODY, make, String::len))?)
    }
}

fn routing_key(host: &Host) -> Result<String> {
    let key = host.secret("routing_key")?.trim().to_owned();
    if key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(key);
    }
    Err(Error::config("routing_key", "the secret `routing_key` must be the 32 characters of an integration's key"))
}

fn event(config: &Config, message: &Message, text: &str, routing_key: &str, key: &str) -> Value {
    if message.severity == Severity::Resolved {
        return json!({ "routing_key": routing_key, "event_action": "resolve", "dedup_key": key });
    }
    let details: Map<String, Value> = [("text".to_owned(), Value::from(text))]
        .into_iter()
        .filter(|_| !text.is_empty())
        .chain(message.fields.iter().map(|(name, value)| (name.clone(), Value::from(cut_chars(value, 4000)))))
        .take(100)
        .collect();
    let mut payload = json!({
        "summary": cut_chars(&message.title, SUMMARY),
        "source": config.source,
        "severity": message.severity.as_str(),
        "custom_details": details,
    });
    for (name, value) in [("component", &config.component), ("group", &config.group)] {
        if let Some(value) = value {
            payload[name] = Value::from(value.as_str());
        }
    }
    let links: Vec<Value> = message.link.iter().map(|link| json!({ "href": link, "text": "Open in Sluice" })).collect();
    let mut event = json!({
        "routing_key": routing_key,
        "event_action": "trigger",
        "dedup_key": key,
        "client": "Sluice",
        "payload": payload,
        "links": links,
    });
    if let Some(link) = &message.link {
        event["client_url"] = Value::from(link.as_str());
    }
    event
}

fn delivered(answer: &Answer) -> Result<Option<String>> {
    let body = answer.json();
    if answer.is_success() {
        return Ok(body["dedup_key"].as_str().map(str::to_owned));
    }
    if answer.status == 400 {
        // A wrong key answers 400, too, and only the words tell.
        let errors = body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        let said: Vec<&str> = errors.iter().filter_map(Value::as_str).collect();
        let said =
            if said.is_empty() { body["message"].as_str().unwrap_or_default().to_owned() } else { said.join("; ") };
        let kind = if said.contains("routing_key") { ErrorKind::Auth } else { ErrorKind::Permanent };
        return Err(answer.refused(WHO, kind, "400", &said));
    }
    let error = answer.refusal(WHO);
    let wait = if answer.status == 429 { Some(answer.wait.unwrap_or_default().max(PAUSE_MS)) } else { answer.wait };
    let wait = wait.filter(|_| error.kind == ErrorKind::Transient);
    Err(error.retry_after_ms(wait))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::testing::{FakeHost, alert, answer, json_body};

    const KEY_OF_TESTS: &str = "0123456789abcdef0123456789abcdef";
    const GOOD: &str = r#"{"status":"success","message":"Event processed","dedup_key":"run_7/tell"}"#;

    fn host(status: u16, body: &str) -> Host {
        let settings = json!({ "component": "scheduler", "group": "etl" });
        let fake = FakeHost::default().settings(settings).with_secret("routing_key", KEY_OF_TESTS);
        fake.answer(answer(status, body).header("retry-after", "3")).host()
    }

    #[test]
    fn an_alert_opens_an_incident_under_its_own_key() {
        let host = host(202, GOOD);
        let delivered = PagerDuty::deliver(&host, alert("it *failed*"), "run_7/tell".into()).unwrap();
        assert_eq!(delivered.as_deref(), Some("run_7/tell"));
        let request = host.fake().requests().remove(0);
        assert_eq!(request.url, "https://events.pagerduty.com/v2/enqueue");
        let event = json_body(&request);
        assert_eq!(event["routing_key"], KEY_OF_TESTS);
        assert_eq!(
            (event["event_action"].as_str(), event["dedup_key"].as_str()),
            (Some("trigger"), Some("run_7/tell"))
        );
        let payload = &event["payload"];
        assert_eq!(payload["severity"], "critical");
        assert_eq!(payload["source"], "sluice");
        assert_eq!((payload["component"].as_str(), payload["group"].as_str()), (Some("scheduler"), Some("etl")));
        assert_eq!(payload["custom_details"]["error"], "a < b\n@all");
        assert_eq!(payload["custom_details"]["text"], "it *failed*");
        assert_eq!(event["links"][0]["href"], "https://sluice.example/runs/7?a=1&b=2");
    }

    #[test]
    fn resolved_resolves_what_the_same_id_opened() {
        let host = host(202, GOOD);
        let mut message = alert("");
        message.severity = Severity::Resolved;
        PagerDuty::deliver(&host, message, "run_7/tell".into()).unwrap();
        let expected = json!({ "routing_key": KEY_OF_TESTS, "event_action": "resolve", "dedup_key": "run_7/tell" });
        assert_eq!(json_body(&host.fake().requests()[0]), expected);
    }

    #[test]
    fn what_is_too_long_is_cut_and_a_long_key_stays_the_same() {
        let host = host(202, GOOD);
        let mut message = alert(&"日".repeat(400_000));
        message.title = "t".repeat(5000);
        PagerDuty::deliver(&host, message, "k".repeat(300)).unwrap();
        let request = host.fake().requests().remove(0);
        assert!(request.body.as_ref().unwrap().len() <= BODY);
        let event = json_body(&request);
        assert_eq!(event["payload"]["summary"].as_str().unwrap().chars().count(), SUMMARY);
        assert!(event["payload"]["custom_details"]["text"].as_str().unwrap().ends_with('…'));
        assert_eq!(event["dedup_key"], hex(&sha256("k".repeat(300).as_bytes())));
    }

    #[test]
    fn answers_are_sorted_by_whether_trying_again_may_help() {
        let invalid = |error: &str| {
            format!(r#"{{"status":"invalid event","message":"Event object is invalid","errors":["{error}"]}}"#)
        };
        for (status, body, kind, wait) in [
            (400, invalid("'payload.severity' is missing or blank"), ErrorKind::Permanent, None),
            (400, invalid("Length of 'routing_key' is incorrect (should be 32 characters)"), ErrorKind::Auth, None),
            (429, String::new(), ErrorKind::Transient, Some(30_000)),
            (503, String::new(), ErrorKind::Transient, Some(3_000)),
        ] {
            let error = PagerDuty::deliver(&host(status, &body), alert("x"), "k".into()).unwrap_err();
            assert_eq!((error.kind, error.retry_after_ms), (kind, wait), "{status} {body}");
        }
    }

    #[test]
    fn a_key_of_another_shape_is_refused_unseen() {
        let host = FakeHost::default().with_secret("routing_key", "hidden").host();
        let error = PagerDuty::check(&host).unwrap_err();
        assert_eq!(error.field.as_deref(), Some("routing_key"));
        assert!(!error.message.contains("hidden"), "{error}");
    }
}
