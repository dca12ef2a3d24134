//! Listening.

use super::Context;
use super::query::run_id;
use super::types::Happening;
use crate::error::ApiError;
use engine::ports::{RunEvent, RunEventKind};
use futures::Stream;
use juniper::graphql_subscription;
use model::RunId;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;

/// Runs of which a listener remembers whether they are shown.
const KNOWN_MOST: usize = 1_000;

/// Everything that can be listened to.
pub struct Subscription;

type Happenings = Pin<Box<dyn Stream<Item = Result<Happening, juniper::FieldError>> + Send>>;

#[graphql_subscription(context = Context)]
impl Subscription {
    /// What happens to a run, or to all; the stream of one run ends with it. A reader that falls behind misses old events.
    async fn run_events(context: &Context, run: Option<String>) -> Result<Happenings, ApiError> {
        let only = run.as_deref().map(run_id).transpose()?;
        let events = context.engine.subscribe();
        if let Some(only) = only {
            // Subscribed first and asked second, so that no end falls between the two.
            let ended = context.engine.get_run(only).await?.status.is_final();
            if ended {
                return Ok(Box::pin(futures::stream::empty()));
            }
        }
        // What a run's workflow is does not change while somebody listens; whose authority changes is cut off.
        let (context, known) = (context.clone(), HashMap::new());
        Ok(Box::pin(futures::stream::unfold(
            (events, false, context, known),
            move |(mut events, ended, context, mut known)| async move {
                if ended {
                    return None;
                }
                loop {
                    let event = match events.recv().await {
                        Ok(event) => event,
                        // What the listener waits for may be among what it missed.
                        Err(RecvError::Lagged(_)) => match end_of(&context, only).await {
                            Some(end) => end,
                            None => continue,
                        },
                        Err(RecvError::Closed) => return None,
                    };
                    let wanted = match only {
                        Some(only) => only == event.run,
                        None => match known.get(&event.run) {
                            Some(seen) => *seen,
                            None => {
                                let seen = context.sees_run(event.run).await;
                                if known.len() >= KNOWN_MOST {
                                    known.clear();
                                }
                                known.insert(event.run, seen);
                                seen
                            }
                        },
                    };
                    if wanted {
                        let ended =
                            only.is_some() && matches!(&event.kind, RunEventKind::Run { status } if status.is_final());
                        return Some((Ok(Happening::from(event.as_ref())), (events, ended, context, known)));
                    }
                }
            },
        )))
    }
}

/// The end of the one run that is listened to, where it has ended.
async fn end_of(context: &Context, only: Option<RunId>) -> Option<Arc<RunEvent>> {
    let view = context.engine.get_run(only?).await.ok().filter(|view| view.status.is_final())?;
    Some(Arc::new(RunEvent {
        run: view.id,
        workflow: view.workflow,
        at: view.finished_at.unwrap_or(view.created_at),
        kind: RunEventKind::Run { status: view.status },
    }))
}
