//! The decisions: which deliveries an alert has, whether one is sent now, and what follows an attempt.
//!
//! Pure: a policy, what is known, an event and its moment go in, a decision comes out.

use super::policy::{DEDUPE_WINDOW, Escalation, GROUP_WINDOW, Match, Policy, Window, default_retry};
use super::quiet::Then;
use chrono::{DateTime, TimeDelta, Utc};
use model::AlertId;
use model::alert::{AlertSeverity, DeliveryReason, DeliveryStatus, NewAlert};
use std::collections::BTreeMap;
use std::time::Duration;

/// The channel that is always there: the run's log. It is told at once, whatever the policy says of channels.
pub const LOG: &str = "log";

/// Characters of a key at most, so that it can be looked up by an index.
const LONGEST_KEY: usize = 600;
/// Characters of a channel's name at most; no channel has a longer one.
const LONGEST_NAME: usize = 100;

/// Where an alert goes, before anything is known of other alerts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Routed {
    /// Channels told at once, each once.
    pub channels: Vec<String>,
    /// The group's key, and how long it gathers.
    pub group: Option<(String, Duration)>,
    /// The key of alerts that are the same, and how long they are told once.
    pub dedupe: Option<(String, Duration)>,
    /// Whom to tell later.
    pub escalate: Vec<Escalation>,
}

/// What is known of other alerts when one is raised.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RaiseState {
    /// The last alert of the same key that was told: its id, its severity, and when it was raised.
    pub told: Option<(AlertId, AlertSeverity, DateTime<Utc>)>,
    /// For each channel with a message of the group that still gathers: when that is sent.
    pub gathering: BTreeMap<String, DateTime<Utc>>,
}

/// A delivery to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The channel.
    pub channel: String,
    /// 0: told at once; 1, 2, …: told because nobody acknowledged the alert.
    pub level: u32,
    /// Pending or dropped; the run's log has it at once.
    pub status: DeliveryStatus,
    /// Why it waits or is dropped.
    pub reason: Option<DeliveryReason>,
    /// When it is attempted first.
    pub next_at: DateTime<Utc>,
    /// The group's key.
    pub group: Option<String>,
}

/// What becomes of an alert that is raised.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Raising {
    /// The alert that told the same before.
    pub duplicate_of: Option<AlertId>,
    /// Its deliveries.
    pub deliveries: Vec<Planned>,
}

/// What is known when a delivery's time has come.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DueState {
    /// 0: told at once; 1, 2, …: told because nobody acknowledged the alert.
    pub level: u32,
    /// Whether somebody has acknowledged every alert of the message.
    pub acknowledged: bool,
    /// The most urgent severity of the message.
    pub severity: AlertSeverity,
    /// When the channel was sent messages of late, oldest first.
    pub sent: Vec<DateTime<Utc>>,
}

/// What becomes of a delivery whose time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// It is sent.
    Send,
    /// It waits.
    Hold(DateTime<Utc>, DeliveryReason),
    /// It is not sent.
    Drop(DeliveryReason),
}

/// What follows an attempt that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Another attempt, at that moment.
    Retry(DateTime<Utc>),
    /// None.
    Failed,
}

/// Where an alert goes.
#[must_use]
pub fn route(policy: &Policy, new: &NewAlert) -> Routed {
    let mut routed = Routed::default();
    let mut replace = false;
    let (mut group, mut dedupe): (Option<&Window>, Option<&Window>) = (None, None);
    let mut named: Vec<&String> = Vec::new();
    for route in policy.routes.iter().filter(|route| matches(&route.matches, new)) {
        replace |= route.replace;
        named.extend(&route.channels);
        group = group.or(route.group.as_ref());
        dedupe = dedupe.or(route.dedupe.as_ref());
        if routed.escalate.is_empty() {
            routed.escalate.clone_from(&route.escalate);
        }
        if route.stop {
            break;
        }
    }
    // What is over needs nobody to act.
    if new.message.severity == AlertSeverity::Resolved {
        routed.escalate.clear();
    }
    let own = new.channels.iter().filter(|_| !replace);
    for channel in own.chain(named) {
        let channel: String = channel.chars().take(LONGEST_NAME).collect();
        if !routed.channels.contains(&channel) {
            routed.channels.push(channel);
        }
    }
    let keyed = |own: &Option<String>, window: Option<&Window>, default: Duration| match (own, window) {
        (Some(key), window) => Some((bounded(key), window.map_or(default, |window| window.window))),
        (None, Some(window)) => Some((key(&window.by, new), window.window)),
        (None, None) => None,
    };
    routed.group = keyed(&new.group, group, GROUP_WINDOW);
    routed.dedupe = keyed(&new.dedupe, dedupe, DEDUPE_WINDOW);
    routed
}

