//! Alerts from the step that raises them to the channel that takes them: over a power cut, a channel that fails, a group,
//! quiet hours, a duplicate; by shell and GraphQL.

use crate::program::Sluice;
use crate::server::{PATIENCE, TestServer, step, wait_for};
use crate::stubs::{Received, Reply, Stub, reply};
use serde_json::{Value, json};
use std::fs;
use std::sync::mpsc;

const DELIVERIES: &str = "{ alerts { edges { node { id title severity workflow duplicateOf acknowledgedBy deliveries {
    id channel level status reason nextAt messageId attempts { number outcome code message } } } }
    pageInfo { hasNextPage endCursor } } }";

/// A document whose one step raises an alert.
fn document(name: &str, with: &str) -> String {
    format!(
        "name: {name}\nsteps:\n  - {{ id: tell, uses: alert, with: {{ channels: [ops], title: broken, {with} }} }}\n"
    )
}

/// A receiver, a channel `ops` that leads to it, and a server with that policy.
fn start(policy: &str, serve: impl FnMut(&Received) -> Reply + Send + 'static) -> Option<(TestServer, Stub)> {
    let sluice = Sluice::find()?.set("SLUICE_ALLOW_ADDRESSES", "127.0.0.1");
    let stub = Stub::start(serve);
    for name in ["ops", "boss"] {
        sluice.call(&["channel", "add", name, "--kind", "webhook", "--set", &format!("url={}/{name}", stub.base)]);
    }
    let file = sluice.folder.path().join("policy.yaml");
    fs::write(&file, policy).unwrap();
    sluice.call(&["alert", "policy", "apply", file.to_str().unwrap()]);
    Some((TestServer::start(sluice), stub))
}

fn fine(_: &Received) -> Reply {
    reply(200, "")
}

fn ids(stub: &Stub) -> Vec<String> {
    stub.received().iter().map(|request| request.header("webhook-id").to_owned()).collect()
}

/// The alerts with their deliveries, newest first.
fn alerts(server: &TestServer) -> Vec<Value> {
    let page = server.graphql(DELIVERIES, json!({}));
    page["alerts"]["edges"].as_array().unwrap().iter().map(|edge| edge["node"].clone()).collect()
}

/// Waits until the only delivery of the newest alert stands so; gives it.
fn wait_delivery(server: &TestServer, status: &str) -> Value {
    let mut last = Value::Null;
    wait_for(&format!("a delivery that is {status}"), || {
        last = alerts(server).first().map(|alert| alert["deliveries"][0].clone()).unwrap_or_default();
        last["status"] == status
    });
    last
}

fn outcomes(delivery: &Value) -> Vec<&str> {
    delivery["attempts"].as_array().unwrap().iter().map(|attempt| attempt["outcome"].as_str().unwrap()).collect()
}

#[test]
fn an_alert_survives_a_power_cut_between_raise_and_delivery() {
    let (arrived, hear_arrival) = mpsc::channel();
    let (release, hear_release) = mpsc::channel::<()>();
    let mut is_first = true;
    let serve = move |request: &Received| {
        if std::mem::take(&mut is_first) {
            arrived.send(request.header("webhook-id").to_owned()).unwrap();
            // No answer until the server is dead.
            hear_release.recv().unwrap();
        }
        reply(200, "")
    };
    let Some((mut server, stub)) = start("{}", serve) else { return };
    let workflow = server.save(&document("cut", "severity: critical"));
    let run = server.start_run(workflow["name"].as_str().unwrap(), &json!({}));
    let first = hear_arrival.recv_timeout(PATIENCE).unwrap();
    server.kill();
    release.send(()).unwrap();
    server.restart();
    let delivery = wait_delivery(&server, "DELIVERED");
    assert_eq!(outcomes(&delivery), ["interrupted", "delivered"], "{delivery:#}");
    assert_eq!(ids(&stub), [first.clone(), first.clone()], "the same id in every attempt");
    assert_eq!(delivery["messageId"], first);
    assert_eq!(server.wait_run(&run)["status"], "SUCCEEDED");
    assert_eq!(alerts(&server).len(), 1, "the step that is run again raises the same alert");
}

