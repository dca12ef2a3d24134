//! Capabilities as functions of scripts. Each goes the way that components go: the same grants, limits and messages.

use super::pure::parse;
use super::rows::{Page, Rows, batch_of};
use super::running::{Bench, thrown};
use super::value;
use crate::bindings::sluice::plugin::types::ErrorKind;
use crate::bindings::sluice::plugin::{clock, config, http, kv, log, progress, secret, tcp};
use crate::capability::refuse;
use crate::capability::sql as host;
use crate::capability::tcp::Connection;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use data::transaction::PipelineValue;
use rhai::{Array, Blob, Dynamic, Engine, EvalAltResult, ImmutableString, Map};
use std::sync::{Arc, Mutex, PoisonError};
use wasmtime::component::Resource;

pub(super) type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// Functions and the capability each belongs to.
const FUNCTIONS: [(&str, &str); 14] = [
    ("secret", "secret"),
    ("now", "clock"),
    ("monotonic", "clock"),
    ("sleep", "clock"),
    ("kv_get", "kv"),
    ("kv_set", "kv"),
    ("kv_delete", "kv"),
    ("http", "http"),
    ("http_get", "http"),
    ("tcp_connect", "tcp"),
    ("sql_query", "sql"),
    ("sql_all", "sql"),
    ("sql_begin", "sql"),
    ("redis", "redis"),
];

/// The capabilities whose functions a script calls, told from its text: a name with a parenthesis behind it, outside of
/// comments and texts.
pub(super) fn used(script: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut rest = script.chars().peekable();
    let mut last = '\0';
    while let Some(character) = rest.next() {
        match character {
            '/' if rest.peek() == Some(&'/') => while rest.next_if(|next| *next != '\n').is_some() {},
            '/' if rest.peek() == Some(&'*') => {
                let mut before = '\0';
                for next in rest.by_ref() {
                    if before == '*' && next == '/' {
                        break;
                    }
                    before = next;
                }
            }
            '"' => {
                while let Some(next) = rest.next() {
                    match next {
                        '\\' => drop(rest.next()),
                        '"' => break,
                        _ => {}
                    }
                }
                word.clear();
            }
            _ if character.is_alphanumeric() || character == '_' => {
                if !(last.is_alphanumeric() || last == '_') {
                    word.clear();
                    if last == '.' {
                        // A method of a value, not a function of ours.
                        word.push('.');
                    }
                }
                word.push(character);
            }
            '(' => {
                let known = FUNCTIONS.iter().find(|(name, _)| *name == word);
                if let Some((_, capability)) = known
                    && !found.iter().any(|it| it == capability)
                {
                    found.push((*capability).to_owned());
                }
                word.clear();
            }
            _ if character.is_whitespace() => {}
            _ => word.clear(),
        }
        last = character;
    }
    found
}

/// An answer of SQL.
#[derive(Clone)]
struct Answer(Arc<Mutex<Option<host::Rows>>>);

/// A transaction.
#[derive(Clone)]
struct Kept(Arc<Mutex<Option<host::Transaction>>>);

/// A plain connection, by its place in the table of the instance.
#[derive(Clone)]
struct Wire(u32);

fn over(what: &str) -> Box<EvalAltResult> {
    thrown(refuse(ErrorKind::Permanent, format!("the {what} is over")))
}

/// Adds the functions.
pub(super) fn register(engine: &mut Engine, bench: &Arc<Bench>) {
    always(engine, bench);
    granted(engine, bench);
    web(engine, bench);
    wire(engine, bench);
    sql(engine, bench);
    super::pure::register(engine);
}

