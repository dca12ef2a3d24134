//! A TDengine 3 for tests: WebSocket and REST on a loopback socket, an in-memory store, and the server's rules for tables.
//!
//! It speaks what the client library `taos` asks of taosAdapter, answers with the server's own error codes, and can be told
//! to fail ([`Fault`]). Its SQL is what the connector and its tests need; anything else is a syntax error (0x2600).
//! Start with [`Stub`]; statements are read in `parse/`, carried out in `execute/`.

mod block;
mod error;
mod execute;
mod lexer;
mod parse;
mod rest;
mod server;
mod store;
mod value;
mod websocket;

pub use error::SqlError;
pub use server::{Fault, Stub, StubOptions};
