//! `artifact`: keeps rows as a small file with the run, for people to download.
//!
//! The file is kept whole when the last row has come, in place of what an earlier attempt kept, so that a repeat leaves one
//! file. Since it is made anew in each attempt, the source starts from its beginning in each.

use crate::columns::Columns;
use crate::kind::{Flow, Opened, Outputs, StepContext, StepKind, Trying};
use crate::settings;
use crate::watching::store_failed;
use arrow::datatypes::Schema;
use async_trait::async_trait;
use data::encode::{Format, Writer};
use data::{Batch, Error, Result};
use model::artifact::{Artifact, LARGEST, NewArtifact, check_name};
use model::document::Step;
use model::kind::{Inputs, KindInfo};
use model::run::LogLevel;
use model::{ErrorCode, Fault};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// The step kind `artifact`.
#[derive(Debug, Clone, Copy, Default)]
pub struct ArtifactStep;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    name: String,
    format: Option<String>,
    rows: Option<u64>,
    #[serde(default = "yes")]
    spreadsheet: bool,
}

fn yes() -> bool {
    true
}

impl Settings {
    /// How the rows are written: as the settings say, else as the name ends.
    fn format(&self) -> Result<Format, Fault> {
        let word = match &self.format {
            Some(word) => word.clone(),
            None => self.name.rsplit_once('.').map(|(_, end)| end.to_lowercase()).unwrap_or_default(),
        };
        match Format::named(&word) {
            Some(Format::Csv { .. }) => Ok(Format::Csv { spreadsheet: self.spreadsheet }),
            Some(format) => Ok(format),
            None => Err(Fault::new(
                ErrorCode::InvalidValue,
                format!("the name `{}` does not tell the artifact's format", self.name),
            )
            .hint("End it with `.csv`, `.json`, `.jsonl` or `.parquet`, or say `format`.")
            .path("with.name")),
        }
    }
}

#[async_trait]
impl StepKind for ArtifactStep {
    fn info(&self) -> KindInfo {
        KindInfo {
            name: "artifact".to_owned(),
            summary: "Keeps rows as a small file with the run, to be downloaded.".to_owned(),
            schema: json!({
                "type": "object",
                "required": ["name"],
                "additionalProperties": false,
                "properties": {
                    "name": { "type": "string", "minLength": 1, "maxLength": 200, "description": "The file's name, unique within the run: `rejected.csv`." },
                    "format": { "enum": ["csv", "json", "jsonl", "parquet"], "description": "How rows are written; without it the name's ending says." },
                    "rows": { "type": "integer", "minimum": 1, "description": "How many rows it holds at most; what comes after them is counted and left out. Without it all rows are kept." },
                    "spreadsheet": { "type": "boolean", "default": true, "description": "Whether text of a CSV that a spreadsheet would run as a formula stands behind a `'`." },
                },
            }),
            inputs: Inputs::Required,
            ports: Vec::new(),
            named_ports: false,
            outputs: ["name", "rows", "left_out", "bytes"].map(ToOwned::to_owned).to_vec(),
        }
    }

    fn check(&self, with: &Map<String, Value>) -> Vec<Fault> {
        let Ok(settings) = settings::parse::<Settings>(with) else { return Vec::new() };
        if settings::is_open(&settings.name) {
            return Vec::new();
        }
        let name = check_name(&settings.name).map_err(|fault| fault.path("with.name"));
        name.and_then(|()| settings.format().map(|_| ())).err().into_iter().collect()
    }

    fn trying(&self, _: &Step) -> Trying {
        Trying::Done
    }

    async fn open(&self, context: StepContext) -> Result<Opened> {
        let settings: Settings = settings::read(&context.step)?;
        let rendered = |fault: Fault| fault.path(format!("steps.{}.with.name", context.step.id));
        check_name(&settings.name).map_err(rendered)?;
        let format = settings.format().map_err(rendered)?;
        Ok(Opened::Flow(Box::new(Keeping {
            context,
            settings,
            format,
            columns: Columns::default(),
            writer: None,
            content: Vec::new(),
            bytes: 0,
            rows: 0,
            left_out: 0,
        })))
    }
}

