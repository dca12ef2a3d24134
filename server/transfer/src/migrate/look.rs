//! The look before the leap: what is copied into what, and what would hurt.
//!
//! Types and names are judged by the structure; what only the values tell (zero dates, NUL in text, a `tinyint(1)` that
//! holds 2) by one query with a count for each question. A value that would be lost is refused before anything is touched,
//! unless the settings say what shall become of it.

use super::columns::{Origin, Planned, Reads, Wishes, plan};
use super::sql::{quote, quote_table};
use super::structure::Flavor;
use super::types::{Neutral, Place, read, spell};
use super::{EnumAs, Look, TableJob};
use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use data::connector::{ReadOptions, Relation};
use data::structure::{ColumnStructure, TableStructure};
use data::{Connector, Error, Result, System};
use model::ErrorCode;
use serde::Serialize;
use std::collections::BTreeMap;

/// Something about a column that people should know before its values travel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hazard {
    /// The source's column.
    pub column: String,
    /// In one word: `zero_dates`, `nul`, `unsigned`, …
    pub kind: String,
    /// How many rows it concerns, where that was counted.
    pub rows: Option<u64>,
    /// What is there and what becomes of it.
    pub message: String,
    /// Whether values would be lost, so that the migration does not start.
    pub is_loss: bool,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Everything known of one table before it is copied.
pub(super) struct Seen {
    pub(super) origin: Origin,
    pub(super) to: Flavor,
    pub(super) live: Option<TableStructure>,
    pub(super) planned: Vec<Planned>,
    pub(super) hazards: Vec<Hazard>,
    pub(super) row_estimate: Option<u64>,
}

/// What the source is.
pub(super) async fn origin(from: &dyn Connector, job: &TableJob, with_values: bool) -> Result<(Origin, Option<u64>)> {
    let system = from.system();
    let (mut structure, mut key, mut estimate) = (TableStructure::default(), job.key.clone(), None);
    let mut schema = None;
    if let Relation::Table(name) = &job.relation {
        let Some(info) = from.find_table(name).await? else { return Err(crate::schema::not_found(from, name).await) };
        estimate = info.row_estimate;
        if key.is_empty() {
            key = info.key;
        }
        if from.abilities().structure
            && let Some(found) = from.structure(name).await?
        {
            structure = found;
        } else {
            let described = info.columns.iter().map(|column| ColumnStructure {
                name: column.name.clone(),
                nullable: column.nullable,
                ..ColumnStructure::default()
            });
            structure.columns = described.collect();
        }
    }
    let unsure = |column: &ColumnStructure| {
        let neutral = read(system, &column.native_type);
        system == System::Sqlite || matches!(neutral, Neutral::Decimal(None)) || column.native_type.is_empty()
    };
    if structure.columns.is_empty() || (with_values && structure.columns.iter().any(unsure)) {
        let mut options = ReadOptions { filter: job.filter.clone(), ..ReadOptions::table("") };
        options.relation = job.relation.clone();
        let source = from.read(options).await?;
        schema = Some(source.schema());
    }
    if structure.columns.is_empty()
        && let Some(schema) = &schema
    {
        let column =
            |name: &String| ColumnStructure { name: name.clone(), nullable: true, ..ColumnStructure::default() };
        structure.columns = schema.fields().iter().map(|field| column(field.name())).collect();
    }
    let has_own_types = |column: &ColumnStructure| matches!(read(system, &column.native_type), Neutral::Other(_));
    let enums = match system == System::Postgres && structure.columns.iter().any(has_own_types) {
        true => enums(from).await?,
        false => BTreeMap::new(),
    };
    Ok((Origin { system, relation: job.relation.clone(), structure, enums, schema, key }, estimate))
}

