//! Waking workers and telling subscribers: within one process, or through Redis.
//!
//! Both are hints only. The database says what is to be done; a lost wake-up costs the delay of a sweep, never a task.

mod memory;
mod redis;

pub use memory::MemoryDispatch;
pub use redis::RedisDispatch;

/// Events a slow subscriber may lag behind before it misses the oldest.
const EVENTS: usize = 4_096;