fn always(engine: &mut Engine, bench: &Arc<Bench>) {
    let write = |bench: &Bench, level: &str, text: String, fields: Vec<(String, String)>| -> Fallible<()> {
        let level = match level {
            "trace" => log::Level::Trace,
            "debug" => log::Level::Debug,
            "warn" | "warning" => log::Level::Warn,
            "error" => log::Level::Error,
            _ => log::Level::Info,
        };
        bench.wait(async |state| log::Host::write(state, level, text, fields).await.map(Ok))
    };
    let at = bench.clone();
    engine.register_fn("log", move |level: &str, text: Dynamic| write(&at, level, text.to_string(), Vec::new()));
    let at = bench.clone();
    engine.register_fn("log", move |level: &str, text: Dynamic, fields: Map| {
        let fields = fields.into_iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        write(&at, level, text.to_string(), fields)
    });
    let at = bench.clone();
    // What is printed is logged; an error of it shows at the next call.
    engine.on_print(move |text| drop(write(&at, "info", text.to_owned(), Vec::new())));
    let at = bench.clone();
    engine.register_fn("settings", move || -> Fallible<Dynamic> {
        let text = at.wait(async |state| config::Host::settings(state).await.map(Ok))?;
        parse(&text)
    });
    let at = bench.clone();
    engine.register_fn("progress", move |done: i64, total: Dynamic, unit: &str| -> Fallible<()> {
        let (done, total) = (done.max(0).unsigned_abs(), total.as_int().ok().map(|it| it.max(0).unsigned_abs()));
        at.wait(async |state| progress::Host::report(state, done, total, unit.to_owned()).await.map(Ok))
    });
}

fn granted(engine: &mut Engine, bench: &Arc<Bench>) {
    let at = bench.clone();
    engine.register_fn("secret", move |name: &str| -> Fallible<String> {
        at.wait(async |state| secret::Host::get(state, name.to_owned()).await)
    });
    let at = bench.clone();
    engine.register_fn("now", move || at.wait(async |state| clock::Host::now(state).await.map(Ok)));
    let at = bench.clone();
    engine.register_fn("monotonic", move || -> Fallible<i64> {
        let micros = at.wait(async |state| clock::Host::monotonic(state).await.map(Ok))?;
        Ok(i64::try_from(micros).unwrap_or(i64::MAX))
    });
    let at = bench.clone();
    engine.register_fn("sleep", move |millis: i64| -> Fallible<()> {
        let micros = millis.max(0).unsigned_abs().saturating_mul(1000);
        at.wait(async |state| clock::Host::sleep(state, micros).await.map(Ok))
    });
    let at = bench.clone();
    engine.register_fn("kv_get", move |key: &str| -> Fallible<Dynamic> {
        let value = at.wait(async |state| kv::Host::get(state, key.to_owned()).await)?;
        Ok(value.map_or(Dynamic::UNIT, text_or_bytes))
    });
    let at = bench.clone();
    engine.register_fn("kv_set", move |key: &str, value: Dynamic| -> Fallible<()> {
        let value = bytes(value)?;
        at.wait(async |state| kv::Host::set(state, key.to_owned(), value).await)
    });
    let at = bench.clone();
    engine.register_fn("kv_delete", move |key: &str| -> Fallible<()> {
        at.wait(async |state| kv::Host::delete(state, key.to_owned()).await)
    });
}

fn web(engine: &mut Engine, bench: &Arc<Bench>) {
    let at = bench.clone();
    engine.register_fn("http", move |request: Map| send(&at, request));
    let at = bench.clone();
    engine.register_fn("http_get", move |url: &str| {
        let mut request = Map::new();
        request.insert("url".into(), url.into());
        send(&at, request)
    });
}

