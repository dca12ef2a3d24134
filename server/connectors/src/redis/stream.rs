//! Entries of streams as rows: `_id` and a column for each field; of one stream the id is a checkpoint.

use super::scan::{Keys, Scan};
use super::shape::{ReadSettings, Shape};
use super::template::Template;
use super::{Config, Redis, error, text, typed};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use async_trait::async_trait;
use data::connector::ReadOptions;
use data::{Checkpoint, Error, Result, Resume, Source, SourceBatch};
use model::ErrorCode;
use redis::aio::MultiplexedConnection;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// Entries asked for at a time.
const CHUNK: usize = 1_000;

type Entries = Vec<(String, Vec<Vec<u8>>)>;

struct StreamSource {
    config: Arc<Config>,
    connection: MultiplexedConnection,
    template: Option<Template>,
    names: Vec<String>,
    types: Vec<DataType>,
    schema: SchemaRef,
    /// Streams still to be read, each with its last entry at the time of opening.
    streams: VecDeque<(String, String)>,
    from: String,
    left: u64,
    resumes: bool,
    sent: bool,
}

/// Opens a source that reads each stream up to the entry that is its last one now.
pub(super) async fn open(
    redis: &Redis,
    mut connection: MultiplexedConnection,
    keys: Keys,
    settings: ReadSettings,
    options: ReadOptions,
) -> Result<Box<dyn Source>> {
    let config = redis.config.clone();
    let resumes = keys.single.is_some();
    let from = match &options.resume_at {
        None => "-".to_owned(),
        Some(Checkpoint(id)) if resumes && is_id(id) => format!("({id}"),
        Some(_) => {
            return Err(Error::permanent(ErrorCode::ReplayImpossible, "the checkpoint is no entry of one stream"));
        }
    };
    let mut scan = Scan::new(&keys, Some(Shape::Stream.word()));
    scan.sort(&mut connection, &config).await?;
    let mut streams = VecDeque::new();
    for key in scan.next(&mut connection, &config, usize::MAX).await? {
        let last: Entries = redis::cmd("XREVRANGE")
            .arg(&key)
            .arg("+")
            .arg("-")
            .arg("COUNT")
            .arg(1)
            .query_async(&mut connection)
            .await
            .map_err(|e| error::mapped(&config, &e))?;
        streams.extend(last.into_iter().next().map(|(id, _)| (key, id)));
    }
    let mut names = options.columns.clone();
    if names.is_empty() {
        if !resumes {
            names.push("_key".to_owned());
        }
        names.push("_id".to_owned());
        if settings.columns.is_empty() {
            names.extend(fields(&mut connection, &config, &streams).await?);
        } else {
            names.extend(settings.columns.iter().map(|(name, _)| name.clone()));
        }
        for column in keys.template.iter().flat_map(|template| template.columns()) {
            if !names.iter().any(|name| name == column) {
                names.push(column.to_owned());
            }
        }
    }
    let types: Vec<DataType> = names.iter().map(|name| settings.data_type(name)).collect();
    let schema =
        names.iter().zip(&types).map(|(name, kind)| Field::new(name, kind.clone(), name != "_id" && name != "_key"));
    let schema = Arc::new(Schema::new(schema.collect::<Vec<_>>()));
    let left = options.limit.unwrap_or(u64::MAX);
    let template = keys.template;
    Ok(Box::new(StreamSource {
        config,
        connection,
        template,
        names,
        types,
        schema,
        streams,
        from,
        left,
        resumes,
        sent: false,
    }))
}

/// `1526919030474-55`.
fn is_id(text: &str) -> bool {
    text.split_once('-').is_some_and(|(ms, number)| ms.parse::<u64>().is_ok() && number.parse::<u64>().is_ok())
}

async fn entries(
    connection: &mut MultiplexedConnection,
    config: &Config,
    key: &str,
    from: &str,
    to: &str,
    count: usize,
) -> Result<Entries> {
    let mut command = redis::cmd("XRANGE");
    command.arg(key).arg(from).arg(to).arg("COUNT").arg(count);
    command.query_async(connection).await.map_err(|e| error::mapped(config, &e))
}

/// All fields that any entry has.
async fn fields(
    connection: &mut MultiplexedConnection,
    config: &Config,
    streams: &VecDeque<(String, String)>,
) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for (key, last) in streams {
        let mut from = "-".to_owned();
        loop {
            let found = entries(connection, config, key, &from, last, CHUNK).await?;
            let Some((id, _)) = found.last() else { break };
            from = format!("({id}");
            for (_, pairs) in found {
                for name in pairs.into_iter().step_by(2) {
                    names.insert(text("a field's name", name)?);
                }
            }
        }
    }
    names.remove("_id");
    names.remove("_key");
    Ok(names)
}

#[async_trait]
impl Source for StreamSource {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn resume(&self) -> Resume {
        if self.resumes { Resume::Checkpoint } else { Resume::Nothing }
    }

    async fn next(&mut self) -> Result<Option<SourceBatch>> {
        let mut found = Entries::new();
        let mut of = String::new();
        while self.left > 0
            && let Some((key, last)) = self.streams.front()
        {
            let most = CHUNK.min(usize::try_from(self.left).unwrap_or(usize::MAX));
            found = entries(&mut self.connection, &self.config, key, &self.from, last, most).await?;
            if let Some((id, _)) = found.last() {
                self.from = format!("({id}");
                of.clone_from(key);
                break;
            }
            self.streams.pop_front();
            self.from = "-".to_owned();
        }
        if found.is_empty() && self.sent {
            return Ok(None);
        }
        self.sent = true;
        self.left -= found.len() as u64;
        let mut values: Vec<Vec<Option<Vec<u8>>>> = self.names.iter().map(|_| Vec::new()).collect();
        let captures = self.template.as_ref().and_then(|template| template.captures(&of)).unwrap_or_default();
        for (id, pairs) in &found {
            for (name, values) in self.names.iter().zip(&mut values) {
                values.push(match name.as_str() {
                    "_id" => Some(id.clone().into_bytes()),
                    "_key" => Some(of.clone().into_bytes()),
                    // Of a field that an entry has twice the later value counts, as in a hash.
                    name => {
                        let own = pairs.chunks(2).rev().find(|pair| pair[0] == name.as_bytes());
                        let captured = || captures.iter().find(|(column, _)| *column == name);
                        own.and_then(|pair| pair.get(1).cloned())
                            .or_else(|| captured().map(|(_, value)| value.clone().into_bytes()))
                    }
                });
            }
        }
        let arrays = self
            .names
            .iter()
            .zip(&self.types)
            .zip(&values)
            .map(|((name, kind), values)| typed::array(name, kind, values, |row| format!("{of} {}", found[row].0)));
        let arrays = arrays.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(found.len()));
        let records = RecordBatch::try_new_with_options(self.schema.clone(), arrays, &options)?;
        let checkpoint = found.last().filter(|_| self.resumes).map(|(id, _)| Checkpoint(id.clone()));
        Ok(Some(SourceBatch { records, checkpoint, rejected: None }))
    }
}
