//! What wasmtime made of the contract: one world with every kind, of which a component exports those it has.

#![allow(missing_docs, unreachable_pub, clippy::all, reason = "generated code")]

wasmtime::component::bindgen!({
    path: "../../plugin-sdk/wit/0.1",
    world: "host",
    imports: { default: async | trappable },
    exports: { default: async },
    ownership: Borrowing { duplicate_if_necessary: true },
    with: {
        "sluice:plugin/http.body": crate::capability::http::Body,
        "sluice:plugin/tcp.connection": crate::capability::tcp::Connection,
        "sluice:plugin/sql.rows": crate::capability::sql::Rows,
        "sluice:plugin/sql.transaction": crate::capability::sql::Transaction,
    },
});