/// Sends a request: `#{ method, url, headers, body, timeout_ms }`; answers `#{ status, headers, body }`.
fn send(bench: &Bench, mut request: Map) -> Fallible<Map> {
    let mut take = |key: &str| request.remove(key).filter(|value| !value.is_unit());
    let url = take("url").map(|url| url.to_string()).unwrap_or_default();
    let method = match take("method").map(|it| it.to_string().to_ascii_uppercase()).as_deref() {
        None | Some("GET") => http::Method::Get,
        Some("HEAD") => http::Method::Head,
        Some("POST") => http::Method::Post,
        Some("PUT") => http::Method::Put,
        Some("PATCH") => http::Method::Patch,
        Some("DELETE") => http::Method::Delete,
        Some(other) => return Err(format!("`{other}` is no method of a request").into()),
    };
    let headers = take("headers").and_then(Dynamic::try_cast::<Map>).unwrap_or_default();
    let headers = headers.into_iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let body = take("body").map(bytes).transpose()?;
    let timeout_ms = take("timeout_ms").and_then(|it| it.as_int().ok()).and_then(|it| u32::try_from(it).ok());
    if let Some(odd) = request.keys().next() {
        return Err(format!("a request has no `{odd}`; it has url, method, headers, body and timeout_ms").into());
    }
    let request = http::Request { method, url, headers, body, timeout_ms };
    let (status, headers, body) = bench.wait(async |state| {
        let answer = match http::Host::send(state, request).await? {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(error)),
        };
        let place = answer.body.rep();
        // As much as one text can hold, and a little, so that more is an error rather than cut.
        let most = u32::try_from(super::sandbox::TEXT).unwrap_or(u32::MAX);
        let read = http::HostBody::read_all(state, Resource::new_borrow(place), most).await?;
        http::HostBody::drop(state, Resource::new_own(place)).await?;
        Ok(read.map(|body| (answer.status, answer.headers, body)))
    })?;
    let mut names = Map::new();
    for (name, value) in headers {
        names.insert(name.into(), value.into());
    }
    let mut answer = Map::new();
    answer.insert("status".into(), i64::from(status).into());
    answer.insert("headers".into(), names.into());
    answer.insert("body".into(), text_or_bytes(body));
    Ok(answer)
}

fn wire(engine: &mut Engine, bench: &Arc<Bench>) {
    engine.register_type_with_name::<Wire>("Connection");
    let at = bench.clone();
    engine.register_fn("tcp_connect", move |host: &str, port: i64| -> Fallible<Wire> {
        let port = u16::try_from(port).map_err(|_| format!("{port} is no port"))?;
        let connected = at.wait(async |state| tcp::Host::connect(state, host.to_owned(), port, None).await)?;
        Ok(Wire(connected.rep()))
    });
    let borrow = |wire: &Wire| Resource::<Connection>::new_borrow(wire.0);
    let at = bench.clone();
    engine.register_fn("read", move |wire: &mut Wire, most: i64| -> Fallible<Blob> {
        let most = u32::try_from(most.max(1)).unwrap_or(u32::MAX).min(super::sandbox::LIST as u32);
        at.wait(async |state| tcp::HostConnection::read(state, borrow(wire), most).await)
    });
    let at = bench.clone();
    engine.register_fn("write", move |wire: &mut Wire, value: Dynamic| -> Fallible<()> {
        let value = bytes(value)?;
        at.wait(async |state| tcp::HostConnection::write(state, borrow(wire), value).await)
    });
    let at = bench.clone();
    engine.register_fn("start_tls", move |wire: &mut Wire, name: &str| -> Fallible<()> {
        at.wait(async |state| tcp::HostConnection::start_tls(state, borrow(wire), name.to_owned()).await)
    });
    let at = bench.clone();
    engine.register_fn("close", move |wire: &mut Wire| -> Fallible<()> {
        at.wait(async |state| tcp::HostConnection::drop(state, Resource::new_own(wire.0)).await.map(Ok))
    });
}