#[test]
fn a_channel_that_fails_twice_is_delivered_at_the_third_attempt() {
    let policy = "channels: { ops: { retry: { attempts: 4, backoff: 50ms } } }";
    let Some((server, stub)) = start(policy, fine) else { return };
    stub.plan(reply(503, "busy"));
    stub.plan(reply(429, "slow down"));
    let run = server.run_once(&document("twice", "severity: warning"));
    // The step tells how the first attempt went; the alert goes on without it.
    assert_eq!(step(&run, "tell")["error"]["code"], "delivery_failed", "{run:#}");
    let delivery = wait_delivery(&server, "DELIVERED");
    assert_eq!(outcomes(&delivery), ["retryable", "retryable", "delivered"], "{delivery:#}");
    assert!(delivery["attempts"][0]["message"].as_str().unwrap().contains("503"), "{delivery:#}");
    let ids = ids(&stub);
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{ids:?}");

    let alert = alerts(&server)[0]["id"].as_str().unwrap().to_owned();
    let shown: Value = serde_json::from_str(&server.sluice.call(&["alert", "show", &alert, "--json"])).unwrap();
    assert_eq!(shown["deliveries"][0]["attempts"].as_array().unwrap().len(), 3, "{shown:#}");
    let text = server.sluice.call(&["alert", "show", &alert]);
    assert!(text.contains("retryable") && text.contains("delivered"), "{text}");
    let listed = server.sluice.call(&["alert", "list", "--channel", "ops", "--status", "delivered"]);
    assert!(listed.contains(&alert) && listed.contains("ops delivered"), "{listed}");
}

#[test]
fn alerts_of_a_group_arrive_as_one_message() {
    let policy = "routes: [{ match: { labels: { team: data } }, group: { by: [label.team], window: 3s } }]";
    let Some((server, stub)) = start(policy, fine) else { return };
    for name in ["first", "second"] {
        let run = server.run_once(&document(name, "labels: { team: data }"));
        let outputs = step(&run, "tell")["outputs"].as_str().unwrap().to_owned();
        let outputs: Value = serde_json::from_str(&outputs).unwrap();
        assert_eq!((&outputs["waiting"], &outputs["deliveries"][0]["reason"]), (&json!(1), &json!("group")), "{run:#}");
    }
    wait_delivery(&server, "DELIVERED");
    wait_for("both deliveries", || alerts(&server).iter().all(|alert| alert["deliveries"][0]["status"] == "DELIVERED"));
    let received = stub.received();
    assert_eq!(received.len(), 1);
    let data = received[0].json()["data"].take();
    assert_eq!(data["title"], "2 alerts, the first: broken", "{data:#}");
    assert_eq!(data["fields"]["workflows"], "first, second", "{data:#}");
    // What does not match goes at once.
    server.run_once(&document("third", "labels: { team: web }"));
    assert_eq!(stub.received().len(), 2);
}

#[test]
fn quiet_hours_hold_or_drop_what_is_not_urgent() {
    // Whole days, so that the test runs at any time of the day.
    let policy = "channels:\n  ops:\n    quiet: { from: \"00:00\", to: \"00:00\", zone: Asia/Shanghai, except: [critical] }\n  \
                  boss:\n    quiet: { from: \"00:00\", to: \"00:00\", then: drop }\n";
    let Some((server, stub)) = start(policy, fine) else { return };
    let run = server
        .run_once(&document("night", "severity: warning, channels: [ops, boss]").replace("channels: [ops], ", ""));
    assert_eq!(run["status"], "SUCCEEDED", "what is held is no failure: {run:#}");
    let held = alerts(&server)[0]["deliveries"].clone();
    assert_eq!((&held[0]["status"], &held[0]["reason"]), (&json!("PENDING"), &json!("quiet")), "{held:#}");
    assert_eq!((&held[1]["status"], &held[1]["reason"]), (&json!("DROPPED"), &json!("quiet")), "{held:#}");
    assert!(held[0]["nextAt"].is_string(), "{held:#}");
    assert_eq!(stub.received().len(), 0);
    server.run_once(&document("fire", "severity: critical"));
    assert_eq!(stub.received().len(), 1);
    // Whoever cannot wait sends it by hand.
    let id = &held[0]["id"];
    let retry = "mutation($id: String!) { retryDelivery(id: $id) { status attempts { outcome } } }";
    let sent = server.graphql(retry, json!({ "id": id }));
    assert_eq!(sent["retryDelivery"], json!({ "status": "DELIVERED", "attempts": [{ "outcome": "delivered" }] }));
    let refused = server.graphql_error(retry, json!({ "id": id }));
    assert_eq!(refused["extensions"]["code"], "invalid_value");
    assert_eq!(server.graphql_error(retry, json!({ "id": "delivery_1" }))["extensions"]["code"], "delivery_not_found");
}