/// The enumerations of PostgreSQL by the names that a table's columns call them.
async fn enums(from: &dyn Connector) -> Result<BTreeMap<String, Vec<String>>> {
    let sql = "SELECT format_type(e.enumtypid, NULL) AS name, e.enumlabel::text AS label FROM pg_enum e \
               ORDER BY e.enumtypid, e.enumsortorder";
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut source = from.read(ReadOptions::query(sql)).await?;
    while let Some(batch) = source.next().await? {
        let [names, labels] = [0, 1].map(|place| cast(batch.records.column(place), &DataType::Utf8));
        let (names, labels) = (names?, labels?);
        for (name, label) in names.as_string::<i32>().iter().zip(labels.as_string::<i32>()) {
            found.entry(name.unwrap_or_default().to_owned()).or_default().push(label.unwrap_or_default().to_owned());
        }
    }
    Ok(found)
}

/// The target's system.
pub(super) async fn flavor(to: &dyn Connector, job: &TableJob) -> Result<Flavor> {
    let system = to.system();
    if !matches!(system, System::Mysql | System::Postgres | System::Sqlite) {
        return Err(data::connector::unsupported(system, "be the target of a migration"));
    }
    let is_mariadb = system == System::Mysql && to.ping().await?.contains("MariaDB");
    let enum_types = system == System::Postgres && job.enums == EnumAs::Type;
    Ok(Flavor { system, is_mariadb, enum_types })
}

/// Looks at both sides.
pub(super) async fn look(from: &dyn Connector, to: &dyn Connector, job: &TableJob) -> Result<Seen> {
    let flavor = flavor(to, job).await?;
    let live = to.structure(&job.table).await?;
    let full = job.look == Look::Full;
    let (origin, row_estimate) = origin(from, job, full && live.is_none()).await?;
    let wishes = Wishes { rules: &job.columns, skip: &job.skip, conversions: job.convert };
    let planned = plan(&origin, &wishes, flavor, live.as_ref())?;
    let mut seen = Seen { origin, to: flavor, live, planned, hazards: Vec::new(), row_estimate };
    seen.by_structure();
    if full {
        seen.by_values(from, job).await?;
    }
    Ok(seen)
}

/// A question that only the values answer.
struct Question {
    place: usize,
    kind: &'static str,
    condition: String,
}

impl Seen {
    /// What the source's column is called, for people.
    fn name(&self, place: usize) -> String {
        let column = &self.planned[place];
        column.origin.as_ref().map_or_else(|| column.target.clone(), |origin| origin.name.clone())
    }

    fn tell(&mut self, place: usize, kind: &str, message: impl Into<String>) {
        let column = self.name(place);
        let hazard =
            Hazard { column, kind: kind.to_owned(), rows: None, message: message.into(), is_loss: false, hint: None };
        self.hazards.push(hazard);
    }

    /// What the target's column is, or will be.
    fn target_type(&self, place: usize) -> Neutral {
        let column = &self.planned[place];
        let live = self.live.as_ref().and_then(|live| live.column(&column.target));
        let spelled = match (live, &column.native) {
            (Some(live), _) => live.native_type.clone(),
            (None, Some(native)) => native.clone(),
            (None, None) => spell(self.to.system, &column.neutral, Place::default()),
        };
        read(self.to.system, &spelled)
    }

