//! Scripts of the kind `channel`: `deliver(message, key)`.

use super::running::Running;
use data::{Alert, AlertSeverity, Delivery, Result};
use rhai::{Array, Dynamic, Map};

/// Delivers one alert.
pub(super) async fn deliver(mut running: Running, alert: &Alert) -> Result<Delivery> {
    let severity = match alert.severity {
        AlertSeverity::Info => "info",
        AlertSeverity::Warning => "warning",
        AlertSeverity::Critical => "critical",
        AlertSeverity::Resolved => "resolved",
    };
    let field = |(name, value): &(String, String)| {
        let mut map = Map::new();
        map.insert("name".into(), name.as_str().into());
        map.insert("value".into(), value.as_str().into());
        Dynamic::from_map(map)
    };
    let fields: Array = alert.fields.iter().map(field).collect();
    let mut message = Map::new();
    message.insert("id".into(), alert.id.as_str().into());
    message.insert("severity".into(), severity.into());
    message.insert("title".into(), alert.title.as_str().into());
    message.insert("text".into(), alert.text.as_str().into());
    message.insert("fields".into(), fields.into());
    message.insert("link".into(), alert.link.as_deref().map_or(Dynamic::UNIT, Into::into));
    let arguments = vec![message.into(), alert.id.as_str().into()];
    let provider = running.call("deliver", arguments).await?;
    let provider_id = (!provider.is_unit()).then(|| provider.to_string());
    Ok(Delivery { provider_id })
}
