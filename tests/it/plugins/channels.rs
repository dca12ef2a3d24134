//! Channels: the README's alert is delivered at the second attempt, once, and an address that is gone is final.

use super::{Example, step};
use crate::stubs::{Reply, Stub, chat, reply};
use serde_json::{Value, json};

/// Carries the README out; `busy` is an answer that may pass. Gives what the service received in the end.
fn tell(plugin: &str, host: &str, busy: Reply, gone: (&str, &str)) -> Option<(Value, Value)> {
    let stub = Stub::start(chat::serve);
    let example = Example::find(plugin, &[(host, &stub.base)])?;
    example.set_up();
    stub.plan(busy);
    let run = example.run();
    assert_eq!(run["status"], "succeeded", "{run:#}");
    let outputs = step(&run, "tell")["outputs"].clone();
    assert_eq!(outputs["delivered"], 1, "{run:#}");
    let received = stub.received();
    assert_eq!(received.len(), 2, "one busy answer, one delivery");
    assert_eq!(received[0].path, received[1].path);

    // The same channel with an address or key that the service no longer knows: one attempt, a clear error, no secret.
    let mut commands = example.block("sh");
    assert!(commands.contains(gone.0), "{commands}");
    commands = commands.replace(gone.0, gone.1);
    let add = commands.lines().find(|line| line.contains("channel add")).unwrap();
    let words = super::split_words(add);
    let mut words: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
    words.push("--replace");
    example.sluice.call(&words);
    let before = stub.received().len();
    let run = example.run();
    assert_eq!(run["status"], "failed", "{run:#}");
    let error = &step(&run, "tell")["error"];
    assert_eq!(error["code"], "authentication_failed", "{error:#}");
    assert_eq!(stub.received().len(), before + 1, "what cannot pass is tried once");
    assert!(!run.to_string().contains(gone.1), "{run:#}");
    Some((received[1].json(), outputs))
}

#[test]
fn slack_shows_the_readmes_alert() {
    let gone = ("/services/T000/B000/XXXX", "/services/GONE/B000/hidden");
    let Some((body, _)) = tell("slack", "https://hooks.slack.com", reply(500, "rollup_error"), gone) else { return };
    assert_eq!(body["text"], "[critical] Nightly load failed");
    let text =
        "<!channel> The load of *daily_bars* stopped: see <https://wiki.example.com/load?a=1&amp;b=2|the runbook>.";
    assert_eq!(body["blocks"][1]["text"]["text"], text);
}

#[test]
fn dingtalk_shows_the_readmes_alert() {
    let busy = reply(200, r#"{"errcode":-1,"errmsg":"system busy"}"#);
    let gone = ("access_token=XXXX", "access_token=gone");
    let Some((body, _)) = tell("dingtalk", "https://oapi.dingtalk.com", busy, gone) else { return };
    assert_eq!(body["markdown"]["title"], "[critical] Nightly load failed");
    assert_eq!(body["at"]["atMobiles"], json!(["13800000000"]));
}

#[test]
fn feishu_shows_the_readmes_alert() {
    let busy = reply(400, r#"{"code":11232,"msg":"frequency limited"}"#);
    let gone = ("/hook/XXXX", "/hook/GONE");
    let Some((body, _)) = tell("feishu", "https://open.feishu.cn", busy, gone) else { return };
    assert_eq!(body["card"]["header"]["template"], "red");
}

#[test]
fn wecom_shows_the_readmes_alert() {
    let busy = reply(200, r#"{"errcode":45033,"errmsg":"busy"}"#);
    let Some((body, _)) = tell("wecom", "https://qyapi.weixin.qq.com", busy, ("key=XXXX", "key=GONE")) else { return };
    let content = body["markdown"]["content"].as_str().unwrap();
    assert!(content.contains("> workflow: nightly\n> rows: 0\n") && content.ends_with("<@wangqing>"), "{content}");
}

#[test]
fn teams_shows_the_readmes_alert() {
    let host = "https://prod-01.westeurope.logic.azure.com";
    let gone = ("/workflows/XXXX/", "/workflows/GONE/");
    let Some((body, _)) = tell("teams", host, reply(503, ""), gone) else { return };
    assert_eq!(
        body["attachments"][0]["content"]["body"][2]["facts"][0],
        json!({ "title": "workflow", "value": "nightly" })
    );
}

#[test]
fn telegram_shows_the_readmes_alert_and_gives_its_number() {
    let gone = ("123456:XXXX", "123456:hidden");
    let busy = reply(502, "<html>bad gateway</html>");
    let Some((body, outputs)) = tell("telegram", "https://api.telegram.org", busy, gone) else { return };
    assert!(body["text"].as_str().unwrap().contains("<b>daily_bars</b>"), "{body:#}");
    assert!(outputs["deliveries"].to_string().contains("15"), "{outputs:#}");
}

#[test]
fn pagerduty_opens_an_incident_for_the_readmes_alert() {
    let gone = ("0123456789abcdef0123456789abcdef", "00000000000000000000000000000000");
    let host = "https://events.pagerduty.com";
    let Some((body, outputs)) = tell("pagerduty", host, reply(503, ""), gone) else { return };
    assert_eq!(body["payload"]["component"], "loader");
    let key = body["dedup_key"].as_str().unwrap();
    assert!(key.ends_with("/tell"), "{key}");
    assert!(outputs["deliveries"].to_string().contains(key), "{outputs:#}");
}

#[test]
fn ntfy_shows_the_readmes_alert() {
    let busy = reply(429, r#"{"code":42901,"http":429,"error":"limit reached: too many requests"}"#);
    let Some((body, outputs)) = tell("ntfy", "https://ntfy.sh", busy, ("tk_XXXX", "tk_GONE")) else { return };
    assert_eq!((&body["topic"], &body["priority"]), (&json!("loads"), &json!(5)));
    let message = body["message"].as_str().unwrap();
    assert!(message.contains("\n- **workflow**: nightly\n- **rows**: 0"), "{message}");
    assert!(outputs["deliveries"].to_string().contains("hwQ2YpKdmg"), "{outputs:#}");
}
