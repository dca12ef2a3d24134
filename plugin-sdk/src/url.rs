//! Addresses: percent-encoding, queries, and what of them may be shown.

use crate::{Error, Result};

/// A value for a query or a path segment: everything but unreserved characters is percent-encoded.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The address with more parameters, before its fragment.
#[must_use]
pub fn with_query(url: &str, parameters: &[(&str, &str)]) -> String {
    let (mut url, fragment) = match url.split_once('#') {
        Some((url, fragment)) => (url.to_owned(), Some(fragment)),
        None => (url.to_owned(), None),
    };
    for (name, value) in parameters {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(&format!("{}={}", encode(name), encode(value)));
    }
    if let Some(fragment) = fragment {
        url.push('#');
        url.push_str(fragment);
    }
    url
}

/// What of an address may be shown: queries hold tokens.
#[must_use]
pub fn shown(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

/// The secret called `url` as an address: where the address itself is the credential.
///
/// # Errors
/// Those of [`crate::Host::secret`] and [`check`].
pub fn secret(host: &crate::Host) -> crate::Result<String> {
    Ok(check("url", &host.secret("url")?)?.to_owned())
}

/// The value of the setting or secret `field` as an address.
///
/// # Errors
/// `config` where it is none; the value is not shown, since it may be a secret.
pub fn check<'a>(field: &str, url: &'a str) -> Result<&'a str> {
    let url = url.trim();
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with(['/', '?', '#']) => Ok(url),
        _ => Err(Error::config(field, format!("`{field}` must begin with http:// or https:// and name a host"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_go_before_the_fragment_and_are_encoded() {
        assert_eq!(with_query("https://a/b", &[("q", "a b&c=ü/+")]), "https://a/b?q=a%20b%26c%3D%C3%BC%2F%2B");
        assert_eq!(with_query("https://a/?x=1#end", &[("y", "2"), ("z", "")]), "https://a/?x=1&y=2&z=#end");
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_shown() {
        assert!(check("url", " https://a.example/x ").is_ok_and(|url| url == "https://a.example/x"));
        for url in ["", "a.example", "ftp://a", "https://", "https:///token", "http://?token"] {
            let error = check("url", url).expect_err(url);
            assert_eq!(error.field.as_deref(), Some("url"));
            assert!(!error.message.contains("token"), "{error}");
        }
    }
}