/// A function that a script defines goes before a method of the same name and number of arguments, so that methods here are
/// called otherwise than the functions of the contract.
fn sql(engine: &mut Engine, bench: &Arc<Bench>) {
    engine.register_type_with_name::<Answer>("Answer").register_type_with_name::<Kept>("Transaction");
    let at = bench.clone();
    engine.register_fn("sql_query", move |connection: &str, statement: &str| -> Fallible<Answer> {
        query(&at, connection, statement).map(|rows| Answer(Arc::new(Mutex::new(Some(rows)))))
    });
    let at = bench.clone();
    engine.register_fn("sql_all", move |connection: &str, statement: &str| -> Fallible<Array> {
        let mut rows = query(&at, connection, statement)?;
        let mut all = Array::new();
        while let Some(batch) = next(&at, &mut rows)? {
            let maps = (0..batch.num_rows()).map(|row| {
                let columns = batch.schema_ref().fields().iter().zip(batch.columns());
                let map: Map =
                    columns.map(|(field, column)| (field.name().as_str().into(), value::of(column, row))).collect();
                Dynamic::from_map(map)
            });
            all.extend(maps);
            if all.len() > 10_000 {
                return Err("the answer has more than 10000 rows: go through it with `sql_query`".into());
            }
        }
        close(&at);
        Ok(all)
    });
    engine.register_get("columns", |answer: &mut Answer| -> Fallible<Dynamic> {
        let answer = answer.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(value::columns(&answer.as_ref().ok_or_else(|| over("answer"))?.schema()))
    });
    let at = bench.clone();
    engine.register_fn("fetch", move |answer: &mut Answer| -> Fallible<Dynamic> {
        let mut answer = answer.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(rows) = answer.as_mut() else { return Ok(Dynamic::UNIT) };
        match next(&at, rows)? {
            Some(batch) => Ok(Dynamic::from(Rows(Arc::new(batch)))),
            None => {
                *answer = None;
                close(&at);
                Ok(Dynamic::UNIT)
            }
        }
    });
    let at = bench.clone();
    engine.register_fn("close", move |answer: &mut Answer| {
        let rows = answer.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if rows.is_some() {
            close(&at);
        }
    });

    let at = bench.clone();
    engine.register_fn("sql_begin", move |connection: &str| -> Fallible<Kept> {
        let begun = at.wait(async |state| {
            state.host_call()?;
            Ok(state.sql_begin(connection).await)
        })?;
        Ok(Kept(Arc::new(Mutex::new(Some(begun)))))
    });
    let at = bench.clone();
    engine.register_fn("execute", move |kept: &mut Kept, statement: &str| -> Fallible<i64> {
        let none = RecordBatch::new_empty(Arc::new(Schema::empty()));
        change(&at, kept, host::Step::Execute(statement, &none))
    });
    let at = bench.clone();
    engine.register_fn("execute", move |kept: &mut Kept, statement: &str, values: Dynamic| -> Fallible<i64> {
        let rows = parameters(values)?;
        change(&at, kept, host::Step::Execute(statement, &rows))
    });
    let at = bench.clone();
    engine.register_fn("insert", move |kept: &mut Kept, table: &str, rows: Dynamic| -> Fallible<i64> {
        let rows = parameters(rows)?;
        change(&at, kept, host::Step::Write(table, &rows))
    });
    let at = bench.clone();
    engine.register_fn("save", move |kept: &mut Kept| -> Fallible<()> {
        change(&at, kept, host::Step::Commit)?;
        end(&at, kept);
        Ok(())
    });
    let at = bench.clone();
    engine.register_fn("rollback", move |kept: &mut Kept| end(&at, kept));

    let at = bench.clone();
    engine.register_fn("redis", move |connection: &str, commands: Array| -> Fallible<Array> {
        let mut lines = Vec::with_capacity(commands.len());
        for command in commands {
            let words = command.try_cast::<Array>().ok_or("a command of Redis is a list of words")?;
            lines.push(words.into_iter().map(bytes).collect::<Fallible<Vec<_>>>()?);
        }
        let answers = at.wait(async |state| {
            state.host_call()?;
            Ok(state.redis_pipeline(connection, lines).await)
        })?;
        Ok(answers.into_iter().map(answered).collect())
    });
}

fn answered(value: PipelineValue) -> Dynamic {
    match value {
        PipelineValue::Nil => Dynamic::UNIT,
        PipelineValue::Number(number) => number.into(),
        PipelineValue::Bytes(bytes) => text_or_bytes(bytes),
        PipelineValue::Many(many) => many.into_iter().map(text_or_bytes).collect::<Array>().into(),
    }
}

fn query(bench: &Bench, connection: &str, statement: &str) -> Fallible<host::Rows> {
    bench.wait(async |state| {
        state.host_call()?;
        Ok(state.sql_query(connection, statement.to_owned()).await)
    })
}

/// The next rows, in the types that cross to plugins.
fn next(bench: &Bench, rows: &mut host::Rows) -> Fallible<Option<RecordBatch>> {
    let schema = rows.schema();
    let batch = bench.wait(async |state| {
        state.host_call()?;
        let (most_rows, most_bytes) = (state.meter.limits().sql_rows, state.meter.limits().body);
        Ok(rows.next(most_rows, most_bytes).await)
    })?;
    batch.map(|batch| plain(&batch, &schema)).transpose()
}

