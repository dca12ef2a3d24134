//! Sources over local files: CSV, JSON (lines or one array) and Parquet.
//!
//! A file is read in batches as it comes, in memory that does not grow with it. CSV and JSON are read twice: once to
//! choose types that lose nothing ([`kind`]), once to read. Start at [`locate`], which keeps paths inside the folder
//! the operator named, then [`open_csv`], [`open_json`] or [`open_parquet`].

mod column;
mod csv;
mod json;
mod kind;
mod locate;
mod opened;
mod parquet;
mod rejected;
mod request;

pub use self::csv::{CsvOptions, open_csv};
pub use self::json::{JsonLayout, JsonOptions, open_json};
pub use self::kind::{ColumnType, Infer};
pub use self::locate::{FileLocation, locate};
pub use self::opened::OpenedFile;
pub use self::parquet::{ParquetOptions, open_parquet};
pub use self::request::LocalFiles;
