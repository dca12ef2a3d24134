//! Making a component of a core module.

use anyhow::Result;
use sha2::{Digest, Sha256};

const CONTRACT: &str = "0.1.0";

/// A component made of the core module, with the contract's version and the manifest's digest in custom sections.
///
/// # Errors
/// When the module exports no world of the contract, or is no module.
pub fn componentize(module: &[u8], manifest: &[u8]) -> Result<Vec<u8>> {
    let component = wit_component::ComponentEncoder::default().module(module)?.validate(true).encode()?;
    Ok(seal(component, manifest))
}

/// The component with the contract's version and the manifest's digest in custom sections.
#[must_use]
pub fn seal(mut component: Vec<u8>, manifest: &[u8]) -> Vec<u8> {
    append_section(&mut component, "sluice:contract", CONTRACT.as_bytes());
    append_section(&mut component, "sluice:manifest", hex::encode(Sha256::digest(manifest)).as_bytes());
    component
}

/// A component for work in progress with its own source in a last section, which the host hands to it at every start: the
/// rest stays the same from change to change and is compiled once.
pub(crate) fn with_source(mut component: Vec<u8>, source: &str) -> Vec<u8> {
    append_section(&mut component, "sluice:source", source.as_bytes());
    component
}

/// A custom section is: id 0, the length of what follows, the length of its name, the name, the content.
fn append_section(component: &mut Vec<u8>, name: &str, content: &[u8]) {
    let mut body = Vec::new();
    append_length(&mut body, name.len());
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(content);
    component.push(0);
    append_length(component, body.len());
    component.extend_from_slice(&body);
}

/// An unsigned LEB128 number.
fn append_length(bytes: &mut Vec<u8>, mut length: usize) {
    loop {
        let low = (length & 0x7f) as u8;
        length >>= 7;
        if length == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}
