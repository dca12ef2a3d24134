//! What a rule does with a batch: which rows it looks at, which of them break it, and why.

use super::settings::RuleSettings;
use super::{row, stream};
use crate::kind::StepContext;
use crate::route::rule::{class_mask, plain};
use arrow::array::{Array, ArrayRef};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use async_trait::async_trait;
use data::{Error, Result};
use model::ErrorCode;
use query::Predicate;
use std::collections::HashMap;

/// A rule at work in one lane.
#[async_trait]
pub(super) trait Judge: Send {
    /// Which of the rows `looked_at` break the rule. `kept` are those that no earlier rule keeps out.
    async fn judge(
        &mut self,
        records: &RecordBatch,
        looked_at: &BooleanBuffer,
        kept: &BooleanBuffer,
    ) -> Result<Verdict>;

    /// Why the rows of the lane, taken together, break the rule.
    fn conclude(&self) -> Option<String> {
        None
    }

    /// How many rows it looked at.
    fn rows_seen(&self) -> u64 {
        0
    }
}

/// The rows that break a rule.
pub(super) struct Verdict {
    pub(super) broken: BooleanBuffer,
    why: Why,
}

enum Why {
    /// The same for all rows, and columns whose values tell more.
    Same(String, Vec<String>),
    /// A sentence for each row.
    Rows(HashMap<usize, String>),
}

impl Verdict {
    /// Rows that break the rule for one reason, with the columns whose values show it.
    pub(super) fn same(broken: BooleanBuffer, why: impl Into<String>, columns: Vec<String>) -> Self {
        Self { broken, why: Why::Same(why.into(), columns) }
    }

    /// Rows that break the rule, each with its reason.
    pub(super) fn rows(rows: usize, reasons: HashMap<usize, String>) -> Self {
        let broken = BooleanBuffer::collect_bool(rows, |row| reasons.contains_key(&row));
        Self { broken, why: Why::Rows(reasons) }
    }

    /// Why the row breaks the rule, with its values.
    pub(super) fn reason(&self, row: usize, records: &RecordBatch) -> String {
        match &self.why {
            Why::Rows(reasons) => reasons.get(&row).cloned().unwrap_or_default(),
            Why::Same(why, columns) => {
                let values: Vec<String> = columns
                    .iter()
                    .take(8)
                    .filter_map(|name| Some(format!("{name} = {}", spell(records.column_by_name(name)?, row))))
                    .collect();
                if values.is_empty() { why.clone() } else { format!("{why} ({})", values.join(", ")) }
            }
        }
    }
}

/// One value for people, not longer than a line.
pub(super) fn spell(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) {
        return "null".to_owned();
    }
    let options = FormatOptions::default();
    let text = match ArrayFormatter::try_new(column.as_ref(), &options) {
        Ok(formatter) => formatter.value(row).try_to_string().unwrap_or_default(),
        Err(_) => String::new(),
    };
    let text: String = text.chars().take(100).collect();
    match column.data_type() {
        arrow::datatypes::DataType::Utf8 | arrow::datatypes::DataType::LargeUtf8 => format!("`{text}`"),
        _ => text,
    }
}

/// Which rows a rule is about.
pub(super) struct Scope {
    name: String,
    classes: Vec<String>,
    when: Option<String>,
    compiled: Option<Predicate>,
    deterministic: bool,
}

impl Scope {
    /// The scope of `rule` among rows of `schema`.
    pub(super) fn new(rule: &RuleSettings, schema: &SchemaRef) -> Self {
        let is_clocked = |when: &String| Predicate::compile(when, schema).is_ok_and(|found| !found.is_deterministic());
        Self {
            name: rule.name.clone(),
            classes: rule.class.to_list(),
            when: rule.when.clone(),
            compiled: None,
            deterministic: !rule.when.as_ref().is_some_and(is_clocked),
        }
    }

    pub(super) fn is_deterministic(&self) -> bool {
        self.deterministic
    }

    /// The rows of a batch that it is about.
    pub(super) fn rows(&mut self, records: &RecordBatch) -> Result<BooleanBuffer> {
        let rows = class_mask(&self.classes, records, &self.name)?
            .unwrap_or_else(|| BooleanBuffer::new_set(records.num_rows()));
        let Some(when) = &self.when else { return Ok(rows) };
        if rows.count_set_bits() == 0 {
            return Ok(rows);
        }
        if self.compiled.is_none() {
            self.compiled = Some(Predicate::compile(when, &records.schema())?);
        }
        let found = self.compiled.as_ref().expect("compiled above").evaluate(records)?;
        Ok(&rows & &plain(found))
    }
}

/// Opens the one test of `rule` for rows of `schema`.
pub(super) async fn open(rule: &RuleSettings, schema: &SchemaRef, context: &StepContext) -> Result<Box<dyn Judge>> {
    if let Some(judge) = row::open(rule, schema)? {
        return Ok(judge);
    }
    if let Some(judge) = stream::open(rule, schema, context).await? {
        return Ok(judge);
    }
    Err(Error::permanent(ErrorCode::InvalidValue, format!("rule `{}` tests nothing", rule.name)))
}

/// The place of a column a rule names.
pub(super) fn find_column(schema: &Schema, name: &str, rule: &str) -> Result<usize> {
    schema.index_of(name).map_err(|_| {
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let error = Error::permanent(
            ErrorCode::ColumnNotFound,
            format!("rule `{rule}` looks at column `{name}`, which the rows lack"),
        );
        match model::nearest(name, names.iter().copied()) {
            Some(near) => error.hint(format!("Did you mean `{near}`?")),
            None => error.hint(format!("The rows have `{}`.", names[..names.len().min(20)].join("`, `"))),
        }
    })
}
