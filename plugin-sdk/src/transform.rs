//! Plugins that change rows on their way.

use crate::{Batch, Host, Result, Schema};
use std::cell::RefCell;
use std::marker::PhantomData;

use crate::bindings::sluice::plugin::types;
use bindings::exports::sluice::plugin::transform as wit;

/// A plugin of the kind `transform`.
pub trait Transform: 'static {
    /// What changes rows.
    type Transformer: Transformer;

    /// A cheap test that the settings work.
    ///
    /// # Errors
    /// What is wrong with them.
    fn check(host: &Host) -> Result<()> {
        let _ = host;
        Ok(())
    }

    /// Starts changing rows of these columns.
    ///
    /// # Errors
    /// When the settings or the columns are wrong.
    fn open(host: Host, columns: Schema) -> Result<Self::Transformer>;
}

/// A change under way.
pub trait Transformer: 'static {
    /// Names and types of the columns that come out, the same for every batch.
    fn output(&self) -> Schema;

    /// Changes one batch into any number of batches.
    ///
    /// # Errors
    /// When a value cannot be changed.
    fn process(&mut self, rows: Batch) -> Result<Vec<Batch>>;

    /// Called once after the last batch, for what is left.
    ///
    /// # Errors
    /// As for [`Transformer::process`].
    fn finish(&mut self) -> Result<Vec<Batch>> {
        Ok(Vec::new())
    }
}

/// The component's side of a [`Transform`].
#[doc(hidden)]
pub struct Exported<P>(PhantomData<P>);

/// The component's side of a [`Transformer`].
#[doc(hidden)]
pub struct ExportedTransformer<T>(RefCell<T>);

impl<P: Transform> wit::Guest for Exported<P> {
    type Transformer = ExportedTransformer<P::Transformer>;

    fn check() -> Result<(), types::Error> {
        crate::install_panic_hook();
        Ok(P::check(&Host::current())?)
    }

    fn open(columns: Schema) -> Result<wit::Transformer, types::Error> {
        crate::install_panic_hook();
        let transformer = P::open(Host::current(), columns)?;
        Ok(wit::Transformer::new(ExportedTransformer(RefCell::new(transformer))))
    }
}

impl<T: Transformer> wit::GuestTransformer for ExportedTransformer<T> {
    fn output(&self) -> Schema {
        self.0.borrow().output()
    }

    fn process(&self, rows: Batch) -> Result<Vec<Batch>, types::Error> {
        Ok(self.0.borrow_mut().process(rows)?)
    }

    fn finish(&self) -> Result<Vec<Batch>, types::Error> {
        Ok(self.0.borrow_mut().finish()?)
    }
}

/// What `wit-bindgen` made of the world of this kind.
#[doc(hidden)]
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, reason = "generated code")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit/0.1",
        world: "transform-plugin",
        pub_export_macro: true,
        export_macro_name: "export_transform",
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
