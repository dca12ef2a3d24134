//! How often a password may be guessed: by name and address, by address, and by name.
//!
//! Only failures count. The bound for a name alone is wide, so that a stranger cannot lock somebody out from elsewhere
//! within a few guesses, and still closes a guess from many addresses.

use model::{ErrorCode, Fault};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures are counted over so long.
const WINDOW: Duration = Duration::from_secs(600);
/// Failures by name and address.
const BY_BOTH: u32 = 10;
/// Failures by address.
const BY_ADDRESS: u32 = 60;
/// Failures by name.
const BY_NAME: u32 = 100;
/// Keys that are kept count of; beyond that the oldest window is forgotten first.
const KEYS_MOST: usize = 20_000;

/// Counts failures.
#[derive(Debug, Default)]
pub struct Attempts {
    counts: Mutex<HashMap<String, (Instant, u32)>>,
}

impl Attempts {
    /// Lets an attempt pass that has not failed too often.
    ///
    /// # Errors
    /// `too_busy` with the time to wait.
    pub fn admit(&self, name: &str, address: &str) -> Result<(), Fault> {
        self.admit_at(name, address, Instant::now())
    }

    fn admit_at(&self, name: &str, address: &str, now: Instant) -> Result<(), Fault> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, most) in keys(name, address) {
            let Some((began, count)) = counts.get(&key) else { continue };
            let age = now.saturating_duration_since(*began);
            if age < WINDOW && *count >= most {
                let left = (WINDOW - age).as_secs().max(1);
                return Err(Fault::new(ErrorCode::TooBusy, "too many attempts to sign in have failed")
                    .hint(format!("Try again in {left} s.")));
            }
        }
        Ok(())
    }

    /// Counts a failure.
    pub fn failed(&self, name: &str, address: &str) {
        self.failed_at(name, address, Instant::now());
    }

    fn failed_at(&self, name: &str, address: &str, now: Instant) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= KEYS_MOST {
            counts.retain(|_, (began, _)| now.saturating_duration_since(*began) < WINDOW);
            if counts.len() >= KEYS_MOST {
                counts.clear();
            }
        }
        for (key, _) in keys(name, address) {
            let entry = counts.entry(key).or_insert((now, 0));
            if now.saturating_duration_since(entry.0) >= WINDOW {
                *entry = (now, 0);
            }
            entry.1 += 1;
        }
    }

    /// Forgets the failures of somebody who has signed in.
    pub fn succeeded(&self, name: &str, address: &str) {
        let [(key, _), ..] = keys(name, address);
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }
}

fn keys(name: &str, address: &str) -> [(String, u32); 3] {
    // A name of any length must not take memory.
    let name: String = name.chars().take(64).collect();
    [(format!("b {address} {name}"), BY_BOTH), (format!("a {address}"), BY_ADDRESS), (format!("n {name}"), BY_NAME)]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn too_many_failures_close_the_door_for_a_while() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..BY_BOTH {
            attempts.admit_at("ann", "1.2.3.4", now).unwrap();
            attempts.failed_at("ann", "1.2.3.4", now);
        }
        assert_eq!(attempts.admit_at("ann", "1.2.3.4", now).unwrap_err().code, ErrorCode::TooBusy);
        attempts.admit_at("ann", "5.6.7.8", now).unwrap();
        attempts.admit_at("bob", "1.2.3.4", now).unwrap();
        attempts.admit_at("ann", "1.2.3.4", now + WINDOW).unwrap();
        for index in 0..BY_ADDRESS {
            attempts.failed_at(&format!("n{index}"), "1.2.3.4", now);
        }
        attempts.admit_at("bob", "1.2.3.4", now).unwrap_err();
        for index in 0..BY_NAME {
            attempts.failed_at("eve", &format!("a{index}"), now);
        }
        attempts.admit_at("eve", "9.9.9.9", now).unwrap_err();
    }

    #[test]
    fn a_flood_of_names_takes_bounded_memory() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for index in 0..KEYS_MOST {
            attempts.failed_at(&format!("n{index}"), "1.2.3.4", now);
        }
        assert!(attempts.counts.lock().unwrap().len() <= KEYS_MOST + 3);
    }
}