    fn by_structure(&mut self) {
        let (from, to) = (self.origin.system, self.to.system);
        for place in 0..self.planned.len() {
            let column = self.planned[place].clone();
            let longest = if to == System::Postgres { 63 } else { 64 };
            let length = if to == System::Postgres { column.target.len() } else { column.target.chars().count() };
            if to != System::Sqlite && length > longest {
                self.hazards.push(Hazard {
                    column: self.name(place),
                    kind: "long_name".to_owned(),
                    rows: None,
                    message: format!("the name `{}` is longer than the {longest} the target takes", column.target),
                    is_loss: true,
                    hint: Some("Give it a shorter name in `columns`.".to_owned()),
                });
            }
            let Some(origin) = &column.origin else { continue };
            let native = &origin.native_type;
            let becomes = spell(to, &column.neutral, Place::default());
            match &column.neutral {
                _ if from == to && column.neutral == read(from, native) => {}
                Neutral::Enum(_) if from == to => {}
                Neutral::Int { bits: 64, unsigned: true } if to != System::Mysql => {
                    self.tell(place, "unsigned", format!("`{native}` reaches beyond 63 bits and becomes `{becomes}`"));
                }
                Neutral::Single => {
                    self.tell(place, "float", "single precision: read in binary, so that no digit is lost");
                    if from == System::Postgres {
                        self.tell(place, "negative_zero", "-0 becomes 0");
                    }
                }
                Neutral::Double if from == System::Postgres => self.tell(place, "negative_zero", "-0 becomes 0"),
                Neutral::Bits(digits) if *digits > 1 => {
                    self.tell(place, "bit", format!("`{native}` is copied as a number into `{becomes}`"));
                }
                Neutral::Address => {
                    self.tell(place, "address", format!("`{native}` becomes `{becomes}`, the same text"))
                }
                Neutral::Geometry => {
                    self.tell(
                        place,
                        "spatial",
                        format!("`{native}` is copied as its bytes (SRID and WKB) into `{becomes}`"),
                    );
                }
                Neutral::Set(_) => {
                    self.tell(place, "set", format!("`{native}` becomes `{becomes}`, its members with commas"))
                }
                Neutral::Enum(_) if self.to.enum_types => {
                    self.tell(place, "enum", "becomes a type of the same values (CREATE TYPE … AS ENUM)");
                }
                Neutral::Enum(_) if to == System::Mysql && from == System::Postgres => {
                    self.tell(place, "enum", format!("`{native}` becomes `{becomes}`"));
                }
                Neutral::Enum(_) if to != System::Mysql => {
                    self.tell(place, "enum", format!("becomes `{becomes}` with a check of its values"));
                }
                Neutral::Span | Neutral::Other(_) => {
                    let named = if native.is_empty() { "values of no declared type" } else { native.as_str() };
                    self.tell(place, "text", format!("`{named}` has no peer and is copied as text into `{becomes}`"));
                }
                Neutral::Decimal(Some((digits, scale))) if to == System::Mysql && (*digits > 65 || *scale > 30) => {
                    self.tell(
                        place,
                        "wide_decimal",
                        format!("`{native}` has more digits than MySQL and becomes `{becomes}`"),
                    );
                }
                Neutral::Decimal(Some((digits, _))) if to == System::Sqlite && *digits > 76 => {
                    self.tell(place, "wide_decimal", format!("`{native}` becomes `{becomes}`"));
                }
                Neutral::Instant(_) if to == System::Mysql => {
                    self.tell(place, "instant", format!("a moment becomes `{becomes}` in UTC"));
                }
                neutral if *neutral != read(from, native) && !native.is_empty() => {
                    self.tell(
                        place,
                        "other_values",
                        format!("`{native}` holds values of other kinds and becomes `{becomes}`"),
                    );
                }
                _ => {}
            }
            let own = self.origin.structure.options.get("collation").cloned();
            let collation = origin.collation.clone().or(own).unwrap_or_default();
            if from == System::Mysql && matches!(column.neutral, Neutral::Text(_)) && !collation.starts_with("utf8") {
                let charset = collation.split('_').next().unwrap_or_default();
                if !matches!(charset, "" | "binary") && !charset.starts_with("uca") {
                    self.tell(place, "charset", format!("text in {charset} is read as Unicode"));
                }
            }
        }
    }

