//! Posts one alert as Markdown of at most 4,096 bytes, and sorts the codes of the answer.
//!
//! The robot answers 200 to everything and no id; repeats are kept from it by what was delivered before.

use crate::config::Config;
use plugin_sdk::channel::{Answer, once, post};
use plugin_sdk::text::{cut_bytes, fit, one_line};
use plugin_sdk::{Channel, Error, ErrorKind, Host, Message, Result, Severity, url};
use serde_json::json;

const WHO: &str = "WeCom";
/// Bytes of the Markdown, not characters.
const CONTENT: usize = 4096;
/// The robot takes 20 messages a minute.
const PAUSE_MS: u64 = 60_000;

/// The plugin.
pub(crate) struct WeCom;

impl Channel for WeCom {
    fn check(host: &Host) -> Result<()> {
        host.settings::<Config>()?;
        url::secret(host).map(|_| ())
    }

    fn deliver(host: &Host, message: Message, key: String) -> Result<Option<String>> {
        let config: Config = host.settings()?;
        let url = url::secret(host)?;
        once(host, &url, &key, || {
            let content = content(&config, &message);
            let body = json!({ "msgtype": "markdown", "markdown": { "content": content } });
            delivered(&post(host, &url, body.to_string())?).map(|()| None)
        })
    }
}

fn content(config: &Config, message: &Message) -> String {
    let color = match message.severity {
        Severity::Info | Severity::Resolved => "info",
        Severity::Warning => "comment",
        Severity::Critical => "warning",
    };
    let title = cut_bytes(&plain(&message.title), 512);
    let before = format!("<font color=\"{color}\">[{}]</font> **{title}**\n", message.severity.as_str());
    // The text gets the room that title, link and mentions leave; fields give way first.
    let mut after = String::new();
    if let Some(link) = message.link.as_ref().filter(|link| link.len() <= 1024) {
        after.push_str(&format!("\n[Open in Sluice]({})", link.replace(')', "%29")));
    }
    if message.severity == Severity::Critical {
        for user in config.mention.iter().take(50) {
            after.push_str(&format!("\n<@{}>", cut_bytes(user, 64)));
        }
    }
    let room = CONTENT.saturating_sub(before.len() + after.len());
    let mut fields = String::new();
    for (name, value) in &message.fields {
        let line = format!("\n> {}: {}", cut_bytes(&plain(name), 64), cut_bytes(&plain(value), 256));
        if fields.len() + line.len() > room / 2 {
            fields.push_str("\n> …");
            break;
        }
        fields.push_str(&line);
    }
    let text = fit(&message.text, room.saturating_sub(fields.len()), |text| text.replace('<', "＜"), String::len);
    cut_bytes(&format!("{before}{text}{fields}{after}"), CONTENT)
}

/// On one line, and without what would be markup: there is no way to escape it.
fn plain(text: &str) -> String {
    one_line(text).replace('<', "＜")
}

fn delivered(answer: &Answer) -> Result<()> {
    if !answer.is_success() {
        return Err(answer.refusal(WHO));
    }
    let body = answer.json();
    let Some(code) = body["errcode"].as_i64() else {
        return Err(Error::permanent(format!("{WHO} answered without `errcode`")));
    };
    let kind = match code {
        0 => return Ok(()),
        -1 | 45_009 | 45_033 => ErrorKind::Transient,
        93_000 => ErrorKind::Auth,
        _ => ErrorKind::Permanent,
    };
    let error = answer.refused(WHO, kind, &code.to_string(), body["errmsg"].as_str().unwrap_or_default());
    let wait = if code == 45_009 { Some(answer.wait.unwrap_or_default().max(PAUSE_MS)) } else { error.retry_after_ms };
    Err(error.retry_after_ms(wait))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::testing::{FakeHost, alert, answer, json_body};

    const URL: &str = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=hidden";

    fn host(status: u16, body: &str) -> Host {
        let fake = FakeHost::default().settings(json!({ "mention": ["wangqing"] })).with_secret("url", URL);
        fake.answer(answer(status, body)).host()
    }

    #[test]
    fn an_alert_becomes_markdown_in_which_only_the_settings_call_people() {
        let host = host(200, r#"{"errcode":0,"errmsg":"ok"}"#);
        WeCom::deliver(&host, alert("**a** <@all>"), "k".into()).unwrap();
        let body = json_body(&host.fake().requests()[0]);
        assert_eq!(body["msgtype"], "markdown");
        assert_eq!(
            body["markdown"]["content"],
            "<font color=\"warning\">[critical]</font> **load ＜b>failed＜/b> & stopped**\n**a** ＜@all>\n\
             > workflow: market-day\n> error: a ＜ b @all\n\
             [Open in Sluice](https://sluice.example/runs/7?a=1&b=2)\n<@wangqing>"
        );
    }

    #[test]
    fn the_limit_counts_bytes_and_what_is_cut_says_so() {
        let mut message = alert(&"日".repeat(4000));
        let content = content(&Config { mention: vec!["wangqing".into()] }, &message);
        assert!(content.len() <= CONTENT && content.len() > CONTENT * 3 / 4, "{}", content.len());
        assert!(content.contains("日…\n> workflow") && content.ends_with("<@wangqing>"), "{content}");
        message.title = "日".repeat(4000);
        message.fields = (0..200).map(|index| (format!("名{index}"), "值".repeat(1000))).collect();
        let content = super::content(&Config { mention: vec!["u".repeat(500); 100] }, &message);
        assert!(content.len() <= CONTENT, "{}", content.len());
    }

    #[test]
    fn codes_are_sorted_by_whether_trying_again_may_help() {
        for (status, body, kind, wait) in [
            (200, r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#, ErrorKind::Auth, None),
            (200, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#, ErrorKind::Transient, Some(60_000)),
            (200, r#"{"errcode":45033,"errmsg":"busy"}"#, ErrorKind::Transient, None),
            (200, r#"{"errcode":-1,"errmsg":"system error"}"#, ErrorKind::Transient, None),
            (
                200,
                r#"{"errcode":40058,"errmsg":"markdown.content exceed max length 4096"}"#,
                ErrorKind::Permanent,
                None,
            ),
            (200, r#"{"errcode":44004,"errmsg":"empty content"}"#, ErrorKind::Permanent, None),
            (200, "", ErrorKind::Permanent, None),
            (503, "", ErrorKind::Transient, None),
        ] {
            let error = WeCom::deliver(&host(status, body), alert("x"), "k".into()).unwrap_err();
            assert_eq!((error.kind, error.retry_after_ms), (kind, wait), "{body}");
            assert!(!error.message.contains("hidden"), "{error}");
        }
    }
}
