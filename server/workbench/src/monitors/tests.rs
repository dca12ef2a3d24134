//! The documents of monitors.

#![allow(clippy::unwrap_used)]

use super::*;

fn side(connection: &str, table: &str) -> MonitorSide {
    MonitorSide { connection: connection.to_owned(), relation: Relation::Table(table.to_owned()), filter: None }
}

fn monitor(template: Template) -> NewMonitor {
    NewMonitor {
        name: "orders".to_owned(),
        template,
        left: side("shop", "orders"),
        right: Some(side("replica", "orders")),
        key: vec!["id".to_owned()],
        columns: Vec::new(),
        cron: Some("0 * * * *".to_owned()),
        timezone: Some("Asia/Shanghai".to_owned()),
        thresholds: Vec::new(),
        channels: vec!["ops".to_owned()],
        severity: "critical".to_owned(),
    }
}

/// The document, as the reader of documents understands it.
fn read(new: &NewMonitor, expected: Option<&BTreeMap<String, String>>) -> Workflow {
    let text = document(new, expected).unwrap();
    let root = model::tree::parse(&text, &model::tree::Limits::default()).unwrap();
    let outline = model::document::read::read(&root);
    assert!(outline.faults.is_empty(), "{:?}", outline.faults);
    outline.workflow
}

#[test]
fn a_monitor_is_a_workflow() {
    for template in Template::ALL {
        let workflow = read(&monitor(template), None);
        assert_eq!(results::template(&workflow), Some(template));
        assert_eq!((workflow.name.as_str(), workflow.triggers.len(), workflow.steps.len()), ("orders", 1, 2));
        assert!(results::has_right(&workflow));
        let condition = workflow.steps[1].condition.as_deref().unwrap();
        assert!(condition.contains(&format!("steps.measured.{} > 0.0", template.measure(true))), "{condition}");
    }
}

#[test]
fn several_thresholds_are_joined() {
    let thresholds = ["differences >= 10", "percent > 0.5"].map(|text| text.parse().unwrap()).to_vec();
    let workflow = read(&NewMonitor { thresholds, ..monitor(Template::DataDiff) }, None);
    let condition = workflow.steps[1].condition.as_deref().unwrap();
    assert!(condition.contains("steps.measured.differences >= 10.0 || steps.measured.percent > 0.5"), "{condition}");
}

#[test]
fn a_table_is_held_to_what_it_was() {
    let expected = BTreeMap::from([("id".to_owned(), "Int64".to_owned())]);
    let workflow = read(&NewMonitor { right: None, ..monitor(Template::SchemaChange) }, Some(&expected));
    assert_eq!(workflow.steps[0].with["expected"]["id"], "Int64");
}

#[test]
fn what_a_template_lacks_is_told() {
    let refused = |new: NewMonitor| document(&new, None).unwrap_err().code;
    assert_eq!(refused(NewMonitor { right: None, ..monitor(Template::DataDiff) }), ErrorCode::MissingKey);
    assert_eq!(refused(NewMonitor { right: None, ..monitor(Template::RowCount) }), ErrorCode::MissingKey);
    let thresholds = vec!["rows > 1".parse().unwrap()];
    assert_eq!(refused(NewMonitor { thresholds, ..monitor(Template::RowCount) }), ErrorCode::InvalidValue);
}
