//! How each system takes a batch of `id` and `v`, and gives it back.

use super::super::world::{World, batch, open, records};
use super::samples::Kept;
use arrow::array::*;
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, TimeUnit};
use data::connector::ReadOptions;
use data::{Connector, Mode, WriteOptions};
use serde_json::json;
use std::sync::Arc;

/// 2024-01-02 02:00 in microseconds.
pub(super) const START: i64 = 1_704_160_800_000_000;

/// Where values go.
pub(super) enum Place {
    /// Tables keyed by `id`, or by a timestamp that is added.
    Tables(World),
    /// Keys of Redis with a structure each: a hash, or a string that holds a JSON object.
    Keys(Keys, &'static str),
}

impl Place {
    /// Every system; none where a server is missing.
    pub(super) async fn all() -> Option<Vec<Self>> {
        Some(vec![
            Self::Tables(World::postgres("pairs").await?),
            Self::Tables(World::mysql("pairs").await?),
            Self::Tables(World::sqlite("pairs").await?),
            Self::Tables(World::tdengine("pairs").await?),
            Self::Keys(Keys::new("pairs").await?, "hash"),
            Self::Keys(Keys::new("pairs").await?, "json"),
        ])
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Tables(world) => world.connector.system().as_str(),
            Self::Keys(_, structure) => structure,
        }
    }

    /// Writes the values and reads them again: what they are there, and how they come back.
    pub(super) async fn arrive(&self, table: &str, sent: &RecordBatch) -> data::Result<(String, ArrayRef)> {
        match self {
            Self::Tables(world) => {
                let timed = world.connector.abilities().time_key;
                let (sent, order) = if timed { (&with_time(sent), "ts") } else { (sent, "id") };
                world.write(WriteOptions::append(table), sent).await?;
                let info = world.connector.find_table(table).await?.expect("the table was made");
                let column = info.columns.iter().find(|column| column.name == "v").expect("it has the column");
                let read = world.try_rows(table, &[order]).await?;
                assert_eq!(read.column_by_name("id"), sent.column_by_name("id"), "{table}");
                Ok((format!("`{}`", column.native_type), read.column_by_name("v").unwrap().clone()))
            }
            Self::Keys(keys, structure) => keys.arrive(table, structure, sent).await,
        }
    }

    pub(super) async fn end(self) {
        match self {
            Self::Tables(world) => world.end().await,
            Self::Keys(keys, _) => keys.end().await,
        }
    }
}

/// The batch with a timestamp of its own for each row, by which a table can be keyed.
fn with_time(sent: &RecordBatch) -> RecordBatch {
    let times = (0..sent.num_rows() as i64).map(|row| START + row);
    let times = TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC");
    records(vec![("ts", Arc::new(times)), ("id", sent.column(0).clone()), ("v", sent.column(1).clone())])
}

/// Keys of Redis with a prefix of their own.
pub(super) struct Keys {
    connector: Arc<dyn Connector>,
    client: ::redis::aio::MultiplexedConnection,
    prefix: String,
}

impl Keys {
    pub(super) async fn new(case: &str) -> Option<Self> {
        let url = super::super::world::variable("SLUICE_TEST_REDIS", case)?;
        let client = ::redis::Client::open(url.as_str()).unwrap().get_multiplexed_async_connection().await.unwrap();
        Some(Self { connector: open(&url, &[]), client, prefix: super::super::world::unique() })
    }

    /// Values put there by commands of Redis, and read by the connector as a type.
    pub(super) async fn original(
        &self,
        table: &str,
        Kept(structure, read_as, values): &Kept,
    ) -> data::Result<RecordBatch> {
        let mut client = self.client.clone();
        let hash = *structure == "hash";
        for id in 0..values.len() + usize::from(hash) {
            let key = format!("{}:{table}:{id}", self.prefix);
            let value = values.get(id);
            let mut command = ::redis::cmd(match *structure {
                "hash" => "HSET",
                "set" => "SADD",
                "list" => "RPUSH",
                "zset" => "ZADD",
                "stream" => "XADD",
                _ => "SET",
            });
            command.arg(&key);
            match (*structure, value) {
                ("hash", Some(value)) => command.arg("id").arg(id).arg("v").arg(*value),
                ("hash", None) => command.arg("id").arg(id),
                ("json", Some(value)) => {
                    let object = [format!("{{\"id\": {id}, \"v\": ").as_bytes(), value, b"}"].concat();
                    command.arg(object)
                }
                ("zset", Some(value)) => command.arg(*value).arg("member"),
                ("stream", Some(value)) => command.arg("*").arg("v").arg(*value),
                (_, value) => command.arg(value.copied().unwrap_or_default()),
            };
            command.exec_async(&mut client).await.unwrap();
        }
        let word = read_as.split(" (").next().unwrap();
        self.read(table, structure, word).await
    }

