//! The HTTP server: every route on one page, with the limits that hold for it.

use crate::access::{Access, Caller, Proxies, gate};
use crate::auth::ApiToken;
use crate::error::ApiError;
use crate::rest::{anomalies, databases, oidc, plugins, query, runs, session, tasks};
use crate::{graphql, health, hooks, openapi, web as editor};
use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data};
use actix_web::{App, FromRequest, Handler, HttpServer, Responder};
use engine::engine::Engine;
use model::{ErrorCode, Fault, misfit};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};
use workbench::Workbench;
use workbench::people::oidc::Oidc;

/// How the HTTP server listens.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Where it listens; port 0 chooses a free one.
    pub listen: SocketAddr,
    /// How many threads serve requests.
    pub threads: usize,
}

/// Looks up a secret by its name.
pub type FindSecret = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What every request can reach.
pub struct ApiState {
    /// Decides.
    pub engine: Arc<Engine>,
    /// What people do by hand: connections, the console, tables as code.
    pub workbench: Workbench,
    /// Finds out who asks.
    pub access: Access,
    /// Whose word is taken for where a request comes from.
    pub proxies: Proxies,
    /// The link that makes the first admin, once; none: there is one, or the server listens beyond this machine.
    pub setup: tokio::sync::Mutex<Option<ApiToken>>,
    /// The identity provider, where there is one.
    pub oidc: Option<Oidc>,
    /// Finds the value of a named secret (webhooks' `secret`).
    pub secrets: FindSecret,
    /// Rows that wait for their webhook's next run.
    pub batches: hooks::batch::Batches,
    /// When the server started.
    pub started: Instant,
    /// The GraphQL schema.
    pub schema: Arc<graphql::Schema>,
}

impl ApiState {
    /// What resolvers can reach on behalf of that caller.
    #[must_use]
    pub fn context(&self, caller: Caller) -> graphql::Context {
        graphql::Context { engine: self.engine.clone(), workbench: self.workbench.clone(), caller, is_socket: false }
    }

    /// The value of the secret called `name`.
    ///
    /// # Errors
    /// `invalid_configuration` where the server has no such secret.
    pub fn find_secret(&self, name: &str) -> Result<String, ApiError> {
        (self.secrets)(name).ok_or_else(|| {
            Fault::new(ErrorCode::InvalidConfiguration, format!("the server has no secret `{name}`"))
                .hint(format!("Set the environment variable `SLUICE_SECRET_{}`.", name.to_uppercase()))
                .into()
        })
    }
}

/// A query string that is not what is asked for.
fn query_refused(said: &str) -> ApiError {
    let misfit = misfit(said.strip_prefix("Query deserialize error: ").unwrap_or(said));
    let mut refused = ApiError::bad_request(format!("the query string is not what is asked for: {}", misfit.message));
    let known = "`/api/openapi.json` describes every parameter.".to_owned();
    refused.0.hint = Some(misfit.hint.unwrap_or(known));
    refused
}

/// The largest body of a webhook or GraphQL request, in bytes.
const BODY_LIMIT: usize = 2 << 20;

/// Binds the address and serves until the returned server is stopped. Answers the address, too.
///
/// # Errors
/// `invalid_configuration` where the address cannot be bound.
pub fn serve(config: &ApiConfig, state: ApiState) -> Result<(SocketAddr, actix_web::dev::Server), Fault> {
    let cannot = |error: std::io::Error| {
        let hint = "Choose another address with `--listen`, or stop what listens there.";
        Fault::new(ErrorCode::InvalidConfiguration, format!("cannot listen on {}: {error}", config.listen)).hint(hint)
    };
    let listener = TcpListener::bind(config.listen).map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    let state = Data::new(state);
    let server = HttpServer::new(move || {
        App::new()
            .wrap(editor::default_headers())
            .app_data(state.clone())
            .app_data(web::PayloadConfig::new(BODY_LIMIT))
            .app_data(web::JsonConfig::default().limit(BODY_LIMIT).error_handler(|error, _| {
                ApiError::bad_request(format!("the body is not the JSON asked for: {error}")).into()
            }))
            .app_data(web::QueryConfig::default().error_handler(|error, _| query_refused(&error.to_string()).into()))
            .app_data(
                web::PathConfig::default()
                    .error_handler(|_, _| ApiError::bad_request("the path holds what is not UTF-8").into()),
            )
            .configure(routes)
            // To everybody: the editor's files, which hold nothing secret, and the error for all that is left.
            .default_service(web::to(editor::serve))
    })
    .workers(config.threads.max(1))
    // Whoever hangs up is served no longer: that is how a console's statement is stopped whose caller went away.
    .h1_allow_half_closed(false)
    .client_request_timeout(Duration::from_secs(30))
    .shutdown_timeout(10)
    .disable_signals()
    .listen(listener)
    .map_err(cannot)?
    .run();
    Ok((address, server))
}

