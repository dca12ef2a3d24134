//! Puts on record what was changed through the API: asked by whom, with what, before and after.
//!
//! An entry is begun before the change, durably, and ended after it. Whoever hangs up in between has it on record
//! nevertheless, and so has a server that is killed: what is not ended is written down as `interrupted`.

use super::caller::Caller;
use super::needs::Given;
use super::operations::{Needs, Operation};
use crate::error::ApiError;
use crate::graphql::Context;
use model::Fault;
use serde_json::{Value, json};
use workbench::audit::{Audit, AuditIntent, NewAuditEntry, without_secrets};

/// An entry whose outcome is not known yet.
pub struct Recording {
    audit: Audit,
    entry: Option<(AuditIntent, NewAuditEntry)>,
    about: Option<(Needs, String)>,
}

impl Recording {
    /// Begins an entry.
    ///
    /// # Errors
    /// `store_failed`: then what was asked must not be done.
    pub async fn begin(context: &Context, operation: &Operation, given: &Given) -> Result<Self, ApiError> {
        let about =
            operation.needs.iter().find_map(|needs| Some((*needs, given.texts(needs.path()).first()?.to_string())));
        let before = match &about {
            Some((needs, text)) => look(context, *needs, text).await,
            None => None,
        };
        let entry = NewAuditEntry {
            operation: operation.name.to_owned(),
            subject: about.as_ref().map(|(needs, text)| subject(context, *needs, text)).unwrap_or_default(),
            given: without_secrets(&given.0),
            before: before.map(|before| without_secrets(&before)).unwrap_or_default(),
            outcome: "interrupted".to_owned(),
            ..of(&context.caller)
        };
        let audit = context.workbench.audit.clone();
        let intent = audit.begin(&entry).await?;
        Ok(Self { audit, entry: Some((intent, entry)), about })
    }

    /// Ends the entry.
    ///
    /// # Errors
    /// `store_failed`: what was asked is done, but not on record.
    pub async fn end(mut self, context: &Context, outcome: &str) -> Result<(), ApiError> {
        if let Some((_, entry)) = &mut self.entry {
            outcome.clone_into(&mut entry.outcome);
        }
        if outcome == "done"
            && let Some((needs, text)) = self.about.take()
            && let Some(after) = look(context, needs, &text).await
            && let Some((_, entry)) = &mut self.entry
        {
            entry.after = without_secrets(&after);
        }
        let Some((intent, entry)) = self.entry.take() else { return Ok(()) };
        self.audit.end(intent, &entry).await.map_err(|fault| not_on_record(&entry, fault))
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let Some((intent, entry)) = self.entry.take() else { return };
        let audit = self.audit.clone();
        tokio::spawn(async move {
            if let Err(refused) = audit.end(intent, &entry).await {
                tracing::error!(error = %refused, operation = entry.operation, "a change is not on record");
            }
        });
    }
}

/// Writes a whole entry.
///
/// # Errors
/// `store_failed`.
pub async fn write(audit: &Audit, entry: &NewAuditEntry) -> Result<(), ApiError> {
    audit.record(entry).await.map_err(|fault| not_on_record(entry, fault))
}

fn not_on_record(entry: &NewAuditEntry, fault: Fault) -> ApiError {
    let message = format!("`{}` is not on record: {}", entry.operation, fault.message);
    Fault { message, ..fault }.into()
}

/// An entry of that caller about nothing yet.
#[must_use]
pub fn of(caller: &Caller) -> NewAuditEntry {
    NewAuditEntry {
        who: caller.who().to_owned(),
        way: caller.way().to_owned(),
        address: caller.address.clone(),
        ..NewAuditEntry::default()
    }
}

fn subject(context: &Context, needs: Needs, text: &str) -> String {
    let shown: String = text.chars().take(80).collect();
    match needs {
        Needs::Workflow(..) | Needs::Named(..) => format!("workflow {shown}"),
        Needs::Run(..)
        | Needs::Rows(_)
        | Needs::Anomaly(..)
        | Needs::Alert(..)
        | Needs::Delivery(..)
        | Needs::Id(_) => shown,
        Needs::Connection(..) | Needs::NewConnection(..) | Needs::Mended(..) => format!("connection {shown}"),
        Needs::Document(_) => format!("workflow {}", super::needs::in_document(context, text).name),
        Needs::Tables(..) => "tables".to_owned(),
        Needs::Settings(_) => String::new(),
        Needs::User(_) => format!("user {shown}"),
    }
}

/// What the subject is now, without secrets; none: it is not there, or not worth a look.
async fn look(context: &Context, needs: Needs, text: &str) -> Option<Value> {
    match needs {
        Needs::Workflow(..) | Needs::Named(..) | Needs::Document(_) => {
            let name = super::needs::in_document(context, text).name;
            let asked = if matches!(needs, Needs::Document(_)) { &name } else { text };
            let found = context.engine.get_workflow(asked).await.ok()?;
            Some(json!({ "name": found.name, "version": found.number, "enabled": found.enabled }))
        }
        Needs::Run(..) => {
            let run = context.engine.get_run(text.parse().ok()?).await.ok()?;
            Some(json!({ "status": run.status.as_str() }))
        }
        Needs::Connection(..) | Needs::NewConnection(..) => {
            let found = context.workbench.connections.get(text).await.ok()?;
            Some(json!({
                "system": found.system, "settings": found.settings, "has_secret": found.has_secret,
                "allow_write": found.allow_write, "description": found.description, "labels": found.labels,
            }))
        }
        Needs::Anomaly(..) => {
            let found = context.workbench.anomalies.get(text.parse().ok()?).await.ok()?;
            Some(json!({ "state": found.state, "comment": found.comment }))
        }
        Needs::User(_) => {
            let found = context.workbench.people.get(text).await.ok()?;
            let grants = context.workbench.people.list_grants(found.id).await.ok()?;
            Some(json!({ "name": found.name, "role": found.role, "disabled": found.disabled, "grants": grants }))
        }
        Needs::Alert(..)
        | Needs::Delivery(..)
        | Needs::Tables(..)
        | Needs::Settings(_)
        | Needs::Mended(..)
        | Needs::Rows(_)
        | Needs::Id(_) => None,
    }
}
