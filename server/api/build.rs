//! Lists the files of the built web editor, so that `src/web.rs` holds them in the binary.
//!
//! They are what `npm run build` writes into `web/dist`; where it was never run, the list is empty and the server says so.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let dist = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../../web/dist");
    // Cargo takes a folder that is missing for changed each time.
    fs::create_dir_all(&dist)?;
    let dist = dist.canonicalize()?;
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=build.rs");
    let mut files = Vec::new();
    collect(&dist, &mut files)?;
    files.sort();
    let mut list = String::from("&[\n");
    for file in &files {
        let name = file.strip_prefix(&dist).expect("it was found there").to_string_lossy().replace('\\', "/");
        if let Some(plain) = name.strip_suffix(".gz")
            && files.contains(&dist.join(plain))
        {
            continue;
        }
        let packed = PathBuf::from(format!("{}.gz", file.display()));
        let packed =
            if files.contains(&packed) { format!("Some(include_bytes!({packed:?}))") } else { "None".to_owned() };
        let _ = writeln!(list, "    File {{ path: {name:?}, body: include_bytes!({file:?}), packed: {packed} }},");
    }
    list.push_str("]\n");
    fs::write(Path::new(&env::var("OUT_DIR").expect("cargo sets it")).join("web_files.rs"), list)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // The stamp of the build, and what a file manager leaves behind.
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), files)?;
        } else {
            files.push(entry.path());
        }
    }
    Ok(())
}
