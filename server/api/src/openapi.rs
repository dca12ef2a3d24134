//! `/api/openapi.json`: what the REST routes take and answer (OpenAPI 3.1).

use crate::rest::{anomalies, databases, oidc, plugins, query, runs, session, tasks};
use crate::{health, hooks};
use actix_web::HttpResponse;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::Ref;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// The description of all REST routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sluice",
        description = "Scripts and other systems call these; everything else is GraphQL at /graphql."
    ),
    paths(
        health::health,
        hooks::receive,
        session::create,
        session::get,
        session::delete,
        session::set_up,
        session::options,
        oidc::login,
        oidc::callback,
        databases::list,
        databases::create,
        databases::get,
        databases::update,
        databases::delete,
        databases::test,
        databases::tables,
        databases::table,
        plugins::install,
        query::run,
        query::validate,
        query::history,
        query::cancel,
        runs::artifact,
        tasks::list,
        tasks::get,
        tasks::update,
        tasks::run,
        anomalies::list,
        anomalies::get,
        anomalies::change,
        anomalies::rules,
        anomalies::configure,
        anomalies::reset
    ),
    modifiers(&Token, &Refusals)
)]
pub struct Description;

/// The API token, as each route asks for it.
struct Token;

impl Modify for Token {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = description.components.get_or_insert_with(Default::default);
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// What any route may answer besides what it names: a refusal or failure in the one shape.
struct Refusals;

impl Modify for Refusals {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        let refusal = ResponseBuilder::new()
            .description("any other refusal or failure: its status is that of its code")
            .content("application/json", problem)
            .build();
        for (path, item) in &mut description.paths.paths {
            // It says how the server is, not what was wrong with a request.
            if path == "/health" {
                continue;
            }
            let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
            for operation in operations.into_iter().flatten() {
                operation.responses.responses.entry("default".to_owned()).or_insert_with(|| refusal.clone().into());
            }
        }
    }
}

/// Answers the description.
pub async fn openapi() -> HttpResponse {
    HttpResponse::Ok().json(Description::openapi())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::access::Least;
    use crate::access::operations::find_route;
    use serde_json::Value;

    #[test]
    fn every_route_tells_who_may_ask_what_it_answers_and_how_it_fails() {
        let description = serde_json::to_value(Description::openapi()).unwrap();
        assert!(description["openapi"].as_str().unwrap().starts_with("3.1"), "{description:#}");
        for (path, verbs) in description["paths"].as_object().unwrap() {
            if !path.starts_with("/api/") {
                continue;
            }
            for (verb, operation) in verbs.as_object().unwrap() {
                let place = format!("{verb} {path}");
                let row = find_route(&verb.to_uppercase(), path).unwrap();
                let responses = operation["responses"].as_object().unwrap();
                assert!(responses.keys().any(|status| status.starts_with(['2', '3'])), "{place}");
                let other = &responses["default"]["content"]["application/json"]["schema"]["$ref"];
                assert_eq!(other, "#/components/schemas/Problem", "{place}");
                if matches!(row.least, Least::Public | Least::Own) {
                    assert!(operation["security"].is_null(), "{place}");
                    continue;
                }
                assert_eq!(operation["security"][0]["token"], Value::Array(vec![]), "{place}");
                let problem = &responses["401"]["content"]["application/json"]["schema"]["$ref"];
                assert_eq!(problem, "#/components/schemas/Problem", "{place}");
            }
        }
        // What is named is described.
        let text = description.to_string();
        for reference in text.split("#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(description["components"]["schemas"][name].is_object(), "{name} is not described");
        }
    }
}
