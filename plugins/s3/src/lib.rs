//! A sink that writes rows as files into S3-compatible storage; registration only.
//!
//! `config.rs` is what a user sets, `write.rs` puts one object for each batch, `csv_file.rs` and `parquet_file.rs` make the
//! files, `thrift.rs` spells Parquet's descriptions, and `signature.rs` signs requests.

mod config;
mod csv_file;
mod parquet_file;
mod signature;
mod thrift;
mod write;

plugin_sdk::export_plugin!(sink: crate::write::S3);
