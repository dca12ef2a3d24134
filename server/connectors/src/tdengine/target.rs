//! Where a write goes: a normal table, a subtable, or the subtables of a supertable; made where it is missing.

use super::introspect::{self, Kind, TABLE_NAME, Table};
use super::session::Session;
use super::subtable::Template;
use super::types::Native;
use super::{Tdengine, literal, sql};
use crate::error::{column_not_found, key_missing, key_not_unique, table_not_found, type_refused};
use arrow::datatypes::{DataType, SchemaRef};
use data::{Error, Mode, Result, WriteOptions};
use model::ErrorCode;
use serde::Deserialize;

/// Settings of a write that only TDengine knows.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Extra {
    /// The supertable; `table` is then the template of the subtables' names.
    supertable: Option<String>,
    /// The template of the subtables' names.
    subtable: Option<String>,
    /// Columns that become tags, where the supertable is made.
    #[serde(default)]
    tags: Vec<String>,
    /// The column a new table is keyed by.
    time_column: Option<String>,
    /// Room of text and bytes in a new table, in bytes; default 255.
    text_length: Option<u32>,
}

/// A table to write into, and how.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) table: Table,
    /// For a supertable: which columns of the batch tell the subtable.
    pub(super) naming: Option<Naming>,
    /// The statement that made the table, where it was missing.
    pub(super) made: Option<String>,
}

/// How rows of a supertable find their subtable.
#[derive(Debug)]
pub(super) struct Naming {
    /// None: the column `tbname` as it is, or all tags.
    pub(super) template: Option<Template>,
    /// The columns the name is made of.
    pub(super) columns: Vec<String>,
}

/// Finds or makes the table, and holds the batch's columns and the key against it.
pub(super) async fn open(tdengine: &Tdengine, schema: &SchemaRef, options: &WriteOptions) -> Result<Target> {
    let extra = Extra::deserialize(serde_json::Value::Object(options.extra.clone())).map_err(|error| {
        let unknown = error.to_string().starts_with("unknown field");
        let code = if unknown { ErrorCode::UnknownKey } else { ErrorCode::InvalidValue };
        Error::permanent(code, format!("settings of the TDengine write: {error}"))
    })?;
    refuse_mode(options)?;
    for column in options.key.iter().chain(&extra.tags).chain(&extra.time_column) {
        require(schema, column)?;
    }
    let name = extra.supertable.as_deref().unwrap_or(&options.table);
    let template = extra.subtable.as_deref().or_else(|| extra.supertable.as_ref().map(|_| options.table.as_str()));
    let template = template.map(Template::parse).transpose()?;
    for column in template.iter().flat_map(Template::columns) {
        require(schema, column)?;
    }
    let mut session = tdengine.session().await?;
    let mut found = introspect::find_table(tdengine, &mut session, name).await?;
    let mut made = None;
    if found.is_none() && options.create {
        if options.mode == Mode::Upsert && options.key.is_empty() {
            return Err(key_missing(name));
        }
        let statement = create(tdengine, &mut session, name, schema, options, &extra, template.as_ref()).await?;
        made = Some(statement);
        found = introspect::find_table(tdengine, &mut session, name).await?;
    }
    let Some(table) = found else {
        let place = tdengine.place(name)?;
        let others = introspect::list_tables(&mut session, &place.database).await.map_err(|f| tdengine.told(f))?;
        return Err(table_not_found(name, others.iter().map(String::as_str)));
    };
    let naming = naming(&table, schema, template, &extra)?;
    check_columns(&table, schema)?;
    check_key(&table, naming.as_ref(), options)?;
    Ok(Target { table, naming, made })
}

fn require(schema: &SchemaRef, column: &str) -> Result<()> {
    match schema.index_of(column) {
        Ok(_) => Ok(()),
        Err(_) => Err(column_not_found(column, "the batch", schema.fields().iter().map(|field| field.name().as_str()))),
    }
}

fn refuse_mode(options: &WriteOptions) -> Result<()> {
    let (mode, why) = match options.mode {
        Mode::Append | Mode::Upsert | Mode::Truncate => return Ok(()),
        Mode::InsertIgnore => ("insert_ignore", "a row with a timestamp that is there always goes over the old one"),
        Mode::Replace => ("replace", "columns that are not written keep what they hold"),
    };
    Err(Error::permanent(ErrorCode::Unsupported, format!("TDengine cannot write in mode `{mode}`: {why}"))
        .hint("Use `append`, `upsert` or `truncate`."))
}