    fn questions(&self) -> Vec<Question> {
        let (from, to) = (self.origin.system, self.to.system);
        let mut questions = Vec::new();
        for (place, planned) in self.planned.iter().enumerate() {
            let (Some(origin), false) = (&planned.origin, planned.reads == Reads::Nothing) else { continue };
            let column = quote(from, &origin.name);
            let target = self.target_type(place);
            let mut ask = |kind: &'static str, condition: String| questions.push(Question { place, kind, condition });
            let is_text = matches!(planned.neutral, Neutral::Text(_) | Neutral::Json | Neutral::Other(_));
            match (from, &planned.neutral) {
                (System::Mysql, Neutral::Date | Neutral::Timestamp(_) | Neutral::Instant(_)) => {
                    ask("zero_dates", format!("YEAR({column}) = 0 OR MONTH({column}) = 0 OR DAY({column}) = 0"));
                }
                (System::Mysql, Neutral::TinyBool) if matches!(target, Neutral::Bool) => {
                    ask("not_boolean", format!("{column} NOT IN (0, 1)"));
                }
                (System::Mysql, Neutral::Time(_)) if matches!(target, Neutral::Time(_)) && to != System::Mysql => {
                    ask("beyond_a_day", format!("{column} < '00:00:00' OR {column} >= '24:00:00'"));
                }
                (System::Mysql, Neutral::Int { bits: 64, unsigned: true })
                    if matches!(target, Neutral::Int { unsigned: false, .. }) =>
                {
                    ask("unsigned", format!("{column} > 9223372036854775807"));
                }
                (System::Mysql, _) if is_text && to == System::Postgres => {
                    ask("nul", format!("LOCATE(CHAR(0), {column}) > 0"));
                }
                (System::Sqlite, _) if is_text && to == System::Postgres => {
                    ask("nul", format!("instr({column}, char(0)) > 0"));
                }
                (System::Sqlite, Neutral::Double | Neutral::Single) if to == System::Mysql => {
                    ask("not_finite", format!("abs({column}) > 1.7976931348623157e308"));
                }
                (System::Postgres, Neutral::Single | Neutral::Double) if to != System::Postgres => {
                    ask("not_finite", format!("{column}::text IN ('NaN', 'Infinity', '-Infinity')"));
                }
                (System::Postgres, Neutral::Decimal(_)) if to != System::Postgres => {
                    ask("not_finite", format!("{column}::text IN ('NaN', 'Infinity', '-Infinity')"));
                }
                (System::Postgres, Neutral::Date | Neutral::Timestamp(_) | Neutral::Instant(_)) => {
                    let far = format!("{column} < '0001-01-01' OR {column} >= '10000-01-01'");
                    ask("far_dates", if to == System::Postgres { format!("NOT isfinite({column})") } else { far });
                }
                _ => {}
            }
            if let Some(condition) = self.narrower(&column, &planned.neutral, &target) {
                ask("too_large", condition);
            }
            let own = self.live.as_ref().and_then(|live| live.column(&planned.target));
            if own.is_some_and(|own| !own.nullable) && (origin.nullable || self.makes_null(&planned.reads)) {
                let read = match &planned.reads {
                    Reads::Expression(sql) => sql.clone(),
                    _ => column.clone(),
                };
                ask("null", format!("({read}) IS NULL"));
            }
            let length = match (&target, &planned.neutral) {
                (Neutral::Text(Some(target)), Neutral::Text(source))
                    if source.is_none_or(|source| source > *target) =>
                {
                    Some(*target)
                }
                (Neutral::Text(None), _) if self.live.is_none() && to == System::Mysql => self.key_length(planned),
                _ => None,
            };
            if let Some(length) = length {
                let function = if from == System::Sqlite { "length" } else { "char_length" };
                let cast = if from == System::Postgres { format!("{column}::text") } else { column.clone() };
                ask("too_long", format!("{function}({cast}) > {length}"));
            }
        }
        questions
    }

    /// What tells values that a narrower type of the target does not hold; none: it holds all of them.
    fn narrower(&self, column: &str, source: &Neutral, target: &Neutral) -> Option<String> {
        self.live.as_ref()?;
        match (source, target) {
            (Neutral::Int { .. }, Neutral::Int { .. }) => {
                let ((least, most), (lowest, highest)) = (limits(source)?, limits(target)?);
                let below = (least < lowest).then(|| format!("{column} < {lowest}"));
                // MySQL's own unsigned 64 bits into 63 has its question already.
                let asked =
                    matches!(source, Neutral::Int { bits: 64, unsigned: true }) && highest == i128::from(i64::MAX);
                let above = (most > highest && !asked).then(|| format!("{column} > {highest}"));
                let both: Vec<String> = below.into_iter().chain(above).collect();
                (!both.is_empty()).then(|| both.join(" OR "))
            }
            (Neutral::Decimal(source), Neutral::Decimal(Some((digits, scale)))) => {
                let whole = digits.saturating_sub(*scale);
                let is_wider = source.is_none_or(|(own, behind)| own.saturating_sub(behind) > whole);
                let is_finer = source.is_none_or(|(_, behind)| behind > *scale);
                let large = is_wider.then(|| format!("abs({column}) >= 1{}", "0".repeat(whole as usize)));
                let fine = is_finer.then(|| format!("{column} <> round({column}, {scale})"));
                let both: Vec<String> = large.into_iter().chain(fine).collect();
                (!both.is_empty()).then(|| both.join(" OR "))
            }
            (Neutral::Bytes(source), Neutral::Bytes(Some(most))) if source.is_none_or(|own| own > *most) => {
                Some(format!("length({column}) > {most}"))
            }
            _ => None,
        }
    }

