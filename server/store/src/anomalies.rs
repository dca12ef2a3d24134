//! Anomalies and what people set for their rules.
//!
//! Findings of one observation are settled in one transaction, and observations one after another, so that two runs
//! that find the same thing at once still make one anomaly and one alert.

use crate::Database;
use crate::catalog::json_column;
use crate::error::{Error, Result, check_text};
use crate::sql::{self, column, instant, maybe_instant, micros};
use chrono::{DateTime, TimeDelta, Utc};
use model::anomaly::{
    Anomaly, AnomalyAction, AnomalyFilter, AnomalyRule, AnomalyState, Finding, Observation, Recorded, Severity,
};
use model::{AnomalyId, ErrorCode, RunId};
use sea_orm::{ConnectionTrait, QueryResult, Value};
use serde_json::Map;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

const COLUMNS: &str = "id, fingerprint, rule, severity, state, connection, table_name, subject, scope, message, details, \
                       seen, first_seen, last_seen, run_id, changed_by, changed_at, comment, alerted_at, alert_due";
/// Anomalies on one page at most.
const LARGEST_PAGE: u32 = 500;
/// Findings of one observation at most.
const MOST_FINDINGS: usize = 2_000;
/// Bytes of a finding's details at most.
const MOST_DETAILS: usize = 16 * 1024;
/// Characters of a text at most.
const LONGEST_TEXT: usize = 1_000;
/// An arbitrary number that is Sluice's own; the lock ends with the transaction.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7236837226)";

/// An anomaly, and whether somebody is still to be told.
struct Known {
    anomaly: Anomaly,
    alert_due: bool,
}

impl Database {
    pub(crate) async fn settle(&self, observation: &Observation) -> Result<Recorded> {
        if observation.findings.len() > MOST_FINDINGS {
            let count = observation.findings.len();
            return Err(Error::permanent(
                ErrorCode::InvalidValue,
                format!("{count} findings at once are more than the {MOST_FINDINGS} that are kept"),
            )
            .hint("Gather findings of one rule into one"));
        }
        let rules = self.list_rules().await?;
        let transaction = crate::database::begin(&self.inner.writer).await?;
        if sql::is_postgres(&transaction) {
            sql::run(&transaction, LOCK, vec![]).await?;
        }
        let known = read_place(&transaction, observation).await?;
        let mut recorded = Recorded::default();
        let mut seen = HashSet::new();
        for finding in &observation.findings {
            let rule = AnomalyRule::narrowest(&rules, &finding.rule);
            if rule.is_some_and(|rule| rule.muted) {
                recorded.muted += 1;
                continue;
            }
            let fingerprint = fingerprint(observation, finding);
            if !seen.insert(fingerprint.clone()) {
                continue;
            }
            let mut next = find_again(observation, finding, rule, known.get(&fingerprint), &fingerprint, &mut recorded);
            let channels = match rule {
                Some(rule) if !rule.channels.is_empty() => &rule.channels,
                _ => &observation.channels,
            };
            // Whoever sets a channel later is told of what comes later.
            next.alert_due &= !channels.is_empty();
            save(&transaction, &next, known.contains_key(&fingerprint)).await?;
            if next.alert_due {
                recorded.alerts.push((next.anomaly, channels.clone()));
            }
        }
        if observation.resolve {
            let looked_at: HashSet<&str> = observation.rules.iter().map(String::as_str).collect();
            let gone = known.into_values().filter(|known| {
                known.anomaly.state != AnomalyState::Resolved
                    && looked_at.contains(known.anomaly.rule.as_str())
                    && !seen.contains(&known.anomaly.fingerprint)
            });
            for mut known in gone {
                known.anomaly.state = AnomalyState::Resolved;
                known.anomaly.changed_by = None;
                known.anomaly.changed_at = observation.at;
                known.anomaly.comment = Some("no longer found".to_owned());
                known.alert_due = false;
                save(&transaction, &known, true).await?;
                recorded.resolved += 1;
            }
        }
        transaction.commit().await?;
        Ok(recorded)
    }

    /// Anomalies, the last seen first.
    ///
    /// # Errors
    /// `anomaly_not_found` where the page's start is none, `store_failed`.
    pub async fn list_anomalies(&self, filter: &AnomalyFilter) -> Result<Vec<Anomaly>> {
        if let Some(after) = filter.after {
            self.get_anomaly(after).await?;
        }
        for text in [&filter.rule, &filter.connection, &filter.table].into_iter().flatten() {
            check_text("the filter", text)?;
        }
        let (sql, values) = page(filter);
        let rows = sql::all(&self.inner.reader, sql, values).await?;
        rows.iter().map(|row| Ok(known(row)?.anomaly)).collect()
    }