/// Every route, each behind the gate: `access::operations::ROUTES` has a row for each verb, or it answers nobody.
fn routes(app: &mut web::ServiceConfig) {
    app.service(at("/health").get(health::health))
        .service(at("/api/openapi.json").get(openapi::openapi))
        .service(at("/hooks/{path:.*}").post(hooks::receive))
        .service(at("/graphql").post(graphql::http::post))
        .service(at("/graphql/ws").get(graphql::socket::open))
        .service(at("/api/session").get(session::get).post(session::create).delete(session::delete))
        .service(at("/api/session/options").get(session::options))
        .service(at("/api/setup").post(session::set_up))
        .service(at("/api/oidc/login").get(oidc::login))
        .service(at("/api/oidc/callback").get(oidc::callback))
        .service(at("/api/databases").get(databases::list).post(databases::create))
        .service(at("/api/databases/{name}").get(databases::get).put(databases::update).delete(databases::delete))
        .service(at("/api/databases/{name}/test").post(databases::test))
        .service(at("/api/databases/{name}/tables").get(databases::tables))
        .service(at("/api/databases/{name}/tables/{table}").get(databases::table))
        .service(at("/api/query").post(query::run))
        .service(at("/api/query/validate").post(query::validate))
        .service(at("/api/query/history").get(query::history))
        .service(at("/api/query/{id}").delete(query::cancel))
        .service(at("/api/anomalies").get(anomalies::list))
        .service(at("/api/anomalies/config").get(anomalies::rules).put(anomalies::configure).delete(anomalies::reset))
        .service(at("/api/anomalies/{id}").get(anomalies::get))
        .service(at("/api/anomalies/{id}/{action}").post(anomalies::change))
        .service(at("/api/plugins").post(plugins::install).taking(plugins::ARCHIVE))
        .service(at("/api/runs/{id}/artifacts/{name}").get(runs::artifact))
        .service(at("/api/tasks").get(tasks::list))
        .service(at("/api/tasks/{name}").get(tasks::get).put(tasks::update))
        .service(at("/api/tasks/{name}/runs").post(tasks::run));
}

/// A path behind the gate, with one handler for each verb; other verbs get an error of the one shape.
struct At {
    path: &'static str,
    resource: actix_web::Resource,
}

fn at(path: &'static str) -> At {
    At { path, resource: web::resource(path).default_service(web::to(method_not_allowed)) }
}

impl At {
    /// The same with a limit of its own for bodies, in bytes.
    fn taking(self, most: usize) -> Self {
        Self { path: self.path, resource: self.resource.app_data(web::PayloadConfig::new(most)) }
    }
}

macro_rules! verbs {
    ($($verb:ident),+) => {
        impl At {
            $(fn $verb<F, Args>(self, handler: F) -> Self
            where
                F: Handler<Args>,
                Args: FromRequest + 'static,
                F::Output: Responder + 'static,
            {
                Self { path: self.path, resource: self.resource.route(web::$verb().to(handler)) }
            })+
        }
    };
}

verbs!(get, post, put, delete);

impl HttpServiceFactory for At {
    fn register(self, config: &mut AppService) {
        let path = self.path;
        let guarded = self.resource.wrap(from_fn(move |request, next| gate::pass(path, request, next)));
        guarded.register(config);
    }
}

pub(crate) async fn method_not_allowed(request: actix_web::HttpRequest) -> actix_web::HttpResponse {
    let path: String = request.path().chars().take(200).collect();
    let fault = Fault::new(ErrorCode::BadRequest, format!("{} is not served at `{path}`", request.method()))
        .hint("`/api/openapi.json` lists what is.");
    actix_web::HttpResponse::MethodNotAllowed().json(fault)
}

pub(crate) async fn not_found(request: actix_web::HttpRequest) -> actix_web::HttpResponse {
    let path: String = request.path().chars().take(200).collect();
    let fault = Fault::new(ErrorCode::BadRequest, format!("nothing is served at {} `{path}`", request.method()))
        .hint("GraphQL is at `POST /graphql`, webhooks at `POST /hooks/<path>`; `/api/openapi.json` lists the rest.");
    actix_web::HttpResponse::NotFound().json(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_query_string_is_told_in_words_people_know() {
        let refused =
            query_refused("Query deserialize error: unknown field `databse`, expected one of `after`, `database`").0;
        assert_eq!(refused.message, "the query string is not what is asked for: there is no `databse`");
        assert_eq!(refused.hint.as_deref(), Some("Did you mean `database`?"));
        let refused = query_refused("Query deserialize error: missing field `rule`").0;
        assert_eq!(refused.message, "the query string is not what is asked for: `rule` is missing");
    }
}