    /// Whether reading makes NULL of values that are not.
    fn makes_null(&self, reads: &Reads) -> bool {
        matches!(reads, Reads::Expression(sql) if sql.starts_with("NULLIF") || sql.starts_with("CASE"))
    }

    /// How long text may be in a column that MySQL has to index.
    fn key_length(&self, planned: &Planned) -> Option<u32> {
        let origin = planned.origin.as_ref()?;
        let structure = &self.origin.structure;
        let in_key = structure.primary_key.contains(&origin.name).then_some(structure.primary_key.len());
        let unique = structure.indexes.iter().filter(|index| index.unique && index.columns.contains(&origin.name));
        let columns = in_key.into_iter().chain(unique.map(|index| index.columns.len())).max()?;
        Some(if columns <= 3 { 255 } else { 120 })
    }

    async fn by_values(&mut self, from: &dyn Connector, job: &TableJob) -> Result<()> {
        let questions = self.questions();
        let system = self.origin.system;
        if questions.is_empty() {
            return Ok(());
        }
        let counts: Vec<String> = questions
            .iter()
            .enumerate()
            .map(|(index, question)| format!("COUNT(CASE WHEN {} THEN 1 END) AS h{index}", question.condition))
            .collect();
        let rows = match &job.relation {
            Relation::Table(name) => quote_table(system, name),
            Relation::Query(sql) => format!("({sql}\n) AS source_rows"),
        };
        let filter = job.filter.as_ref().map(|filter| format!(" WHERE {filter}")).unwrap_or_default();
        let sql = format!("SELECT {} FROM {rows}{filter}", counts.join(", "));
        let found = numbers(from, &sql).await?;
        for (question, rows) in questions.into_iter().zip(found).filter(|(_, rows)| *rows > 0) {
            self.answer(&question, rows, job);
        }
        Ok(())
    }

