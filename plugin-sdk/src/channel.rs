//! Plugins that deliver alerts to people.

use crate::{Host, Result};
use std::marker::PhantomData;

use crate::bindings::sluice::plugin::types;
use bindings::exports::sluice::plugin::channel as wit;
pub use bindings::exports::sluice::plugin::channel::{Message, Severity};

/// A plugin of the kind `channel`.
pub trait Channel: 'static {
    /// A cheap test that the settings work; it delivers nothing.
    ///
    /// # Errors
    /// What is wrong with them.
    fn check(host: &Host) -> Result<()> {
        let _ = host;
        Ok(())
    }

    /// Delivers one alert and returns the provider's id for it; a receiver that got `key` before drops it.
    ///
    /// # Errors
    /// `transient` where trying again may help.
    fn deliver(host: &Host, message: Message, key: String) -> Result<Option<String>>;
}

/// The component's side of a [`Channel`].
#[doc(hidden)]
pub struct Exported<P>(PhantomData<P>);

impl<P: Channel> wit::Guest for Exported<P> {
    fn check() -> Result<(), types::Error> {
        crate::install_panic_hook();
        Ok(P::check(&Host::current())?)
    }

    fn deliver(message: Message, key: String) -> Result<Option<String>, types::Error> {
        crate::install_panic_hook();
        Ok(P::deliver(&Host::current(), message, key)?)
    }
}

/// What `wit-bindgen` made of the world of this kind.
#[doc(hidden)]
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, reason = "generated code")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit/0.1",
        world: "channel-plugin",
        pub_export_macro: true,
        export_macro_name: "export_channel",
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
