//! The connector for redis.

/// Opens the connector with a connection's settings and secret.
///
/// # Errors
/// Until the connector is built: `unsupported`.
pub fn open(
    _settings: &serde_json::Value,
    _secret: Option<&str>,
) -> data::Result<std::sync::Arc<dyn data::Connector>> {
    Err(data::Error::permanent(model::ErrorCode::Unsupported, "this build has no connector for `redis`"))
}