    fn answer(&mut self, question: &Question, rows: u64, job: &TableJob) {
        let convert = job.convert;
        let place = question.place;
        let is_made = self.live.is_none() && self.planned[place].native.is_none();
        let target = match &self.live {
            Some(live) => live.column(&self.planned[place].target).map(|column| column.native_type.clone()),
            None => self.planned[place].native.clone(),
        };
        let target = target.unwrap_or_else(|| spell(self.to.system, &self.planned[place].neutral, Place::default()));
        let null = |is_told: bool, what: &str, key: &str| match is_told {
            true => (format!("{what} become NULL"), None),
            false => (
                format!("{what} have no place in the target"),
                Some(format!(
                    "Let them become NULL with `convert: {{ {key}: \"null\" }}`, or mend them at the source."
                )),
            ),
        };
        let (message, hint) = match question.kind {
            "zero_dates" if self.to.system == System::Mysql => {
                null(convert.zero_dates.is_some(), "dates without year, month or day", "zero_dates")
            }
            "zero_dates" => null(convert.zero_dates.is_some(), "dates without year, month or day", "zero_dates"),
            "not_finite" if is_made && matches!(self.planned[place].neutral, Neutral::Text(_)) => {
                ("NaN is kept as text".to_owned(), None)
            }
            "not_finite" => null(convert.not_finite.is_some(), "NaN and infinity", "not_finite"),
            "far_dates" => {
                null(convert.far_dates.is_some(), "infinite dates and those outside the years 1 to 9999", "far_dates")
            }
            "nul" => match convert.nul {
                Some(_) => ("NUL characters in text are taken out".to_owned(), None),
                None => (
                    "NUL characters in text have no place in the target".to_owned(),
                    Some("Let them be left out with `convert: { nul: strip }`, or mend them at the source.".to_owned()),
                ),
            },
            "not_boolean" if is_made => {
                self.planned[place].neutral = Neutral::Int { bits: 8, unsigned: false };
                let becomes = spell(self.to.system, &self.planned[place].neutral, Place::default());
                (format!("`tinyint(1)` holds more than 0 and 1 and becomes `{becomes}`"), None)
            }
            "beyond_a_day" if is_made => {
                self.planned[place].neutral = Neutral::Text(None);
                let becomes = spell(self.to.system, &self.planned[place].neutral, Place::default());
                (format!("times below zero or beyond a day become text: `{becomes}`"), None)
            }
            "null" => (
                format!("NULL has no place in the target's column, which is `{target} NOT NULL`"),
                Some("Let the column take NULL, or give it a value there with `sql`: `coalesce(…, 0)`.".to_owned()),
            ),
            "too_large" => (
                format!("values do not fit into the target's `{target}`"),
                Some("Give the target's column a wider type, or change the values with `sql`.".to_owned()),
            ),
            "too_long" => (
                format!("text is longer than `{target}` takes where it is indexed or declared"),
                Some("Give the column a wider type in `columns`, or cut it there with `sql`.".to_owned()),
            ),
            kind => (
                format!("values have no place in `{target}` ({})", kind.replace('_', " ")),
                Some("Give the target's column a wider type.".to_owned()),
            ),
        };
        // Only what the target surely refuses row by row.
        let is_rejected = job.rejects
            && hint.is_some()
            && matches!(question.kind, "too_long" | "too_large" | "null" | "nul" | "unsigned");
        let (message, hint) = match is_rejected {
            true => (format!("{message}; such rows are rejected"), None),
            false => (message, hint),
        };
        let is_loss = hint.is_some();
        let kind = question.kind.to_owned();
        self.hazards.push(Hazard { column: self.name(place), kind, rows: Some(rows), message, is_loss, hint });
    }

    /// The error of everything that would be lost.
    pub(super) fn refusal(&self) -> Option<Error> {
        let lost: Vec<&Hazard> = self.hazards.iter().filter(|hazard| hazard.is_loss).collect();
        let first = lost.first()?;
        let told: Vec<String> = lost
            .iter()
            .take(20)
            .map(|hazard| {
                let rows = hazard.rows.map(|rows| format!(" ({rows} rows)")).unwrap_or_default();
                format!("column `{}`: {}{rows}", hazard.column, hazard.message)
            })
            .collect();
        let error = Error::permanent(ErrorCode::LossNotAllowed, format!("values would be lost: {}", told.join("; ")));
        Some(match &first.hint {
            Some(hint) => error.hint(hint.clone()),
            None => error,
        })
    }
}

/// The least and the largest number of a type.
fn limits(neutral: &Neutral) -> Option<(i128, i128)> {
    let Neutral::Int { bits, unsigned } = neutral else { return None };
    Some(match unsigned {
        true => (0, (1i128 << bits) - 1),
        false => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
    })
}

/// The numbers of the one row that a query answers with.
pub(super) async fn numbers(connector: &dyn Connector, sql: &str) -> Result<Vec<u64>> {
    let mut source = connector.read(ReadOptions::query(sql)).await?;
    let Some(batch) = source.next().await? else { return Ok(Vec::new()) };
    let number = |column: &arrow::array::ArrayRef| {
        let column = cast(column, &DataType::Int64).ok()?;
        let column = column.as_primitive::<Int64Type>();
        (!column.is_empty() && arrow::array::Array::is_valid(column, 0)).then(|| column.value(0))
    };
    let found = batch.records.columns().iter();
    Ok(found.map(|column| number(column).and_then(|number| u64::try_from(number).ok()).unwrap_or(0)).collect())
}
