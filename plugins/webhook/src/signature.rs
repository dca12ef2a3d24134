//! The signature of Standard Webhooks: HMAC-SHA256 over id, timestamp and body.

use plugin_sdk::sign::{base64, from_base64, hmac_sha256};
use plugin_sdk::{Error, Result};

/// The value of `webhook-signature`; `timestamp` is in seconds since 1970.
///
/// # Errors
/// `auth` when the secret is not base64 after `whsec_`.
pub(crate) fn sign(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> Result<String> {
    let text = secret.trim();
    let text = text.strip_prefix("whsec_").unwrap_or(text);
    let unreadable = || Error::auth("the secret `signing` must be `whsec_` and the key in base64");
    let key = from_base64(text).filter(|key| !key.is_empty()).ok_or_else(unreadable)?;
    let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    Ok(format!("v1,{}", base64(&hmac_sha256(&key, &signed))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_published_vector_is_met() {
        let body = br#"{"type":"run.failed","timestamp":"2023-11-14T22:13:20Z","data":{"run":7}}"#;
        let signature = sign("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", "msg_demo1", 1_700_000_000, body).unwrap();
        assert_eq!(signature, "v1,rUeVLVZwx8xRffOyCAlJ3RZ8YrbdYIlfKjZtH1yvAx8=");
    }

    #[test]
    fn a_secret_that_is_no_base64_is_refused_without_being_shown() {
        for secret in ["whsec_%%%", "", "whsec_"] {
            let error = sign(secret, "a", 0, b"").unwrap_err();
            assert!(!error.message.contains("%%%"), "{error}");
        }
    }
}
