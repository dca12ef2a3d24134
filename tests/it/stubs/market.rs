//! Tushare Pro and AKTools: a few days of one share, in the units and with the errors that they publish.

use super::{Received, Reply, json_reply, reply};
use serde_json::{Map, Value, json};

/// The token that Tushare knows.
pub(crate) const TOKEN: &str = "0123456789abcdef";

const FIELDS: [&str; 8] = ["ts_code", "trade_date", "open", "high", "low", "close", "vol", "amount"];

/// Days from the newest to the oldest; lots of 100 shares and thousands of yuan.
fn daily() -> Vec<Map<String, Value>> {
    let row = |(day, close, vol, amount): (&str, Value, f64, f64)| -> Map<String, Value> {
        let values =
            [json!("600000.SH"), json!(day), json!(6.62), json!(6.66), json!(6.59), close, json!(vol), json!(amount)];
        FIELDS.iter().map(|name| (*name).to_owned()).zip(values).collect()
    };
    [
        ("20240108", json!(6.65), 199_999.5, 130_000.001),
        ("20240105", Value::Null, 0.0, 0.0),
        ("20240104", json!(6.6), 100.25, 66.5),
        ("20240103", json!(6.64), 221_083.5, 146_521.331),
        ("20240102", json!(6.62), 183_207.12, 121_663.512),
    ]
    .map(row)
    .to_vec()
}

/// `POST /`, and `/dataapi/{api_name}`.
pub(crate) fn tushare(request: &Received) -> Reply {
    let refuse =
        |code: i64, said: &str| json_reply(200, &json!({ "code": code, "msg": said, "message": said, "data": null }));
    let body = request.json();
    if request.method != "POST" || !body.is_object() {
        return reply(502, "<html>bad gateway</html>");
    }
    if body["token"] != TOKEN {
        return refuse(40_101, "您的token不对，请确认。");
    }
    if body["api_name"] != "daily" {
        return refuse(
            40_203,
            "抱歉，您没有接口访问权限，权限的具体详情访问：https://tushare.pro/document/1?doc_id=108。",
        );
    }
    let wanted = body["fields"].as_str().unwrap_or_default();
    let fields: Vec<&str> = if wanted.is_empty() { FIELDS.to_vec() } else { wanted.split(',').collect() };
    let number = |name: &str| body["params"][name].as_u64().and_then(|it| usize::try_from(it).ok());
    let (offset, limit) = (number("offset").unwrap_or(0), number("limit").unwrap_or(6000).min(6000));
    let params = &body["params"];
    let within = |row: &Map<String, Value>| {
        let day = row["trade_date"].as_str().unwrap_or_default();
        let bound = |name: &str| params[name].as_str().filter(|bound| !bound.is_empty()).map(str::to_owned);
        params["ts_code"].as_str().is_none_or(|code| row["ts_code"] == code)
            && bound("start_date").is_none_or(|bound| day >= bound.as_str())
            && bound("end_date").is_none_or(|bound| day <= bound.as_str())
    };
    let all: Vec<_> = daily().into_iter().filter(within).collect();
    let items: Vec<Vec<Value>> = all
        .iter()
        .skip(offset)
        .take(limit)
        .map(|row| fields.iter().map(|field| row[*field].clone()).collect())
        .collect();
    let more = offset + items.len() < all.len();
    let data = json!({ "fields": fields, "items": items, "has_more": more, "count": -1 });
    json_reply(200, &json!({ "request_id": "3f9c7b1e", "code": 0, "msg": "", "data": data, "extra": [1] }))
}

/// `GET /api/public/{function}`.
pub(crate) fn aktools(request: &Received) -> Reply {
    if request.method != "GET" {
        return json_reply(405, &json!({ "detail": "Method Not Allowed" })).header("allow", "GET");
    }
    // What is sent is evaluated there, so these break it.
    if request.query.iter().any(|(_, value)| value.contains(['&', '=', '"', '\'', '(', ')', '\\'])) {
        return reply(500, "Internal Server Error");
    }
    match request.path.as_str() {
        "/api/public/stock_zh_a_hist" if request.parameter("symbol") == Some("600000") => json_reply(
            200,
            &json!([
                { "日期": "2024-01-02T00:00:00.000", "股票代码": "600000", "开盘": 6.63, "收盘": 6.62, "最高": 6.69, "最低": 6.6,
                  "成交量": 183_207, "成交额": 121_663_512.0, "振幅": 1.36, "涨跌幅": 0.0, "涨跌额": 0.0, "换手率": 0.06 },
                { "日期": "2024-01-03T00:00:00.000", "股票代码": "600000", "开盘": 6, "收盘": 6.64, "最高": 6.66, "最低": 6.59,
                  "成交量": 221_083, "成交额": null, "振幅": 1.06, "涨跌幅": 0.3, "涨跌额": 0.02, "换手率": 0.08 },
            ]),
        ),
        "/api/public/stock_zh_a_hist" => json_reply(200, &json!([])),
        _ => {
            let said =
                "未找到该接口，请升级 AKShare 到最新版本并在文档中确认该接口的使用方式：https://akshare.akfamily.xyz";
            json_reply(404, &json!({ "error": said }))
        }
    }
}
