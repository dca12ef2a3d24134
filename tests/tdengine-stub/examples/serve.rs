//! Serves a TDengine for trying things by hand: `cargo run -p tdengine-stub --example serve`, until it is stopped.

use tdengine_stub::{Stub, StubOptions};

#[allow(clippy::print_stdout, reason = "the address is for whoever started it")]
fn main() {
    let stub = Stub::start(StubOptions::default());
    println!("tdengine://root:taosdata@{}", stub.address());
    loop {
        std::thread::park();
    }
}
