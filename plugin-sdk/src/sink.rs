//! Plugins that write rows out.

use crate::{Batch, Host, Result, Schema};
use std::cell::RefCell;
use std::marker::PhantomData;

use crate::bindings::sluice::plugin::types;
use bindings::exports::sluice::plugin::sink as wit;
pub use bindings::exports::sluice::plugin::sink::{Mark, Position};

/// A plugin of the kind `sink`.
pub trait Sink: 'static {
    /// What writes.
    type Writer: Writer;

    /// A cheap test that the settings work.
    ///
    /// # Errors
    /// What is wrong with them.
    fn check(host: &Host) -> Result<()> {
        let _ = host;
        Ok(())
    }

    /// Starts writing rows of these columns; `key` is the same in every attempt of the same piece of work.
    ///
    /// # Errors
    /// When the settings or the columns are wrong.
    fn open(host: Host, columns: Schema, key: String) -> Result<Self::Writer>;
}

/// A writing under way.
pub trait Writer: 'static {
    /// Called once, before the first `write`: make tables, begin a transaction.
    ///
    /// # Errors
    /// When the other side fails.
    fn prepare(&mut self) -> Result<()> {
        Ok(())
    }

    /// What is durable of a lane from earlier attempts; `None` where no record is kept.
    ///
    /// # Errors
    /// When the other side fails.
    fn claim(&mut self, lane: &str) -> Result<Option<Position>> {
        let _ = lane;
        Ok(None)
    }

    /// Writes one batch and returns how many rows the system took; make a repeat harmless by `mark.key`.
    ///
    /// # Errors
    /// When the other side fails or a value cannot be held.
    fn write(&mut self, rows: Batch, mark: Mark) -> Result<u64>;

    /// Makes everything written durable.
    ///
    /// # Errors
    /// When the other side fails.
    fn commit(&mut self) -> Result<()>;

    /// Undoes what is not durable, where possible.
    fn abort(&mut self) {}
}

/// The component's side of a [`Sink`].
#[doc(hidden)]
pub struct Exported<P>(PhantomData<P>);

/// The component's side of a [`Writer`].
#[doc(hidden)]
pub struct ExportedWriter<W>(RefCell<W>);

impl<P: Sink> wit::Guest for Exported<P> {
    type Writer = ExportedWriter<P::Writer>;

    fn check() -> Result<(), types::Error> {
        crate::install_panic_hook();
        Ok(P::check(&Host::current())?)
    }

    fn open(columns: Schema, key: String) -> Result<wit::Writer, types::Error> {
        crate::install_panic_hook();
        let writer = P::open(Host::current(), columns, key)?;
        Ok(wit::Writer::new(ExportedWriter(RefCell::new(writer))))
    }
}

impl<W: Writer> wit::GuestWriter for ExportedWriter<W> {
    fn prepare(&self) -> Result<(), types::Error> {
        Ok(self.0.borrow_mut().prepare()?)
    }

    fn claim(&self, lane: String) -> Result<Option<Position>, types::Error> {
        Ok(self.0.borrow_mut().claim(&lane)?)
    }

    fn write(&self, rows: Batch, mark: Mark) -> Result<u64, types::Error> {
        Ok(self.0.borrow_mut().write(rows, mark)?)
    }

    fn commit(&self) -> Result<(), types::Error> {
        Ok(self.0.borrow_mut().commit()?)
    }

    fn abort(&self) {
        self.0.borrow_mut().abort();
    }
}

/// What `wit-bindgen` made of the world of this kind.
#[doc(hidden)]
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, reason = "generated code")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit/0.1",
        world: "sink-plugin",
        pub_export_macro: true,
        export_macro_name: "export_sink",
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
