//! Posts one alert as a card, signed in its body where the bot wants that, and sorts the codes of the answer.
//!
//! The bot answers no id; repeats are kept from it by what was delivered before.

use crate::config::Config;
use plugin_sdk::channel::{Answer, once, post};
use plugin_sdk::sign::{base64, hmac_sha256};
use plugin_sdk::text::{cut_chars, escape_markup, fit, one_line};
use plugin_sdk::{Channel, Error, ErrorKind, Host, Message, Result, Severity, url};
use serde_json::{Value, json};

const WHO: &str = "Feishu";
/// Bytes of a body.
const BODY: usize = 20_000;

/// The plugin.
pub(crate) struct Feishu;

impl Channel for Feishu {
    fn check(host: &Host) -> Result<()> {
        host.settings::<Config>()?;
        url::secret(host).map(|_| ())
    }

    fn deliver(host: &Host, message: Message, key: String) -> Result<Option<String>> {
        let config: Config = host.settings()?;
        let url = url::secret(host)?;
        once(host, &url, &key, || {
            let signing = host.find_secret("signing");
            let signed = signing.map(|signing| {
                let now = host.now().div_euclid(1_000_000).to_string();
                let signature = sign(&now, signing.trim());
                (now, signature)
            });
            let make = |text: &str| body(&config, &message, text, signed.as_ref()).to_string();
            let answer = post(host, &url, fit(&message.text, BODY, make, String::len))?;
            delivered(&answer).map(|()| None)
        })
    }
}

/// The signature of a moment in seconds: the secret after the moment is the key, and nothing is signed by it.
fn sign(timestamp: &str, secret: &str) -> String {
    base64(&hmac_sha256(format!("{timestamp}\n{secret}").as_bytes(), b""))
}

fn body(config: &Config, message: &Message, text: &str, signed: Option<&(String, String)>) -> Value {
    let color = match message.severity {
        Severity::Info => "blue",
        Severity::Warning => "orange",
        Severity::Critical => "red",
        Severity::Resolved => "green",
    };
    let mut elements = Vec::new();
    let mut shown = escape_markup(text);
    if config.at_all && message.severity == Severity::Critical {
        shown.push_str("\n<at id=all></at>");
    }
    if !shown.trim().is_empty() {
        elements.push(json!({ "tag": "div", "text": { "tag": "lark_md", "content": shown } }));
    }
    let fields: Vec<Value> = message
        .fields
        .iter()
        .map(|(name, value)| {
            let value = escape_markup(&cut_chars(&one_line(value), 500));
            let content = format!("**{}**\n{value}", escape_markup(&one_line(name)));
            json!({ "is_short": true, "text": { "tag": "lark_md", "content": content } })
        })
        .collect();
    if !fields.is_empty() {
        elements.push(json!({ "tag": "div", "fields": fields }));
    }
    if let Some(link) = &message.link {
        let button = json!({ "tag": "plain_text", "content": "Open in Sluice" });
        let button = json!({ "tag": "button", "text": button, "url": link, "type": "primary" });
        elements.push(json!({ "tag": "action", "actions": [button] }));
    }
    let title = json!({ "tag": "plain_text", "content": cut_chars(&message.headline(), 200) });
    let mut body = json!({
        "msg_type": "interactive",
        "card": {
            "config": { "wide_screen_mode": true },
            "header": { "template": color, "title": title },
            "elements": elements,
        },
    });
    if let Some((timestamp, signature)) = signed {
        body["timestamp"] = Value::from(timestamp.as_str());
        body["sign"] = Value::from(signature.as_str());
    }
    body
}

