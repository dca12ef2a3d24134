//! Prometheus: a range query of one series, refused where it asks for more samples than Prometheus gives.

use super::{Received, Reply, json_reply, pairs, reply};
use serde_json::{Value, json};

/// `POST /api/v1/query_range` with a form.
pub(crate) fn serve(request: &Received) -> Reply {
    let refuse = |status: u16, kind: &str, said: &str| {
        json_reply(status, &json!({ "status": "error", "errorType": kind, "error": said }))
    };
    if request.path != "/api/v1/query_range" || request.header("content-type") != "application/x-www-form-urlencoded" {
        return reply(404, "404 page not found");
    }
    let form = pairs(std::str::from_utf8(&request.body).unwrap());
    let find = |name: &str| form.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
    if !find("query").contains("http_requests_total") {
        return refuse(400, "bad_data", "invalid parameter \"query\": 1:1: parse error: unexpected end of input");
    }
    let number = |name: &str| find(name).parse::<i64>().unwrap();
    let (start, end, step) = (number("start"), number("end"), number("step"));
    if (end - start) / step + 1 > 11_000 {
        return refuse(400, "bad_data", "exceeded maximum resolution of 11,000 points per timeseries");
    }
    let samples: Vec<Value> =
        (start..=end).step_by(usize::try_from(step).unwrap()).map(|at| json!([at, format!("{}.5", at % 60)])).collect();
    let series = json!({ "metric": { "instance": "a:9" }, "values": samples });
    json_reply(200, &json!({ "status": "success", "data": { "resultType": "matrix", "result": [series] } }))
}
