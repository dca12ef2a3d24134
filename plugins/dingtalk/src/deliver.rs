//! Posts one alert as Markdown, signed where the robot wants that, and sorts the codes of the answer.
//!
//! The robot answers 200 to everything and no id; repeats are kept from it by what was delivered before.

use crate::config::Config;
use plugin_sdk::channel::{Answer, once, post};
use plugin_sdk::sign::{base64, hmac_sha256};
use plugin_sdk::text::{cut_chars, fit, one_line};
use plugin_sdk::{Channel, Error, ErrorKind, Host, Message, Result, Severity, url};
use serde_json::{Value, json};

const WHO: &str = "DingTalk";
/// Bytes of a body.
const BODY: usize = 20_000;
/// A robot that sends too fast is silenced; sooner than this there is no point in trying.
const PAUSE_MS: u64 = 60_000;

/// The plugin.
pub(crate) struct DingTalk;

impl Channel for DingTalk {
    fn check(host: &Host) -> Result<()> {
        host.settings::<Config>()?;
        url::secret(host).map(|_| ())
    }

    fn deliver(host: &Host, message: Message, key: String) -> Result<Option<String>> {
        let config: Config = host.settings()?;
        let url = url::secret(host)?;
        once(host, &url, &key, || {
            let signed = match host.find_secret("signing") {
                Some(signing) => {
                    let now = host.now().div_euclid(1000).to_string();
                    url::with_query(&url, &[("timestamp", &now), ("sign", &sign(&now, signing.trim()))])
                }
                None => url.clone(),
            };
            let make = |text: &str| body(&config, &message, text).to_string();
            let answer = post(host, &signed, fit(&message.text, BODY, make, String::len))?;
            delivered(&answer).map(|()| None)
        })
    }
}

/// The signature of a moment in milliseconds: the secret is the key, the secret after the moment is what is signed.
fn sign(timestamp: &str, secret: &str) -> String {
    base64(&hmac_sha256(secret.as_bytes(), format!("{timestamp}\n{secret}").as_bytes()))
}

fn body(config: &Config, message: &Message, text: &str) -> Value {
    let headline = message.headline();
    // A line break alone is none in this Markdown.
    let mut shown = format!("### {headline}\n\n{}\n\n", text.trim_end().replace('\n', "  \n"));
    for (name, value) in &message.fields {
        shown.push_str(&format!("> **{}**: {}  \n", one_line(name), cut_chars(&one_line(value), 500)));
    }
    if let Some(link) = &message.link {
        shown.push_str(&format!("\n[Open in Sluice]({})", link.replace(')', "%29")));
    }
    let calls = message.severity == Severity::Critical;
    let mobiles: &[String] = if calls { &config.at_mobiles } else { &[] };
    // A mention needs the number in the text as well.
    for mobile in mobiles {
        shown.push_str(&format!(" @{mobile}"));
    }
    json!({
        "msgtype": "markdown",
        "markdown": { "title": cut_chars(&headline, 128), "text": shown },
        "at": { "atMobiles": mobiles, "isAtAll": calls && config.at_all },
    })
}

