//! Channels: the ways alerts reach people.

use super::Context;
use super::alerts::{AlertSeverity, read_object};
use super::page::{Filling, connection};
use crate::error::ApiError;
use chrono::{DateTime, Utc};
use juniper::{GraphQLInputObject, graphql_object};
use workbench::channels::{ChannelKind as Kind, ChannelSecret as Secret, ChannelView, ChannelWish, channel_kinds};

/// A way alerts reach people; never with its secrets.
pub struct Channel(ChannelView);

#[graphql_object(context = Context)]
impl Channel {
    fn name(&self) -> &str {
        &self.0.name
    }
    /// `mail`, `webhook` or `plugin/<name>`.
    fn kind(&self) -> &str {
        &self.0.kind
    }
    /// Everything but the secrets, as JSON text.
    fn settings(&self) -> String {
        self.0.settings.to_string()
    }
    /// Whether it has secrets, which are never shown.
    fn has_secret(&self) -> bool {
        self.0.has_secret
    }
    fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
    fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
}

/// A kind of channel there may be.
pub struct ChannelKind(Kind);

#[graphql_object(context = Context)]
impl ChannelKind {
    /// `mail`, `webhook` or `plugin/<name>`.
    fn kind(&self) -> &str {
        &self.0.kind
    }
    /// What it does, in one sentence.
    fn summary(&self) -> &str {
        &self.0.summary
    }
    /// JSON Schema of its settings, as JSON text.
    fn schema(&self) -> String {
        self.0.schema.to_string()
    }
    fn secrets(&self) -> Vec<ChannelSecret> {
        self.0.secrets.iter().cloned().map(ChannelSecret).collect()
    }
}

/// A secret that a kind of channel takes.
pub struct ChannelSecret(Secret);

#[graphql_object(context = Context)]
impl ChannelSecret {
    fn name(&self) -> &str {
        &self.0.name
    }
    /// What it is; empty where nothing is said.
    fn about(&self) -> &str {
        &self.0.about
    }
}

/// How a test of a channel went.
pub struct ChannelTest {
    message: String,
    code: Option<String>,
    hint: Option<String>,
    provider_id: Option<String>,
}

#[graphql_object(context = Context)]
impl ChannelTest {
    /// Whether the channel took the test alert.
    fn ok(&self) -> bool {
        self.code.is_none()
    }
    /// What happened.
    fn message(&self) -> &str {
        &self.message
    }
    /// The kind of failure.
    fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }
    /// What to do about it.
    fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
    /// The receiver's id for it.
    fn provider_id(&self) -> Option<&str> {
        self.provider_id.as_deref()
    }
}

connection!(
    /// A page of channels.
    ChannelConnection of ChannelEdge of Channel
);

/// What a channel is to be.
#[derive(Clone, GraphQLInputObject)]
pub struct ChannelInput {
    /// `mail`, `webhook` or `plugin/<name>`.
    kind: String,
    /// Its settings, as JSON text: `{"url": "https://…"}`.
    settings: Option<String>,
    /// Its secrets, as JSON text: `{"password": "…"}`. Absent on update: those it has stay.
    secrets: Option<String>,
}

impl ChannelInput {
    fn into_wish(self, name: String) -> Result<ChannelWish, ApiError> {
        // What is wrong with secrets is not repeated.
        let secrets = read_object("secrets", self.secrets.as_deref()).map_err(|fault| {
            model::Fault::new(fault.code, "`secrets` is not a JSON object").hint("Write it as text.")
        })?;
        Ok(ChannelWish {
            name,
            kind: self.kind,
            settings: read_object("settings", self.settings.as_deref())?.unwrap_or_default(),
            secrets: secrets.unwrap_or_default(),
        })
    }
}

pub(super) async fn list(
    context: &Context,
    after: Option<String>,
    first: Option<i32>,
) -> Result<ChannelConnection, ApiError> {
    let mut filling = Filling::new(first, after);
    while let Some((after, limit)) = filling.wants() {
        let found = context.workbench.channels.list(after, limit).await?;
        filling.take(found.into_iter().map(|found| (found.name.clone(), Channel(found), true)));
    }
    Ok(filling.page().into())
}

pub(super) async fn get(context: &Context, name: &str) -> Result<Channel, ApiError> {
    Ok(Channel(context.workbench.channels.get(name).await?))
}

pub(super) fn kinds(context: &Context) -> Result<Vec<ChannelKind>, ApiError> {
    Ok(channel_kinds(context.workbench.plugins.as_ref())?.into_iter().map(ChannelKind).collect())
}

pub(super) async fn create(context: &Context, name: String, input: ChannelInput) -> Result<Channel, ApiError> {
    Ok(Channel(context.workbench.channels.create(input.into_wish(name)?).await?))
}

pub(super) async fn update(context: &Context, name: String, input: ChannelInput) -> Result<Channel, ApiError> {
    Ok(Channel(context.workbench.channels.update(input.into_wish(name)?).await?))
}

pub(super) async fn delete(context: &Context, name: &str) -> Result<bool, ApiError> {
    context.workbench.channels.delete(name).await?;
    Ok(true)
}

pub(super) async fn test(
    context: &Context,
    name: &str,
    severity: Option<AlertSeverity>,
) -> Result<ChannelTest, ApiError> {
    context.workbench.channels.require(name).await?;
    let severity = severity.map_or(model::alert::AlertSeverity::Info, Into::into);
    Ok(match context.workbench.channels.test(name, severity).await {
        Ok(delivery) => ChannelTest {
            message: format!("channel `{name}` took the test alert"),
            code: None,
            hint: None,
            provider_id: delivery.provider_id,
        },
        Err(error) => ChannelTest {
            message: error.fault.message.clone(),
            code: Some(error.code().to_string()),
            hint: error.fault.hint.clone(),
            provider_id: None,
        },
    })
}
