//! Signature version 4 of AWS: which headers are signed, by which key, of which moment.

use plugin_sdk::sign::{hex, hmac_sha256, sha256};
use plugin_sdk::time;

/// Who signs, and for where.
pub(crate) struct Signer<'a> {
    pub(crate) access_key: &'a str,
    pub(crate) secret_key: &'a str,
    pub(crate) region: &'a str,
}

/// What is signed of a request. Headers are in lowercase and sorted, `host` and `x-amz-date` among them.
pub(crate) struct Signed<'a> {
    pub(crate) method: &'a str,
    /// Percent-encoded, with its slashes.
    pub(crate) path: &'a str,
    /// Encoded and sorted.
    pub(crate) query: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    /// SHA-256 of the body in hexadecimal.
    pub(crate) digest: &'a str,
    /// As [`moment`] spells it.
    pub(crate) moment: &'a str,
}

impl Signer<'_> {
    /// The value of the header `authorization`.
    pub(crate) fn authorization(&self, request: &Signed<'_>) -> String {
        let day = request.moment.get(..8).unwrap_or_default();
        let headers: String =
            request.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let names = request.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let Signed { method, path, query, digest, moment, .. } = request;
        let canonical = format!("{method}\n{path}\n{query}\n{headers}\n{names}\n{digest}");
        let scope = format!("{day}/{}/s3/aws4_request", self.region);
        let text = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", hex(&sha256(canonical.as_bytes())));
        let first = format!("AWS4{}", self.secret_key);
        let key = [day, self.region, "s3", "aws4_request"]
            .iter()
            .fold(first.into_bytes(), |key, part| hmac_sha256(&key, part.as_bytes()).to_vec());
        let signature = hex(&hmac_sha256(&key, text.as_bytes()));
        format!("AWS4-HMAC-SHA256 Credential={}/{scope},SignedHeaders={names},Signature={signature}", self.access_key)
    }
}

/// `20130524T000000Z` of seconds since 1970.
pub(crate) fn moment(seconds: i64) -> String {
    time::timestamp(seconds).replace(['-', ':'], "")
}

/// The host of an address as the header of that name has it: without the scheme's own port.
pub(crate) fn host(endpoint: &str) -> String {
    let (scheme, rest) = endpoint.split_once("://").unwrap_or(("https", endpoint));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let usual = if scheme == "http" { ":80" } else { ":443" };
    host.strip_suffix(usual).map_or(host.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNER: Signer<'_> = Signer {
        access_key: "AKIAIOSFODNN7EXAMPLE",
        secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        region: "us-east-1",
    };
    const HOST: &str = "examplebucket.s3.amazonaws.com";
    const MOMENT: &str = "20130524T000000Z";

    fn check(method: &str, path: &str, query: &str, body: &[u8], more: &[(&str, &str)], expected: &str) {
        let digest = hex(&sha256(body));
        let mut headers =
            [&[("host", HOST), ("x-amz-content-sha256", digest.as_str()), ("x-amz-date", MOMENT)], more].concat();
        headers.sort_unstable();
        let request = Signed { method, path, query, headers: &headers, digest: &digest, moment: MOMENT };
        let authorization = SIGNER.authorization(&request);
        assert!(authorization.ends_with(&format!(",Signature={expected}")), "{authorization}");
        assert!(authorization.contains("Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"));
    }

    #[test]
    fn the_published_examples_are_met() {
        let date = ("date", "Fri, 24 May 2013 00:00:00 GMT");
        check(
            "PUT",
            "/test%24file.text",
            "",
            b"Welcome to Amazon S3.",
            &[date, ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        );
        check(
            "GET",
            "/test.txt",
            "",
            b"",
            &[("range", "bytes=0-9")],
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        );
        check("GET", "/", "lifecycle=", b"", &[], "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
        let list = "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7";
        check("GET", "/", "max-keys=2&prefix=J", b"", &[], list);
    }

    #[test]
    fn moments_and_hosts_are_spelled_as_they_are_signed() {
        assert_eq!(moment(1_369_353_600), MOMENT);
        for (endpoint, expected) in [
            ("https://S3.example.com", "s3.example.com"),
            ("https://s3.example.com:443/", "s3.example.com"),
            ("http://127.0.0.1:9000", "127.0.0.1:9000"),
            ("http://127.0.0.1:80", "127.0.0.1"),
            ("https://a:80", "a:80"),
        ] {
            assert_eq!(host(endpoint), expected, "{endpoint}");
        }
    }
}
