//! What a command prints when it fails: each fault with place, code and hint.

use model::Fault;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The document the faults are about, for `file:line:column`.
    document: Option<String>,
    faults: Vec<Fault>,
}

impl Failure {
    /// Faults of the document called `name`.
    pub(crate) fn in_document(name: &str, faults: Vec<Fault>) -> Self {
        Self { document: Some(name.to_owned()), faults }
    }

    /// The faults.
    pub(crate) fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Prints every fault to standard error.
    pub(crate) fn print(&self) {
        for fault in &self.faults {
            let place = match (&self.document, fault.line, fault.column) {
                (Some(document), Some(line), Some(column)) => format!("{document}:{line}:{column}: "),
                (Some(document), _, _) => format!("{document}: "),
                (None, Some(line), Some(column)) => format!("line {line}, column {column}: "),
                _ => String::new(),
            };
            eprintln!("error: {place}{} [{}]", fault.message, fault.code);
            if let Some(hint) = &fault.hint {
                eprintln!("  hint: {hint}");
            }
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self { document: None, faults: vec![fault] }
    }
}

impl From<Vec<Fault>> for Failure {
    fn from(faults: Vec<Fault>) -> Self {
        Self { document: None, faults }
    }
}

impl From<data::Error> for Failure {
    fn from(error: data::Error) -> Self {
        (*error.fault).into()
    }
}
