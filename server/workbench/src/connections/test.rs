//! Asks a connection's system who it is, and says in one line what fails.
//!
//! A test opens the connection anew, apart from what is in use, waits no longer than its connect time-out, and runs in a
//! task of its own: a driver that hangs or panics harms nobody else. Many are tested side by side.

use super::{ConnectionCare, Known};
use chrono::{DateTime, Utc};
use data::{Opener, Target};
use model::{ErrorCode, Fault};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How long to wait where the connection does not say.
const USUAL: Duration = Duration::from_secs(10);

/// The longest wait, whatever the connection says.
const LONGEST: Duration = Duration::from_secs(60);

/// So much longer than the connection's own time-out, so that its own words about it arrive.
const GRACE: Duration = Duration::from_millis(500);

/// How many are tested at the same time.
const AT_ONCE: usize = 32;

/// How a test went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestReport {
    /// The connection's name.
    pub connection: String,
    /// Whether the system answered.
    pub ok: bool,
    /// What the system calls itself, or what fails.
    pub message: String,
    /// The kind of failure.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub code: Option<ErrorCode>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hint: Option<String>,
    /// How long it took.
    pub duration_ms: u64,
    /// When.
    pub at: DateTime<Utc>,
}

impl ConnectionCare {
    /// Tests the connection and notes how it went. A failure is a report, not an error.
    ///
    /// # Errors
    /// `connection_not_found`, `store_failed`.
    pub async fn test(&self, name: &str) -> Result<TestReport, Fault> {
        let known = self.book.get(name).await?;
        self.test_known(&known).await
    }

    /// Tests all connections side by side; reports in the order of their names.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn test_all(self: &Arc<Self>) -> Result<Vec<TestReport>, Fault> {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let mut tests = JoinSet::new();
        let mut after: Option<String> = None;
        loop {
            let page = self.book.list(after.as_deref(), u32::MAX).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.name().to_owned());
            for known in page {
                let (care, places) = (self.clone(), places.clone());
                tests.spawn(async move {
                    // The semaphore is never closed; without a place the test would only be more crowded.
                    let _place = places.acquire_owned().await;
                    care.test_known(&known).await
                });
            }
        }
        let mut reports = Vec::new();
        while let Some(report) = tests.join_next().await {
            reports
                .push(report.map_err(|error| Fault::new(ErrorCode::Internal, format!("a test broke off: {error}")))??);
        }
        reports.sort_by(|a: &TestReport, b| a.connection.cmp(&b.connection));
        Ok(reports)
    }

    async fn test_known(&self, known: &Known) -> Result<TestReport, Fault> {
        let (at, started) = (Utc::now(), Instant::now());
        let answer = match self.book.target(known) {
            Ok(target) => ping(self.opener.clone(), target).await,
            Err(fault) => Err(fault),
        };
        let connection = known.name().to_owned();
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let report = match answer {
            Ok(message) => TestReport { connection, ok: true, message, code: None, hint: None, duration_ms, at },
            Err(fault) => TestReport {
                connection,
                ok: false,
                message: fault.message,
                code: Some(fault.code),
                hint: fault.hint,
                duration_ms,
                at,
            },
        };
        if let Known::Saved(record) = known {
            let result = serde_json::to_value(&report).unwrap_or(Value::Null);
            self.book.database().record_connection_test(&record.name, record.revision, at, &result).await?;
        }
        Ok(report)
    }
}

/// Opens the target apart from all others and asks it who it is.
async fn ping(opener: Arc<dyn Opener>, target: Target) -> Result<String, Fault> {
    let patience = patience(&target.settings);
    let asking = tokio::spawn(async move {
        let connector = opener.open(&target)?;
        connector.ping().await
    });
    let abort = asking.abort_handle();
    match tokio::time::timeout(patience + GRACE, asking).await {
        Ok(Ok(answer)) => answer.map_err(|error| *error.fault),
        Ok(Err(_)) => Err(Fault::new(ErrorCode::Internal, "the driver broke off")
            .hint("The server's log tells more; other connections are not affected.")),
        Err(_) => {
            abort.abort();
            let message = format!("there was no answer within {} s", patience.as_secs_f32());
            Err(Fault::new(ErrorCode::ConnectionFailed, message)
                .hint("Check host and port, and that no firewall swallows what is sent there."))
        }
    }
}

/// The connection's own connect time-out.
fn patience(settings: &Value) -> Duration {
    let seconds = settings.get("connect_timeout").and_then(Value::as_u64).map(Duration::from_secs);
    let millis = settings.get("connect_timeout_ms").and_then(Value::as_u64).map(Duration::from_millis);
    seconds.or(millis).unwrap_or(USUAL).clamp(Duration::from_millis(100), LONGEST)
}