#[test]
fn a_duplicate_is_on_record_and_not_delivered() {
    let policy = "routes: [{ dedupe: { by: [workflow, title], window: 1h } }]";
    let Some((server, stub)) = start(policy, fine) else { return };
    let workflow = server.save(&document("again", "severity: warning"));
    let name = workflow["name"].as_str().unwrap();
    for _ in 0..2 {
        let run = server.wait_run(&server.start_run(name, &json!({})));
        assert_eq!(run["status"], "SUCCEEDED", "{run:#}");
    }
    let all = alerts(&server);
    assert_eq!((all.len(), stub.received().len()), (2, 1));
    assert_eq!(all[0]["duplicateOf"], all[1]["id"], "{all:#?}");
    assert_eq!(
        (&all[0]["deliveries"][0]["status"], &all[0]["deliveries"][0]["reason"]),
        (&json!("DROPPED"), &json!("duplicate"))
    );
    // Pages meet without a gap.
    let page = "query($after: String) { alerts(first: 1, after: $after) { edges { cursor node { id } } pageInfo { hasNextPage endCursor } } }";
    let first = server.graphql(page, json!({}))["alerts"].take();
    assert_eq!(first["pageInfo"]["hasNextPage"], true);
    let second = server.graphql(page, json!({ "after": first["pageInfo"]["endCursor"] }))["alerts"].take();
    assert_eq!((&second["edges"][0]["node"]["id"], &second["pageInfo"]["hasNextPage"]), (&all[1]["id"], &json!(false)));
}

#[test]
fn an_alert_that_nobody_acknowledges_is_told_to_the_next() {
    let policy = "routes: [{ match: { severity: critical }, escalate: [{ after: 1s, channels: [boss] }] }]";
    let Some((server, stub)) = start(policy, fine) else { return };
    server.run_once(&document("fire", "severity: critical"));
    wait_for("the escalation", || stub.received().len() == 2);
    let received = stub.received();
    assert_eq!((received[0].path.as_str(), received[1].path.as_str()), ("/ops", "/boss"));
    let id = alerts(&server)[0]["id"].clone();
    let acknowledge =
        "mutation($id: String!) { acknowledgeAlert(id: $id, comment: \"on it\") { acknowledgedBy comment } }";
    let known = server.graphql(acknowledge, json!({ "id": id }));
    assert_eq!(known["acknowledgeAlert"]["comment"], "on it");
    server.sluice.call(&["alert", "acknowledge", id.as_str().unwrap()]);
}

