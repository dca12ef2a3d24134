//! The data plane's vocabulary: batches, and what a source, sink, transform, channel, translator and connector must do.
//!
//! Arrow and Parquet only: no database driver, no SQL engine, no network. `connectors` and `plugin-host` implement these
//! traits, `steps` and `transfer` use them, and none of the four knows another.
//! Start with [`batch::Batch`] and the two halves of "nothing lost, nothing twice": [`source::Resume`] and [`sink::Sink`].

pub mod address;
pub mod backup;
pub mod batch;
pub mod channel;
pub mod checksum;
pub mod connector;
pub mod console;
pub mod encode;
pub mod error;
pub mod inspection;
pub mod ledger;
pub mod registry;
pub mod repair;
pub mod sink;
pub mod source;
pub mod split;
pub mod structure;
pub mod transaction;
pub mod transform;
pub mod translator;
pub mod twin;

pub use address::{AddressPattern, AddressRules};
pub use batch::{BATCH_ROWS, Batch, Checkpoint, Lane};
pub use channel::{Alert, AlertSeverity, Attachment, Channel, Delivery};
pub use connector::{Abilities, Connector, System};
pub use console::{ConsoleAnswer, ConsoleEnd, ConsoleForm, ConsoleLimits, ConsoleRequest, ConsoleRows, StatementCheck};
pub use error::Error;
pub use ledger::{LedgerEntry, LedgerKey};
pub use registry::{ConnectionInfo, Connections, FileRequest, Files, Opener, Plugins, Target};
pub use repair::RowStatements;
pub use sink::{Mode, RefusalKeeper, RefusedRow, Sink, WriteOptions, Written};
pub use source::{Resume, Source, SourceBatch};
pub use split::{KeyPart, KeyRange, RangeFilter, Split, SplitRequest};
pub use structure::{TablePlan, TableStructure};
pub use transaction::SqlTransaction;
pub use transform::Transformer;
pub use translator::{NoTranslator, Note, NoteLevel, Ruled, Translated, Translation, Translator};
pub use twin::{Site, Snapshot, TwinRequest};

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;
