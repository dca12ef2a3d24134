//! Delivering mail.
