//! The arithmetic functions people expect, which DataFusion keeps behind a feature of its own.
//!
//! `abs` and `round` keep whole numbers and decimals exact; the rest work on floating-point numbers.

use arrow::array::{Array, ArrayRef, Float64Array, Int64Array};
use arrow::compute::{cast, kernels::arity};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::cast::{as_float64_array, as_int64_array};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{FunctionRegistry, SessionState};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use std::sync::Arc;

/// Adds the functions to `state`.
pub(crate) fn register(state: &mut SessionState) {
    for (name, apply) in FLOAT_FUNCTIONS {
        add(state, FloatFunction { name, apply: *apply, signature: float_signature(1) });
    }
    for name in ["power", "pow"] {
        add(state, Power { name, signature: float_signature(2) });
    }
    let numbers = Signature::one_of(vec![TypeSignature::Numeric(1)], Volatility::Immutable);
    add(state, Abs { signature: numbers });
    let rounds = vec![
        TypeSignature::Exact(vec![DataType::Float64]),
        TypeSignature::Exact(vec![DataType::Float64, DataType::Int64]),
    ];
    add(state, Round { signature: Signature::one_of(rounds, Volatility::Immutable) });
}

/// A function of one number, by name.
type NamedFloat = (&'static str, fn(f64) -> f64);

const FLOAT_FUNCTIONS: &[NamedFloat] = &[
    ("ceil", f64::ceil),
    ("exp", f64::exp),
    ("floor", f64::floor),
    ("ln", f64::ln),
    ("log10", f64::log10),
    ("log2", f64::log2),
    ("sign", |x| if x == 0.0 { 0.0 } else { x.signum() }),
    ("sqrt", f64::sqrt),
    ("trunc", f64::trunc),
];

fn add(state: &mut SessionState, function: impl ScalarUDFImpl + 'static) {
    state.register_udf(Arc::new(ScalarUDF::from(function))).expect("registering a function into memory does not fail");
}

fn float_signature(arguments: usize) -> Signature {
    Signature::exact(vec![DataType::Float64; arguments], Volatility::Immutable)
}

#[derive(Debug)]
struct FloatFunction {
    name: &'static str,
    apply: fn(f64) -> f64,
    signature: Signature,
}

// The name says which function it is; addresses of functions say nothing.
impl PartialEq for FloatFunction {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for FloatFunction {}

impl std::hash::Hash for FloatFunction {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for FloatFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let values = ColumnarValue::values_to_arrays(&args.args)?;
        let result: Float64Array = as_float64_array(&values[0])?.unary(self.apply);
        Ok(ColumnarValue::Array(Arc::new(result)))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Power {
    name: &'static str,
    signature: Signature,
}

impl ScalarUDFImpl for Power {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let values = broadcast(&args)?;
        let result: Float64Array =
            arity::binary(as_float64_array(&values[0])?, as_float64_array(&values[1])?, f64::powf)?;
        Ok(ColumnarValue::Array(Arc::new(result)))
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Abs {
    signature: Signature,
}

impl ScalarUDFImpl for Abs {
    fn name(&self) -> &str {
        "abs"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(match &types[0] {
            DataType::Null => DataType::Int64,
            whole if whole.is_integer() => DataType::Int64,
            other => other.clone(),
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let values = ColumnarValue::values_to_arrays(&args.args)?;
        Ok(ColumnarValue::Array(absolute(&values[0])?))
    }
}

fn absolute(values: &ArrayRef) -> Result<ArrayRef> {
    match values.data_type() {
        DataType::Decimal128(precision, scale) => {
            let numbers = values.as_any().downcast_ref::<arrow::array::Decimal128Array>().expect("the type says so");
            let result: arrow::array::Decimal128Array = numbers.unary(i128::wrapping_abs);
            Ok(Arc::new(result.with_precision_and_scale(*precision, *scale)?))
        }
        DataType::Decimal256(..) => {
            let floats = cast(values, &DataType::Float64)?;
            let result: Float64Array = as_float64_array(&floats)?.unary(f64::abs);
            Ok(cast(&result, values.data_type())?)
        }
        kind if kind.is_floating() => {
            let floats = cast(values, &DataType::Float64)?;
            let result: Float64Array = as_float64_array(&floats)?.unary(f64::abs);
            Ok(cast(&result, kind)?)
        }
        _ => {
            let numbers = cast(values, &DataType::Int64)?;
            let result: Int64Array = arity::try_unary::<_, _, Int64Type>(as_int64_array(&numbers)?, |number| {
                number.checked_abs().ok_or_else(|| {
                    arrow::error::ArrowError::ArithmeticOverflow(format!("abs({number}) does not fit int64"))
                })
            })?;
            Ok(Arc::new(result))
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Round {
    signature: Signature,
}

impl ScalarUDFImpl for Round {
    fn name(&self) -> &str {
        "round"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let values = broadcast(&args)?;
        let numbers = as_float64_array(&values[0])?;
        let result: Float64Array = match values.get(1) {
            None => numbers.unary(f64::round),
            Some(places) => {
                let places = as_int64_array(places)?;
                arity::binary::<Float64Type, Int64Type, _, Float64Type>(numbers, places, round_to)?
            }
        };
        Ok(ColumnarValue::Array(Arc::new(result)))
    }
}

fn round_to(number: f64, places: i64) -> f64 {
    let factor = 10f64.powi(i32::try_from(places.clamp(-308, 308)).expect("clamped"));
    let rounded = (number * factor).round() / factor;
    // Numbers too large to scale have no places to round.
    if rounded.is_finite() { rounded } else { number }
}

fn broadcast(args: &ScalarFunctionArgs) -> Result<Vec<ArrayRef>, DataFusionError> {
    args.args.iter().map(|value| value.to_array(args.number_rows)).collect()
}
