//! Tables of what is decided: policy and event on the left, deliveries on the right.
#![allow(clippy::unwrap_used)]

use super::*;
use model::alert::Alert;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
}

fn policy(text: &str) -> Policy {
    Policy::parse(text).unwrap()
}

/// `critical team=data @ops @mail #group =key` of the workflow `nightly`.
fn alert(spelled: &str) -> NewAlert {
    let mut new = NewAlert { workflow: Some("nightly".into()), step: Some("tell".into()), ..NewAlert::default() };
    new.message = Alert { title: "broken".into(), ..Alert::default() };
    for word in spelled.split_whitespace() {
        if let Some(severity) = AlertSeverity::find(word) {
            new.message.severity = severity;
        } else if let Some(channel) = word.strip_prefix('@') {
            new.channels.push(channel.into());
        } else if let Some(group) = word.strip_prefix('#') {
            new.group = Some(group.into());
        } else if let Some(key) = word.strip_prefix('=') {
            new.dedupe = Some(key.into());
        } else if let Some((name, value)) = word.split_once('=') {
            new.labels.insert(name.into(), value.into());
        }
    }
    new
}

/// `ops+0 mail+300(group) boss+900(escalation)`: channel, seconds from now, why.
fn spell(raising: &Raising) -> String {
    let words = raising.deliveries.iter().map(|planned| {
        let seconds = (planned.next_at - at(0)).num_seconds();
        let reason = planned.reason.map(|reason| format!("({})", reason.as_str())).unwrap_or_default();
        let dropped = if planned.status == DeliveryStatus::Dropped { "-" } else { "+" };
        format!("{}{dropped}{seconds}{reason}", planned.channel)
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn routes_say_whom_an_alert_goes_to() {
    let to_pager = "routes: [{ match: { severity: [critical] }, channels: [pager] }]";
    let by_label = "routes: [{ match: { labels: { team: \"da*\" } }, channels: [data] }]";
    let by_workflow = "routes: [{ match: { workflow: \"night*\" }, channels: [night] }]";
    let instead = "routes: [{ match: { severity: info }, channels: [quiet], replace: true }, { channels: [all] }]";
    let stop = "routes: [{ match: { severity: info }, channels: [a], stop: true }, { channels: [b] }]";
    let escalate = "routes: [{ escalate: [{ after: 5m, channels: [boss] }, { after: 10m, channels: [owner] }] }]";
    for (text, spelled, expected) in [
        ("{}", "warning @ops @mail", "ops+0 mail+0"),
        ("{}", "warning", ""),
        (to_pager, "critical @ops", "ops+0 pager+0"),
        (to_pager, "critical @pager", "pager+0"),
        (to_pager, "warning @ops", "ops+0"),
        (by_label, "team=data @ops", "ops+0 data+0"),
        (by_label, "team=web @ops", "ops+0"),
        (by_label, "@ops", "ops+0"),
        (by_workflow, "@ops", "ops+0 night+0"),
        (instead, "info @ops", "quiet+0 all+0"),
        (instead, "warning @ops", "ops+0 all+0"),
        (stop, "info", "a+0"),
        (stop, "warning", "b+0"),
        (escalate, "critical @ops", "ops+0 boss+300(escalation) owner+600(escalation)"),
        (escalate, "resolved @ops", "ops+0"),
        ("{}", "@ops #loads", "ops+60(group)"),
        ("routes: [{ group: { by: [workflow], window: 5m } }]", "@ops @mail", "ops+300(group) mail+300(group)"),
    ] {
        let new = alert(spelled);
        let raising = raise(&route(&policy(text), &new), &RaiseState::default(), new.message.severity, at(0));
        assert_eq!(spell(&raising), expected, "{text} / {spelled}");
    }
}

#[test]
fn alerts_that_are_alike_are_told_once_within_the_window() {
    use AlertSeverity::{Critical, Info, Resolved, Warning};
    let id = AlertId::generate();
    let text = "routes: [{ dedupe: { by: [workflow, label.table], window: 10m } }]";
    for (text, spelled, told, expected) in [
        (text, "warning @ops", None, "ops+0"),
        (text, "warning @ops", Some((Warning, -60)), "ops-0(duplicate)"),
        (text, "info @ops", Some((Warning, -60)), "ops-0(duplicate)"),
        (text, "critical @ops", Some((Warning, -60)), "ops+0"),
        (text, "resolved @ops", Some((Critical, -60)), "ops+0"),
        (text, "resolved @ops", Some((Resolved, -60)), "ops-0(duplicate)"),
        (text, "warning @ops", Some((Warning, -600)), "ops+0"),
        (text, "warning @ops", Some((Warning, -599)), "ops-0(duplicate)"),
        ("{}", "warning @ops =mine", Some((Info, -3_599)), "ops+0"),
        ("{}", "warning @ops =mine", Some((Warning, -3_599)), "ops-0(duplicate)"),
        ("{}", "warning @ops", Some((Warning, -1)), "ops+0"),
    ] {
        let new = alert(spelled);
        let told = told.map(|(severity, seconds)| (id, severity, at(seconds)));
        let state = RaiseState { told, ..RaiseState::default() };
        let raising = raise(&route(&policy(text), &new), &state, new.message.severity, at(0));
        assert_eq!(spell(&raising), expected, "{text} / {spelled} / {told:?}");
        assert_eq!(raising.duplicate_of.is_some(), expected.contains("duplicate"));
    }
    let keys = |spelled: &str| route(&policy(text), &alert(spelled)).dedupe.unwrap().0;
    assert_eq!(keys("table=bars"), keys("critical table=bars"));
    assert_ne!(keys("table=bars"), keys("table=ticks"));
    assert_ne!(keys("table=bars"), keys(""));
}

#[test]
fn what_joins_a_group_goes_with_it() {
    let new = alert("@ops @mail");
    let routed = route(&policy("routes: [{ group: { by: [workflow], window: 5m } }]"), &new);
    let state = RaiseState { gathering: BTreeMap::from([("ops".to_owned(), at(42))]), ..RaiseState::default() };
    assert_eq!(spell(&raise(&routed, &state, AlertSeverity::Warning, at(0))), "ops+42(group) mail+300(group)");
}

#[test]
fn a_delivery_is_sent_held_or_dropped_when_its_time_comes() {
    // at(0) is 2023-11-14 22:13:20 UTC.
    let night = "channels: { ops: { quiet: { from: \"22:00\", to: \"23:00\", except: [critical] } } }";
    let never = "channels: { ops: { quiet: { from: \"22:00\", to: \"23:00\", then: drop } } }";
    let rate = "channels: { ops: { rate: { limit: 2, per: 1m } } }";
    let hold = |seconds, reason| Due::Hold(at(seconds), reason);
    let (quiet, slow) = (DeliveryReason::Quiet, DeliveryReason::Rate);
    use AlertSeverity::{Critical, Warning};
    for (text, level, acknowledged, severity, sent, expected) in [
        ("{}", 0, false, Warning, &[][..], Due::Send),
        ("{}", 0, true, Warning, &[], Due::Send),
        ("{}", 1, false, Warning, &[], Due::Send),
        ("{}", 1, true, Critical, &[], Due::Drop(DeliveryReason::Acknowledged)),
        (night, 0, false, Warning, &[], hold(2_800, quiet)),
        (night, 0, false, Critical, &[], Due::Send),
        (never, 0, false, Warning, &[], Due::Drop(quiet)),
        (rate, 0, false, Warning, &[-30], Due::Send),
        (rate, 0, false, Warning, &[-60, -30], Due::Send),
        (rate, 0, false, Warning, &[-50, -30], hold(10, slow)),
        (rate, 0, false, Warning, &[-50, -30, -10], hold(30, slow)),
    ] {
        let sent = sent.iter().map(|seconds| at(*seconds)).collect();
        let state = DueState { level, acknowledged, severity, sent };
        assert_eq!(due(&policy(text), "ops", &state, at(0)), expected, "{text} {state:?}");
        assert_eq!(due(&policy(text), "other", &DueState { level: 0, ..state }, at(0)), Due::Send);
    }
}

#[test]
fn failed_attempts_are_repeated_up_to_a_limit_with_growing_delays() {
    let custom = "channels: { ops: { retry: { attempts: 3, backoff: 1s, max: 90s } } }";
    for (text, attempts, retryable, wish, expected) in [
        ("{}", 1, true, None, Some(10)),
        ("{}", 2, true, None, Some(20)),
        ("{}", 5, true, None, Some(160)),
        ("{}", 6, true, None, None),
        ("{}", 1, false, None, None),
        (custom, 1, true, None, Some(1)),
        (custom, 2, true, Some(60), Some(60)),
        (custom, 3, true, None, None),
    ] {
        let wish = wish.map(Duration::from_secs);
        let expected = expected.map_or(After::Failed, |seconds| After::Retry(at(seconds)));
        assert_eq!(after(&policy(text), "ops", attempts, retryable, wish, at(0)), expected, "{text} {attempts}");
    }
}

#[test]
fn patterns_stand_for_anything_where_they_have_a_star() {
    for (pattern, text, expected) in [
        ("", "", true),
        ("a", "a", true),
        ("a", "ab", false),
        ("*", "", true),
        ("a*", "abc", true),
        ("*c", "abc", true),
        ("a*c", "abc", true),
        ("a*b*c", "a1b2c", true),
        ("a*b*c", "a1c2b", false),
        ("ab*ba", "aba", false),
    ] {
        assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
    }
}
