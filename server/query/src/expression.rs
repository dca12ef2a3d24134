//! Conditions and computed values, compiled once for a schema and evaluated over whole columns.

use crate::error::{from_evaluation, from_planning, invalid, shorten};
use crate::{parse, session};
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use data::Result;
use datafusion::common::DFSchema;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::sql::sqlparser::ast::ExprWithAlias;
use std::fmt;
use std::sync::Arc;

/// A value computed from the columns of one row.
#[derive(Clone)]
pub struct Expression {
    sql: Arc<str>,
    physical: Arc<dyn PhysicalExpr>,
    data_type: DataType,
    deterministic: bool,
}

impl Expression {
    /// Compiles `sql` for rows of `schema`.
    ///
    /// # Errors
    /// `invalid_sql` with the position, or with the nearest name where a column does not exist.
    pub fn compile(sql: &str, schema: &SchemaRef) -> Result<Self> {
        session::with_stack(|| Self::plan(sql, schema))
    }

    fn plan(sql: &str, schema: &SchemaRef) -> Result<Self> {
        let parsed = parse::expression(sql, Some(schema))?;
        let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let state = session::shared();
        let planned = DFSchema::try_from(schema.as_ref().clone()).and_then(|df_schema| {
            let logical =
                state.create_logical_expr_from_sql_expr(ExprWithAlias { expr: parsed.ast, alias: None }, &df_schema)?;
            // Some functions (`coalesce`) exist only until they are simplified away.
            let context = SimplifyContext::builder()
                .with_schema(Arc::new(df_schema.clone()))
                .with_config_options(state.config_options().clone())
                .with_current_time()
                .build();
            let simplifier = ExprSimplifier::new(context);
            let logical = simplifier.simplify(simplifier.coerce(logical, &df_schema)?)?;
            let physical = state.create_physical_expr(logical, &df_schema)?;
            let data_type = physical.data_type(schema)?;
            Ok((physical, data_type))
        });
        let (physical, data_type) = planned.map_err(|error| from_planning(&error, sql, &columns))?;
        Ok(Self { sql: sql.into(), physical, data_type, deterministic: parsed.deterministic })
    }

    /// The type of its values.
    #[must_use]
    pub fn data_type(&self) -> &DataType {
        &self.data_type
    }

    /// Whether the same rows always give the same values: false where it asks the clock or for a random number.
    #[must_use]
    pub fn is_deterministic(&self) -> bool {
        self.deterministic
    }

    /// One value for each row of `batch`, which has the schema it was compiled for.
    ///
    /// # Errors
    /// `value_refused` where a value cannot be computed, such as a division by zero.
    pub fn evaluate(&self, batch: &RecordBatch) -> Result<ArrayRef> {
        self.physical
            .evaluate(batch)
            .and_then(|value| value.into_array(batch.num_rows()))
            .map_err(|error| from_evaluation(&error, &self.sql))
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as {}", self.sql, self.data_type)
    }
}

/// A condition on one row.
#[derive(Debug, Clone)]
pub struct Predicate(Expression);

impl Predicate {
    /// Compiles `sql` for rows of `schema`.
    ///
    /// # Errors
    /// As for [`Expression::compile`], and where `sql` is not true or false.
    pub fn compile(sql: &str, schema: &SchemaRef) -> Result<Self> {
        let expression = Expression::compile(sql, schema)?;
        if !matches!(expression.data_type, DataType::Boolean | DataType::Null) {
            return Err(invalid(format!("`{}` is {} rather than true or false", shorten(sql), expression.data_type))
                .hint("Compare it with something, for example `> 0` or `is not null`."));
        }
        Ok(Self(expression))
    }

    /// Whether the condition holds, for each row of `batch`; null where a part of it is unknown.
    ///
    /// # Errors
    /// As for [`Expression::evaluate`].
    pub fn evaluate(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        let values = self.0.evaluate(batch)?;
        if values.data_type() == &DataType::Null {
            return Ok(BooleanArray::new_null(values.len()));
        }
        Ok(values.as_boolean().clone())
    }

