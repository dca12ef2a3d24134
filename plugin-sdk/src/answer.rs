//! What an HTTP answer means where it is no success: one rule for all plugins, by status.

use crate::{Error, Response, Result};

/// As much of a refusal's body as goes into the log.
const SAID: usize = 512;

impl Response {
    /// The whole body as text, up to `limit` bytes; what is not UTF-8 is replaced.
    ///
    /// # Errors
    /// As for [`crate::Body::read_all`].
    pub fn text(&mut self, limit: u32) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.body.read_all(limit)?).into_owned())
    }

    /// This answer where its status is 2xx.
    ///
    /// # Errors
    /// Otherwise what the status means, the beginning of the body as its detail `answer`; `who` is named in the message.
    pub fn success(mut self, who: &str) -> Result<Self> {
        if (200..=299).contains(&self.status) {
            return Ok(self);
        }
        // What the other side says helps whoever looks for the cause; that it cannot be read is no further failure.
        let said = self.body.next(64 << 10).ok().flatten().unwrap_or_default();
        Err(refusal(who, self.status, self.retry_after_ms(), &String::from_utf8_lossy(&said)))
    }
}

/// The error that a status which is no success means; `said` is what the other side had to say.
///
/// 408, 425, 429 and 5xx may pass, after `wait` milliseconds where the other side asked for that; 401 and 403 refuse the
/// credentials; everything else is final.
#[must_use]
pub fn refusal(who: &str, status: u16, wait: Option<u64>, said: &str) -> Error {
    let message = format!("{who} answered with status {status}");
    let error = match status {
        401 | 403 => Error::auth(message),
        408 | 425 | 429 | 500..=599 => Error::transient(message).retry_after_ms(wait),
        300..=399 => Error::permanent(format!("{message}: redirects are not followed")),
        410 => Error::permanent(format!("{message}: the address is gone for good")),
        413 => Error::permanent(format!("{message}: it takes no message of that size")),
        _ => Error::permanent(message),
    };
    error.detail("answer", crate::text::cut_bytes(said, SAID))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_status_tells_whether_trying_again_may_help() {
        for (status, kind) in [
            (302, ErrorKind::Permanent),
            (400, ErrorKind::Permanent),
            (401, ErrorKind::Auth),
            (403, ErrorKind::Auth),
            (404, ErrorKind::Permanent),
            (408, ErrorKind::Transient),
            (410, ErrorKind::Permanent),
            (413, ErrorKind::Permanent),
            (429, ErrorKind::Transient),
            (502, ErrorKind::Transient),
        ] {
            let error = refusal("the receiver", status, Some(3000), &"ü".repeat(1000));
            assert_eq!(error.kind, kind, "{status}");
            assert_eq!(error.retry_after_ms, (kind == ErrorKind::Transient).then_some(3000), "{status}");
            assert!(error.details[0].1.len() <= SAID + 3, "{status}");
        }
    }
}
