//! Sends one alert as HTML, as plain text where Telegram cannot read that, and returns the message's number.
//!
//! Telegram knows no repeats; they are kept from it by what was delivered before.

use crate::config::Config;
use plugin_sdk::channel::{Answer, once, post};
use plugin_sdk::markdown::{Span, spans};
use plugin_sdk::text::{cut_chars, escape_markup, fit, one_line};
use plugin_sdk::{Channel, Error, ErrorKind, Host, Message, Result, Severity, url};
use serde_json::{Value, json};

const WHO: &str = "Telegram";
/// What a message may hold once its markup is read, in UTF-16 units.
const TEXT: usize = 4096;
const FIELDS: usize = 30;

/// The plugin.
pub(crate) struct Telegram;

impl Channel for Telegram {
    fn check(host: &Host) -> Result<()> {
        let config: Config = host.settings()?;
        address(&config, &host.secret("token")?).map(|_| ())
    }

    fn deliver(host: &Host, message: Message, key: String) -> Result<Option<String>> {
        let config: Config = host.settings()?;
        let token = host.secret("token")?;
        let url = address(&config, &token)?;
        once(host, &format!("{url} {}", config.chat), &key, || {
            let size = |(plain, _): &(String, String)| plain.encode_utf16().count();
            let (plain, html) = fit(&message.text, TEXT, |text| texts(&message, text), size);
            let answer = post(host, &url, body(&config, &message, &html, true).to_string())?;
            if answer.status == 400 && answer.text.contains("can't parse entities") {
                // Better told without markup than not at all.
                return delivered(&post(host, &url, body(&config, &message, &plain, false).to_string())?);
            }
            delivered(&answer)
        })
    }
}

/// The method's address; a token with other characters would change what is called.
fn address(config: &Config, token: &str) -> Result<String> {
    let base = url::check("base", &config.base)?.trim_end_matches('/');
    let token = token.trim();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-'))
    {
        return Err(Error::config("token", "the secret `token` must be a bot's token like `123456:ABC…`"));
    }
    Ok(format!("{base}/bot{token}/sendMessage"))
}

fn body(config: &Config, message: &Message, text: &str, html: bool) -> Value {
    let mut body = json!({
        "chat_id": config.chat,
        "text": text,
        "disable_notification": message.severity == Severity::Info,
        "link_preview_options": { "is_disabled": true },
    });
    if html {
        body["parse_mode"] = Value::from("HTML");
    }
    if let Some(topic) = config.topic {
        body["message_thread_id"] = Value::from(topic);
    }
    body
}

/// The message as plain text and as HTML.
fn texts(message: &Message, text: &str) -> (String, String) {
    let headline = cut_chars(&message.headline(), 256);
    let mut plain = format!("{headline}\n\n{text}\n");
    let mut html = format!("<b>{}</b>\n\n{}\n", escape_markup(&headline), marked_up(text));
    for (name, value) in message.fields.iter().take(FIELDS) {
        let (name, value) = (cut_chars(&one_line(name), 30), cut_chars(&one_line(value), 80));
        plain.push_str(&format!("\n{name}: {value}"));
        html.push_str(&format!("\n<b>{}</b>: {}", escape_markup(&name), escape_markup(&value)));
    }
    if message.fields.len() > FIELDS {
        let more = format!("\n… and {} more", message.fields.len() - FIELDS);
        plain.push_str(&more);
        html.push_str(&more);
    }
    if let Some(link) = message.link.as_ref().filter(|link| link.len() <= 1024) {
        plain.push_str(&format!("\n{link}"));
        html.push_str(&format!("\n<a href=\"{}\">Open in Sluice</a>", attribute(link)));
    }
    (plain, html)
}

fn marked_up(text: &str) -> String {
    let say = |span| match span {
        Span::Text(text) => escape_markup(text),
        Span::Bold(text) => format!("<b>{}</b>", escape_markup(text)),
        Span::Code(text) => format!("<code>{}</code>", escape_markup(text)),
        Span::Link(label, address) => format!("<a href=\"{}\">{}</a>", attribute(address), escape_markup(label)),
    };
    spans(text).into_iter().map(say).collect()
}

fn attribute(text: &str) -> String {
    escape_markup(text).replace('"', "&quot;")
}

