//! A channel: posts an alert as JSON. The key goes along, so that the receiver knows a repeat.

use plugin_sdk::{Channel, Host, Message, Method, Request, Result};
use serde::Deserialize;
use serde_json::{Value, json};

/// What a user sets; `plugin.toml` publishes the same as JSON Schema.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    url: String,
}

/// The plugin.
struct Post;

impl Channel for Post {
    fn check(host: &Host) -> Result<()> {
        host.settings::<Settings>().map(|_| ())
    }

    fn deliver(host: &Host, message: Message, key: String) -> Result<Option<String>> {
        let Settings { url } = host.settings()?;
        let mut request = Request::new(Method::Post, url)
            .header("content-type", "application/json")
            .header("idempotency-key", key)
            .body(body(&message).to_string());
        if let Some(token) = host.find_secret("token") {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        // 2xx is success; 429 and 5xx may be tried again; all else is final.
        let mut answer = host.send(request)?.success("the receiver")?;
        let answer: Value = serde_json::from_str(&answer.text(64 << 10)?).unwrap_or_default();
        Ok(answer["id"].as_str().map(str::to_owned))
    }
}

fn body(message: &Message) -> Value {
    let fields: serde_json::Map<String, Value> =
        message.fields.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({
        "id": message.id,
        "severity": message.severity.as_str(),
        "title": message.title,
        "text": message.text,
        "fields": fields,
        "link": message.link,
    })
}

plugin_sdk::export_plugin!(channel: Post);

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_sdk::ErrorKind;
    use plugin_sdk::testing::{FakeHost, alert, answer, json_body};

    fn host(status: u16, body: &str) -> Host {
        let settings = json!({ "url": "https://example.com/alerts" });
        FakeHost::default().settings(settings).with_secret("token", "t").answer(answer(status, body)).host()
    }

    #[test]
    fn an_alert_is_posted_and_its_id_kept() {
        let host = host(200, r#"{"id":"7"}"#);
        let id = Post::deliver(&host, alert("look"), "key".into()).unwrap();
        assert_eq!(id.as_deref(), Some("7"));
        let request = &host.fake().requests()[0];
        assert_eq!(json_body(request)["severity"], "critical");
        assert!(request.headers.contains(&("authorization".into(), "Bearer t".into())));
    }

    #[test]
    fn a_busy_receiver_may_be_tried_again() {
        let error = Post::deliver(&host(429, ""), alert("look"), "key".into()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Transient);
    }
}
