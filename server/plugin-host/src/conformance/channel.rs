//! What a channel must do: deliver any alert once, answer with an id that can be kept, and say what may be tried again.

use super::{Lines, Mode, Suite, Verdict, broke};
use crate::manifest::PluginKind;
use data::registry::PluginCall;
use data::{Alert, AlertSeverity, Delivery, Error, Plugins};

const MEND_ERRORS: &str = "Return an error rather than panic: `?` on what may fail, no `unwrap`.";

fn alert(id: &str) -> Alert {
    Alert {
        id: id.to_owned(),
        severity: AlertSeverity::Critical,
        title: "load <b>failed</b> & stopped".to_owned(),
        text: "The load of *daily_bars* stopped: see [the runbook](https://wiki.example.com/load?a=1&b=2).".to_owned(),
        fields: vec![("workflow".to_owned(), "nightly".to_owned()), ("error".to_owned(), "a < b\n@all".to_owned())],
        link: Some("https://sluice.example/runs/7?a=1&b=2".to_owned()),
        ..Alert::default()
    }
}

pub(super) async fn check(suite: &Suite, lines: &mut Lines) {
    suite.check_export(PluginKind::Channel, lines).await;
    suite.stub.forget();
    let delivered = deliver(suite, suite.call(), &alert("check/first")).await;
    let first = suite.stub.requests();
    let mend = "Lay out in `check.toml` settings, secrets and answers with which an alert is delivered.";
    let verdict = suite.with_stand_in(Verdict::of(&delivered, mend));
    lines.add("channel.deliver", "delivers an alert with markup, fields and a link", verdict);
    if let Ok(delivery) = &delivered {
        let id = delivery.provider_id.as_deref();
        let good = id.is_none_or(|id| !id.trim().is_empty() && id.len() <= 1024 && !id.chars().any(char::is_control));
        let verdict = match good {
            true => Verdict::pass(),
            false => Verdict::fail(
                "the id is empty, longer than 1 KiB or holds control characters",
                "Answer with the provider's own id, or with none.",
            ),
        };
        lines.add("channel.answer", "looks at the id it answered with", verdict);
        repeat(suite, &first, lines).await;
    }
    odd_alerts(suite, lines).await;
    wrong_settings(suite, lines).await;
    if !suite.has_stand_in() {
        return;
    }
    for (place, (mode, check, tried, retryable)) in super::FAILURES.iter().enumerate() {
        if !suite.can_fail(*mode) {
            continue;
        }
        suite.stub.answer(*mode);
        let outcome = deliver(suite, suite.call(), &alert(&format!("check/failure-{place}"))).await;
        suite.stub.forget();
        let verdict = match mode {
            Mode::Nonsense => Verdict::unbroken(&outcome, MEND_ERRORS),
            _ => Verdict::refused(
                &outcome,
                *retryable,
                "Check the status of the answer before calling an alert delivered.",
            ),
        };
        lines.add(format!("channel.{check}"), *tried, verdict);
    }
    super::ungranted(suite, PluginKind::Channel, lines).await;
}

async fn deliver(suite: &Suite, call: PluginCall, alert: &Alert) -> Result<Delivery, Error> {
    suite.host.open_channel(suite.name(), call).await?.deliver(alert).await
}

async fn repeat(suite: &Suite, first: &[super::stub::Asked], lines: &mut Lines) {
    suite.stub.forget();
    let outcome = deliver(suite, suite.call(), &alert("check/first")).await;
    let again = suite.stub.requests();
    let known = |request: &super::stub::Asked| {
        first.iter().any(|known| request.is_repeat_of(known)) || request.names("check/first")
    };
    let verdict = match &outcome {
        Err(error) => Verdict::fail(error.fault.message.clone(), "Let a repeat of a delivery succeed."),
        Ok(_) if again.iter().all(known) => Verdict::pass(),
        Ok(_) => Verdict::fail(
            "the repeat sent another request, and without the alert's key",
            "Send the key along, or keep what was delivered: `plugin_sdk::channel::once` does.",
        ),
    };
    lines.add("channel.repeat", "delivers the same alert again under the same key", verdict);
}

async fn odd_alerts(suite: &Suite, lines: &mut Lines) {
    let unicode = "👩‍👩‍👧‍👦 \u{202e}grün\u{0} e\u{301} 日本語".to_owned();
    let mut odd = vec![
        (
            "empty texts",
            Alert { title: String::new(), text: String::new(), fields: Vec::new(), link: None, ..alert("check/empty") },
        ),
        (
            "texts of all scripts",
            Alert {
                title: unicode.clone(),
                text: unicode.clone(),
                fields: vec![(unicode.clone(), unicode)],
                ..alert("check/unicode")
            },
        ),
        (
            "a text of 200,000 characters and 200 fields",
            Alert {
                title: "長".repeat(2000),
                text: "wörd *x* \n".repeat(20_000),
                fields: (0..200).map(|number| (format!("field {number}"), "v".repeat(3000))).collect(),
                ..alert("check/long")
            },
        ),
    ];
    for severity in [AlertSeverity::Info, AlertSeverity::Warning, AlertSeverity::Resolved] {
        odd.push((severity.as_str(), Alert { severity, ..alert(&format!("check/{}", severity.as_str())) }));
    }
    let mut verdict = Verdict::pass();
    for (what, alert) in odd {
        if let Err(error) = deliver(suite, suite.call(), &alert).await
            && broke(&error)
        {
            verdict = Verdict::fail(format!("with {what}: {}", error.fault.message), MEND_ERRORS);
            break;
        }
    }
    lines.add("channel.alerts", "delivers empty, long and strange alerts of every severity", verdict);
}

async fn wrong_settings(suite: &Suite, lines: &mut Lines) {
    let mut verdict = Verdict::pass();
    for (place, (what, settings)) in suite.wrong_settings().into_iter().enumerate() {
        let outcome = deliver(suite, suite.call_with(settings), &alert(&format!("check/wrong-{place}"))).await;
        if let Err(error) = outcome.as_ref()
            && broke(error)
        {
            verdict = Verdict::fail(format!("with {what}: {}", error.fault.message), MEND_ERRORS);
            break;
        }
    }
    lines.add("channel.wrong_settings", "delivers with settings of wrong types", verdict);
    for (place, wrong) in suite.setup.wrong.iter().enumerate() {
        let outcome = deliver(suite, suite.call_with(wrong.clone()), &alert(&format!("check/refused-{place}"))).await;
        let mend = "Refuse these settings with an error of the kind `config` that names the setting.";
        let tried = "delivers with settings that `check.toml` calls wrong";
        lines.add(format!("channel.wrong_settings.{}", place + 1), tried, Verdict::refused(&outcome, false, mend));
    }
}