    /// As for [`Expression::is_deterministic`].
    #[must_use]
    pub fn is_deterministic(&self) -> bool {
        self.0.deterministic
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use arrow::array::{Float64Array, Int64Array, StringArray};
    use arrow::datatypes::{Field, Schema};

    fn rows() -> RecordBatch {
        let schema = Schema::new(vec![
            Field::new("Symbol", DataType::Utf8, true),
            Field::new("high", DataType::Float64, true),
            Field::new("low", DataType::Float64, true),
            Field::new("Adj Close", DataType::Float64, true),
            Field::new("volume", DataType::Int64, true),
            Field::new("text", DataType::Utf8, true),
        ]);
        RecordBatch::try_new(
            Arc::new(schema),
            vec![
                Arc::new(StringArray::from(vec![Some("AAPL"), Some("ümlaut"), None])),
                Arc::new(Float64Array::from(vec![Some(2.0), Some(1.0), None])),
                Arc::new(Float64Array::from(vec![Some(1.0), Some(3.0), Some(1.0)])),
                Arc::new(Float64Array::from(vec![Some(1.5), Some(-2.5), None])),
                Arc::new(Int64Array::from(vec![Some(-5), Some(0), None])),
                Arc::new(StringArray::from(vec![Some("9"), Some("10"), None])),
            ],
        )
        .unwrap()
    }

    fn check(sql: &str, expected: [Option<bool>; 3]) {
        let batch = rows();
        let found = Predicate::compile(sql, &batch.schema()).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let found: Vec<_> = found.evaluate(&batch).unwrap().iter().collect();
        assert_eq!(found, expected, "{sql}");
    }

    fn check_refused(sql: &str, message: &str, hint: &str) {
        let error = Predicate::compile(sql, &rows().schema()).unwrap_err();
        assert_eq!(error.code(), model::ErrorCode::InvalidSql, "{sql}: {error}");
        assert!(error.fault.message.contains(message), "{sql}: {}", error.fault.message);
        let found = error.fault.hint.unwrap_or_default();
        assert!(found.contains(hint), "{sql}: {found}");
    }

    #[test]
    fn conditions_see_columns_as_they_are_named() {
        const T: Option<bool> = Some(true);
        const F: Option<bool> = Some(false);
        check("high >= low", [T, F, None]);
        check("HIGH >= Low", [T, F, None]);
        check("input.high >= low", [T, F, None]);
        check("symbol = 'AAPL'", [T, F, None]);
        check("\"Adj Close\" > 0", [T, F, None]);
        check("high is null", [F, F, T]);
        check("null", [None, None, None]);
        check("true", [T, T, T]);
    }

    #[test]
    fn the_expected_functions_are_there() {
        const T: Option<bool> = Some(true);
        const F: Option<bool> = Some(false);
        check("greatest(high, low) = 3 and least(high, low) = 1", [F, T, F]);
        check("abs(volume) = 5 or abs(volume) = 0", [T, T, None]);
        check("abs(\"Adj Close\") > 2", [F, T, None]);
        check("round(\"Adj Close\" * 1.11, 1) = 1.7", [T, F, None]);
        check("regexp_like(symbol, '^[A-Z]+$')", [T, F, None]);
        check("length(symbol) = 6 and lower(symbol) like 'ü%'", [F, T, None]);
        check("coalesce(volume, 7) = 7", [F, F, T]);
        check("date_trunc('month', cast('2024-02-29' as timestamp)) = timestamp '2024-02-01'", [T, T, T]);
        check("cast('2024-02-29' as date) between date '2024-02-28' and date '2024-03-01'", [T, T, T]);
        check("volume in (-5, 3) or symbol not in ('AAPL')", [T, T, None]);
        check("case when high > low then true else false end", [T, F, F]);
        check("sqrt(power(low, 2)) = low and floor(1.5) = 1", [T, T, T]);
    }

    #[test]
    fn text_that_holds_numbers_compares_as_numbers() {
        check("text > 9", [Some(false), Some(true), None]);
    }

    #[test]
    fn wrong_conditions_are_refused_with_what_to_do() {
        check_refused("hihg > low", "no column `hihg` (at line 1, column 1)", "`high`");
        check_refused("\n high > losw", "(at line 2, column 9)", "`low`");
        check_refused("zzz > 1", "no column `zzz`", "`Symbol`, `high`");
        check_refused("high >", "is not valid SQL", "");
        check_refused("", "empty", "");
        check_refused("high", "Float64 rather than true or false", "Compare");
        check_refused("high > 1; drop table x", "goes on after its end", "");
        check_refused("high > (select 1)", "cannot hold a SELECT", "transform");
        check_refused("grestest(high, low) > 1", "grestest", "greatest");
        check_refused(&format!("{}true{}", "(".repeat(5000), ")".repeat(5000)), "nests deeper", "");
        check_refused(&format!("true{}", " or true".repeat(5000)), "chains 5000 operators", "in (…)");
        check_refused(&format!("symbol = '{}'", "x".repeat(70_000)), "bytes", "");
        check_refused("symbol = 'open", "cannot be read", "");
        check_refused("read_csv('/etc/passwd') > 1", "read_csv", "");
    }

    #[test]
    fn the_longest_allowed_chain_is_evaluated() {
        check(&format!("high > low{}", " and true".repeat(398)), [Some(true), Some(false), None]);
    }

    #[test]
    fn a_value_that_cannot_be_computed_is_an_error_and_not_a_panic() {
        let batch = rows();
        let division = Predicate::compile("10 / volume > 1", &batch.schema()).unwrap();
        let error = division.evaluate(&batch).unwrap_err();
        assert_eq!(error.code(), model::ErrorCode::ValueRefused);
        assert!(error.to_string().to_lowercase().contains("divi"), "{error}");
    }

    #[test]
    fn what_asks_the_clock_is_not_deterministic() {
        let schema = rows().schema();
        assert!(!Expression::compile("now()", &schema).unwrap().is_deterministic());
        assert!(Expression::compile("high + low", &schema).unwrap().is_deterministic());
    }
}
