//! `sluice user …`: who may sign in, with which role, grants and API tokens.

use crate::failure::Failure;
use crate::output;
use crate::settings::Settings;
use crate::wire::Parts;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Subcommand;
use model::access::{Level, Role, Thing};
use model::{ErrorCode, Fault};
use serde_json::{Value, json};
use std::io::{BufRead as _, IsTerminal as _};
use std::process::ExitCode;
use workbench::audit::{COMMAND_LINE, NewAuditEntry};
use workbench::people::{AccountRecord, TokenWish};

#[derive(Debug, Subcommand)]
pub(crate) enum User {
    /// Add a person; the password is read from the terminal, or from standard input.
    Add {
        /// What is typed at login.
        name: String,
        /// `viewer`, `operator`, `editor` or `admin`.
        #[arg(long, default_value = "viewer", value_parser = parse_role)]
        role: Role,
        /// Without a password: only the identity provider lets them in.
        #[arg(long)]
        no_password: bool,
    },
    /// List people.
    List {
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Change a person's role.
    Role {
        /// Name or id.
        name: String,
        /// `viewer`, `operator`, `editor` or `admin`.
        #[arg(value_parser = parse_role)]
        role: Role,
    },
    /// Set a person's password and end their sessions; read from the terminal, or from standard input.
    Password {
        /// Name or id.
        name: String,
    },
    /// Let nobody sign in as a person any more.
    Disable {
        /// Name or id.
        name: String,
    },
    /// Let a person sign in again.
    Enable {
        /// Name or id.
        name: String,
    },
    /// Remove a person with their grants, sessions and tokens.
    Remove {
        /// Name or id.
        name: String,
    },
    /// Let a person do more or less with some connections or workflows than their role: `sluice user grant ann connection 'lab-*' write`.
    Grant {
        /// Name or id.
        name: String,
        /// `connection` or `workflow`.
        #[arg(value_parser = parse_thing)]
        thing: Thing,
        /// A name, or one with `*`.
        pattern: String,
        /// `none`, `read`, `use` or `write`; absent: forget what was set.
        #[arg(value_parser = parse_level)]
        level: Option<Level>,
    },
    /// Show what a person was granted.
    Grants {
        /// Name or id.
        name: String,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make, list and revoke API tokens.
    #[command(subcommand)]
    Token(TokenCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token for a person; it is printed this once.
    Add {
        /// Name or id of the person.
        name: String,
        /// What it is for.
        #[arg(long = "for", value_name = "TEXT")]
        purpose: String,
        /// The most it may do; absent: what its owner may.
        #[arg(long, value_parser = parse_role)]
        role: Option<Role>,
        /// Let it change nothing.
        #[arg(long)]
        read_only: bool,
        /// Days until it stops working; absent: never.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=36_500))]
        days: Option<u32>,
    },
    /// List tokens of a person, or all.
    List {
        /// Name or id of the person.
        name: Option<String>,
        /// Print as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token.
    Revoke {
        /// Its id, as the list shows it.
        id: String,
    },
}

impl User {
    pub(super) async fn run(self, settings: &Settings) -> Result<ExitCode, Failure> {
        let parts = Parts::open(settings).await?;
        self.carry_out(&parts).await?;
        parts.audit.checkpoint().await?;
        parts.database.close().await.map_err(Fault::from)?;
        Ok(ExitCode::SUCCESS)
    }

    async fn carry_out(self, parts: &Parts) -> Result<(), Failure> {
        let people = &parts.people;
        match self {
            Self::Add { name, role, no_password } => {
                let password = if no_password { None } else { Some(read_password()?) };
                recorded(parts, "user add", &name, async {
                    let made = people.create(&name, password.as_deref(), role).await?;
                    Ok((Value::Null, view(&made)))
                })
                .await?;
                output::line(format!("added `{name}` ({role})"));
            }
            Self::List { json } => return list(parts, json).await,
            Self::Role { name, role } => {
                change(parts, "user role", &name, Some(role), None).await?;
                output::line(format!("`{name}` is {role} now"));
            }
            Self::Disable { name } => {
                change(parts, "user disable", &name, None, Some(true)).await?;
                output::line(format!("nobody can sign in as `{name}` any more"));
            }
            Self::Enable { name } => {
                change(parts, "user enable", &name, None, Some(false)).await?;
                output::line(format!("`{name}` can sign in again"));
            }
            Self::Password { name } => {
                let found = people.get(&name).await?;
                let password = read_password()?;
                recorded(parts, "user password", &found.name, async {
                    people.set_password(found.id, &password, None).await?;
                    Ok((Value::Null, Value::Null))
                })
                .await?;
                output::line(format!("`{name}` has a new password; sessions have ended"));
            }
            Self::Remove { name } => {
                let found = people.get(&name).await?;
                recorded(parts, "user remove", &found.name, async {
                    people.delete(found.id).await?;
                    Ok((view(&found), Value::Null))
                })
                .await?;
                output::line(format!("removed `{name}`"));
            }
            Self::Grant { name, thing, pattern, level } => {
                let found = people.get(&name).await?;
                recorded(parts, "user grant", &found.name, async {
                    let before = json!(people.list_grants(found.id).await?);
                    Ok((before, json!(people.set_grant(found.id, thing, &pattern, level).await?)))
                })
                .await?;
                output::line(match level {
                    Some(level) => format!("`{name}` has `{level}` for {thing}s `{pattern}`"),
                    None => format!("nothing is set for `{name}` and {thing}s `{pattern}` any more"),
                });
            }
            Self::Grants { name, json } => {
                let found = people.get(&name).await?;
                let grants = people.list_grants(found.id).await?;
                if json {
                    output::json(&grants);
                    return Ok(());
                }
                let row =
                    |grant: model::access::Grant| vec![grant.thing.to_string(), grant.pattern, grant.level.to_string()];
                let nothing = format!("`{name}` has what the role `{}` gives, everywhere.", found.role);
                output::list(&["what", "names", "level"], &[], grants.into_iter().map(row).collect(), &nothing);
            }
            Self::Token(token) => return token.carry_out(parts).await,
        }
        Ok(())
    }
}

impl TokenCommand {
    async fn carry_out(self, parts: &Parts) -> Result<(), Failure> {
        let people = &parts.people;
        match self {
            Self::Add { name, purpose, role, read_only, days } => {
                let found = people.get(&name).await?;
                let expires_at = days.map(|days| Utc::now() + TimeDelta::days(i64::from(days)));
                let wish = TokenWish { name: purpose, role, read_only, expires_at };
                let mut text = String::new();
                recorded(parts, "user token add", &found.name, async {
                    let (made_text, made) = people.create_token(found.id, wish).await?;
                    text = made_text;
                    let after = json!({ "id": made.id, "for": made.name, "role": made.role, "read_only": read_only });
                    Ok((Value::Null, after))
                })
                .await?;
                eprintln!("this is shown once; keep it where nobody else reads:");
                output::line(text);
            }
            Self::List { name, json } => {
                let user = match name {
                    Some(name) => Some(people.get(&name).await?.id),
                    None => None,
                };
                let tokens = people.list_tokens(user, None, 500).await?;
                if json {
                    let rows: Vec<Value> = tokens
                        .iter()
                        .map(|token| {
                            json!({
                                "id": token.id, "user": token.user, "for": token.name, "role": token.role,
                                "read_only": token.read_only, "created_at": token.created_at,
                                "expires_at": token.expires_at, "used_at": token.used_at,
                            })
                        })
                        .collect();
                    output::json(&rows);
                    return Ok(());
                }
                let row = |token: workbench::people::ApiTokenRecord| {
                    let role =
                        if token.read_only { format!("{}, reads only", token.role) } else { token.role.to_string() };
                    vec![
                        token.id.to_string(),
                        output::one_line(&token.name, 40),
                        role,
                        day(token.expires_at),
                        day(token.used_at),
                    ]
                };
                let header = ["token", "for", "role", "expires", "used"];
                let nothing = "There is no token yet; `sluice user token add` makes one.";
                output::list(&header, &[], tokens.into_iter().map(row).collect(), nothing);
            }
            Self::Revoke { id } => {
                let wrong = |_| {
                    Fault::new(ErrorCode::TokenNotFound, format!("`{}` is no token's id", output::one_line(&id, 80)))
                };
                let token = id.parse().map_err(wrong)?;
                recorded(parts, "user token revoke", &id, async {
                    people.revoke_token(token, None).await?;
                    Ok((Value::Null, Value::Null))
                })
                .await?;
                output::line("the token does not work any more");
            }
        }
        Ok(())
    }
}

async fn change(
    parts: &Parts,
    command: &str,
    name: &str,
    role: Option<Role>,
    disabled: Option<bool>,
) -> Result<(), Failure> {
    let before = parts.people.get(name).await?;
    recorded(parts, command, &before.name, async {
        let after = parts.people.update(before.id, role, disabled).await?;
        Ok((view(&before), view(&after)))
    })
    .await
}

async fn list(parts: &Parts, as_json: bool) -> Result<(), Failure> {
    let (mut people, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = parts.people.list(after.as_deref(), 500).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.name.clone());
        people.extend(page);
    }
    if as_json {
        output::json(&people.iter().map(view).collect::<Vec<_>>());
        return Ok(());
    }
    let row = |account: AccountRecord| {
        let state = match (account.disabled, account.has_password) {
            (true, _) => "disabled",
            (false, true) => "",
            (false, false) => "identity provider only",
        };
        vec![account.name, account.role.to_string(), state.to_owned(), day(account.signed_in_at)]
    };
    let nothing = "Nobody can sign in yet; `sluice user add NAME --role admin` adds somebody.";
    output::list(&["person", "role", "", "signed in"], &[], people.into_iter().map(row).collect(), nothing);
    Ok(())
}

fn view(account: &AccountRecord) -> Value {
    json!({
        "id": account.id, "name": account.name, "role": account.role, "disabled": account.disabled,
        "has_password": account.has_password, "signed_in_at": account.signed_in_at,
    })
}

/// Makes a change that is on record: begun before it, and ended with what it answers, its subject before and after.
async fn recorded(
    parts: &Parts,
    command: &str,
    name: &str,
    change: impl Future<Output = Result<(Value, Value), Fault>>,
) -> Result<(), Failure> {
    let mut entry = NewAuditEntry {
        who: super::audit::who(),
        way: COMMAND_LINE.to_owned(),
        operation: command.to_owned(),
        subject: format!("user {name}"),
        ..NewAuditEntry::default()
    };
    let intent = parts.audit.begin(&entry).await?;
    let ended = change.await;
    let text = |value: &Value| if value.is_null() { String::new() } else { value.to_string() };
    match &ended {
        Ok((before, after)) => {
            "done".clone_into(&mut entry.outcome);
            (entry.before, entry.after) = (text(before), text(after));
        }
        Err(fault) => fault.code.as_str().clone_into(&mut entry.outcome),
    }
    parts.audit.end(intent, &entry).await?;
    ended?;
    Ok(())
}

/// A password: typed on a terminal, which does not show it, or the first line of standard input.
fn read_password() -> Result<String, Fault> {
    let unreadable = |error: std::io::Error| {
        Fault::new(ErrorCode::InvalidValue, format!("the password cannot be read: {error}"))
            .hint("Write it on a line of standard input.")
    };
    let input = std::io::stdin();
    if input.is_terminal() {
        let terminal = console::Term::stderr();
        if !terminal.is_term() {
            return Err(Fault::new(
                ErrorCode::InvalidValue,
                "the password cannot be asked for: standard error is no terminal",
            )
            .hint("Write it on a line of standard input."));
        }
        let ask =
            |prompt: &str| terminal.write_str(prompt).and_then(|()| terminal.read_secure_line()).map_err(unreadable);
        let (typed, again) = (ask("password: ")?, ask("again: ")?);
        if typed != again {
            return Err(Fault::new(ErrorCode::InvalidValue, "the two passwords differ").hint("Type the same twice."));
        }
        return Ok(typed);
    }
    let mut line = String::new();
    input.lock().read_line(&mut line).map_err(unreadable)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn day(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "never".to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string())
}

fn parse_role(text: &str) -> Result<Role, String> {
    Role::find(text).ok_or_else(|| "write viewer, operator, editor or admin".to_owned())
}

fn parse_level(text: &str) -> Result<Level, String> {
    Level::find(text).ok_or_else(|| "write none, read, use or write".to_owned())
}

fn parse_thing(text: &str) -> Result<Thing, String> {
    Thing::find(text).ok_or_else(|| "write connection or workflow".to_owned())
}