#[test]
fn channels_policy_and_preview_over_graphql() {
    let Some((server, stub)) = start("{}", fine) else { return };
    let create = "mutation($name: String!, $input: ChannelInput!) { createChannel(name: $name, input: $input) { name kind settings hasSecret } }";
    let settings = json!({ "url": format!("{}/made", stub.base) }).to_string();
    let secrets = json!({ "secret": "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX" }).to_string();
    let input = json!({ "kind": "webhook", "settings": settings, "secrets": secrets });
    let made = server.graphql(create, json!({ "name": "made", "input": input }))["createChannel"].take();
    assert_eq!((&made["kind"], &made["hasSecret"]), (&json!("webhook"), &json!(true)));
    assert!(!made.to_string().contains("AAECAwQF"), "{made:#}");
    let again = server.graphql_error(create, json!({ "name": "made", "input": input }));
    assert_eq!(again["extensions"]["code"], "already_exists");
    // A change without secrets keeps them: the message is still signed.
    let update =
        "mutation($name: String!, $input: ChannelInput!) { updateChannel(name: $name, input: $input) { hasSecret } }";
    let changed = json!({ "kind": "webhook", "settings": settings });
    assert_eq!(server.graphql(update, json!({ "name": "made", "input": changed }))["updateChannel"]["hasSecret"], true);
    let test = "mutation($name: String!) { testChannel(name: $name, severity: CRITICAL) { ok code message } }";
    assert_eq!(server.graphql(test, json!({ "name": "made" }))["testChannel"]["ok"], true);
    let received = stub.received().remove(0);
    assert!(received.header("webhook-signature").starts_with("v1,"));
    assert_eq!(received.json()["type"], "alert.critical");
    stub.plan(reply(404, "gone"));
    let failed = server.graphql(test, json!({ "name": "made" }))["testChannel"].take();
    assert_eq!((&failed["ok"], &failed["code"]), (&json!(false), &json!("delivery_failed")), "{failed:#}");
    let names = server.graphql("{ channels(first: 2) { nodes { name } } channel(name: \"ops\") { kind } }", json!({}));
    assert_eq!(names["channels"]["nodes"], json!([{ "name": "boss" }, { "name": "made" }]));
    assert_eq!(server.graphql("mutation { deleteChannel(name: \"made\") }", json!({}))["deleteChannel"], true);
    let gone = server.graphql_error("{ channel(name: \"made\") { name } }", json!({}));
    assert_eq!(gone["extensions"]["code"], "channel_not_found");

    let apply = "mutation($text: String!) { applyAlertPolicy(text: $text) { text problems { code line path } } }";
    let wrong = server.graphql(apply, json!({ "text": "routes:\n  - channels: [opps]" }))["applyAlertPolicy"].take();
    assert_eq!(wrong["problems"], json!([{ "code": "channel_not_found", "line": 2, "path": "routes.0.channels.0" }]));
    assert_eq!(wrong["text"], "{}", "the policy before it holds");
    let text = "templates: { brief: { subject: \"${{ alert.row_count }} rows\", markdown: \"**${{ steps.same.n }}**\", text: plain } }";
    let applied = server.graphql(apply, json!({ "text": text }))["applyAlertPolicy"].take();
    assert_eq!(applied, json!({ "text": text, "problems": [] }));
    let preview =
        "query($input: AlertPreviewInput!) { previewAlert(input: $input) { subject text markdown severity } }";
    let values = json!({ "steps": { "same": { "n": 3 } } }).to_string();
    let shown = server.graphql(preview, json!({ "input": { "name": "brief", "values": values } }));
    assert_eq!(
        shown["previewAlert"],
        json!({ "subject": "2 rows", "text": "plain", "markdown": "**3**", "severity": "WARNING" })
    );
    let fault = server.graphql_error(preview, json!({ "input": { "subject": "${{ alert.nothing }}" } }));
    assert_eq!(fault["extensions"]["code"], "invalid_expression");
    // The template in a run.
    let run = server.run_once("name: made\nsteps:\n  - { id: tell, uses: alert, with: { channels: [ops], template: { subject: \"${{ run.workflow }}\\r\\nx: y\" } } }\n");
    assert_eq!(run["status"], "SUCCEEDED", "{run:#}");
    assert_eq!(stub.received().last().unwrap().json()["data"]["title"], "made x: y");
}

#[test]
fn unknown_channels_are_refused_or_warned_of() {
    let Some((server, _stub)) = start("{}", fine) else { return };
    let create = "mutation { createMonitor(input: { name: \"rows\", template: ROW_COUNT, channels: [\"nobody\"],
        thresholds: [\"count < 1\"], left: { connection: \"shop\", table: \"t\" } }) { name } }";
    server.sluice.add_sqlite("shop");
    let refused = server.graphql_error(create, json!({}));
    assert_eq!(refused["extensions"]["code"], "channel_not_found", "{refused:#}");
    assert!(refused["extensions"]["hint"].as_str().unwrap().contains("`boss`, `ops`"), "{refused:#}");
    let file = server.sluice.folder.path().join("typo.yaml");
    fs::write(&file, document("typo", "severity: info").replace("[ops]", "[opps, log]")).unwrap();
    let output = server.sluice.command().arg("validate").arg(&file).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("warning") && told.contains("`opps`") && told.contains("Did you mean `ops`?"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}
