//! A signed webhook as an alert channel, after the Standard Webhooks convention.
//!
//! The signature covers `{id}.{timestamp}.{body}`, so that a receiver can drop forgeries, replays and repeats.

use super::client::{Client, Method, Request};
use super::error::{excerpt, place, status};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use data::{Alert, Channel, Delivery, Error, Result};
use hmac::{Hmac, Mac};
use model::ErrorCode;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use std::time::Duration;

/// Where alerts go and how they are signed.
#[derive(Clone)]
pub struct WebhookSettings {
    /// The receiver; its path and query may hold a secret and are never shown.
    pub url: String,
    /// `whsec_` and base64 of 24 to 64 random bytes; none: unsigned.
    pub secret: Option<String>,
    /// Further headers.
    pub headers: Vec<(String, String)>,
}

/// The channel.
pub struct Webhook {
    client: Client,
    settings: WebhookSettings,
    key: Option<Vec<u8>>,
}

impl Webhook {
    /// A channel that sends by `client`.
    ///
    /// # Errors
    /// `invalid_value` for a secret that is no webhook secret or an address that cannot be used; `address_refused`.
    pub fn new(client: Client, settings: WebhookSettings) -> Result<Self> {
        client.check(&settings.url)?;
        let key = settings.secret.as_deref().map(read_secret).transpose()?;
        Ok(Self { client, settings, key })
    }

    fn request(&self, alert: &Alert, now: i64) -> Result<Request> {
        if alert.id.is_empty() || alert.id.contains('.') || !alert.id.is_ascii() {
            let message = format!("alert id `{}` cannot be signed: it must be ASCII without dots", alert.id);
            return Err(Error::permanent(ErrorCode::DeliveryFailed, message));
        }
        let body = body(alert, now);
        let mut headers = vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("webhook-id".to_owned(), alert.id.clone()),
            ("webhook-timestamp".to_owned(), now.to_string()),
        ];
        if let Some(key) = &self.key {
            headers.push(("webhook-signature".to_owned(), sign(key, &alert.id, now, body.as_bytes())));
        }
        headers.extend(self.settings.headers.iter().cloned());
        Ok(Request {
            method: Method::Post,
            url: self.settings.url.clone(),
            headers,
            body: Some(body.into()),
            timeout: Some(Duration::from_secs(15)),
        })
    }
}

fn read_secret(text: &str) -> Result<Vec<u8>> {
    let key = BASE64.decode(text.strip_prefix("whsec_").unwrap_or(text)).ok().filter(|key| !key.is_empty());
    key.ok_or_else(|| {
        Error::permanent(ErrorCode::InvalidValue, "the webhook's secret is not `whsec_` and base64")
            .hint("Copy the secret from the receiver's settings, or make one of 24 to 64 random bytes.")
    })
}

fn body(alert: &Alert, now: i64) -> String {
    let at = chrono::DateTime::from_timestamp(now, 0).unwrap_or_default();
    let fields: Map<String, Value> =
        alert.fields.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect();
    let mut data = json!({
        "id": alert.id,
        "severity": alert.severity.as_str(),
        "title": alert.title,
        "text": alert.text,
        "fields": fields,
    });
    if let Some(plain) = &alert.plain {
        data["plain"] = Value::String(plain.clone());
    }
    if let Some(link) = &alert.link {
        data["link"] = Value::String(link.clone());
    }
    let timestamp = at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    json!({ "type": format!("alert.{}", alert.severity.as_str()), "timestamp": timestamp, "data": data }).to_string()
}

/// `v1,` and base64 of the HMAC of `{id}.{timestamp}.{body}`.
fn sign(key: &[u8], id: &str, timestamp: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
}

