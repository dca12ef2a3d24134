//! The page `docs/types.md`: one part for each source, a line for each of its types.

use data::Error;
use std::collections::BTreeMap;

/// The reason of an error as it stands in a cell.
pub(super) fn plain(error: &Error) -> String {
    let message = error.fault.message.replace(['|', '\n'], " ");
    // The row and table are the test's own.
    message.split_once(": ").map_or(message.clone(), |(_, rest)| rest.to_owned()).chars().take(120).collect()
}

/// Holds the system's part of `docs/types.md` against what was found; with `SLUICE_UPDATE_DOCS` writes it anew.
pub(super) fn hold(system: &str, lines: &[String]) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/types.md");
    let text = std::fs::read_to_string(path).unwrap();
    let mut sections: BTreeMap<&str, &str> = BTreeMap::new();
    for section in text.split("<!-- from ").skip(1) {
        let (name, body) = section.split_once(" -->\n").unwrap();
        sections.insert(name, body.split("<!-- end -->").next().unwrap());
    }
    let found = format!("{}\n", lines.join("\n"));
    let known = sections.get(system).unwrap_or_else(|| panic!("docs/types.md has no part `from {system}`"));
    // The head of the table is two lines.
    let rows = known.splitn(3, '\n').nth(2).unwrap_or_default();
    if std::env::var_os("SLUICE_UPDATE_DOCS").is_some() {
        let replaced = known.replace(rows, "") + &found;
        // Other sources write their parts of the same file at the same time.
        static WRITING: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _alone = WRITING.lock().unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let part = |body: &str| format!("<!-- from {system} -->\n{body}<!-- end -->");
        std::fs::write(path, text.replace(&part(known), &part(&replaced))).unwrap();
    } else {
        assert_eq!(rows, found, "docs/types.md is not true any more; run the tests once with SLUICE_UPDATE_DOCS=1");
    }
}
