//! Work in progress: a component whose own source lies in its last section (`sluice:source`) gets it by the import `dev`.
//!
//! `sluice plugin dev` builds languages with an engine this way: what is compiled stays the same from change to change, and
//! a change of the source is in use at once. A component reaches nothing by it that it did not bring.

use crate::manifest::invalid;
use crate::state::State;
use data::Error;
use std::sync::Arc;
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

/// The section's name.
const SECTION: &str = "sluice:source";
/// The import's name.
pub(crate) const IMPORT: &str = "dev";

/// A component without its source, and the source where it has one.
pub(crate) fn split(component: &[u8]) -> (&[u8], Option<&[u8]>) {
    match crate::compile::last_section(component, SECTION) {
        Some((start, source)) => (&component[..start], Some(source)),
        None => (component, None),
    }
}

/// Defines the import; `source` must be text.
pub(crate) fn add_to_linker(linker: &mut Linker<State>, source: &[u8]) -> Result<(), Error> {
    let source: Arc<str> = match std::str::from_utf8(source) {
        Ok(source) => source.into(),
        Err(_) => return Err(invalid("the section `sluice:source` of `plugin.wasm` is not UTF-8 text")),
    };
    let give = move |mut store: StoreContextMut<'_, State>, (): ()| {
        store.data_mut().host_call()?;
        Ok((source.to_string(),))
    };
    let defined = linker.instance("sluice:plugin/dev@0.1.0").and_then(|mut dev| dev.func_wrap("source", give));
    defined.map_err(|error| Error::permanent(model::ErrorCode::Internal, error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn the_source_is_the_last_section_or_none() {
        let bare = b"\0asm\x0d\0\x01\0\0\x03\x01ab";
        assert_eq!(split(bare), (&bare[..], None));
        let mut whole = bare.to_vec();
        whole.extend_from_slice(b"\0\x10\x0dsluice:source42");
        assert_eq!(split(&whole), (&bare[..], Some(&b"42"[..])));
        // Anything behind it is no part of it, and then it is none.
        whole.extend_from_slice(b"\0\x02\x01x");
        assert_eq!(split(&whole).1, None);
        assert_eq!(split(b"").1, None);
    }
}