/// A batch in the types of its plain schema.
pub(super) fn plain(batch: &RecordBatch, schema: &SchemaRef) -> Fallible<RecordBatch> {
    let cast = |(column, field): (&arrow::array::ArrayRef, &Arc<arrow::datatypes::Field>)| {
        if column.data_type() == field.data_type() {
            return Ok(column.clone());
        }
        arrow::compute::cast(column, field.data_type()).map_err(|error| error.to_string())
    };
    let arrays = batch.columns().iter().zip(schema.fields()).map(cast).collect::<Result<Vec<_>, String>>()?;
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let batch = RecordBatch::try_new_with_options(schema.clone(), arrays, &options);
    batch.map_err(|error| error.to_string().into())
}

/// One answer or transaction less is open.
fn close(bench: &Bench) {
    let _ = bench.wait(async |state| {
        state.statements = state.statements.saturating_sub(1);
        Ok(Ok(()))
    });
}

fn end(bench: &Bench, kept: &Kept) {
    if kept.0.lock().unwrap_or_else(PoisonError::into_inner).take().is_some() {
        close(bench);
    }
}

fn change(bench: &Bench, kept: &Kept, step: host::Step<'_>) -> Fallible<i64> {
    let mut open = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
    let open = open.as_mut().ok_or_else(|| over("transaction"))?;
    let changed = bench.wait(async |state| {
        state.host_call()?;
        let time = state.meter.limits().sql_statement;
        Ok(open.run(time, step).await)
    })?;
    Ok(i64::try_from(changed).unwrap_or(i64::MAX))
}

/// Rows for a statement: a batch as it is; a page or a list of maps by the types of its values.
fn parameters(value: Dynamic) -> Fallible<RecordBatch> {
    if let Some(rows) = value.read_lock::<Rows>() {
        return Ok(rows.0.as_ref().clone());
    }
    let maps: Vec<Map> = if let Some(page) = value.read_lock::<Page>() {
        page.maps()
    } else {
        let rows = value.clone().try_cast::<Array>().ok_or("rows are a batch, a page or a list of maps")?;
        rows.into_iter()
            .map(|row| row.try_cast::<Map>().ok_or_else(|| "a row is a map".into()))
            .collect::<Fallible<_>>()?
    };
    let Some(first) = maps.first() else { return Ok(RecordBatch::new_empty(Arc::new(Schema::empty()))) };
    let mut declared = Array::new();
    for name in first.keys() {
        let present = maps.iter().filter_map(|row| row.get(name)).find(|value| !value.is_unit());
        let kind = match present {
            Some(value) if value.is_bool() => "boolean",
            Some(value) if value.is_float() => "float64",
            Some(value) if value.is_int() => {
                // One broken number makes a column of them.
                let any = maps.iter().filter_map(|row| row.get(name)).any(Dynamic::is_float);
                if any { "float64" } else { "int64" }
            }
            Some(value) if value.is_blob() => "binary",
            _ => "text",
        };
        let mut column = Map::new();
        column.insert("name".into(), name.as_str().into());
        column.insert("type".into(), kind.into());
        declared.push(column.into());
    }
    let schema = value::schema_of(&declared.into())?;
    Ok(batch_of(value, &schema)?.unwrap_or_else(|| RecordBatch::new_empty(schema)))
}

/// Texts and blobs as bytes; numbers and truth values as they are written.
pub(super) fn bytes(value: Dynamic) -> Fallible<Vec<u8>> {
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Ok(text.as_bytes().to_vec());
    }
    if value.is_blob() {
        return Ok(value.into_blob().unwrap_or_default());
    }
    if value.is_int() || value.is_float() || value.is_bool() || value.is_char() {
        return Ok(value.to_string().into_bytes());
    }
    Err(format!("a {} is neither text nor bytes", value.type_name()).into())
}

fn text_or_bytes(bytes: Vec<u8>) -> Dynamic {
    match String::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(error) => Dynamic::from_blob(error.into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capabilities_of_a_script_are_told_from_its_text() {
        let script = r#"
            // http("in a comment")
            /* sql_begin("neither") */
            fn a() { let text = "redis(\"in a text\")"; kv_get("x") + now () }
            fn b(x) { x.secret(1) }
        "#;
        assert_eq!(used(script), ["kv", "clock"]);
        assert_eq!(used("fn a() { http_get(\"x\"); http(#{}) }"), ["http"]);
    }
}