/// How the rows find their subtables, where the table is a supertable.
fn naming(table: &Table, schema: &SchemaRef, template: Option<Template>, extra: &Extra) -> Result<Option<Naming>> {
    let invalid = |message: String| Error::permanent(ErrorCode::InvalidValue, message);
    if table.kind != Kind::Super {
        if template.is_some() || !extra.tags.is_empty() {
            return Err(invalid(format!(
                "`{}` is no supertable, so that it has neither subtables nor tags",
                table.name
            ))
            .hint("Leave `supertable`, `subtable` and `tags` out, or write into a supertable."));
        }
        return Ok(None);
    }
    if !extra.tags.is_empty() {
        let wrong = extra.tags.iter().find(|tag| !table.column(tag).is_some_and(|column| column.is_tag));
        if let Some(tag) = wrong {
            return Err(invalid(format!("`{tag}` is no tag of the supertable `{}`", table.name)).hint(format!(
                "Its tags are `{}`.",
                table.tags().map(|tag| tag.name.as_str()).collect::<Vec<_>>().join("`, `")
            )));
        }
    }
    let columns: Vec<String> = match &template {
        Some(template) => template.columns().map(str::to_owned).collect(),
        None if schema.index_of(TABLE_NAME).is_ok() => vec![TABLE_NAME.to_owned()],
        None => table.tags().map(|tag| tag.name.clone()).collect(),
    };
    for column in &columns {
        if *column != TABLE_NAME {
            require(schema, column)?;
        }
        let is_tag = *column == TABLE_NAME || table.column(column).is_some_and(|column| column.is_tag);
        if !is_tag {
            return Err(invalid(format!("`{column}` in the subtables' names is no tag of `{}`", table.name))
                .hint("Make the template of tags: what tells subtables apart must be among them."));
        }
    }
    Ok(Some(Naming { template, columns }))
}

fn check_columns(table: &Table, schema: &SchemaRef) -> Result<()> {
    for field in schema.fields() {
        if field.name() == TABLE_NAME && table.kind == Kind::Super {
            continue;
        }
        let column = table.get(field.name())?;
        if column.is_tag && table.kind != Kind::Super {
            let message = format!("`{}` is a tag of `{}`, the same for all of its rows", column.name, table.name);
            return Err(Error::permanent(ErrorCode::ValueRefused, message)
                .hint("Leave the column out, or write into the supertable."));
        }
        if !literal::accepts(column.native, field.data_type()) {
            let message = format!(
                "column `{}` of `{}` is {}, which takes no values of type {}",
                column.name,
                table.name,
                column.native.spelled().to_uppercase(),
                field.data_type()
            );
            return Err(Error::permanent(ErrorCode::ValueRefused, message)
                .hint("Convert the column in a transform before the write."));
        }
    }
    for column in table.key() {
        if schema.index_of(&column).is_err() {
            let message = format!("the batch has no column `{column}`, which `{}` is keyed by", table.name);
            return Err(Error::permanent(ErrorCode::ColumnNotFound, message));
        }
    }
    Ok(())
}

/// A key that is named must be the table's: timestamp, second key, and what tells the subtable.
fn check_key(table: &Table, naming: Option<&Naming>, options: &WriteOptions) -> Result<()> {
    if options.key.is_empty() {
        return if options.mode == Mode::Upsert { Err(key_missing(&table.name)) } else { Ok(()) };
    }
    let mut own = table.key();
    own.extend(naming.iter().flat_map(|naming| naming.columns.iter().cloned()));
    let same = own.iter().all(|name| options.key.contains(name)) && options.key.iter().all(|name| own.contains(name));
    if same {
        return Ok(());
    }
    Err(key_not_unique(&options.key, &table.name)
        .hint(format!("In TDengine rows of this table are told apart by `{}` and by nothing else.", own.join("`, `"))))
}

