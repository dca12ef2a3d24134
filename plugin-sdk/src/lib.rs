//! Everything a plugin author needs: the contract (`wit/`), traits to implement, and fakes to test with.
//!
//! Implement [`Source`], [`Sink`], [`Transform`], [`Channel`] or [`Translator`], name it in [`export_plugin!`], and
//! reach the outside through the [`Host`] that is handed over. The logic compiles natively too, where
//! [`testing::FakeHost`] stands for the server: unit tests need no WebAssembly.
//! What plugins have in common lies beside it: [`channel`] posts alerts, [`Columns`] types rows, [`CellReader`] reads
//! columns of every type, [`sign`], [`url`], [`time`], [`text`] and [`markdown`] do what their names say.
//! What the host does with a plugin, and what it refuses, is `server/plugin-host`'s business.

mod answer;
pub mod batch;
mod cell;
pub mod channel;
mod columns;
mod connection;
mod error;
mod export;
mod host;
pub mod markdown;
mod redis;
pub mod sign;
pub mod sink;
pub mod source;
mod sql;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
pub mod text;
pub mod time;
pub mod transform;
pub mod translator;
pub mod url;

/// What `wit-bindgen` made of `wit/0.1`: the raw imports, for capabilities that [`Host`] does not wrap yet.
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, reason = "generated code")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit/0.1",
        world: "base",
        generate_unused_types: true,
        additional_derives: [PartialEq],
        additional_derives_ignore: ["response"],
    });
}

pub use answer::refusal;
pub use batch::{Batch, Column, ColumnBuilder, ColumnView, DataType, Field, Schema};
pub use cell::{Cell, CellReader};
pub use channel::{Channel, Message, Severity};
pub use columns::{ColumnType, Columns, Row, text_of_json};
pub use connection::Connection;
pub use error::{Error, ErrorKind, Result};
#[doc(hidden)]
pub use export::install_panic_hook;
pub use host::{Body, Host, Level, Method, Request, Response};
pub use redis::{RedisCommand, RedisValue, redis_command};
pub use sink::{Mark, Position, Sink, Writer};
pub use source::{Page, Reader, Rejection, Resume, Source};
pub use sql::{Rows, Transaction};
pub use transform::{Transform, Transformer};
pub use translator::{Note, NoteLevel, Statement, TranslateRequest, Translator};
