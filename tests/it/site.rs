//! A web site on loopback that workflows fetch from.

use crate::server::PATIENCE;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use tiny_http::{Response, Server};

/// Answers every request with what a function makes of its path and its number, counted from 1.
pub(crate) struct Site {
    pub(crate) base: String,
    asked: Arc<AtomicUsize>,
}

impl Site {
    pub(crate) fn start(answer: impl Fn(&str, usize) -> String + Send + Sync + 'static) -> Self {
        let server = Server::http("127.0.0.1:0").unwrap();
        let base = format!("http://{}", server.server_addr().to_ip().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let (count, answer) = (asked.clone(), Arc::new(answer));
        // The threads end with the test binary.
        std::thread::spawn(move || {
            for request in server.incoming_requests() {
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                let answer = answer.clone();
                std::thread::spawn(move || {
                    let text = answer(request.url(), number);
                    let _ = request.respond(Response::from_string(text));
                });
            }
        });
        Self { base, asked }
    }

    /// How many requests have come.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Holds those who come until it is opened.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    pub(crate) fn pass(&self) {
        let closed = self.0.0.lock().unwrap();
        let _ = self.0.1.wait_timeout_while(closed, PATIENCE, |is_open| !*is_open).unwrap();
    }
}