/// Makes the table from the schema of the batches: the timestamp first, then a second key, the rest, and the tags.
async fn create(
    tdengine: &Tdengine,
    session: &mut Session,
    name: &str,
    schema: &SchemaRef,
    options: &WriteOptions,
    extra: &Extra,
    template: Option<&Template>,
) -> Result<String> {
    let place = tdengine.place(name)?;
    let mut tags: Vec<String> = extra.tags.clone();
    for column in template.iter().flat_map(|template| template.columns()) {
        if !tags.iter().any(|tag| tag == column) {
            tags.push(column.to_owned());
        }
    }
    let time = time_column(name, schema, options, extra, &tags)?;
    let seconds: Vec<&String> = options.key.iter().filter(|name| **name != time && !tags.contains(name)).collect();
    if seconds.len() > 1 {
        let message = format!(
            "a table of TDengine is keyed by a timestamp and at most one further column, not by `{}`",
            options.key.join("`, `")
        );
        return Err(Error::permanent(ErrorCode::InvalidValue, message)
            .hint("Make columns that name an entity tags: `options: { tags: [symbol] }`."));
    }
    let length = extra.text_length.unwrap_or(255);
    let declared = |name: &str| -> Result<String> {
        let field = schema.field_with_name(name)?;
        let native = Native::for_values(field.data_type(), length);
        let native = native.ok_or_else(|| type_refused(name, field.data_type(), "TDengine"))?;
        Ok(format!("{} {}", sql::quote(name)?, native.spelled().to_uppercase()))
    };
    let mut columns = vec![declared(&time)?];
    for second in &seconds {
        let kind = schema.field_with_name(second)?.data_type().clone();
        let fits =
            matches!(kind, DataType::Int32 | DataType::UInt32 | DataType::Int64 | DataType::UInt64 | DataType::Utf8);
        if !fits {
            let message =
                format!("column `{second}` has type {kind}, which cannot be the second key of a TDengine table");
            return Err(Error::permanent(ErrorCode::InvalidValue, message)
                .hint("A second key is a whole number of 32 or 64 bits, or text."));
        }
        columns.push(format!("{} COMPOSITE KEY", declared(second)?));
    }
    for field in schema.fields() {
        let name = field.name();
        let apart = *name == time || seconds.contains(&name) || tags.contains(name);
        // The subtable's name is no column.
        let names_subtable = name == TABLE_NAME && !tags.is_empty();
        if !apart && !names_subtable {
            columns.push(declared(name)?);
        }
    }
    if columns.len() < 2 {
        let message = format!("table `{name}` would have a timestamp and nothing else, which TDengine does not allow");
        return Err(Error::permanent(ErrorCode::InvalidValue, message).hint("Write at least one column of values."));
    }
    let tags = tags.iter().map(|tag| declared(tag)).collect::<Result<Vec<_>>>()?;
    let statement = if tags.is_empty() {
        format!("CREATE TABLE IF NOT EXISTS {} ({})", place.quoted()?, columns.join(", "))
    } else {
        format!("CREATE STABLE IF NOT EXISTS {} ({}) TAGS ({})", place.quoted()?, columns.join(", "), tags.join(", "))
    };
    session.exec(&statement).await.map_err(|failure| tdengine.told(failure))?;
    Ok(statement)
}

/// The column a new table is keyed by: the one that is named, the key's timestamp, or the first timestamp or date.
fn time_column(
    name: &str,
    schema: &SchemaRef,
    options: &WriteOptions,
    extra: &Extra,
    tags: &[String],
) -> Result<String> {
    let is_time = |column: &str| {
        schema
            .field_with_name(column)
            .is_ok_and(|field| matches!(field.data_type(), DataType::Timestamp(..) | DataType::Date32))
    };
    if let Some(column) = &extra.time_column {
        if is_time(column) {
            return Ok(column.clone());
        }
        return Err(Error::permanent(
            ErrorCode::InvalidValue,
            format!("`time_column: {column}` is neither a timestamp nor a date"),
        ));
    }
    let fields = || schema.fields().iter().filter(|field| !tags.contains(field.name()));
    let in_key = options.key.iter().find(|column| is_time(column) && !tags.contains(column)).cloned();
    let first = || {
        fields().find(|field| matches!(field.data_type(), DataType::Timestamp(..))).map(|field| field.name().clone())
    };
    let day = || fields().find(|field| field.data_type() == &DataType::Date32).map(|field| field.name().clone());
    let found = if options.key.is_empty() { first().or_else(day) } else { in_key };
    found.ok_or_else(|| {
        let among = if options.key.is_empty() { "the columns" } else { "the columns of the key" };
        Error::permanent(
            ErrorCode::InvalidValue,
            format!("table `{name}` cannot be made: {among} have no timestamp, and TDengine keys every table by one"),
        )
        .hint("Add a column of type timestamp (or date) to the batches, or write into another system.")
    })
}