/// Which deliveries an alert has that is raised at that moment.
#[must_use]
pub fn raise(routed: &Routed, state: &RaiseState, severity: AlertSeverity, at: DateTime<Utc>) -> Raising {
    let told = routed.dedupe.as_ref().zip(state.told).and_then(|((_, window), (id, before, raised))| {
        let is_within = at < raised + delta(*window);
        // What is more urgent than what was told is news, and so is that it is over.
        let is_news = severity.rank() > before.rank() || severity == AlertSeverity::Resolved && before != severity;
        (is_within && !is_news).then_some(id)
    });
    let plan = |channel: &String, level: u32| Planned {
        channel: channel.clone(),
        level,
        status: DeliveryStatus::Pending,
        reason: None,
        next_at: at,
        group: None,
    };
    let mut deliveries: Vec<Planned> = routed.channels.iter().map(|channel| plan(channel, 0)).collect();
    if told.is_some() {
        for delivery in &mut deliveries {
            delivery.status = DeliveryStatus::Dropped;
            delivery.reason = Some(DeliveryReason::Duplicate);
        }
        return Raising { duplicate_of: told, deliveries };
    }
    if let Some((key, window)) = &routed.group {
        for delivery in deliveries.iter_mut().filter(|delivery| delivery.channel != LOG) {
            delivery.group = Some(key.clone());
            delivery.reason = Some(DeliveryReason::Group);
            delivery.next_at = state.gathering.get(&delivery.channel).copied().unwrap_or(at + delta(*window));
        }
    }
    for delivery in deliveries.iter_mut().filter(|delivery| delivery.channel == LOG) {
        delivery.status = DeliveryStatus::Delivered;
    }
    for (index, escalation) in routed.escalate.iter().enumerate() {
        for channel in &escalation.channels {
            deliveries.push(Planned {
                reason: Some(DeliveryReason::Escalation),
                next_at: at + delta(escalation.after),
                ..plan(channel, u32::try_from(index).unwrap_or(0) + 1)
            });
        }
    }
    Raising { duplicate_of: None, deliveries }
}

/// What becomes of a delivery to that channel whose time has come.
#[must_use]
pub fn due(policy: &Policy, channel: &str, state: &DueState, at: DateTime<Utc>) -> Due {
    if state.level > 0 && state.acknowledged {
        return Due::Drop(DeliveryReason::Acknowledged);
    }
    let rules = policy.rules(channel);
    if let Some(quiet) = rules.quiet.filter(|quiet| !quiet.except.contains(&state.severity))
        && let Some(end) = quiet.until(at)
    {
        return match quiet.then {
            Then::Hold => Due::Hold(end, DeliveryReason::Quiet),
            Then::Drop => Due::Drop(DeliveryReason::Quiet),
        };
    }
    if let Some(rate) = rules.rate {
        let start = at - delta(rate.per);
        let recent: Vec<_> = state.sent.iter().filter(|sent| **sent > start).collect();
        let limit = usize::try_from(rate.limit).unwrap_or(usize::MAX);
        if recent.len() >= limit {
            // It may go when so many are left that one more fits.
            return Due::Hold(*recent[recent.len() - limit] + delta(rate.per), DeliveryReason::Rate);
        }
    }
    Due::Send
}

/// How far back [`due`] wants to know what a channel was sent.
#[must_use]
pub fn look_back(policy: &Policy, channel: &str) -> Duration {
    policy.rules(channel).rate.map_or(Duration::ZERO, |rate| rate.per)
}

/// How often a delivery to the channel is attempted at most.
#[must_use]
pub fn most_attempts(policy: &Policy, channel: &str) -> u32 {
    policy.rules(channel).retry.unwrap_or_else(default_retry).attempts
}

/// What follows attempt number `attempts`, which failed at that moment.
#[must_use]
pub fn after(
    policy: &Policy,
    channel: &str,
    attempts: u32,
    retryable: bool,
    retry_after: Option<Duration>,
    at: DateTime<Utc>,
) -> After {
    let retry = policy.rules(channel).retry.unwrap_or_else(default_retry);
    if !retryable || attempts >= retry.attempts {
        return After::Failed;
    }
    let doublings = attempts.saturating_sub(1).min(30);
    let delay = retry.backoff.saturating_mul(1 << doublings).min(retry.max).max(retry_after.unwrap_or_default());
    After::Retry(at + delta(delay))
}

fn matches(wanted: &Match, new: &NewAlert) -> bool {
    let severity = wanted.severity.is_empty() || wanted.severity.contains(&new.message.severity);
    let workflow = wanted.workflow.as_deref();
    severity
        && workflow.is_none_or(|pattern| new.workflow.as_deref().is_some_and(|name| is_like(pattern, name)))
        && wanted.labels.iter().all(|(name, pattern)| new.labels.get(name).is_some_and(|value| is_like(pattern, value)))
}

/// Whether the text is what the pattern says, in which each `*` stands for anything.
fn is_like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(found) = rest.find(part) else { return false };
        rest = &rest[found + part.len()..];
    }
    rest.ends_with(last)
}

/// What alerts have in common that are alike by those words.
fn key(by: &[String], new: &NewAlert) -> String {
    let part = |word: &String| {
        let value = match word.as_str() {
            "severity" => Some(new.message.severity.as_str()),
            "workflow" => new.workflow.as_deref(),
            "step" => new.step.as_deref(),
            "title" => Some(new.message.title.as_str()),
            other => other.strip_prefix("label.").and_then(|name| new.labels.get(name)).map(String::as_str),
        };
        serde_json::json!([word, value]).to_string()
    };
    bounded(&by.iter().map(part).collect::<Vec<_>>().join(","))
}

fn bounded(key: &str) -> String {
    key.chars().take(LONGEST_KEY).map(|char| if char == '\0' { '\u{fffd}' } else { char }).collect()
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests;