/// Codes come with any status; old bots answer `StatusCode` alone.
fn delivered(answer: &Answer) -> Result<()> {
    let body = answer.json();
    let code = body["code"].as_i64().or_else(|| body["StatusCode"].as_i64());
    let said = body["msg"].as_str().or_else(|| body["StatusMessage"].as_str()).unwrap_or_default();
    let kind = match code {
        Some(0) if answer.is_success() => return Ok(()),
        None | Some(0) if !answer.is_success() => return Err(answer.refusal(WHO)),
        None => return Err(Error::permanent(format!("{WHO} answered without `code`"))),
        Some(11_232 | 11_233 | 99_991_400) => ErrorKind::Transient,
        // The token is gone, or signature, address or clock do not fit.
        Some(19_001 | 19_021 | 19_022) => ErrorKind::Auth,
        Some(_) => ErrorKind::Permanent,
    };
    Err(answer.refused(WHO, kind, &code.unwrap_or_default().to_string(), said))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::testing::{FakeHost, alert, answer, json_body};

    const URL: &str = "https://open.feishu.cn/open-apis/bot/v2/hook/hidden";
    const GOOD: &str = r#"{"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}"#;

    fn fake(status: u16, body: &str) -> FakeHost {
        let fake = FakeHost::default().settings(json!({ "at_all": true })).with_secret("url", URL);
        fake.at(1_700_000_000_000_000).answer(answer(status, body).header("x-ogw-ratelimit-reset", "4"))
    }

    #[test]
    fn the_published_vector_is_met_and_goes_into_the_body() {
        let host = fake(200, GOOD).with_secret("signing", "demo-secret").host();
        Feishu::deliver(&host, alert("x"), "k".into()).unwrap();
        let body = json_body(&host.fake().requests()[0]);
        assert_eq!(body["timestamp"], "1700000000", "seconds, as text");
        assert_eq!(body["sign"], "mYHw2R2SOm8Rw/sne3lQdmz4sOfntKR+1P/8RKKTwmA=");
    }

    #[test]
    fn an_alert_becomes_a_card_in_which_only_the_settings_call_people() {
        let host = fake(200, GOOD).host();
        Feishu::deliver(&host, alert("**a** <at id=all></at>"), "k".into()).unwrap();
        let body = json_body(&host.fake().requests()[0]);
        assert!(body.get("sign").is_none(), "without a secret nothing is signed");
        let card = &body["card"];
        assert_eq!(card["header"]["template"], "red");
        assert_eq!(card["header"]["title"]["content"], "[critical] load <b>failed</b> & stopped");
        let text = card["elements"][0]["text"]["content"].as_str().unwrap();
        assert_eq!(text, "**a** &lt;at id=all&gt;&lt;/at&gt;\n<at id=all></at>");
        assert_eq!(card["elements"][1]["fields"][1]["text"]["content"], "**error**\na &lt; b @all");
        assert_eq!(card["elements"][2]["actions"][0]["url"], "https://sluice.example/runs/7?a=1&b=2");
    }

    #[test]
    fn a_long_text_is_cut_to_what_the_bot_takes() {
        let host = fake(200, GOOD).host();
        Feishu::deliver(&host, alert(&"日<".repeat(20_000)), "k".into()).unwrap();
        let length = host.fake().requests()[0].body.as_ref().unwrap().len();
        assert!(length <= BODY && length > BODY / 2, "{length}");
    }

    #[test]
    fn codes_are_sorted_by_whether_trying_again_may_help() {
        for (status, body, expected) in [
            (200, r#"{"StatusCode":0,"StatusMessage":"success"}"#, None),
            (200, r#"{"code":9499,"msg":"Bad Request"}"#, Some((ErrorKind::Permanent, None))),
            (
                200,
                r#"{"code":19001,"msg":"param invalid: incoming webhook access token invalid"}"#,
                Some((ErrorKind::Auth, None)),
            ),
            (
                200,
                r#"{"code":19021,"msg":"sign match fail or timestamp is not within one hour"}"#,
                Some((ErrorKind::Auth, None)),
            ),
            (200, r#"{"code":19022,"msg":"Ip Not Allowed"}"#, Some((ErrorKind::Auth, None))),
            (200, r#"{"code":19024,"msg":"Key Words Not Found"}"#, Some((ErrorKind::Permanent, None))),
            (200, r#"{"code":11232,"msg":"frequency limited"}"#, Some((ErrorKind::Transient, Some(4000)))),
            (400, r#"{"code":11233,"msg":"frequency limited"}"#, Some((ErrorKind::Transient, Some(4000)))),
            (429, r#"{"code":99991400,"msg":"frequency limited"}"#, Some((ErrorKind::Transient, Some(4000)))),
            (502, "<html>", Some((ErrorKind::Transient, Some(4000)))),
            (200, "<html>", Some((ErrorKind::Permanent, None))),
        ] {
            let outcome = Feishu::deliver(&fake(status, body).host(), alert("x"), "k".into());
            assert_eq!(outcome.err().map(|it| (it.kind, it.retry_after_ms)), expected, "{status} {body}");
        }
    }
}
