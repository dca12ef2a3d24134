//! The answer of a command, part by part, so that no part is larger than what may be held.
//!
//! The parts are asked for one after the other: what somebody changes meanwhile may be missing, or there twice.

use super::{Table, option, rows_of};
use crate::console::BATCH_BYTES;
use crate::redis::command::{Answer, Line};
use crate::redis::{Redis, error};
use data::console::{ConsoleLimits, not_allowed};
use data::{Error, Result};
use model::ErrorCode;
use redis::Value;
use redis::aio::MultiplexedConnection;

/// Elements of a part at most.
const PART: u64 = 5_000;

/// A command on its way through its answer.
#[derive(Clone)]
pub(super) struct Walk {
    redis: Redis,
    line: Line,
    /// Elements asked for at a time.
    part: u64,
    step: Step,
}

/// What is asked next.
#[derive(Debug, Clone)]
enum Step {
    /// The command as it was given.
    Once,
    /// A hash or set from a cursor on.
    Scan(u64),
    /// These ranks.
    Ranks { first: i64, last: i64 },
    /// So many entries of a stream, from the second argument on.
    Entries { left: u64 },
    /// So many members, from an offset on.
    Members { offset: u64, left: u64 },
    /// Nothing.
    Done,
}

impl Walk {
    /// Decides how the answer is asked for.
    pub(super) async fn begin(
        redis: &Redis,
        connection: &mut MultiplexedConnection,
        line: &Line,
        limits: ConsoleLimits,
    ) -> Result<Self> {
        let mut walk = Self { redis: redis.clone(), line: line.clone(), part: PART, step: Step::Once };
        let Some(known) = line.known else { return Err(not_allowed("the command is not known")) };
        let counted_by = match known.answer {
            Answer::Small | Answer::Text | Answer::Page => return Ok(walk),
            Answer::Whole(command) | Answer::Ranks(command) => command,
            Answer::Counted => "XLEN",
            Answer::Limited => "ZCARD",
        };
        let mut count = redis::cmd(counted_by);
        count.arg(line.arguments.first());
        let length: u64 = count.query_async(connection).await.map_err(|e| error::mapped(&redis.config, &e))?;
        let most = limits.bytes.min(BATCH_BYTES);
        let fit = most.checked_div(large(connection, line).await? / length.max(1)).unwrap_or(PART).max(1);
        // One more than is shown tells whether there are more.
        walk.part = PART.min(fit).min(limits.rows.saturating_add(1));
        walk.step = match known.answer {
            Answer::Whole(_) if length <= walk.part => Step::Once,
            Answer::Whole(_) => Step::Scan(0),
            Answer::Ranks(_) => ranks(&line.arguments, i64::try_from(length).unwrap_or(i64::MAX))?,
            Answer::Counted => entries(&mut walk.line.arguments),
            _ => members(&mut walk.line.arguments),
        };
        Ok(walk)
    }

    /// Whether it may take more than one part.
    pub(super) fn is_long(&self) -> bool {
        !matches!(self.step, Step::Once | Step::Done)
    }

    /// The next part, or `None` at the end; there is at least one.
    pub(super) async fn next(&mut self, connection: &mut MultiplexedConnection) -> Result<Option<Table>> {
        let mapped = |e| error::mapped(&self.redis.config, &e);
        let part = i64::try_from(self.part).unwrap_or(i64::MAX);
        let mut line = self.line.clone();
        match self.step {
            Step::Done => return Ok(None),
            Step::Scan(cursor) => {
                let command = if self.line.name == "SMEMBERS" { "SSCAN" } else { "HSCAN" };
                let mut scan = redis::cmd(command);
                scan.arg(line.arguments.first()).arg(cursor).arg("COUNT").arg(self.part);
                let (next, found): (u64, Vec<Vec<u8>>) = scan.query_async(connection).await.map_err(mapped)?;
                self.step = if next == 0 { Step::Done } else { Step::Scan(next) };
                return Ok(Some(scanned(&line.name, found)));
            }
            Step::Once => self.step = Step::Done,
            Step::Ranks { first, last } => {
                let until = first.saturating_add(part - 1).min(last);
                line.arguments[1] = first.to_string().into_bytes();
                line.arguments[2] = until.to_string().into_bytes();
                self.step = if until < last { Step::Ranks { first: until + 1, last } } else { Step::Done };
            }
            Step::Entries { left } => {
                let asked = left.min(self.part);
                line.arguments.extend([b"COUNT".to_vec(), asked.to_string().into_bytes()]);
            }
            Step::Members { offset, left } => {
                let asked = left.min(self.part);
                line.arguments.extend([
                    b"LIMIT".to_vec(),
                    offset.to_string().into_bytes(),
                    asked.to_string().into_bytes(),
                ]);
            }
        }
        let mut command = redis::cmd(&line.name);
        for argument in &line.arguments {
            command.arg(argument);
        }
        let value: Value = command.query_async(connection).await.map_err(mapped)?;
        let table = rows_of(&line, value);
        let came = table.rows.len() as u64;
        match self.step {
            Step::Entries { left } => {
                let last = table.rows.last().and_then(|row| row.first().cloned().flatten());
                self.step = match last {
                    Some(id) if came == left.min(self.part) && came < left => {
                        self.line.arguments[1] = [b"(".as_slice(), &id].concat();
                        Step::Entries { left: left - came }
                    }
                    _ => Step::Done,
                };
            }
            Step::Members { offset, left } => {
                let more = came == left.min(self.part) && came < left;
                self.step = match more {
                    true => Step::Members { offset: offset.saturating_add(came), left: left - came },
                    false => Step::Done,
                };
            }
            _ => {}
        }
        Ok(Some(table))
    }
}