    /// Writes rows as the structure and reads them again, as their type where Redis can be asked for it, else as text.
    async fn arrive(&self, table: &str, structure: &str, sent: &RecordBatch) -> data::Result<(String, ArrayRef)> {
        let extra = json!({ "structure": if structure == "json" { "string" } else { structure } });
        let options = WriteOptions {
            mode: Mode::Upsert,
            extra: extra.as_object().cloned().unwrap(),
            ..WriteOptions::append(&format!("{}:{table}:{{id}}", self.prefix))
        };
        let mut sink = self.connector.write(sent.schema(), options).await?;
        sink.write(&batch(1, sent)).await?;
        sink.finish().await?;
        let word = word(sent.column(1).data_type());
        let read = self.read(table, structure, &word).await?;
        assert_eq!(read.column(0), sent.column(0), "{table}");
        Ok((format!("`{word}`"), read.column(1).clone()))
    }

    /// `id` and `v` of the keys of a table.
    async fn read(&self, table: &str, structure: &str, word: &str) -> data::Result<RecordBatch> {
        let (shape, value) = match structure {
            "json" => ("string", "v"),
            "hash" | "stream" => (structure, "v"),
            "set" => (structure, "member"),
            "zset" => (structure, "score"),
            _ => (structure, "value"),
        };
        let extra = json!({
            "structure": shape, "json": structure == "json",
            "columns": { "id": "int64", value: word },
        });
        let options = ReadOptions {
            columns: vec!["id".to_owned(), value.to_owned()],
            order_by: vec!["_key".to_owned()],
            extra: extra.as_object().cloned().unwrap(),
            ..ReadOptions::table(&format!("{}:{table}:{{id}}", self.prefix))
        };
        let mut source = self.connector.read(options).await?;
        let mut batches = Vec::new();
        while let Some(batch) = source.next().await? {
            batches.push(batch.records);
        }
        let read = concat_batches(&source.schema(), &batches)?;
        Ok(records(vec![("id", read.column(0).clone()), ("v", read.column(1).clone())]))
    }

    pub(super) async fn end(mut self) {
        let mut cursor = 0u64;
        loop {
            let mut scan = ::redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(format!("{}:*", self.prefix)).arg("COUNT").arg(1000);
            let (next, keys): (u64, Vec<String>) = scan.query_async(&mut self.client).await.unwrap();
            if !keys.is_empty() {
                ::redis::cmd("DEL").arg(keys).exec_async(&mut self.client).await.unwrap();
            }
            cursor = next;
            if cursor == 0 {
                return;
            }
        }
    }
}

/// The word by which a read of Redis asks for a type; text for those without one.
fn word(data_type: &DataType) -> String {
    let word = match data_type {
        DataType::Boolean => "boolean",
        DataType::Int8 => "int8",
        DataType::Int16 => "int16",
        DataType::Int32 => "int32",
        DataType::Int64 => "int64",
        DataType::UInt8 => "uint8",
        DataType::UInt16 => "uint16",
        DataType::UInt32 => "uint32",
        DataType::UInt64 => "uint64",
        DataType::Float32 => "float32",
        DataType::Float64 => "float64",
        DataType::Decimal128(digits, scale) | DataType::Decimal256(digits, scale) => {
            return format!("decimal({digits},{scale})");
        }
        DataType::Date32 => "date",
        DataType::Time64(_) => "time",
        DataType::Timestamp(TimeUnit::Nanosecond, _) => "utf8",
        DataType::Timestamp(_, None) => "timestamp",
        DataType::Timestamp(_, Some(_)) => "timestamp_utc",
        DataType::Binary => "bytes",
        _ => "utf8",
    };
    word.to_owned()
}