    /// The anomaly of that id.
    ///
    /// # Errors
    /// `anomaly_not_found`, `store_failed`.
    pub async fn get_anomaly(&self, id: AnomalyId) -> Result<Anomaly> {
        let sql = format!("SELECT {COLUMNS} FROM anomaly WHERE id = $1");
        match sql::one(&self.inner.reader, sql, vec![id.as_uuid().into()]).await? {
            Some(row) => Ok(known(&row)?.anomaly),
            None => Err(Error::permanent(ErrorCode::AnomalyNotFound, format!("there is no anomaly `{id}`"))
                .hint("`sluice anomaly list` shows what there is.")),
        }
    }

    /// Changes where an anomaly stands, for somebody.
    ///
    /// # Errors
    /// `anomaly_not_found`, `invalid_value` for one that is resolved and to be acknowledged, `store_failed`.
    pub async fn change_anomaly(
        &self,
        id: AnomalyId,
        action: AnomalyAction,
        who: &str,
        comment: Option<&str>,
    ) -> Result<Anomaly> {
        check_text("the comment", comment.unwrap_or_default())?;
        check_text("the name", who)?;
        let allowed = if action == AnomalyAction::Acknowledge { " AND state <> 'resolved'" } else { "" };
        let sql = format!(
            "UPDATE anomaly SET state = $1, changed_by = $2, changed_at = $3, comment = $4, alert_due = $5 \
             WHERE id = $6{allowed}"
        );
        let values = vec![
            action.state().as_str().into(),
            short(who, 200).into(),
            micros(Utc::now()).into(),
            comment.map(|comment| short(comment, LONGEST_TEXT)).into(),
            // Whoever changed it knows of it.
            false.into(),
            id.as_uuid().into(),
        ];
        let changed = sql::run(&self.inner.writer, sql, values).await?;
        let anomaly = self.get_anomaly(id).await?;
        if changed == 0 {
            return Err(Error::permanent(ErrorCode::InvalidValue, format!("`{id}` is resolved"))
                .hint("Reopen it first, if it is not over"));
        }
        Ok(anomaly)
    }

    pub(crate) async fn note_alerted(&self, ids: &[AnomalyId], at: DateTime<Utc>) -> Result<()> {
        for id in ids {
            let values = vec![micros(at).into(), false.into(), id.as_uuid().into()];
            let sql = "UPDATE anomaly SET alerted_at = $1, alert_due = $2 WHERE id = $3";
            sql::run(&self.inner.writer, sql, values).await?;
        }
        Ok(())
    }

    /// What people have set for rules, by name.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn list_rules(&self) -> Result<Vec<AnomalyRule>> {
        let rows = sql::all(&self.inner.reader, "SELECT content FROM anomaly_rule ORDER BY name", vec![]).await?;
        rows.iter()
            .map(|row| serde_json::from_value(json_column(row, 0)?).map_err(|_| sql::damaged("anomaly rule")))
            .collect()
    }

    /// Keeps what somebody sets for a rule, whether or not anything was set.
    ///
    /// # Errors
    /// `invalid_value` for a name no rule can have, `store_failed`.
    pub async fn update_anomaly_rule(&self, rule: &AnomalyRule, who: &str) -> Result<()> {
        check_rule(&rule.rule)?;
        check_text("the name", who)?;
        let content = serde_json::to_string(rule).map_err(|_| sql::damaged("anomaly rule"))?;
        let sql = "INSERT INTO anomaly_rule (name, content, updated_at, updated_by) VALUES ($1, $2, $3, $4) \
                   ON CONFLICT (name) DO UPDATE SET content = excluded.content, \
                   updated_at = excluded.updated_at, updated_by = excluded.updated_by";
        let values = vec![rule.rule.clone().into(), content.into(), micros(Utc::now()).into(), short(who, 200).into()];
        sql::run(&self.inner.writer, sql, values).await?;
        Ok(())
    }

    /// Forgets what was set for a rule; false: nothing was.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn delete_anomaly_rule(&self, rule: &str) -> Result<bool> {
        if check_rule(rule).is_err() {
            return Ok(false);
        }
        Ok(sql::run(&self.inner.writer, "DELETE FROM anomaly_rule WHERE name = $1", vec![rule.into()]).await? > 0)
    }
}

