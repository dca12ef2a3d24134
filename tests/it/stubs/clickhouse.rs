//! ClickHouse over HTTP: answers one query, takes INSERTs of tab-separated text and knows a repeat by its token.

use super::{Received, Reply, reply};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

/// The password that the server knows.
pub(crate) const PASSWORD: &str = "a password";

/// Rows written so far, as lines.
#[derive(Clone, Default)]
pub(crate) struct ClickHouse {
    pub(crate) lines: Arc<Mutex<Vec<String>>>,
    tokens: Arc<Mutex<HashSet<String>>>,
}

impl ClickHouse {
    /// The first INSERT is carried out, but its answer is an error: the sender cannot know.
    pub(crate) fn serve(&self, request: &Received) -> Reply {
        let fail = |status: u16, code: u32, said: &str| {
            let code_text = code.to_string();
            reply(status, format!("Code: {code}. DB::Exception: {said} (version 24.8.4.13)\n"))
                .header("x-clickhouse-exception-code", &code_text)
        };
        if request.header("x-clickhouse-user") != "reader" || request.header("x-clickhouse-key") != PASSWORD {
            return fail(403, 516, "reader: Authentication failed. (AUTHENTICATION_FAILED)");
        }
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let Some(insert) = request.parameter("query") else {
            return match body.strip_suffix("\nFORMAT JSONCompactEachRowWithNamesAndTypes") {
                Some(query) if query.contains("FROM bars ") => reply(
                    200,
                    concat!(
                        "[\"day\", \"code\", \"close\", \"volume\"]\n[\"Date\", \"LowCardinality(String)\", \"Float64\", \"UInt64\"]\n",
                        "[\"2024-01-02\", \"a\\tb\", 6.62, \"9007199254740993\"]\n[\"2024-01-03\", \"ü\\\\\", 6.64, 7]\n",
                    ),
                ),
                Some(_) => fail(404, 60, "Unknown table expression identifier. (UNKNOWN_TABLE)"),
                None => fail(400, 62, "Syntax error. (SYNTAX_ERROR)"),
            };
        };
        if insert != "INSERT INTO `archive`.`bars` (`day`, `code`, `close`, `volume`) FORMAT TabSeparated" {
            return fail(404, 60, "Table does not exist. (UNKNOWN_TABLE)");
        }
        let token = request.parameter("insert_deduplication_token").unwrap_or_default().to_owned();
        let mut tokens = self.tokens.lock().unwrap();
        let first = tokens.is_empty();
        if tokens.insert(token) {
            self.lines.lock().unwrap().extend(body.lines().map(str::to_owned));
        }
        if first { fail(500, 319, "Unknown status of insert. (UNKNOWN_STATUS_OF_INSERT)") } else { reply(200, "") }
    }
}
