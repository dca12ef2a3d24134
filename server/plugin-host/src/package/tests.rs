//! Archives that strangers made: good ones come back, all others are refused by what is wrong with them.

#![allow(clippy::unwrap_used)]

use super::*;

const MOST: u64 = 1 << 20;

fn package() -> Package {
    let manifest = "name = \"a\"\nversion = \"1.0.0\"\ncontract = \"0.1\"\nkinds = [\"source\"]\ndescription = \"d\"\n[config]\ntype = \"object\"\n";
    let code = (0..10_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    Package { manifest: manifest.into(), entry: Entry::Component, code, readme: Some("# a\n".into()), signature: None }
}

fn refused(archive: &[u8], expected: &str) {
    let error = Package::read(archive, MOST).unwrap_err();
    assert_eq!(error.code(), ErrorCode::PluginInvalid);
    assert!(error.to_string().contains(expected), "{expected}: {error}");
}

/// An archive of these members, in this order.
fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    packed(members, |_, _| {})
}

fn packed(members: &[(&str, &[u8])], change: impl Fn(&str, &mut [u8])) -> Vec<u8> {
    let mut tar = Vec::new();
    for (name, content) in members {
        let start = tar.len();
        append(&mut tar, name, content);
        change(name, &mut tar[start..start + BLOCK]);
        // The sum is made anew, so that the change itself is what is refused.
        tar[start + 148..start + 156].copy_from_slice(b"        ");
        let sum: u32 = tar[start..start + BLOCK].iter().map(|byte| u32::from(*byte)).sum();
        tar[start + 148..start + 156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    tar.resize(tar.len() + 2 * BLOCK, 0);
    zstd::bulk::compress(&tar, 3).unwrap()
}

#[test]
fn an_archive_comes_back_as_it_was() {
    let written = package().write(None).unwrap();
    assert_eq!(Package::read(&written, MOST).unwrap(), package());
    assert_eq!(package().signed_by(&Trust::default()).unwrap(), None);
}

#[test]
fn a_signature_names_its_key_and_a_forged_one_is_refused() {
    let (ours, theirs) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let trust = |demanded: bool| Trust::parse(&format!("# who\nacme {}\n", ours.public()), demanded).unwrap();
    let signed = Package::read(&package().write(Some(&ours)).unwrap(), MOST).unwrap();
    assert_eq!(signed.signed_by(&trust(true)).unwrap().as_deref(), Some("acme"));

    let mut changed = signed.clone();
    changed.code[7] ^= 1;
    assert!(changed.signed_by(&trust(false)).unwrap_err().to_string().contains("signature"));
    let mut changed = signed.clone();
    changed.readme = Some("# another\n".into());
    assert!(changed.signed_by(&trust(false)).is_err());
    let strange = Package::read(&package().write(Some(&theirs)).unwrap(), MOST).unwrap();
    assert!(strange.signed_by(&trust(false)).unwrap_err().to_string().contains("does not trust"));
    assert!(package().signed_by(&trust(true)).unwrap_err().to_string().contains("not signed"));
    assert_eq!(package().signed_by(&trust(false)).unwrap(), None);
    let garbled = Package { signature: Some("nonsense".into()), ..package() };
    assert!(garbled.signed_by(&trust(false)).is_err());
}

#[test]
fn forged_digests_and_damage_are_refused() {
    let good = package().write(None).unwrap();
    refused(b"PK\x03\x04", "no archive");
    refused(&[], "no archive");
    refused(&good[..good.len() / 2], "damaged");
    let sums = sums_of(&BTreeMap::from([("plugin.toml".to_owned(), b"x".to_vec())]));
    refused(&archive(&[("plugin.toml", b"y"), ("plugin.wasm", b"w"), ("SHA256SUMS", &sums)]), "digests");
    refused(&archive(&[("plugin.toml", b"x")]), "lacks `SHA256SUMS`");
    refused(&archive(&[("plugin.toml", b"x"), ("SHA256SUMS", &sums)]), "lacks `plugin.wasm`");
    let mut tar = Vec::new();
    append(&mut tar, "plugin.toml", b"x");
    tar.resize(tar.len() + 2 * BLOCK, 0);
    append(&mut tar, "plugin.wasm", b"hidden");
    refused(&zstd::bulk::compress(&tar, 3).unwrap(), "more behind its end");
    let mut tar = Vec::new();
    append(&mut tar, "plugin.toml", b"x");
    tar[0] = b'q';
    refused(&zstd::bulk::compress(&tar, 3).unwrap(), "does not add up");
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for (name, expected) in [
        ("/etc/passwd", "leads out"),
        ("../plugin.toml", "leads out"),
        ("a/../../b", "leads out"),
        ("..\\plugin.toml", "leads out"),
        ("src/lib.rs", "no plugin's archive has"),
        ("plugin.toml/", "no plugin's archive has"),
        ("PLUGIN.TOML", "no plugin's archive has"),
        ("./plugin.toml", "no plugin's archive has"),
        ("\u{1b}[2Jx", "no plugin's archive has"),
    ] {
        refused(&archive(&[(name, b"x")]), expected);
    }
    refused(&archive(&[("plugin.toml", b"x"), ("plugin.toml", b"x")]), "twice");
    for (kind, expected) in [(b'1', "a link"), (b'2', "a link"), (b'5', "no plain file"), (b'x', "no plain file")] {
        refused(&packed(&[("plugin.toml", b"x")], |_, header| header[156] = kind), expected);
    }
    refused(&packed(&[("plugin.toml", b"x")], |_, header| header[345] = b'p'), "no plugin's archive has");
}

#[test]
fn sizes_are_bounded_before_anything_is_held() {
    let large = vec![0_u8; (2 << 20) + 1];
    refused(&archive(&[("plugin.wasm", &large)]), "at most 1 MiB");
    refused(&archive(&[("README.md", &large[..(1 << 20) + 1])]), "at most 1 MiB");
    let bomb = vec![0_u8; 1 << 20];
    refused(&archive(&[("plugin.wasm", &bomb)]), "unfolds");
    // A size that is only said is not believed.
    refused(
        &packed(&[("plugin.wasm", b"x")], |_, header| header[124..136].copy_from_slice(b"00000777777\0")),
        "cut off",
    );
    refused(
        &packed(&[("plugin.wasm", b"x")], |_, header| header[124..136].copy_from_slice(b"77777777777\0")),
        "at most",
    );
    refused(
        &packed(&[("plugin.wasm", b"x")], |_, header| header[124..136].copy_from_slice(b"-0000000001\0")),
        "add up",
    );
}
