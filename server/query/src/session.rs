//! The one prepared session that every compilation starts from, and the memory all queries share.

use crate::functions;
use datafusion::common::runtime::{JoinSetTracer, set_join_set_tracer};
use datafusion::execution::SessionState;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::SessionConfig;
use futures::FutureExt;
use futures::future::BoxFuture;
use meter::Meter;
use std::any::Any;
use std::sync::{Arc, LazyLock};

/// Memory that all sorts, joins and groupings of this process may use together, in bytes; sorts and groupings spill to
/// the temporary folder beyond it.
pub(crate) const MEMORY_LIMIT: usize = 512 * 1024 * 1024;

static STATE: LazyLock<SessionState> = LazyLock::new(|| {
    // One partition keeps the order of rows; names stay as written, since a column may be called `Adj Close`.
    let mut config = SessionConfig::new().with_target_partitions(1).with_batch_size(data::BATCH_ROWS);
    let options = config.options_mut();
    options.sql_parser.enable_ident_normalization = false;
    // Connectors hold plain strings; views would have to be copied at each sink.
    options.sql_parser.map_string_types_to_utf8view = false;
    // Only the first call of a process is heard, and all of them ask for the same.
    let _ = set_join_set_tracer(&Metered);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(MEMORY_LIMIT)))
        .build_arc()
        .expect("a runtime without files needs nothing that could fail");
    let mut state =
        SessionStateBuilder::new().with_config(config).with_runtime_env(runtime).with_default_features().build();
    functions::register(&mut state);
    state
});

/// Lets the tasks that DataFusion starts count for the step whose query it is.
struct Metered;

type Erased = Box<dyn Any + Send>;

impl JoinSetTracer for Metered {
    fn trace_future(&self, work: BoxFuture<'static, Erased>) -> BoxFuture<'static, Erased> {
        Meter::current().count(work).boxed()
    }

    fn trace_block(&self, work: Box<dyn FnOnce() -> Erased + Send>) -> Box<dyn FnOnce() -> Erased + Send> {
        let meter = Meter::current();
        Box::new(move || {
            let _watch = meter.start();
            work()
        })
    }
}

/// The shared session; cloning it is cheap, but tables of its catalog are shared too.
pub(crate) fn shared() -> &'static SessionState {
    &STATE
}

/// Runs `work` on a thread whose stack holds the deepest SQL that is allowed: parsing and planning recurse, and an
/// overflow would end the process.
pub(crate) fn with_stack<T: Send>(work: impl FnOnce() -> data::Result<T> + Send) -> data::Result<T> {
    const STACK: usize = 64 * 1024 * 1024;
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("sql".into()).stack_size(STACK).spawn_scoped(scope, work);
        let failed = |why: &str| data::Error::transient(model::ErrorCode::Internal, format!("the SQL planner {why}"));
        thread.map_err(|_| failed("could not start a thread"))?.join().map_err(|_| failed("panicked"))?
    })
}
