//! The service's answers: business errors come with status 200, and code 40203 means two different things.

use plugin_sdk::{Error, ErrorKind, Result, text_of_json};
use serde::Deserialize;
use serde_json::Value;

/// Rows as they came, and the names of their columns in the same order.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Table {
    #[serde(default)]
    pub(crate) fields: Vec<String>,
    #[serde(default)]
    pub(crate) items: Vec<Vec<Value>>,
    /// May be absent.
    pub(crate) has_more: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Body {
    code: i64,
    msg: Option<String>,
    message: Option<String>,
    data: Option<Table>,
}

/// What to do about a refusal.
#[derive(Debug, PartialEq)]
pub(crate) enum Refusal {
    /// Too many calls in this minute.
    WaitAMinute,
    /// Anything else, as it is told.
    Final(Error),
}

/// Reads an answer.
pub(crate) fn read(api: &str, bytes: &[u8]) -> Result<Table, Refusal> {
    let body: Body = serde_json::from_slice(bytes).map_err(|error| {
        // A gateway's page or an answer that broke off.
        Refusal::Final(Error::transient(format!("Tushare's answer for `{api}` is not what it should be: {error}")))
    })?;
    let said = body.msg.filter(|msg| !msg.is_empty()).or(body.message).unwrap_or_default();
    if body.code != 0 {
        return Err(refusal(api, body.code, &said));
    }
    let table = body.data.unwrap_or_default();
    match table.items.iter().position(|row| row.len() != table.fields.len()) {
        None => Ok(table),
        Some(row) => {
            let (has, wants) = (table.items[row].len(), table.fields.len());
            Err(Refusal::Final(Error::data(format!("row {} of `{api}` has {has} values for {wants} columns", row + 1))))
        }
    }
}

/// By words before code: the limit on calls and a missing permission share code 40203, and both begin alike.
fn refusal(api: &str, code: i64, said: &str) -> Refusal {
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let fail = |kind: ErrorKind, what: &str| {
        let said = plugin_sdk::text::cut_chars(&plugin_sdk::text::one_line(said), 300);
        Refusal::Final(Error::new(kind, format!("Tushare {what} `{api}` with code {code}: {said}")))
    };
    if has(&["每小时", "每天"]) && has(&["最多访问"]) {
        return fail(ErrorKind::Permanent, "takes no more calls today or in this hour for");
    }
    if has(&["每分钟最多访问", "频率超限", "请求过于频繁"]) {
        return Refusal::WaitAMinute;
    }
    if has(&["没有接口", "访问权限", "积分不足"]) || matches!(code, 2002 | -2002) {
        return fail(ErrorKind::Auth, "gives this account no access to");
    }
    match code {
        40_101 => fail(ErrorKind::Auth, "refused the token for"),
        -2001 => fail(ErrorKind::Config, "misses or refuses a parameter of"),
        50_000..=59_999 => fail(ErrorKind::Transient, "failed at"),
        _ if has(&["token"]) => fail(ErrorKind::Auth, "refused the token for"),
        _ => fail(ErrorKind::Permanent, "refused"),
    }
}

/// One value as text; the number in another unit where that is asked for.
pub(crate) fn value(value: Value, unit: f64) -> Option<String> {
    match value.as_f64() {
        Some(number) if unit != 1.0 => Some(crate::types::scale(number, unit).to_string()),
        _ => text_of_json(value),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    fn check(code: i64, msg: &str, expected: Option<ErrorKind>) {
        let body = json!({ "code": code, "msg": msg, "message": msg, "data": null }).to_string();
        match read("daily", body.as_bytes()).unwrap_err() {
            Refusal::WaitAMinute => assert_eq!(expected, None, "{msg}"),
            Refusal::Final(error) => assert_eq!(Some(error.kind), expected, "{error}"),
        }
    }

    #[test]
    fn the_same_code_is_a_limit_or_a_permission_by_its_words() {
        check(
            40_203,
            "抱歉，您每分钟最多访问该接口200次，权限的具体详情访问：https://tushare.pro/document/1?doc_id=108。",
            None,
        );
        check(40_203, "抱歉，您每小时最多访问该接口1次，权限的具体详情访问：…", Some(ErrorKind::Permanent));
        check(40_203, "抱歉，您每天最多访问该接口5次", Some(ErrorKind::Permanent));
        check(40_203, "抱歉，您没有接口访问权限，权限的具体详情访问：…", Some(ErrorKind::Auth));
        check(40_203, "积分不足", Some(ErrorKind::Auth));
        check(40_101, "您的token不对，请确认。", Some(ErrorKind::Auth));
        check(2002, "权限不足", Some(ErrorKind::Auth));
        check(-2001, "必填参数", Some(ErrorKind::Config));
        check(50_101, "系统内部错误", Some(ErrorKind::Transient));
        check(1, "something new", Some(ErrorKind::Permanent));
    }

    #[test]
    fn what_is_no_answer_may_pass_and_rows_must_fit_their_columns() {
        for body in ["<html>502</html>", "{\"code\":0,\"data\":{\"fie", ""] {
            let Refusal::Final(error) = read("daily", body.as_bytes()).unwrap_err() else { panic!("{body}") };
            assert_eq!(error.kind, ErrorKind::Transient, "{body}");
        }
        let body = r#"{"code":0,"msg":"","data":{"fields":["a","b"],"items":[[1,2],[3]],"new":1},"request_id":"x"}"#;
        let Refusal::Final(error) = read("daily", body.as_bytes()).unwrap_err() else { panic!() };
        assert!(error.message.contains("row 2 of `daily` has 1 values for 2 columns"), "{error}");
    }
}