struct Keeping {
    context: StepContext,
    settings: Settings,
    format: Format,
    /// Columns of all lanes.
    columns: Columns,
    /// Since the first rows came: every lane has told its columns by then.
    writer: Option<Writer>,
    /// Handed over at the end.
    content: Vec<u8>,
    bytes: u64,
    rows: u64,
    left_out: u64,
}

#[async_trait]
impl Flow for Keeping {
    fn is_stateful(&self) -> bool {
        true
    }

    async fn process(&mut self, batch: Batch, _: &mut Outputs<'_>) -> Result<()> {
        let records = &batch.records;
        if records.num_rows() == 0 {
            return self.learn(&records.schema());
        }
        let room = self.settings.rows.map_or(u64::MAX, |most| most.saturating_sub(self.rows));
        let taken = usize::try_from(room).unwrap_or(usize::MAX).min(records.num_rows());
        self.left_out += (records.num_rows() - taken) as u64;
        if taken > 0 {
            self.rows += taken as u64;
            let rows = self.columns.align(&records.slice(0, taken))?;
            let bytes = self.writer()?.write(&rows)?;
            self.content.extend_from_slice(&bytes);
        }
        self.require_small()
    }

    async fn finish(&mut self, _: &mut Outputs<'_>) -> Result<()> {
        // Without any lane there are no columns, and so no rows.
        self.writer()?;
        let last = self.writer.take().map(Writer::finish).transpose()?;
        self.content.extend_from_slice(&last.unwrap_or_default());
        self.require_small()?;
        self.bytes = self.content.len() as u64;
        if self.context.trial.is_none() {
            self.keep().await?;
        }
        Ok(())
    }

    fn rows_written(&self) -> Option<u64> {
        Some(self.rows)
    }

    fn outputs(&self) -> Map<String, Value> {
        Map::from_iter([
            ("name".to_owned(), self.settings.name.clone().into()),
            ("rows".to_owned(), self.rows.into()),
            ("left_out".to_owned(), self.left_out.into()),
            ("bytes".to_owned(), self.bytes.into()),
        ])
    }
}

impl Keeping {
    /// Takes up a lane's columns.
    fn learn(&mut self, schema: &Schema) -> Result<()> {
        if self.writer.is_none() {
            self.columns.add(schema);
        } else if !self.columns.hold(schema) {
            let message = format!("artifact `{}` gets further columns after its first rows", self.settings.name);
            return Err(Error::permanent(ErrorCode::InvalidValue, message)
                .hint("Keep each in an artifact of its own, or bring them to the same columns with `transform`."));
        }
        Ok(())
    }

    fn writer(&mut self) -> Result<&mut Writer> {
        if self.writer.is_none() {
            self.writer = Some(Writer::new(self.format, &self.columns.schema())?);
        }
        Ok(self.writer.as_mut().expect("just made where it was missing"))
    }

    fn require_small(&self) -> Result<()> {
        if self.content.len() <= LARGEST {
            return Ok(());
        }
        let message = format!("artifact `{}` takes more than {} MiB", self.settings.name, LARGEST >> 20);
        Err(Error::permanent(ErrorCode::ArtifactTooLarge, message)
            .hint("Keep fewer `rows`, or write them into a table with `write`."))
    }

    async fn keep(&mut self) -> Result<()> {
        let (context, name) = (&self.context, self.settings.name.clone());
        let artifact = Artifact {
            run: context.run,
            name,
            step: context.step.id.clone(),
            media_type: self.format.media_type().to_owned(),
            bytes: self.bytes,
            rows: self.rows,
            digest: hex::encode(Sha256::digest(&self.content)),
            created_at: chrono::Utc::now(),
        };
        let key = context.ledger_key("");
        let said = format!("kept `{}`: {} rows, {} bytes", artifact.name, artifact.rows, artifact.bytes);
        let new =
            NewArtifact { artifact, task: key.task, fence: key.fence, content: std::mem::take(&mut self.content) };
        context.artifacts.keep_artifact(new).await.map_err(store_failed)?;
        context.log(LogLevel::Info, said);
        if self.left_out > 0 {
            context.log(LogLevel::Warn, format!("{} more rows were left out", self.left_out));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
