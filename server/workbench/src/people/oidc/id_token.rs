//! Reads an ID token: its signature, for whom it is, how old it is. RS256 and ES256, nothing weaker.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// Seconds by which clocks may differ.
const LEEWAY: i64 = 60;
/// Bytes of a token at most.
const LONGEST: usize = 64 << 10;

/// What the token must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: i64,
}

/// What a token asserts.
#[derive(Debug)]
pub(super) struct Claims {
    pub(super) issuer: String,
    pub(super) subject: String,
    all: Map<String, Value>,
}

impl Claims {
    /// The text of a claim.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.all.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    /// The words of a claim: one, or a list; `realm_access.roles` looks inside.
    pub(super) fn words(&self, path: &str) -> Vec<&str> {
        let whole = self.all.get(path);
        let found = whole.or_else(|| {
            let mut names = path.split('.');
            let first = self.all.get(names.next()?)?;
            names.try_fold(first, |value, name| value.get(name))
        });
        match found {
            Some(Value::String(word)) => vec![word],
            Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// The claims of a token that is what it must be; else why it is not.
pub(super) fn read(token: &str, keys: &Value, expected: &Expected<'_>) -> Result<Claims, String> {
    let wrong = |what: &str| format!("the ID token {what}");
    if token.len() > LONGEST {
        return Err(wrong("is too long"));
    }
    let parts: Vec<&str> = token.split('.').collect();
    let [header, body, signature] = parts.as_slice() else { return Err(wrong("has not three parts")) };
    let signed = &token[..header.len() + 1 + body.len()];
    let object =
        |part: &str| -> Option<Map<String, Value>> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    let header = object(header).ok_or_else(|| wrong("cannot be read"))?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| wrong("cannot be read"))?;
    let algorithm = header.get("alg").and_then(Value::as_str).unwrap_or_default();
    let key_id = header.get("kid").and_then(Value::as_str);
    let candidates = keys.get("keys").and_then(Value::as_array).into_iter().flatten();
    let mut candidates = candidates.filter(|key| key_id.is_none() || key.get("kid").and_then(Value::as_str) == key_id);
    if !candidates.any(|key| verifies(key, algorithm, signed.as_bytes(), &signature)) {
        return Err(wrong("is not signed by the identity provider"));
    }

    let all = object(body).ok_or_else(|| wrong("cannot be read"))?;
    let text = |name: &str| all.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (issuer, subject) = (text("iss"), text("sub"));
    if issuer != expected.issuer {
        return Err(wrong("is of another provider"));
    }
    let audiences: Vec<&str> = match all.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let party = all.get("azp").and_then(Value::as_str);
    let is_ours = audiences.contains(&expected.audience)
        && party.map_or(audiences.len() == 1, |party| party == expected.audience);
    if !is_ours {
        return Err(wrong("is for somebody else"));
    }
    let ends = all.get("exp").and_then(Value::as_f64).unwrap_or(0.0);
    let begins = all.get("nbf").and_then(Value::as_f64).unwrap_or(0.0);
    #[allow(clippy::cast_precision_loss, reason = "seconds stay far below 2^53")]
    let (now, leeway) = (expected.now as f64, LEEWAY as f64);
    if ends + leeway < now || begins - leeway > now {
        return Err(wrong("has expired, or is not good yet"));
    }
    if text("nonce") != expected.nonce {
        return Err(wrong("was not made for this login"));
    }
    if subject.is_empty() || subject.len() > 255 {
        return Err(wrong("names nobody"));
    }
    Ok(Claims { issuer, subject, all })
}

/// Whether one of the provider's keys made the signature.
fn verifies(key: &Value, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)?).ok();
    if text("use").is_some_and(|purpose| purpose != "sig") || text("alg").is_some_and(|meant| meant != algorithm) {
        return false;
    }
    match (algorithm, text("kty")) {
        ("RS256", Some("RSA")) => {
            let (Some(n), Some(e)) = (bytes("n"), bytes("e")) else { return false };
            let key = RsaPublicKeyComponents { n: n.as_slice(), e: e.as_slice() };
            key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
        }
        ("ES256", Some("EC")) if text("crv") == Some("P-256") => {
            let (Some(x), Some(y)) = (bytes("x"), bytes("y")) else { return false };
            let point = [&[4][..], &x, &y].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
        }
        // `none`, and secrets that both sides know, prove nothing.
        _ => false,
    }
}