/// The anomaly after it was found once more, or for the first time.
fn find_again(
    observation: &Observation,
    finding: &Finding,
    rule: Option<&AnomalyRule>,
    known: Option<&Known>,
    fingerprint: &str,
    recorded: &mut Recorded,
) -> Known {
    let severity = rule.and_then(|rule| rule.severity).unwrap_or(finding.severity);
    let mut next = match known {
        Some(known) => Known { anomaly: known.anomaly.clone(), alert_due: known.alert_due },
        None => Known { anomaly: first(observation, finding, severity, fingerprint), alert_due: true },
    };
    let anomaly = &mut next.anomaly;
    match known.map(|known| known.anomaly.state) {
        None => recorded.new += 1,
        Some(AnomalyState::Resolved) => {
            recorded.reopened += 1;
            anomaly.state = AnomalyState::Open;
            anomaly.changed_by = None;
            anomaly.changed_at = observation.at;
            anomaly.comment = None;
            let window = rule.map_or_else(|| AnomalyRule::named("").dedupe_seconds, |rule| rule.dedupe_seconds);
            let window = TimeDelta::seconds(i64::try_from(window).unwrap_or(i64::MAX / 2_000));
            next.alert_due = anomaly.alerted_at.is_none_or(|told| observation.at - told >= window);
        }
        Some(AnomalyState::Open) => {
            recorded.known += 1;
            next.alert_due |= severity > anomaly.severity;
        }
        Some(AnomalyState::Acknowledged) => {
            recorded.known += 1;
            next.alert_due = false;
        }
    }
    anomaly.severity = severity;
    anomaly.message = short(&finding.message, LONGEST_TEXT);
    anomaly.details = fitting(&finding.details);
    anomaly.count += 1;
    anomaly.last_seen = anomaly.last_seen.max(observation.at);
    anomaly.run = observation.run;
    next
}

fn first(observation: &Observation, finding: &Finding, severity: Severity, fingerprint: &str) -> Anomaly {
    Anomaly {
        id: AnomalyId::generate(),
        fingerprint: fingerprint.to_owned(),
        rule: finding.rule.clone(),
        severity,
        state: AnomalyState::Open,
        connection: observation.connection.clone(),
        table: observation.table.clone(),
        subject: observation.subject.clone(),
        scope: short(&finding.scope, LONGEST_TEXT),
        message: String::new(),
        details: Map::new(),
        count: 0,
        first_seen: observation.at,
        last_seen: observation.at,
        run: observation.run,
        changed_by: None,
        changed_at: observation.at,
        comment: None,
        alerted_at: None,
    }
}

/// Names what a finding is about, whatever it says of it.
fn fingerprint(observation: &Observation, finding: &Finding) -> String {
    let mut hash = Sha256::new();
    for part in [&finding.rule, &observation.connection, &observation.table, &observation.subject, &finding.scope] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(&hash.finalize()[..16])
}

/// Everything known of the place an observation is about.
async fn read_place(connection: &impl ConnectionTrait, observation: &Observation) -> Result<HashMap<String, Known>> {
    for (what, text) in [
        ("the connection's name", &observation.connection),
        ("the table's name", &observation.table),
        ("the subject", &observation.subject),
    ] {
        check_text(what, text)?;
    }
    let sql = format!("SELECT {COLUMNS} FROM anomaly WHERE connection = $1 AND table_name = $2 AND subject = $3");
    let values = vec![
        observation.connection.clone().into(),
        observation.table.clone().into(),
        observation.subject.clone().into(),
    ];
    let rows = sql::all(connection, sql, values).await?;
    rows.iter().map(|row| known(row).map(|known| (known.anomaly.fingerprint.clone(), known))).collect()
}

async fn save(connection: &impl ConnectionTrait, known: &Known, exists: bool) -> Result<()> {
    let Known { anomaly, alert_due } = known;
    let details = serde_json::Value::Object(anomaly.details.clone()).to_string();
    let run: Option<Uuid> = anomaly.run.map(RunId::as_uuid);
    let count = i64::try_from(anomaly.count).unwrap_or(i64::MAX);
    let mut values: Vec<Value> = vec![
        anomaly.id.as_uuid().into(),
        severity_number(anomaly.severity).into(),
        anomaly.state.as_str().into(),
        printable(&anomaly.message).into(),
        details.into(),
        count.into(),
        micros(anomaly.last_seen).into(),
        run.into(),
        anomaly.changed_by.clone().into(),
        micros(anomaly.changed_at).into(),
        anomaly.comment.clone().into(),
        anomaly.alerted_at.map(micros).into(),
        (*alert_due).into(),
    ];
    if exists {
        let sql = "UPDATE anomaly SET severity = $2, state = $3, message = $4, details = $5, seen = $6, \
                   last_seen = $7, run_id = $8, changed_by = $9, changed_at = $10, comment = $11, \
                   alerted_at = $12, alert_due = $13 WHERE id = $1";
        sql::run(connection, sql, values).await?;
        return Ok(());
    }
    values.extend([
        anomaly.fingerprint.clone().into(),
        printable(&anomaly.rule).into(),
        anomaly.connection.clone().into(),
        anomaly.table.clone().into(),
        anomaly.subject.clone().into(),
        printable(&anomaly.scope).into(),
        micros(anomaly.first_seen).into(),
    ]);
    let sql = "INSERT INTO anomaly (id, severity, state, message, details, seen, last_seen, run_id, changed_by, \
               changed_at, comment, alerted_at, alert_due, fingerprint, rule, connection, table_name, subject, \
               scope, first_seen) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";
    sql::run(connection, sql, values).await?;
    Ok(())
}

