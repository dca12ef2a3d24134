//! Why a server's certificate is refused, in words: the drivers bury it in the causes of their errors.

use chrono::DateTime;
use rustls::CertificateError;
use std::error::Error;
use std::io;
use std::sync::Arc;

/// What is wrong with a certificate, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) why: String,
    pub(crate) hint: String,
}

/// The certificate's fault, where that is what `error` or one of its causes tells. `setting` names known authorities.
pub(crate) fn refusal(error: &(dyn Error + 'static), setting: &str) -> Option<Refusal> {
    match find(error) {
        Some(rustls::Error::InvalidCertificate(fault)) => Some(explain(fault, setting)),
        _ => None,
    }
}

/// Whether it is TLS itself that failed.
pub(crate) fn is_about_tls(error: &(dyn Error + 'static)) -> bool {
    find(error).is_some()
}

/// The error of TLS itself among the causes; what an error of the socket or a shared error holds is
/// left out by its `source`.
fn find<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(found) = error.downcast_ref() {
        return Some(found);
    }
    let shared = error.downcast_ref::<Arc<dyn Error + Send + Sync>>().map(AsRef::as_ref);
    let held = shared.or_else(|| error.downcast_ref::<io::Error>()?.get_ref());
    held.and_then(|held| find(held)).or_else(|| find(error.source()?))
}

fn explain(fault: &CertificateError, setting: &str) -> Refusal {
    let (why, hint) = match fault {
        CertificateError::Expired => ("the server's certificate has expired".to_owned(), RENEW.to_owned()),
        CertificateError::ExpiredContext { not_after, .. } => {
            let day = i64::try_from(not_after.as_secs()).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
            let since = day.map(|day| format!(" on {}", day.format("%Y-%m-%d"))).unwrap_or_default();
            (format!("the server's certificate has expired{since}"), RENEW.to_owned())
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            "the server's certificate is not valid yet".to_owned(),
            "Set the clocks of both machines, or wait until the certificate begins.".to_owned(),
        ),
        CertificateError::Revoked => ("the server's certificate was revoked".to_owned(), RENEW.to_owned()),
        CertificateError::UnknownIssuer => (
            "the server's certificate comes from an authority that is not known".to_owned(),
            format!("Name the file with the authority's certificate in `{setting}`."),
        ),
        CertificateError::NotValidForName => {
            ("the server's certificate is for another name".to_owned(), NAME.to_owned())
        }
        CertificateError::NotValidForNameContext { expected, .. } => {
            (format!("the server's certificate is not for `{}`", expected.to_str()), NAME.to_owned())
        }
        other => {
            (format!("the server's certificate is refused: {other}"), format!("Check the certificate and `{setting}`."))
        }
    };
    Refusal { why, hint }
}

const RENEW: &str = "Renew the server's certificate; if it is fresh, check this machine's clock.";
const NAME: &str = "Connect by a name that the certificate holds, or have one issued for this name.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_found_however_deep_it_lies() {
        let deep = || {
            let inner = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
            io::Error::other(io::Error::new(io::ErrorKind::InvalidData, inner))
        };
        let found = refusal(&deep(), "tls_ca").map(|refusal| refusal.hint);
        assert_eq!(found.as_deref(), Some("Name the file with the authority's certificate in `tls_ca`."));
        let shared: Arc<dyn Error + Send + Sync> = Arc::new(deep());
        assert_eq!(refusal(&shared, "tls_ca").map(|refusal| refusal.hint), found);
        assert_eq!(refusal(&io::Error::other("the certificate has expired, says somebody"), "tls_ca"), None);
        assert_eq!(refusal(&rustls::Error::DecryptError, "tls_ca"), None);
    }
}
