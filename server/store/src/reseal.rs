//! Seals every sealed value again under the newest key, all of them in one transaction.
//!
//! Killed at any moment, either all or none are sealed anew; each stays readable as long as the ring holds both keys.

use crate::Database;
use crate::database::begin;
use crate::error::Result;
use crate::secrets::{Keyring, Sealed, place};
use crate::sql::{self, column};
use model::Fault;
use sea_orm::ConnectionTrait;
use std::collections::BTreeMap;

/// The tables that hold sealed values, each with its column and with what is to happen beside a new value: a connection's
/// revision grows, so that whoever read the old value cannot write it back.
const PLACES: [(&str, &str, &str); 3] =
    [("connection", "secret", ", revision = revision + 1"), ("channel", "secret", ""), ("secret", "sealed", "")];

/// Where the sealed values stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SealedValues {
    /// How many each key seals, by the key's fingerprint.
    pub by_key: BTreeMap<String, usize>,
    /// How many are not under the first key of the ring.
    pub outdated: usize,
    /// Those that no key of the ring opens: `connection/history`, and why.
    pub unreadable: Vec<(String, Fault)>,
}

impl Database {
    /// Looks at every sealed value without changing any.
    ///
    /// # Errors
    /// `store_failed`.
    pub async fn inspect_sealed(&self, keyring: &Keyring) -> Result<SealedValues> {
        let mut values = SealedValues::default();
        for (place, sealed) in read_all(&self.inner.reader, "").await?.into_iter().map(|row| (row.place, row.sealed)) {
            *values.by_key.entry(sealed.key_fingerprint()).or_default() += 1;
            values.outdated += usize::from(keyring.is_outdated(&sealed));
            if let Err(error) = keyring.open(&place, &sealed) {
                values.unreadable.push((place, *error.fault));
            }
        }
        Ok(values)
    }

    /// Seals anew what is not under the first key of the ring; tells how many that were.
    ///
    /// # Errors
    /// `invalid_configuration` naming the first value that no key opens, `store_failed`; nothing is changed then.
    pub async fn reseal(&self, keyring: &Keyring) -> Result<usize> {
        let transaction = begin(&self.inner.writer).await?;
        let lock = if sql::is_postgres(&transaction) { " FOR UPDATE" } else { "" };
        let mut count = 0;
        for row in read_all(&transaction, lock).await? {
            if !keyring.is_outdated(&row.sealed) {
                continue;
            }
            let plain = keyring.open(&row.place, &row.sealed)?;
            let sealed = keyring.seal(&row.place, &plain)?;
            let (table, column, besides) = row.from;
            let statement = format!("UPDATE {table} SET {column} = $1{besides} WHERE name = $2");
            let values = vec![crate::catalog::sealed(Some(&sealed)), row.name.into()];
            sql::run(&transaction, statement, values).await?;
            count += 1;
        }
        transaction.commit().await?;
        Ok(count)
    }
}

struct Row {
    from: (&'static str, &'static str, &'static str),
    name: String,
    place: String,
    sealed: Sealed,
}

async fn read_all(connection: &impl ConnectionTrait, lock: &str) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for from in PLACES {
        let (table, sealed, _) = from;
        let statement = format!("SELECT name, {sealed} FROM {table} WHERE {sealed} IS NOT NULL ORDER BY name{lock}");
        for row in sql::all(connection, statement, vec![]).await? {
            let name: String = column(&row, 0)?;
            let sealed = Sealed::from_bytes(column(&row, 1)?);
            rows.push(Row { from, place: place(table, &name), name, sealed });
        }
    }
    Ok(rows)
}
