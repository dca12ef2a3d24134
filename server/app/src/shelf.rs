//! The installed plugins as the API sees them, and grants as people write them.

use async_trait::async_trait;
use model::{ErrorCode, Fault};
use plugin_host::{ConnectionGrant, Grants, Host, KeptLine, Package, PluginInfo};
use std::sync::Arc;
use tracing::Level;
use workbench::plugins::{PluginHealth, PluginLine, PluginShelf, PluginView};

/// The shelf over the plugin host.
pub(crate) struct Shelf {
    host: Arc<Host>,
}

impl Shelf {
    pub(crate) fn new(host: Arc<Host>) -> Self {
        Self { host }
    }
}

fn fault(error: data::Error) -> Fault {
    *error.fault
}

#[async_trait]
impl PluginShelf for Shelf {
    fn list(&self) -> Result<Vec<PluginView>, Fault> {
        Ok(self.host.list().map_err(fault)?.into_iter().map(view).collect())
    }

    fn get(&self, name: &str) -> Result<PluginView, Fault> {
        self.host.get(name).map(view).map_err(fault)
    }

    async fn install(&self, archive: Vec<u8>, grants: Option<Vec<String>>) -> Result<PluginView, Fault> {
        let grants = grants.map(|grants| parse_grants(&grants)).transpose()?;
        let most = self.host.component_limit();
        let package = tokio::task::spawn_blocking(move || Package::read(&archive, most))
            .await
            .map_err(|error| Fault::new(ErrorCode::Internal, error.to_string()))?
            .map_err(fault)?;
        self.host.install_package(package, grants).await.map(view).map_err(fault)
    }

    fn grant(&self, name: &str, grants: Vec<String>) -> Result<PluginView, Fault> {
        self.host.grant(name, parse_grants(&grants)?).map(view).map_err(fault)
    }

    fn roll_back(&self, name: &str, to: Option<&str>) -> Result<PluginView, Fault> {
        self.host.roll_back(name, to).map(view).map_err(fault)
    }

    fn remove(&self, name: &str) -> Result<(), Fault> {
        self.host.remove(name).map_err(fault)
    }

    fn health(&self, name: &str) -> PluginHealth {
        let found = self.host.health(name);
        PluginHealth {
            instances: found.instances,
            calls: found.calls,
            failures: found.failures,
            traps: found.traps,
            limit_hits: found.limit_hits,
            seconds: found.time.as_secs_f64(),
            last_failure: found.last_failure.map(|last| (last.at, last.fault)),
        }
    }

    fn logs(&self, name: &str, level: Level, before: Option<u64>, most: usize) -> Vec<PluginLine> {
        self.host.logs(name, level, before, most).into_iter().map(line).collect()
    }
}

fn line(kept: KeptLine) -> PluginLine {
    let KeptLine { number, at, level, call, message, fields } = kept;
    PluginLine { number, at, level, call, message, fields }
}

fn view(info: PluginInfo) -> PluginView {
    PluginView {
        kinds: info.kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
        asks: serde_json::to_value(&info.asks).unwrap_or_default(),
        grants: write_grants(&info.grants),
        missing: info.missing_grants(),
        name: info.name,
        version: info.version,
        versions: info.versions,
        description: info.description,
        contract: info.contract,
        config: info.config,
        digest: info.digest,
        signed_by: info.signed_by,
    }
}

/// Grants as `--grant` takes them.
pub(crate) fn write_grants(grants: &Grants) -> Vec<String> {
    let mut texts: Vec<String> = grants.http.iter().map(|pattern| format!("http:{pattern}")).collect();
    texts.extend(grants.tcp.iter().map(|pattern| format!("tcp:{pattern}")));
    texts.extend(grants.secrets.iter().map(|(name, place)| format!("secret:{name}={place}")));
    texts.extend(grants.clock.then(|| "clock".to_owned()));
    texts.extend(grants.kv.then(|| "kv".to_owned()));
    texts.extend(grants.sql.iter().map(|(name, grant)| format!("sql:{name}={grant}")));
    texts.extend(grants.redis.iter().map(|(name, grant)| format!("redis:{name}={grant}")));
    texts
}

/// Reads what `--grant` takes.
pub(crate) fn parse_grants(texts: &[String]) -> Result<Grants, Fault> {
    let mut grants = Grants::default();
    for text in texts {
        let wrong = |why: String| {
            Fault::new(ErrorCode::InvalidValue, format!("the grant `{}` {why}", crate::output::one_line(text, 200)))
                .hint(
                    "Write `http:https://host[:port]`, `tcp:host:port`, `secret:NAME=env:VARIABLE`, `clock`, `kv`, \
                     `sql:NAME=CONNECTION` or `redis:NAME=CONNECTION`, with `:write` behind a connection that may be changed.",
                )
        };
        match text.split_once(':') {
            None if text == "clock" => grants.clock = true,
            None if text == "kv" => grants.kv = true,
            Some(("http", pattern)) => {
                grants.http.push(pattern.parse().map_err(|error| wrong(format!("cannot be read: {error}")))?);
            }
            Some(("tcp", pattern)) => {
                grants.tcp.push(pattern.parse().map_err(|error| wrong(format!("cannot be read: {error}")))?);
            }
            Some(("secret", pair)) => {
                let (name, value) = pair.split_once('=').ok_or_else(|| wrong("names no value".to_owned()))?;
                grants.secrets.insert(name.to_owned(), value.to_owned());
            }
            Some((capability @ ("sql" | "redis"), pair)) => {
                let (name, grant) = pair.split_once('=').ok_or_else(|| wrong("names no connection".to_owned()))?;
                let grant =
                    grant.parse::<ConnectionGrant>().map_err(|error| wrong(format!("cannot be read: {error}")))?;
                let granted = if capability == "sql" { &mut grants.sql } else { &mut grants.redis };
                granted.insert(name.to_owned(), grant);
            }
            _ => return Err(wrong("is no capability".to_owned())),
        }
    }
    Ok(grants)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn grants_read_back_as_they_are_written() {
        let texts = [
            "http:https://*.example.com",
            "tcp:host:10030",
            "secret:token=env:TOKEN",
            "clock",
            "kv",
            "sql:store=warehouse:write",
            "redis:cache=hot",
        ];
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        assert_eq!(write_grants(&parse_grants(&texts).unwrap()), texts);
        for wrong in
            ["disk", "http:nothing", "secret:token", "clock:now", "sql:store", "sql:store=a:admin", "redis:c=", ""]
        {
            assert_eq!(parse_grants(&[wrong.to_owned()]).unwrap_err().code, ErrorCode::InvalidValue, "{wrong}");
        }
    }
}
