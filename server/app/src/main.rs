//! `sluice`: the server, its worker and its command line in one binary.
//!
//! [`wire`] builds everything by hand, top to bottom; each file of [`commands`] is one subcommand. Exit codes: 0 done,
//! 1 refused or failed (a document with faults, a run that failed), 2 wrong usage.

mod commands;
mod facts;
mod failure;
mod kinds;
mod oidc;
mod opener;
mod output;
mod registry;
mod settings;
mod shelf;
mod target;
mod translator;
mod trials;
mod wire;

use clap::Parser;
use commands::Command;
use settings::Settings;
use std::process::ExitCode;

// The data plane allocates a buffer for every column of every batch; mimalloc serves those without a lock.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Describe it once, and rows get from where they are to where they belong, checked.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, propagate_version = true)]
struct Arguments {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse_from(commands::with_statements(std::env::args_os()));
    settings::start_logging(&arguments.settings);
    // Before anything speaks TLS, the metadata database and its Redis too.
    connectors::choose_cryptography();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // Plugins' guests and deep expressions recurse on these stacks.
        .thread_stack_size(4 << 20)
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: threads cannot be started: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = match runtime.block_on(commands::run(arguments.command, &arguments.settings)) {
        Ok(code) => code,
        Err(failure) => {
            failure.print();
            ExitCode::FAILURE
        }
    };
    // A blocking call that hangs in a driver must not keep the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    code
}