/// About how many bytes the key takes; 0 where the server does not tell.
async fn large(connection: &mut MultiplexedConnection, line: &Line) -> Result<u64> {
    let mut command = redis::cmd("MEMORY");
    command.arg("USAGE").arg(line.arguments.first()).arg("SAMPLES").arg(20);
    Ok(command.query_async::<Option<u64>>(connection).await.ok().flatten().unwrap_or(0))
}

/// The ranks asked for, counted from the first.
fn ranks(arguments: &[Vec<u8>], length: i64) -> Result<Step> {
    if arguments[3..].iter().any(|word| word.eq_ignore_ascii_case(b"BYSCORE") || word.eq_ignore_ascii_case(b"BYLEX")) {
        return Err(not_allowed("ranges by score or by text are asked for by ZRANGEBYSCORE with LIMIT"));
    }
    let rank = |index: usize| -> Result<i64> {
        let text = String::from_utf8_lossy(&arguments[index]).into_owned();
        let rank: i64 =
            text.parse().map_err(|_| Error::permanent(ErrorCode::InvalidValue, format!("`{text}` is no rank")))?;
        Ok(if rank < 0 { rank.saturating_add(length) } else { rank })
    };
    let (first, last) = (rank(1)?.max(0), rank(2)?.min(length - 1));
    // Ranks that hold nothing are left to the server, which answers nothing.
    Ok(if first > last { Step::Once } else { Step::Ranks { first, last } })
}

/// Takes `COUNT` off; what it says, or all.
fn entries(arguments: &mut Vec<Vec<u8>>) -> Step {
    let Some(at) = option(arguments, b"COUNT") else { return Step::Entries { left: u64::MAX } };
    match number(arguments.get(at + 1)) {
        Some(left @ 1..) => {
            arguments.drain(at..=at + 1);
            Step::Entries { left: left.unsigned_abs() }
        }
        // What makes no sense is the server's to refuse.
        _ => Step::Once,
    }
}

/// Takes `LIMIT` off; what it says, or all.
fn members(arguments: &mut Vec<Vec<u8>>) -> Step {
    let Some(at) = option(arguments, b"LIMIT") else { return Step::Members { offset: 0, left: u64::MAX } };
    match (number(arguments.get(at + 1)), number(arguments.get(at + 2))) {
        (Some(offset @ 0..), Some(left)) if left != 0 => {
            arguments.drain(at..=at + 2);
            // A negative number asks for all.
            let left = u64::try_from(left).unwrap_or(u64::MAX);
            Step::Members { offset: offset.unsigned_abs(), left }
        }
        _ => Step::Once,
    }
}

fn number(argument: Option<&Vec<u8>>) -> Option<i64> {
    std::str::from_utf8(argument?).ok()?.parse().ok()
}

/// What a walk through a collection found, as the command for all of it answers.
fn scanned(command: &str, found: Vec<Vec<u8>>) -> Table {
    let (names, width, shown): (Vec<&'static str>, usize, std::ops::Range<usize>) = match command {
        "SMEMBERS" => (vec!["member"], 1, 0..1),
        "HKEYS" => (vec!["field"], 2, 0..1),
        "HVALS" => (vec!["value"], 2, 1..2),
        _ => (vec!["field", "value"], 2, 0..2),
    };
    let row = |pair: &[Vec<u8>]| pair.iter().skip(shown.start).take(shown.len()).cloned().map(Some).collect();
    Table { names, rows: found.chunks(width).map(row).collect() }
}
