//! How often a password may be guessed: by name and address, by address, and by name.
//!
//! An attempt counts as a failure from its beginning until it has succeeded, so that a thousand at once are not a thousand
//! guesses. The bound for a name alone is wide, so that a stranger cannot lock somebody out from elsewhere within a few
//! guesses, and still closes a guess from many addresses.

use model::{ErrorCode, Fault};
use std::collections::HashMap;
use std::net::Ipv6Addr;
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
/// Keys that are kept count of; beyond that those of a single failure are forgotten first.
const KEYS_MOST: usize = 20_000;

/// Counts failures.
#[derive(Debug, Default)]
pub struct Attempts {
    counts: Mutex<HashMap<String, (Instant, u32)>>,
}

impl Attempts {
    /// Lets an attempt pass where not too many have failed, and counts it as one that fails.
    ///
    /// # Errors
    /// `too_busy` with the time to wait.
    pub fn admit(&self, name: &str, address: &str) -> Result<(), Fault> {
        self.admit_at(name, address, Instant::now())
    }

    fn admit_at(&self, name: &str, address: &str, now: Instant) -> Result<(), Fault> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = keys(name, address);
        for (key, most) in &keys {
            let Some((began, count)) = counts.get(key) else { continue };
            let age = now.saturating_duration_since(*began);
            if age < WINDOW && count >= most {
                let left = (WINDOW - age).as_secs().max(1);
                return Err(Fault::new(ErrorCode::TooBusy, "too many attempts to sign in have failed")
                    .hint(format!("Try again in {left} s.")));
            }
        }
        make_room(&mut counts, now);
        for (key, _) in keys {
            let entry = counts.entry(key).or_insert((now, 0));
            if now.saturating_duration_since(entry.0) >= WINDOW {
                *entry = (now, 0);
            }
            entry.1 += 1;
        }
        Ok(())
    }

    /// Takes back an attempt that has succeeded, with the failures of that name at that address.
    pub fn succeeded(&self, name: &str, address: &str) {
        let [(both, _), others @ ..] = keys(name, address);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.remove(&both);
        for (key, _) in others {
            if let Some((_, count)) = counts.get_mut(&key) {
                *count = count.saturating_sub(1);
            }
        }
    }
}

/// Forgets what is over, then what has failed once, then all.
fn make_room(counts: &mut HashMap<String, (Instant, u32)>, now: Instant) {
    if counts.len() + 3 <= KEYS_MOST {
        return;
    }
    counts.retain(|_, (began, _)| now.saturating_duration_since(*began) < WINDOW);
    if counts.len() + 3 > KEYS_MOST {
        counts.retain(|_, (_, count)| *count > 1);
    }
    if counts.len() + 3 > KEYS_MOST {
        counts.clear();
    }
}

fn keys(name: &str, address: &str) -> [(String, u32); 3] {
    // A name of any length must not take memory.
    let name: String = name.chars().take(64).collect();
    let address = neighborhood(address);
    [(format!("b {address} {name}"), BY_BOTH), (format!("a {address}"), BY_ADDRESS), (format!("n {name}"), BY_NAME)]
}

/// What one machine's owner has at least: an address, or with IPv6 a network of 64 bits.
fn neighborhood(address: &str) -> String {
    match address.parse::<Ipv6Addr>() {
        Ok(six) => match six.to_ipv4_mapped() {
            Some(four) => four.to_string(),
            None => Ipv6Addr::from_bits(six.to_bits() >> 64 << 64).to_string(),
        },
        Err(_) => address.to_owned(),
    }
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
        }
        assert_eq!(attempts.admit_at("ann", "1.2.3.4", now).unwrap_err().code, ErrorCode::TooBusy);
        attempts.admit_at("ann", "5.6.7.8", now).unwrap();
        attempts.admit_at("bob", "1.2.3.4", now).unwrap();
        attempts.admit_at("ann", "1.2.3.4", now + WINDOW).unwrap();
        for index in 0..BY_ADDRESS {
            attempts.admit_at(&format!("n{index}"), "9.8.7.6", now).unwrap();
        }
        attempts.admit_at("bob", "9.8.7.6", now).unwrap_err();
        for index in 0..BY_NAME {
            attempts.admit_at("eve", &format!("a{index}"), now).unwrap();
        }
        attempts.admit_at("eve", "9.9.9.9", now).unwrap_err();
        // Whoever has a network of IPv6 has one address here.
        for index in 0..BY_BOTH {
            attempts.admit_at("joe", &format!("2001:db8::{index}"), now).unwrap();
        }
        attempts.admit_at("joe", "2001:db8::ffff", now).unwrap_err();
        attempts.admit_at("joe", "2001:db8:0:1::1", now).unwrap();
    }

    #[test]
    fn who_signs_in_often_is_not_kept_out() {
        let attempts = Attempts::default();
        for _ in 0..BY_NAME * 2 {
            attempts.admit("ann", "1.2.3.4").unwrap();
            attempts.succeeded("ann", "1.2.3.4");
        }
    }

    #[test]
    fn a_flood_of_names_takes_bounded_memory_and_does_not_reopen_the_door() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..BY_BOTH {
            attempts.admit_at("ann", "1.2.3.4", now).unwrap();
        }
        for index in 0..KEYS_MOST {
            let _ = attempts.admit_at(&format!("n{index}"), &format!("10.0.{}.{}", index / 256, index % 256), now);
        }
        assert!(attempts.counts.lock().unwrap().len() <= KEYS_MOST);
        attempts.admit_at("ann", "1.2.3.4", now).unwrap_err();
    }
}
