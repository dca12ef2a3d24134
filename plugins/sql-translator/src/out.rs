//! A piece of the target's text with what is known of its value.

use std::rc::Rc;

/// How tightly a piece of text binds; a piece that binds less than its place asks for gets parentheses.
pub(crate) mod prec {
    pub(crate) const OR: u8 = 1;
    pub(crate) const AND: u8 = 2;
    pub(crate) const NOT: u8 = 3;
    pub(crate) const CMP: u8 = 4;
    pub(crate) const OTHER: u8 = 5;
    pub(crate) const ADD: u8 = 6;
    pub(crate) const MUL: u8 = 7;
    pub(crate) const UNARY: u8 = 8;
    pub(crate) const CAST: u8 = 9;
    pub(crate) const ATOM: u8 = 10;
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Unknown,
    Null,
    /// A truth value, as a comparison yields it.
    Bool,
    /// A column of MySQL's type `tinyint(1)`: a truth value by convention, `boolean` or a small integer in the target.
    Tiny,
    Int,
    Dec,
    Float,
    Text,
    Bytes,
    Date,
    Time,
    /// A moment without a zone.
    Stamp,
    /// A moment with a zone.
    Instant,
    Interval,
    Json,
    Uuid,
    Enum,
    Set,
    Bit,
    Array,
    /// Something that has no peer elsewhere: ranges, geometry, addresses.
    Other,
}

/// What is known of a value.
#[derive(Debug, Clone)]
pub(crate) struct Ty {
    pub(crate) kind: Kind,
    /// Digits after the point that the source shows of a decimal, or of a second.
    pub(crate) scale: Option<u8>,
    /// Whether it can be NULL.
    pub(crate) nullable: bool,
    /// Whether the source compares it without regard to case.
    pub(crate) ci: Option<bool>,
    /// Whether the collation is one that sorts by plain code points of the upper case (`*_general_ci`).
    pub(crate) general: bool,
    /// Whether the target computes more digits than the source shows.
    pub(crate) round: bool,
    pub(crate) unsigned: bool,
    /// An integer of 64 bits.
    pub(crate) big: bool,
    /// Members of an enum, in order.
    pub(crate) members: Option<Rc<Vec<String>>>,
}

impl Ty {
    pub(crate) const fn of(kind: Kind) -> Self {
        Self {
            kind,
            scale: None,
            nullable: true,
            ci: None,
            general: false,
            round: false,
            unsigned: false,
            big: false,
            members: None,
        }
    }

    pub(crate) fn scaled(kind: Kind, scale: Option<u8>) -> Self {
        Self { scale, ..Self::of(kind) }
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Int | Kind::Dec | Kind::Float | Kind::Bit)
    }

    pub(crate) fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Text | Kind::Enum | Kind::Set | Kind::Uuid)
    }

    pub(crate) fn is_time(&self) -> bool {
        matches!(self.kind, Kind::Date | Kind::Stamp | Kind::Instant)
    }
}

/// A literal, before it was written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Lit {
    Text(String),
    Number(String),
    Bool(bool),
    Null,
}

/// A piece of the target's text.
#[derive(Debug, Clone)]
pub(crate) struct Out {
    pub(crate) sql: String,
    pub(crate) prec: u8,
    pub(crate) ty: Ty,
    pub(crate) lit: Option<Lit>,
    /// Whether it is a bare column.
    pub(crate) column: bool,
}

impl Out {
    pub(crate) fn new(sql: impl Into<String>, prec: u8, ty: Ty) -> Self {
        Self { sql: sql.into(), prec, ty, lit: None, column: false }
    }

    /// A call or a name.
    pub(crate) fn atom(sql: impl Into<String>, kind: Kind) -> Self {
        Self::new(sql, prec::ATOM, Ty::of(kind))
    }

    /// Its text, in parentheses unless it binds at least as tightly as `least`.
    pub(crate) fn p(&self, least: u8) -> String {
        if self.prec < least { format!("({})", self.sql) } else { self.sql.clone() }
    }

    /// PostgreSQL's and Snowflake's short cast.
    pub(crate) fn cast(&self, to: &str, kind: Kind) -> Self {
        let ty = Ty { kind, nullable: self.ty.nullable, ..Ty::of(kind) };
        Self::new(format!("{}::{to}", self.p(prec::CAST)), prec::CAST, ty)
    }

    pub(crate) fn text_literal(&self) -> Option<&str> {
        match &self.lit {
            Some(Lit::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn number_literal(&self) -> Option<&str> {
        match &self.lit {
            Some(Lit::Number(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn int_literal(&self) -> Option<i64> {
        self.number_literal().and_then(|text| text.parse().ok())
    }

    pub(crate) fn is_null(&self) -> bool {
        self.lit == Some(Lit::Null)
    }

    pub(crate) fn kind(&self) -> Kind {
        self.ty.kind
    }

    /// The same text, known to be of another type.
    pub(crate) fn typed(mut self, ty: Ty) -> Self {
        self.ty = ty;
        self
    }

    pub(crate) fn not_null(mut self) -> Self {
        self.ty.nullable = false;
        self
    }
}
