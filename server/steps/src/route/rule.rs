//! Which rows match which rules.
//!
//! Conditions are compiled for a lane's schema when the first row may need them: a rule for one class is never held
//! against the columns of another.

use arrow::array::{Array, BooleanArray, StringArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::kernels::cmp::eq;
use arrow::compute::{cast, prep_null_mask_filter};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use data::{Error, Result};
use model::ErrorCode;
use query::Predicate;

/// What a rule asks for.
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) when: Option<String>,
    pub(crate) classes: Vec<String>,
}

/// The rules as compiled for one lane.
pub(crate) struct LaneRules {
    schema: SchemaRef,
    compiled: Vec<Option<Predicate>>,
    deterministic: bool,
}

impl LaneRules {
    /// Rules for rows of `schema`.
    pub(crate) fn new(rules: &[Rule], schema: &SchemaRef) -> Self {
        // What cannot be compiled yet is looked at when its rows come; only its repeatability matters before.
        let is_clocked = |rule: &Rule| {
            rule.when.as_deref().is_some_and(|when| {
                Predicate::compile(when, schema).is_ok_and(|predicate| !predicate.is_deterministic())
            })
        };
        let deterministic = !rules.iter().any(is_clocked);
        Self { schema: schema.clone(), compiled: rules.iter().map(|_| None).collect(), deterministic }
    }

    pub(crate) fn is_deterministic(&self) -> bool {
        self.deterministic
    }

    /// For each rule the rows that go its way, and last those that no rule matches. Where `first`, a row goes one way only.
    pub(crate) fn masks(&mut self, rules: &[Rule], records: &RecordBatch, first: bool) -> Result<Vec<BooleanArray>> {
        let rows = records.num_rows();
        let mut taken = BooleanBuffer::new_unset(rows);
        let mut masks = Vec::with_capacity(rules.len() + 1);
        for (index, rule) in rules.iter().enumerate() {
            let all_taken = taken.count_set_bits() == rows;
            let mut mask = if rows == 0 || (first && all_taken) {
                BooleanBuffer::new_unset(rows)
            } else {
                self.mask(index, rule, records)?
            };
            if first {
                mask = &mask & &!&taken;
            }
            taken = &taken | &mask;
            masks.push(BooleanArray::new(mask, None));
        }
        masks.push(BooleanArray::new(!&taken, None));
        Ok(masks)
    }

    fn mask(&mut self, index: usize, rule: &Rule, records: &RecordBatch) -> Result<BooleanBuffer> {
        let rows = records.num_rows();
        let mut mask = class_mask(&rule.classes, records, &rule.name)?;
        if mask.as_ref().is_some_and(|mask| mask.count_set_bits() == 0) {
            return Ok(BooleanBuffer::new_unset(rows));
        }
        if let Some(when) = &rule.when {
            if self.compiled[index].is_none() {
                self.compiled[index] = Some(Predicate::compile(when, &self.schema)?);
            }
            let predicate = self.compiled[index].as_ref().expect("compiled above");
            let found = plain(predicate.evaluate(records)?);
            mask = Some(match mask {
                Some(mask) => &mask & &found,
                None => found,
            });
        }
        Ok(mask.unwrap_or_else(|| BooleanBuffer::new_set(rows)))
    }
}

/// The rows whose column `class` is one of `classes`; none where the rule does not ask for classes.
pub(crate) fn class_mask(classes: &[String], records: &RecordBatch, rule: &str) -> Result<Option<BooleanBuffer>> {
    if classes.is_empty() {
        return Ok(None);
    }
    let Some(column) = records.column_by_name("class") else {
        return Err(Error::permanent(
            ErrorCode::ColumnNotFound,
            format!("rule `{rule}` asks for a class, and the rows have no column `class`"),
        )
        .hint("Put a `classify` step before this one."));
    };
    let column = cast(column, &DataType::Utf8)?;
    let mut mask = BooleanBuffer::new_unset(records.num_rows());
    for class in classes {
        let found = plain(eq(&column, &StringArray::new_scalar(class.as_str()))?);
        mask = &mask | &found;
    }
    Ok(Some(mask))
}

/// The values with null as false.
pub(crate) fn plain(values: BooleanArray) -> BooleanBuffer {
    if values.null_count() == 0 {
        return values.values().clone();
    }
    prep_null_mask_filter(&values).values().clone()
}
