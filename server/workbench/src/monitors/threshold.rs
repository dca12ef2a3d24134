//! When people are told: a measure, an operator and a number.

use super::Template;
use model::{ErrorCode, Fault};
use std::fmt;
use std::str::FromStr;

/// How a measure is compared with the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    More,
    /// `<`
    Less,
}

impl Operator {
    // Longer ones first, since some begin with others.
    const ALL: [(Self, &'static str); 6] = [
        (Self::AtLeast, ">="),
        (Self::AtMost, "<="),
        (Self::Equal, "=="),
        (Self::NotEqual, "!="),
        (Self::More, ">"),
        (Self::Less, "<"),
    ];

    fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(operator, _)| *operator == self).map_or("", |(_, text)| text)
    }
}

/// People are told when this holds: `differences > 0`.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// An output of the step that measures.
    pub measure: String,
    /// How it is compared.
    pub operator: Operator,
    /// With what.
    pub value: f64,
}

impl FromStr for Threshold {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let wrong = || {
            Fault::new(ErrorCode::InvalidValue, format!("`{text}` is no threshold"))
                .hint("Write a measure, one of `>`, `>=`, `<`, `<=`, `==` and `!=`, and a number: `differences > 0`.")
        };
        let (at, (operator, spelled)) = text
            .char_indices()
            .find_map(|(at, _)| Some((at, *Operator::ALL.iter().find(|(_, spelled)| text[at..].starts_with(spelled))?)))
            .ok_or_else(wrong)?;
        let measure = match text[..at].trim() {
            "row_difference" => "difference",
            "difference_count" => "differences",
            measure => measure,
        };
        let value: f64 = text[at + spelled.len()..].trim().trim_end_matches('%').trim().parse().map_err(|_| wrong())?;
        let is_word = !measure.is_empty() && measure.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
        if !is_word || !value.is_finite() {
            return Err(wrong());
        }
        Ok(Self { measure: measure.to_owned(), operator, value })
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.measure, self.operator.as_str(), self.value)
    }
}

impl Threshold {
    /// The condition as an expression of a document.
    pub(super) fn expression(&self) -> String {
        // A number with a point, since a percentage is compared as a float; whole outputs compare with floats all the same.
        let operator = self.operator.as_str();
        format!("steps.{}.{} {operator} {:?}", super::MEASURED, self.measure, self.value)
    }

    /// Refuses a measure that the template does not have.
    pub(super) fn check(&self, template: Template, has_right: bool) -> Result<(), Fault> {
        let measures = template.measures(has_right);
        if measures.contains(&self.measure.as_str()) {
            return Ok(());
        }
        let message =
            format!("a monitor `{}` does not measure `{}`", template.as_str().replace('_', "-"), self.measure);
        Err(Fault::new(ErrorCode::InvalidValue, message).hint(format!("It measures `{}`.", measures.join("`, `"))))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_threshold_is_a_measure_an_operator_and_a_number() {
        for (text, shown) in [
            ("differences>0", "differences > 0"),
            ("percent >= 0.5%", "percent >= 0.5"),
            ("row_difference!=0", "difference != 0"),
            ("count < 1000", "count < 1000"),
            ("missing == 3", "missing == 3"),
            ("extra<=2", "extra <= 2"),
        ] {
            assert_eq!(text.parse::<Threshold>().unwrap().to_string(), shown);
        }
        for text in ["", ">0", "differences", "differences > many", "differences > NaN", "differences => 1"] {
            assert!(text.parse::<Threshold>().is_err(), "{text}");
        }
    }
}
