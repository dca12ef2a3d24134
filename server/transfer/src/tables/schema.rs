//! The published JSON Schema (2020-12) of documents about tables, for editors.

use super::document::DatabaseType;
use super::types;
use serde_json::{Value, json};

/// The schema. It is a little looser than the reader: what parts of a table mean together is beyond a schema.
#[must_use]
pub fn document_schema() -> Value {
    let name = json!({ "type": "string", "minLength": 1, "maxLength": 255 });
    let names = json!({
        "oneOf": [name, { "type": "array", "items": name, "minItems": 1, "uniqueItems": true }],
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Sluice tables",
        "description": "Tables of all databases, as they are to be.",
        "type": "object",
        "required": ["tables"],
        "additionalProperties": false,
        "properties": {
            "description": { "type": "string", "description": "For people." },
            "tables": { "type": "array", "minItems": 1, "maxItems": 5000, "items": { "$ref": "#/$defs/table" } },
        },
        "$defs": {
            "name": name,
            "names": names,
            "table": table(),
            "column": column(),
            "index": {
                "type": "object",
                "required": ["columns"],
                "additionalProperties": false,
                "properties": {
                    "name": { "$ref": "#/$defs/name", "description": "Made from table and columns where it is missing." },
                    "columns": { "$ref": "#/$defs/names", "description": "Columns, or expressions in parentheses; with ` desc` and prefix length `(20)` where wanted." },
                    "unique": { "type": ["boolean", "null"], "default": false },
                    "method": { "type": ["string", "null"], "description": "`btree`, `hash`, `gin`, `gist`, `brin`, `fulltext`, `spatial`." },
                    "filter": { "type": ["string", "null"], "description": "Condition of a partial index." },
                    "include": { "$ref": "#/$defs/names", "description": "Columns that only ride along (PostgreSQL)." },
                },
            },
            "foreign_key": {
                "type": "object",
                "required": ["columns", "references", "referenced_columns"],
                "additionalProperties": false,
                "properties": {
                    "name": { "$ref": "#/$defs/name" },
                    "columns": { "$ref": "#/$defs/names" },
                    "references": { "$ref": "#/$defs/name", "description": "The table referred to." },
                    "referenced_columns": { "$ref": "#/$defs/names" },
                    "on_delete": { "$ref": "#/$defs/reaction" },
                    "on_update": { "$ref": "#/$defs/reaction" },
                },
            },
            "reaction": { "enum": ["cascade", "set null", "set default", "restrict", "no action", null] },
            "check": {
                "oneOf": [
                    { "type": "string", "minLength": 1 },
                    {
                        "type": "object",
                        "required": ["condition"],
                        "additionalProperties": false,
                        "properties": {
                            "name": { "$ref": "#/$defs/name" },
                            "condition": { "type": "string", "minLength": 1 },
                        },
                    },
                ],
            },
        },
    })
}

fn table() -> Value {
    let words: Vec<&str> = DatabaseType::ALL.into_iter().map(DatabaseType::as_str).collect();
    json!({
        "type": "object",
        "required": ["database_type", "table_name", "columns"],
        "additionalProperties": false,
        "properties": {
            "database_type": { "enum": words, "description": "Upper and lower case do not matter." },
            "database_name": { "type": ["string", "null"], "description": "Finds the connection: its database, or its name." },
            "schema": { "type": ["string", "null"], "description": "PostgreSQL: the schema, where it is not the connection's own." },
            "connection": { "type": ["string", "null"], "description": "The connection by its name." },
            "table_name": { "$ref": "#/$defs/name" },
            "is_super_table": { "type": ["boolean", "null"], "default": false, "description": "TDengine: a supertable, whose columns with `is_tag` are its tags." },
            "is_timescale_hypertable": { "type": ["boolean", "null"], "default": false, "description": "TimescaleDB: a hypertable, whose chunks are cut by `time_column`." },
            "time_column": { "type": ["string", "null"] },
            "chunk_interval": { "type": ["string", "integer", "null"], "examples": ["7 days"] },
            "comment": { "type": ["string", "null"] },
            "columns": { "type": "array", "minItems": 1, "maxItems": 4096, "items": { "$ref": "#/$defs/column" } },
            "primary_key": { "$ref": "#/$defs/names", "description": "In the order of the key; else the columns with `primary_key`." },
            "indexes": { "type": ["array", "null"], "items": { "$ref": "#/$defs/index" } },
            "foreign_keys": { "type": ["array", "null"], "items": { "$ref": "#/$defs/foreign_key" } },
            "checks": { "type": ["array", "null"], "items": { "$ref": "#/$defs/check" } },
            "partition": { "type": ["string", "null"], "description": "What stands behind `PARTITION BY`." },
            "options": {
                "type": ["object", "null"],
                "additionalProperties": { "type": ["string", "number", "boolean", "null"] },
                "description": "What only one system knows: `engine`, `charset`, `collation`, `keep`…",
            },
        },
    })
}

fn column() -> Value {
    json!({
        "type": "object",
        "required": ["name"],
        "anyOf": [{ "required": ["type"] }, { "required": ["native_type"] }],
        "additionalProperties": false,
        "properties": {
            "name": { "$ref": "#/$defs/name" },
            "type": { "type": "string", "minLength": 1, "examples": types::words(), "description": "A portable word, or the database's own." },
            "native_type": { "type": "string", "minLength": 1, "description": "The database's own type, taken as it stands." },
            "length": { "type": ["integer", "null"], "minimum": 0 },
            "precision": { "type": ["integer", "null"], "minimum": 0, "description": "All digits of a decimal; digits of a second." },
            "scale": { "type": ["integer", "null"], "minimum": 0, "description": "Digits of a decimal behind the point." },
            "unsigned": { "type": ["boolean", "null"], "default": false },
            "nullable": { "type": ["boolean", "null"], "default": true },
            "primary_key": { "type": ["boolean", "null"], "default": false },
            "auto_increment": { "type": ["boolean", "null"], "default": false },
            "default": {
                "description": "A value, or SQL where it looks like SQL: quoted, a call, a keyword; surely SQL as `{ expression: … }`.",
                "oneOf": [
                    { "type": ["string", "number", "boolean", "null"] },
                    {
                        "type": "object",
                        "required": ["expression"],
                        "additionalProperties": false,
                        "properties": { "expression": { "type": "string", "minLength": 1 } },
                    },
                ],
            },
            "on_update": { "type": ["string", "null"], "description": "MySQL and MariaDB: `CURRENT_TIMESTAMP`." },
            "unique": { "type": ["boolean", "null"], "default": false },
            "is_tag": { "type": ["boolean", "null"], "default": false },
            "comment": { "type": ["string", "null"] },
            "generated": {
                "oneOf": [
                    { "type": ["string", "null"] },
                    {
                        "type": "object",
                        "required": ["expression"],
                        "additionalProperties": false,
                        "properties": {
                            "expression": { "type": "string", "minLength": 1 },
                            "stored": { "type": "boolean", "default": true },
                        },
                    },
                ],
            },
            "collation": { "type": ["string", "null"] },
            "renamed_from": { "type": ["string", "null"], "description": "What the column is called in tables that have it under its old name: it is renamed there, not dropped and added." },
            "values": { "type": ["array", "null"], "items": { "type": "string" }, "description": "Of `ENUM` and `SET`." },
        },
    })
}
