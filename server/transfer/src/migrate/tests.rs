//! Migrations between real systems: every awkward type between every pair, structures, modes, breaks.
//!
//! Where a server is missing (`SLUICE_TEST_POSTGRES`, `SLUICE_TEST_MYSQL`) its cases skip aloud.
#![allow(clippy::unwrap_used)]

mod behavior;
mod breaks;
mod enums;
mod left_out;
mod pairs;
mod refusals;
mod views;
mod world;

use super::*;
use world::{World, each_pair, run};
