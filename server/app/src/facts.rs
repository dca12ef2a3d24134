//! The settings as the editor shows them: flag, variable and what holds, never a secret.

use crate::settings::Settings;
use chrono::Utc;
use workbench::server::{ServerFacts, ServerSetting};

/// A setting in one line.
pub(crate) fn setting(
    group: &'static str,
    flag: &'static str,
    variable: &'static str,
    value: impl ToString,
) -> ServerSetting {
    ServerSetting { group, flag, variable, value: value.to_string() }
}

/// What every command knows.
pub(crate) fn of_all(settings: &Settings) -> ServerFacts {
    let files = settings.files();
    let stores = settings.stores_file.clone().unwrap_or_else(|| settings.data_dir.join("stores.yaml"));
    let text = std::fs::read_to_string(&stores).ok();
    let list = |texts: &[String]| texts.join(", ");
    let settings = vec![
        setting("data", "--data-dir", "SLUICE_DATA_DIR", settings.data_dir.display()),
        setting("data", "--metadata-url", "SLUICE_METADATA_URL", without_secret(&settings.metadata_url())),
        setting(
            "data",
            "--dispatch-url",
            "SLUICE_DISPATCH_URL",
            settings.dispatch_url.as_deref().map(without_secret).unwrap_or_default(),
        ),
        setting("data", "--files-dir", "SLUICE_FILES_DIR", files.display()),
        setting(
            "data",
            "--stores-file",
            "SLUICE_STORES_FILE",
            if text.is_some() { stores.display().to_string() } else { String::new() },
        ),
        setting("addresses", "--allow-addresses", "SLUICE_ALLOW_ADDRESSES", list(&settings.allow_addresses)),
        setting(
            "addresses",
            "--connection-addresses",
            "SLUICE_CONNECTION_ADDRESSES",
            list(&settings.connection_addresses),
        ),
        setting("limits", "--console-rows", "SLUICE_CONSOLE_ROWS", settings.console_rows),
        setting("limits", "--console-mib", "SLUICE_CONSOLE_MIB", settings.console_mib),
        setting("limits", "--console-seconds", "SLUICE_CONSOLE_SECONDS", settings.console_seconds),
        setting("plugins", "--plugin-signatures", "SLUICE_PLUGIN_SIGNATURES", &settings.plugin_signatures),
        setting("plugins", "--plugin-keys", "SLUICE_PLUGIN_KEYS", settings.plugin_keys().display()),
        setting("log", "--log", "SLUICE_LOG", &settings.log),
        setting("log", "--log-json", "SLUICE_LOG_JSON", settings.log_json),
    ];
    ServerFacts { started_at: Utc::now(), settings, stores: text }
}

/// An address without user, password and query, any of which may be a secret.
fn without_secret(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "…".to_owned() };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    // A password may hold an `@` or a `/` as it is, so that the last `@` counts, wherever it stands.
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{place}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_told_without_its_secrets() {
        let check = |url, expected| assert_eq!(without_secret(url), expected);
        check("postgres://ann:p@ss/w@db.example.com:5432/sluice?sslkey=x", "postgres://db.example.com:5432/sluice");
        check("redis://:secret@127.0.0.1:6379/0", "redis://127.0.0.1:6379/0");
        check("sqlite:///var/lib/sluice/sluice.db", "sqlite:///var/lib/sluice/sluice.db");
        check("host=db password=secret", "…");
    }
}
