//! Scripts of the kind `translator`: `dialects()` and `translate(request)`.

use super::broke;
use super::running::Running;
use crate::capability::always::clean;
use crate::program::OpenTranslator;
use async_trait::async_trait;
use data::{Note, NoteLevel, Result, Translated, Translation};
use rhai::{Array, Dynamic, Map};

/// The pairs it can do.
pub(super) async fn dialects(mut running: Running) -> Result<Vec<(String, String)>> {
    let pairs = running.call("dialects", Vec::new()).await?.try_cast::<Array>();
    let pair = |pair: Dynamic| {
        let pair = pair.try_cast::<Array>().filter(|pair| pair.len() == 2)?;
        Some((pair[0].to_string(), pair[1].to_string()))
    };
    let pairs: Option<Vec<_>> = pairs.and_then(|pairs| pairs.into_iter().map(pair).collect());
    pairs.ok_or_else(|| broke(&running, "answered `dialects` with no list of pairs"))
}

/// A translator that is a script.
pub(super) struct ScriptTranslator(Running);

impl ScriptTranslator {
    pub(super) fn new(running: Running) -> Self {
        Self(running)
    }
}

#[async_trait]
impl OpenTranslator for ScriptTranslator {
    async fn translate(&mut self, translation: &Translation) -> Result<Vec<Translated>> {
        let mut request = Map::new();
        request.insert("sql".into(), translation.sql.as_str().into());
        request.insert("source_dialect".into(), translation.from.as_str().into());
        request.insert("target_dialect".into(), translation.to.as_str().into());
        request.insert("schema".into(), translation.schema.as_deref().map_or(Dynamic::UNIT, Into::into));
        request.insert("strict".into(), translation.strict.into());
        let answer = self.0.call("translate", vec![request.into()]).await?;
        let statements = answer.try_cast::<Array>();
        let statements: Option<Vec<Translated>> =
            statements.and_then(|statements| statements.into_iter().map(statement).collect());
        statements.ok_or_else(|| broke(&self.0, "answered `translate` with no list of `#{ sql, line, notes }`"))
    }
}

fn number(map: &Map, key: &str) -> u32 {
    map.get(key).and_then(|it| it.as_int().ok()).and_then(|it| u32::try_from(it).ok()).unwrap_or(1)
}

fn statement(value: Dynamic) -> Option<Translated> {
    let mut map = value.try_cast::<Map>()?;
    let notes = map.remove("notes").and_then(Dynamic::try_cast::<Array>).unwrap_or_default();
    let notes = notes.into_iter().map(note).collect::<Option<Vec<_>>>()?;
    Some(Translated { sql: map.get("sql")?.to_string(), line: number(&map, "line"), notes })
}

fn note(value: Dynamic) -> Option<Note> {
    let map = value.try_cast::<Map>()?;
    let text = |key: &str| map.get(key).map(ToString::to_string).unwrap_or_default();
    let level = match text("level").as_str() {
        "info" => NoteLevel::Info,
        "error" => NoteLevel::Error,
        _ => NoteLevel::Warning,
    };
    let (code, message) = (clean(&text("code"), 64), clean(&text("message"), 2048));
    Some(Note { level, code, message, line: number(&map, "line"), column: number(&map, "column") })
}