/// The status and `error_code` are the same; what was said decides between the chat's and the message's fault.
fn delivered(answer: &Answer) -> Result<Option<String>> {
    let body = answer.json();
    if body["ok"] == true {
        return Ok(body["result"]["message_id"].as_i64().map(|id| id.to_string()));
    }
    let Some(code) = body["error_code"].as_i64() else { return Err(answer.refusal(WHO)) };
    let parameters = &body["parameters"];
    let kind = match code {
        401 | 403 => ErrorKind::Auth,
        429 | 500..=599 => ErrorKind::Transient,
        _ => ErrorKind::Permanent,
    };
    let mut said = body["description"].as_str().unwrap_or_default().to_owned();
    if let Some(chat) = parameters["migrate_to_chat_id"].as_i64() {
        said.push_str(&format!(": set `chat` to {chat}"));
    }
    let error = answer.refused(WHO, kind, &code.to_string(), &said);
    let wait = parameters["retry_after"].as_u64().and_then(|seconds| seconds.checked_mul(1000));
    let wait = wait.filter(|_| kind == ErrorKind::Transient).or(error.retry_after_ms);
    Err(error.retry_after_ms(wait))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::testing::{FakeHost, alert, answer, json_body};

    const GOOD: &str =
        r#"{"ok":true,"result":{"message_id":15,"date":1700000000,"chat":{"id":-1,"type":"group"},"text":"x"}}"#;

    fn fake(status: u16, body: &str) -> FakeHost {
        let settings = json!({ "chat": "-1001234567890", "topic": 7 });
        FakeHost::default().settings(settings).with_secret("token", "123:hidden").answer(answer(status, body))
    }

    #[test]
    fn an_alert_becomes_html_and_its_number_comes_back() {
        let host = fake(200, GOOD).host();
        let text = "**a<** [run](https://x.example/?a=\"1\"&b) `c`";
        let delivered = Telegram::deliver(&host, alert(text), "k".into()).unwrap();
        assert_eq!(delivered.as_deref(), Some("15"));
        assert_eq!(Telegram::deliver(&host, alert(text), "k".into()).unwrap().as_deref(), Some("15"), "a repeat");
        let requests = host.fake().requests();
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].url, "https://api.telegram.org/bot123:hidden/sendMessage");
        let body = json_body(&requests[0]);
        assert_eq!((body["chat_id"].as_str(), body["message_thread_id"].as_i64()), (Some("-1001234567890"), Some(7)));
        assert_eq!(body["parse_mode"], "HTML");
        assert_eq!(
            body["text"],
            "<b>[critical] load &lt;b&gt;failed&lt;/b&gt; &amp; stopped</b>\n\n<b>a&lt;</b> \
             <a href=\"https://x.example/?a=&quot;1&quot;&amp;b\">run</a> <code>c</code>\n\n\
             <b>workflow</b>: market-day\n<b>error</b>: a &lt; b @all\n\
             <a href=\"https://sluice.example/runs/7?a=1&amp;b=2\">Open in Sluice</a>"
        );
    }

    #[test]
    fn markup_that_is_not_understood_is_left_out() {
        let said = r#"{"ok":false,"error_code":400,"description":"Bad Request: can't parse entities: x"}"#;
        let host = fake(400, said).answer(answer(200, GOOD)).host();
        Telegram::deliver(&host, alert("**a**"), "k".into()).unwrap();
        let body = json_body(&host.fake().requests()[1]);
        assert!(body.get("parse_mode").is_none());
        assert!(body["text"].as_str().unwrap().starts_with("[critical] load <b>failed</b> & stopped\n\n**a**"));
    }

    #[test]
    fn a_long_text_is_cut_by_what_is_read_not_by_its_markup() {
        let message = alert(&"🦀&".repeat(4000));
        let size = |(plain, _): &(String, String)| plain.encode_utf16().count();
        let (plain, html) = fit(&message.text, TEXT, |text| texts(&message, text), size);
        let length = plain.encode_utf16().count();
        assert!(length <= TEXT && length > TEXT / 2, "{length}");
        assert!(html.contains("…\n"), "{html}");
        let mut wide = alert(&"x".repeat(9000));
        wide.fields = (0..100).map(|index| (format!("{index}{}", "n".repeat(99)), "🦀".repeat(999))).collect();
        let (plain, _) = fit(&wide.text, TEXT, |text| texts(&wide, text), size);
        assert!(size(&(plain.clone(), String::new())) <= TEXT * 2, "{}", plain.len());
        assert!(plain.contains("… and 70 more"));
    }

    #[test]
    fn answers_are_sorted_by_whether_trying_again_may_help() {
        for (status, body, kind, wait) in [
            (
                429,
                r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 14","parameters":{"retry_after":14}}"#,
                ErrorKind::Transient,
                Some(14_000),
            ),
            (
                400,
                r#"{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}"#,
                ErrorKind::Permanent,
                None,
            ),
            (401, r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#, ErrorKind::Auth, None),
            (
                403,
                r#"{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked by the user"}"#,
                ErrorKind::Auth,
                None,
            ),
            (502, "<html>", ErrorKind::Transient, None),
        ] {
            let error = Telegram::deliver(&fake(status, body).host(), alert("x"), "k".into()).unwrap_err();
            assert_eq!((error.kind, error.retry_after_ms), (kind, wait), "{body}");
            assert!(!error.message.contains("hidden"), "{error}");
        }
        let moved = r#"{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-100123}}"#;
        let error = Telegram::deliver(&fake(400, moved).host(), alert("x"), "k".into()).unwrap_err();
        assert!(error.message.ends_with("set `chat` to -100123"), "{error}");
    }

    #[test]
    fn a_token_that_would_change_the_address_is_refused_unseen() {
        for token in ["", "../x", "1:a/getUpdates?", "1:ü"] {
            let host = FakeHost::default().settings(json!({ "chat": "1" })).with_secret("token", token).host();
            let error = Telegram::check(&host).unwrap_err();
            assert_eq!(error.field.as_deref(), Some("token"), "{token}");
            assert!(!error.message.contains("getUpdates"), "{error}");
        }
    }
}
