//! Making a component of a plugin: the macro, and the panic hook that keeps a panic's message.

/// Exports a plugin: `export_plugin!(source: MySource)`, several kinds separated by commas.
///
/// Call it once, in `lib.rs`. Natively it only checks that the types implement what they must.
#[macro_export]
macro_rules! export_plugin {
    ($($kind:ident : $plugin:ty),+ $(,)?) => { $($crate::export_plugin!(@ $kind $plugin);)+ };
    (@ source $plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "generated exports")]
        mod __sluice_source {
            use super::*;
            type Exported = $crate::source::Exported<$plugin>;
            $crate::source::bindings::export_source!(Exported with_types_in $crate::source::bindings);
        }
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn() = || { let _ = <$plugin as $crate::Source>::open; };
    };
    (@ sink $plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "generated exports")]
        mod __sluice_sink {
            use super::*;
            type Exported = $crate::sink::Exported<$plugin>;
            $crate::sink::bindings::export_sink!(Exported with_types_in $crate::sink::bindings);
        }
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn() = || { let _ = <$plugin as $crate::Sink>::open; };
    };
    (@ transform $plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "generated exports")]
        mod __sluice_transform {
            use super::*;
            type Exported = $crate::transform::Exported<$plugin>;
            $crate::transform::bindings::export_transform!(Exported with_types_in $crate::transform::bindings);
        }
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn() = || { let _ = <$plugin as $crate::Transform>::open; };
    };
    (@ channel $plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "generated exports")]
        mod __sluice_channel {
            use super::*;
            type Exported = $crate::channel::Exported<$plugin>;
            $crate::channel::bindings::export_channel!(Exported with_types_in $crate::channel::bindings);
        }
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn() = || { let _ = <$plugin as $crate::Channel>::deliver; };
    };
    (@ translator $plugin:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "generated exports")]
        mod __sluice_translator {
            use super::*;
            type Exported = $crate::translator::Exported<$plugin>;
            $crate::translator::bindings::export_translator!(Exported with_types_in $crate::translator::bindings);
        }
        #[cfg(not(target_arch = "wasm32"))]
        const _: fn() = || { let _ = <$plugin as $crate::Translator>::translate; };
    };
}

/// Makes a panic leave its message in the run's log before it traps; called by every export.
#[doc(hidden)]
pub fn install_panic_hook() {
    #[cfg(target_arch = "wasm32")]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            std::panic::set_hook(Box::new(|panic| {
                let text = panic.payload_as_str().unwrap_or("no message");
                let place = panic.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
                let fields = [("place".to_owned(), place)];
                let level = crate::Level::Error;
                crate::bindings::sluice::plugin::log::write(level, &format!("panicked: {text}"), &fields);
            }));
        });
    }
}
