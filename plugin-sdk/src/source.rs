//! Plugins that read rows in.

use crate::{Batch, Host, Result, Schema};
use std::cell::RefCell;
use std::marker::PhantomData;

use crate::bindings::sluice::plugin::types;
use bindings::exports::sluice::plugin::source as wit;
pub use bindings::exports::sluice::plugin::source::{Page, Rejection, Resume};

/// A plugin of the kind `source`.
pub trait Source: 'static {
    /// What reads.
    type Reader: Reader;

    /// A cheap test that the settings work.
    ///
    /// # Errors
    /// What is wrong with them.
    fn check(host: &Host) -> Result<()> {
        let _ = host;
        Ok(())
    }

    /// Starts reading, at a cursor of an earlier attempt where one is given.
    ///
    /// # Errors
    /// When the settings are wrong, the other side fails, or the cursor no longer fits.
    fn open(host: Host, cursor: Option<String>) -> Result<Self::Reader>;
}

/// A reading under way.
pub trait Reader: 'static {
    /// Names and types of the columns, the same for every page.
    fn columns(&self) -> Schema;

    /// What a second attempt may count on.
    fn resume(&self) -> Resume {
        Resume::Nothing
    }

    /// Whether pages may carry rejected rows.
    fn rejects(&self) -> bool {
        false
    }

    /// The next rows; `None` at the end.
    ///
    /// # Errors
    /// When reading fails; the reader is then not called again.
    fn next(&mut self) -> Result<Option<Page>>;
}

impl Page {
    /// A page of rows alone.
    #[must_use]
    pub fn new(rows: Batch) -> Self {
        Self { rows, rejected: Vec::new(), cursor: None }
    }
}

/// The component's side of a [`Source`].
#[doc(hidden)]
pub struct Exported<P>(PhantomData<P>);

/// The component's side of a [`Reader`].
#[doc(hidden)]
pub struct ExportedReader<R>(RefCell<R>);

impl<P: Source> wit::Guest for Exported<P> {
    type Reader = ExportedReader<P::Reader>;

    fn check() -> Result<(), types::Error> {
        crate::install_panic_hook();
        Ok(P::check(&Host::current())?)
    }

    fn open(cursor: Option<String>) -> Result<wit::Reader, types::Error> {
        crate::install_panic_hook();
        let reader = P::open(Host::current(), cursor)?;
        Ok(wit::Reader::new(ExportedReader(RefCell::new(reader))))
    }
}

impl<R: Reader> wit::GuestReader for ExportedReader<R> {
    fn columns(&self) -> Schema {
        self.0.borrow().columns()
    }

    fn resume(&self) -> Resume {
        self.0.borrow().resume()
    }

    fn rejects(&self) -> bool {
        self.0.borrow().rejects()
    }

    fn next(&self) -> Result<Option<Page>, types::Error> {
        Ok(self.0.borrow_mut().next()?)
    }
}

/// What `wit-bindgen` made of the world of this kind.
#[doc(hidden)]
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, reason = "generated code")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit/0.1",
        world: "source-plugin",
        pub_export_macro: true,
        export_macro_name: "export_source",
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