fn delivered(answer: &Answer) -> Result<()> {
    if !answer.is_success() {
        return Err(answer.refusal(WHO));
    }
    let body = answer.json();
    let Some(code) = body["errcode"].as_i64() else {
        return Err(Error::permanent(format!("{WHO} answered without `errcode`")));
    };
    let said = body["errmsg"].as_str().unwrap_or_default();
    let too_fast = matches!(code, 130_101 | 410_100) || said.contains("too fast") || said.contains("限流");
    let kind = match code {
        0 => return Ok(()),
        _ if too_fast => ErrorKind::Transient,
        -1 => ErrorKind::Transient,
        // The token or the robot behind it is gone, or the signature does not fit.
        300_001 | 300_005 | 310_000 | 400_013 | 400_101 | 400_102 | 400_106 => ErrorKind::Auth,
        _ => ErrorKind::Permanent,
    };
    let error = answer.refused(WHO, kind, &code.to_string(), said);
    let wait = if too_fast { Some(answer.wait.unwrap_or_default().max(PAUSE_MS)) } else { error.retry_after_ms };
    Err(error.retry_after_ms(wait))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::testing::{FakeHost, alert, answer, json_body};

    const URL: &str = "https://oapi.dingtalk.com/robot/send?access_token=hidden";

    fn fake(settings: Value, body: &str) -> FakeHost {
        FakeHost::default()
            .settings(settings)
            .with_secret("url", URL)
            .at(1_700_000_000_000_000)
            .answer(answer(200, body))
    }

    #[test]
    fn the_published_vector_is_met_and_encoded_once() {
        assert_eq!(sign("1700000000000", "SECdemo0123456789"), "ww0uYz9hgC//la1LzHCxhiH8ja6t5XU0VlJXBRQKVAA=");
        let host = fake(json!({}), r#"{"errcode":0,"errmsg":"ok"}"#).with_secret("signing", "SECdemo0123456789").host();
        DingTalk::deliver(&host, alert("x"), "k".into()).unwrap();
        let expected = "&timestamp=1700000000000&sign=ww0uYz9hgC%2F%2Fla1LzHCxhiH8ja6t5XU0VlJXBRQKVAA%3D";
        assert_eq!(host.fake().requests()[0].url, format!("{URL}{expected}"));
    }

    #[test]
    fn an_alert_becomes_markdown_that_calls_whom_it_should() {
        let host =
            fake(json!({ "at_mobiles": ["13800000000"], "at_all": true }), r#"{"errcode":0,"errmsg":"ok"}"#).host();
        DingTalk::deliver(&host, alert("one\ntwo"), "k".into()).unwrap();
        let request = host.fake().requests().remove(0);
        assert_eq!(request.url, URL, "without a secret nothing is signed");
        let body = json_body(&request);
        assert_eq!(body["msgtype"], "markdown");
        assert_eq!(body["at"], json!({ "atMobiles": ["13800000000"], "isAtAll": true }));
        let text = body["markdown"]["text"].as_str().unwrap();
        assert!(text.contains("one  \ntwo") && text.contains("> **error**: a < b @all  \n"), "{text}");
        assert!(text.ends_with("@13800000000"), "{text}");
        let mut calm = alert("x");
        calm.severity = Severity::Warning;
        let config = Config { at_mobiles: vec!["1".into()], at_all: true };
        assert_eq!(super::body(&config, &calm, "x")["at"], json!({ "atMobiles": [], "isAtAll": false }));
    }

    #[test]
    fn a_long_text_is_cut_to_what_the_robot_takes() {
        let host = fake(json!({}), r#"{"errcode":0}"#).host();
        DingTalk::deliver(&host, alert(&"日\n".repeat(20_000)), "k".into()).unwrap();
        let request = host.fake().requests().remove(0);
        let length = request.body.as_ref().unwrap().len();
        assert!(length <= BODY && length > BODY / 2, "{length}");
        assert!(json_body(&request)["markdown"]["text"].as_str().unwrap().contains('…'));
    }

    #[test]
    fn codes_are_sorted_by_whether_trying_again_may_help() {
        for (body, kind, wait) in [
            (r#"{"errcode":-1,"errmsg":"system busy"}"#, ErrorKind::Transient, None),
            (
                r#"{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}"#,
                ErrorKind::Transient,
                Some(60_000),
            ),
            (r#"{"errcode":410100,"errmsg":"发送速度太快而限流"}"#, ErrorKind::Transient, Some(60_000)),
            (r#"{"errcode":310000,"errmsg":"sign not match"}"#, ErrorKind::Auth, None),
            (r#"{"errcode":300001,"errmsg":"token is not exist"}"#, ErrorKind::Auth, None),
            (r#"{"errcode":400102,"errmsg":"robot stopped"}"#, ErrorKind::Auth, None),
            (r#"{"errcode":40035,"errmsg":"missing json"}"#, ErrorKind::Permanent, None),
            (r#"{"errcode":430101,"errmsg":"unsafe link"}"#, ErrorKind::Permanent, None),
            ("<html>", ErrorKind::Permanent, None),
        ] {
            let error = DingTalk::deliver(&fake(json!({}), body).host(), alert("x"), "k".into()).unwrap_err();
            assert_eq!((error.kind, error.retry_after_ms), (kind, wait), "{body}");
            assert!(!error.message.contains("hidden"), "{error}");
        }
    }

    #[test]
    fn a_repeat_is_not_shown_twice_and_a_failure_is_no_delivery() {
        let busy = answer(200, r#"{"errcode":-1,"errmsg":"busy"}"#);
        let good = answer(200, r#"{"errcode":0,"errmsg":"ok"}"#);
        let host = FakeHost::default().with_secret("url", URL).answer(busy).answer(good).host();
        let outcomes: Vec<_> = (0..3).map(|_| DingTalk::deliver(&host, alert("x"), "k".into()).is_ok()).collect();
        assert_eq!(outcomes, [false, true, true]);
        assert_eq!(host.fake().requests().len(), 2);
    }
}
