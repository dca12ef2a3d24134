//! `/graphql/ws`: subscriptions by the protocol graphql-transport-ws.
//!
//! A browser cannot send headers when it opens a WebSocket, so the token comes in the first message:
//! `{"type": "connection_init", "payload": {"token": "…"}}`. Other clients may send the header instead.

use super::{Context, Schema};
use crate::access::origin::address;
use crate::access::{Caller, Presented};
use crate::auth::require_own_origin;
use crate::error::ApiError;
use crate::server::ApiState;
use actix_web::web::{Data, Payload};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use actix_ws::AggregatedMessage;
use futures::{SinkExt, StreamExt};
use juniper::{DefaultScalarValue, InputValue, ScalarValue as _, Variables};
use juniper_graphql_ws::graphql_transport_ws::{ClientMessage, Connection, Input, Output, ServerMessage};
use juniper_graphql_ws::{ArcSchema, ConnectionConfig};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most subscriptions of one socket.
const OPERATIONS_MOST: usize = 50;

/// The largest message a client may send, in bytes.
const MESSAGE_MOST: usize = 128 << 10;

/// How often an open socket's authority is looked at again, and whether anybody is there.
const RECHECK: Duration = Duration::from_secs(5);

/// How long a socket stays open whose other end answers nothing.
const SILENCE: Duration = Duration::from_secs(30);

/// What the protocol's close codes call a message that is none.
const MALFORMED: u16 = 4400;

/// Bytes of the reason that a closing frame has room for.
const REASON_MOST: usize = 120;

/// How long a socket may be open before its first message has let somebody in.
const INIT_WITHIN: Duration = Duration::from_secs(10);

/// What the protocol's close codes call an initialization that takes too long.
const LATE: u16 = 4408;

/// What the protocol's close codes call forbidden.
const CLOSED: u16 = 4403;

const PROTOCOL: &str = "graphql-transport-ws";

/// Opens a socket and serves it until either side closes.
pub async fn open(
    state: Data<ApiState>,
    request: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, actix_web::Error> {
    require_own_origin(&request)?;
    let by_header = request.extensions().get::<Caller>().cloned();
    let from = address(&request);
    let (response, session, messages) = actix_ws::handle_with_protocols(&request, body, &[PROTOCOL])?;
    let messages = messages.max_frame_size(MESSAGE_MOST).aggregate_continuations().max_continuation_size(MESSAGE_MOST);
    actix_web::rt::spawn(converse(state, (by_header, from), session, messages));
    Ok(response)
}

async fn converse(
    state: Data<ApiState>,
    (by_header, from): (Option<Caller>, String),
    mut session: actix_ws::Session,
    mut messages: actix_ws::AggregatedMessageStream,
) {
    let (admitted, mut who) = tokio::sync::watch::channel(None::<Caller>);
    let app = state.clone();
    let init = move |params: Variables<DefaultScalarValue>| {
        let given = match params.get("token") {
            Some(InputValue::Scalar(scalar)) => scalar.try_to_string(),
            _ => None,
        };
        async move {
            let caller = match (by_header, given) {
                (Some(caller), _) => caller,
                (None, Some(token)) => app.access.resolve(&Presented::Bearer(token), &from).await?,
                (None, None) => return Err(ApiError::unauthorized()),
            };
            let _ = admitted.send(Some(caller.clone()));
            let context = Context { is_socket: true, ..app.context(caller) };
            // Clients need not say anything while they listen: whether they are there is asked below the protocol, where
            // browsers and libraries answer by themselves.
            Ok(ConnectionConfig::new(context)
                .with_max_in_flight_operations(OPERATIONS_MOST)
                .with_keep_alive_interval(Duration::ZERO))
        }
    };
    let schema: ArcSchema<_, _, _, Context, DefaultScalarValue> = ArcSchema(state.schema.clone() as Arc<Schema>);
    let (mut sink, mut stream) = Connection::new(schema, init).split::<Input<DefaultScalarValue>>();
    let mut tick = tokio::time::interval(RECHECK);
    let mut late = Box::pin(tokio::time::sleep(INIT_WITHIN));
    let mut is_waiting = true;
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            // Strangers hold no sockets.
            () = &mut late, if is_waiting => {
                is_waiting = false;
                if who.borrow().is_none() {
                    return close(session, LATE, "Connection initialisation timeout").await;
                }
            }
            // Whoever may less than when the socket opened loses it, even where nothing is sent.
            _ = tick.tick() => {
                if heard.elapsed() > SILENCE || session.ping(b"").await.is_err() {
                    let _ = session.close(None).await;
                    return;
                }
                let caller = who.borrow_and_update().clone();
                let Some(caller) = caller else { continue };
                let still = caller.renew().await;
                if !still.is_ok_and(|now| now.authority == caller.authority) {
                    return close(session, CLOSED, "Forbidden").await;
                }
            }
            message = messages.next() => {
                heard = Instant::now();
                let text = match message {
                    Some(Ok(AggregatedMessage::Text(text))) => text,
                    Some(Ok(AggregatedMessage::Ping(bytes))) => {
                        if session.pong(&bytes).await.is_err() { return; }
                        continue;
                    }
                    Some(Ok(AggregatedMessage::Pong(_))) => continue,
                    // Closed, broken, or binary, which the protocol does not know.
                    _ => {
                        let _ = session.close(None).await;
                        return;
                    }
                };
                // Not left to the connection, which closes itself then and panics at the message after.
                match serde_json::from_str::<ClientMessage<DefaultScalarValue>>(&text) {
                    Ok(message) => if sink.send(Input::Message(message)).await.is_err() { return; },
                    Err(error) => {
                        return close(session, MALFORMED, &format!("the message is not of {PROTOCOL}: {error}")).await;
                    }
                }
            }
            output = stream.next() => match output {
                Some(Output::Message(message)) => {
                    let text = spell(&message);
                    if session.text(text).await.is_err() { return; }
                }
                Some(Output::Close { code, message }) => return close(session, code, &message).await,
                None => {
                    let _ = session.close(None).await;
                    return;
                }
            },
        }
    }
}

/// A message as it is sent; each error has a code, also what juniper says of a document that it does not run.
fn spell(message: &ServerMessage<DefaultScalarValue>) -> String {
    const PLAIN: &str = "a server message is plain data";
    if !matches!(message, ServerMessage::Error { .. }) {
        return serde_json::to_string(message).expect(PLAIN);
    }
    let mut message = serde_json::to_value(message).expect(PLAIN);
    message["payload"].as_array_mut().into_iter().flatten().for_each(super::http::give_code);
    message.to_string()
}

async fn close(session: actix_ws::Session, code: u16, why: &str) {
    let reason = why[..why.floor_char_boundary(REASON_MOST)].to_owned();
    let reason = actix_ws::CloseReason { code: code.into(), description: Some(reason) };
    let _ = session.close(Some(reason)).await;
}
