//! Plugins that turn SQL and DDL of one dialect into another's.

use crate::{Host, Result};
use std::marker::PhantomData;

use crate::bindings::sluice::plugin::types;
use bindings::exports::sluice::plugin::translator as wit;
pub use bindings::exports::sluice::plugin::translator::{Note, NoteLevel, Statement, TranslateRequest};

/// A plugin of the kind `translator`.
pub trait Translator: 'static {
    /// The pairs it can do: from, to.
    fn dialects(host: &Host) -> Vec<(String, String)>;

    /// Translates any number of statements.
    ///
    /// # Errors
    /// When a dialect is unknown; a statement that cannot be translated is a note, not an error.
    fn translate(host: &Host, request: &TranslateRequest) -> Result<Vec<Statement>>;
}

/// The component's side of a [`Translator`].
#[doc(hidden)]
pub struct Exported<P>(PhantomData<P>);

impl<P: Translator> wit::Guest for Exported<P> {
    fn dialects() -> Vec<(String, String)> {
        crate::install_panic_hook();
        P::dialects(&Host::current())
    }

    fn translate(request: TranslateRequest) -> Result<Vec<Statement>, types::Error> {
        crate::install_panic_hook();
        Ok(P::translate(&Host::current(), &request)?)
    }
}

/// What `wit-bindgen` made of the world of this kind.
#[doc(hidden)]
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, reason = "generated code")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit/0.1",
        world: "translator-plugin",
        pub_export_macro: true,
        export_macro_name: "export_translator",
        additional_derives: [PartialEq],
        with: {
            "sluice:plugin/types@0.1.0": crate::bindings::sluice::plugin::types,
            "sluice:plugin/log@0.1.0": crate::bindings::sluice::plugin::log,
            "sluice:plugin/config@0.1.0": crate::bindings::sluice::plugin::config,
            "sluice:plugin/progress@0.1.0": crate::bindings::sluice::plugin::progress,
            "sluice:plugin/secret@0.1.0": crate::bindings::sluice::plugin::secret,
            "sluice:plugin/clock@0.1.0": crate::bindings::sluice::plugin::clock,
            "sluice:plugin/kv@0.1.0": crate::bindings::sluice::plugin::kv,
            "sluice:plugin/http@0.1.0": crate::bindings::sluice::plugin::http,
            "sluice:plugin/tcp@0.1.0": crate::bindings::sluice::plugin::tcp,
            "sluice:plugin/sql@0.1.0": crate::bindings::sluice::plugin::sql,
            "sluice:plugin/redis@0.1.0": crate::bindings::sluice::plugin::redis,
        },
    });
}
