//! PostgreSQL.
/// Opens.
pub fn open(_s: &serde_json::Value, _p: Option<&str>) -> data::Result<std::sync::Arc<dyn data::Connector>> { Err(data::Error::permanent(model::ErrorCode::Unsupported, "soon")) }