#[async_trait]
impl Channel for Webhook {
    async fn deliver(&self, alert: &Alert) -> Result<Delivery> {
        let request = self.request(alert, chrono::Utc::now().timestamp())?;
        let answer = self.client.send(&request).await.map_err(|mut error| {
            // The culprit stays in the message; for the run it is a delivery that failed.
            if error.code() == ErrorCode::ConnectionFailed {
                error.fault.code = ErrorCode::DeliveryFailed;
            }
            error
        })?;
        if (200..300).contains(&answer.status) {
            return Ok(Delivery { provider_id: None });
        }
        let place = place(&self.client.check(&self.settings.url)?);
        let error = status(ErrorCode::DeliveryFailed, &place, answer.status, &answer.headers, &excerpt(&answer.body));
        Err(match answer.status {
            300..=399 => error.hint("Redirects are not followed; set the address it leads to."),
            404 | 410 => error.hint("The receiver no longer listens there; disable the channel or set a new address."),
            401 | 403 => error.hint("Check the secret on both sides."),
            _ => error,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::stub::{Stub, local_client};
    use super::*;
    use data::AlertSeverity;

    const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

    fn alert() -> Alert {
        Alert {
            id: "msg_demo1".into(),
            severity: AlertSeverity::Critical,
            title: "Zoë's run failed".into(),
            text: "**3** differences".into(),
            fields: vec![("workflow".into(), "market-day".into())],
            link: Some("https://sluice.example/runs/7".into()),
            ..Alert::default()
        }
    }

    #[test]
    fn the_published_vector_is_met() {
        let body = br#"{"type":"run.failed","timestamp":"2023-11-14T22:13:20Z","data":{"run":7}}"#;
        let key = read_secret(SECRET).unwrap();
        assert_eq!(sign(&key, "msg_demo1", 1_700_000_000, body), "v1,rUeVLVZwx8xRffOyCAlJ3RZ8YrbdYIlfKjZtH1yvAx8=");
    }

    #[test]
    fn a_wrong_secret_or_id_is_refused() {
        for secret in ["whsec_", "", "whsec_***"] {
            assert_eq!(read_secret(secret).unwrap_err().code(), ErrorCode::InvalidValue);
        }
        let url = "http://127.0.0.1:9".to_owned();
        let webhook = Webhook::new(local_client(), WebhookSettings { url, secret: None, headers: Vec::new() }).unwrap();
        let dotted = Alert { id: "a.b".into(), ..alert() };
        assert_eq!(webhook.request(&dotted, 0).unwrap_err().code(), ErrorCode::DeliveryFailed);
    }

    async fn check(answer: &str, retryable: Option<bool>, after: Option<u64>) {
        let stub = Stub::start(vec![answer.to_owned()]).await;
        let settings =
            WebhookSettings { url: stub.url("/hook?token=canary"), secret: Some(SECRET.into()), headers: Vec::new() };
        let delivered = Webhook::new(local_client(), settings).unwrap().deliver(&alert()).await;
        match (delivered, retryable) {
            (Ok(_), None) => {}
            (Err(error), Some(retryable)) => {
                assert_eq!(error.code(), ErrorCode::DeliveryFailed);
                assert_eq!((error.retryable, error.retry_after.map(|d| d.as_secs())), (retryable, after), "{error}");
                assert!(!error.to_string().contains("canary"), "{error}");
            }
            (other, _) => panic!("{answer}: {other:?}"),
        }
        let sent = stub.requests().await.remove(0);
        let (head, body) = sent.split_once("\r\n\r\n").unwrap();
        let header = |name: &str| {
            head.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap_or_default().to_owned()
        };
        let timestamp: i64 = header("webhook-timestamp").parse().unwrap();
        let key = read_secret(SECRET).unwrap();
        assert_eq!(header("webhook-signature"), sign(&key, "msg_demo1", timestamp, body.as_bytes()));
        assert_eq!(header("webhook-id"), "msg_demo1");
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!((&body["type"], &body["data"]["title"]), (&json!("alert.critical"), &json!("Zoë's run failed")));
    }

    #[tokio::test]
    async fn the_status_decides_whether_a_retry_can_help() {
        check("HTTP/1.1 204 No Content\r\n\r\n", None, None).await;
        check("HTTP/1.1 429 Slow\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n", Some(true), Some(7)).await;
        check("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", Some(true), None).await;
        check("HTTP/1.1 302 Elsewhere\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n", Some(false), None).await;
        check("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", Some(false), None).await;
        check("HTTP/1.1 400 Bad\r\ncontent-length: 2\r\n\r\nno", Some(false), None).await;
    }
}