/// The statement that lists one page.
fn page(filter: &AnomalyFilter) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = vec![i64::from(filter.limit.min(LARGEST_PAGE)).into()];
    let mut conditions = Vec::new();
    let mut place = |value: Value| {
        values.push(value);
        values.len()
    };
    if !filter.states.is_empty() {
        let places: Vec<String> =
            filter.states.iter().map(|state| format!("${}", place(state.as_str().into()))).collect();
        conditions.push(format!("state IN ({})", places.join(", ")));
    }
    if let Some(severity) = filter.severity {
        conditions.push(format!("severity >= ${}", place(severity_number(severity).into())));
    }
    match filter.rule.as_deref().map(|rule| (rule, rule.strip_suffix('*'))) {
        Some((_, Some(family))) => {
            let length = i64::try_from(family.chars().count()).unwrap_or(0);
            let (length, family) = (place(length.into()), place(family.into()));
            conditions.push(format!("substr(rule, 1, CAST(${length} AS INTEGER)) = ${family}"));
        }
        Some((rule, None)) => conditions.push(format!("rule = ${}", place(rule.into()))),
        None => {}
    }
    if let Some(connection) = &filter.connection {
        conditions.push(format!("connection = ${}", place(connection.clone().into())));
    }
    if let Some(table) = &filter.table {
        conditions.push(format!("table_name = ${}", place(table.clone().into())));
    }
    if let Some(since) = filter.since {
        conditions.push(format!("last_seen >= ${}", place(micros(since).into())));
    }
    if let Some(after) = filter.after {
        let after = place(after.as_uuid().into());
        conditions.push(format!("(last_seen, id) < (SELECT last_seen, id FROM anomaly WHERE id = ${after})"));
    }
    let conditions = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    (format!("SELECT {COLUMNS} FROM anomaly{conditions} ORDER BY last_seen DESC, id DESC LIMIT $1"), values)
}

fn known(row: &QueryResult) -> Result<Known> {
    let severity: i64 = column(row, 3)?;
    let severity = [Severity::Info, Severity::Warn, Severity::Error]
        .into_iter()
        .find(|known| severity_number(*known) == severity)
        .ok_or_else(|| sql::damaged(format!("severity {severity}")))?;
    let state: String = column(row, 4)?;
    let state = AnomalyState::find(&state).ok_or_else(|| sql::damaged(format!("state `{state}`")))?;
    let details = match json_column(row, 10)? {
        serde_json::Value::Object(details) => details,
        _ => Map::new(),
    };
    let count: i64 = column(row, 11)?;
    let anomaly = Anomaly {
        id: column::<Uuid>(row, 0)?.into(),
        fingerprint: column(row, 1)?,
        rule: column(row, 2)?,
        severity,
        state,
        connection: column(row, 5)?,
        table: column(row, 6)?,
        subject: column(row, 7)?,
        scope: column(row, 8)?,
        message: column(row, 9)?,
        details,
        count: u64::try_from(count).unwrap_or(0),
        first_seen: instant(row, 12)?,
        last_seen: instant(row, 13)?,
        run: column::<Option<Uuid>>(row, 14)?.map(Into::into),
        changed_by: column(row, 15)?,
        changed_at: instant(row, 16)?,
        comment: column(row, 17)?,
        alerted_at: maybe_instant(row, 18)?,
    };
    Ok(Known { anomaly, alert_due: column(row, 19)? })
}

fn severity_number(severity: Severity) -> i64 {
    match severity {
        Severity::Info => 1,
        Severity::Warn => 2,
        Severity::Error => 3,
    }
}

/// Details that fit, or a word that they did not.
fn fitting(details: &Map<String, serde_json::Value>) -> Map<String, serde_json::Value> {
    let size = serde_json::to_string(details).map_or(0, |text| text.len());
    if size <= MOST_DETAILS {
        return details.clone();
    }
    Map::from_iter([("left_out".to_owned(), format!("{size} bytes of details").into())])
}

fn short(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// The text without what PostgreSQL cannot keep; a value of somebody's data may hold it.
fn printable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn check_rule(name: &str) -> Result<()> {
    let bare = name.strip_suffix('*').unwrap_or(name);
    let is_well = !name.is_empty()
        && name.len() <= 100
        && bare.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_'));
    if is_well {
        return Ok(());
    }
    let shown: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
    Err(Error::permanent(ErrorCode::InvalidValue, format!("`{shown}` cannot be the name of a rule"))
        .hint("Write a rule such as `quality.c1`, a family such as `quality.*`, or `*` for all."))
}
