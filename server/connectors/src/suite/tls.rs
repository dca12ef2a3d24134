//! TLS before a test server that has none: certificates made on the spot, and a front that presents them.
//!
//! The front speaks each system's own way into TLS, ends it, and passes everything on to the real server.

use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// The bit by which client and server of MySQL say that they speak TLS.
const CLIENT_SSL: u8 = 0x08;

/// Whoever signs certificates.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    /// The file with its certificate.
    pub(crate) fn file(&self) -> String {
        self.folder.path().join("ca.pem").display().to_string()
    }

    /// A certificate for `localhost` and its key; one that has expired ended with January 2024.
    pub(crate) fn sign(&self, is_expired: bool) -> (Certificate, KeyPair) {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        if is_expired {
            (params.not_before, params.not_after) = (date_time_ymd(2023, 1, 31), date_time_ymd(2024, 1, 31));
        }
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// TLS with such a certificate.
    pub(crate) fn issue(&self, is_expired: bool) -> Arc<ServerConfig> {
        let (certificate, key) = self.sign(is_expired);
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        Arc::new(config)
    }
}

/// How a system gets into TLS.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    Postgres,
    Mysql,
    /// TLS from the first byte.
    Redis,
}

/// A port of this machine that speaks TLS for the server at `target`.
pub(crate) struct Front {
    pub(crate) port: u16,
    handshakes: Arc<AtomicUsize>,
}

impl Front {
    pub(crate) async fn start(way: Way, target: String, config: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let front = Self { port: listener.local_addr().unwrap().port(), handshakes: Arc::default() };
        let handshakes = front.handshakes.clone();
        let acceptor = TlsAcceptor::from(config);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (target, acceptor, handshakes) = (target.clone(), acceptor.clone(), handshakes.clone());
                tokio::spawn(async move {
                    // What breaks off is the test's own doing.
                    let _ = match way {
                        Way::Postgres => postgres(near, &target, &acceptor, &handshakes).await,
                        Way::Mysql => mysql(near, &target, &acceptor, &handshakes).await,
                        Way::Redis => redis(near, &target, &acceptor, &handshakes).await,
                    };
                });
            }
        });
        front
    }

    /// How many clients took the certificate.
    pub(crate) fn handshakes(&self) -> usize {
        self.handshakes.load(Ordering::SeqCst)
    }
}

/// Eight bytes ask for TLS, one allows it.
async fn postgres(
    mut near: TcpStream,
    target: &str,
    acceptor: &TlsAcceptor,
    handshakes: &AtomicUsize,
) -> std::io::Result<()> {
    let mut asked = [0; 8];
    near.read_exact(&mut asked).await?;
    assert_eq!(asked, [0, 0, 0, 8, 4, 210, 22, 47], "the client does not ask for TLS");
    near.write_all(b"S").await?;
    let mut near = acceptor.accept(near).await?;
    handshakes.fetch_add(1, Ordering::SeqCst);
    let mut far = TcpStream::connect(target).await?;
    copy_bidirectional(&mut near, &mut far).await.map(|_| ())
}

/// The server greets and offers TLS; the client asks for it by a packet of its own, which the server behind does not
/// get. Therefore the packets of both sides are numbered differently until the client is let in.
async fn mysql(
    mut near: TcpStream,
    target: &str,
    acceptor: &TlsAcceptor,
    handshakes: &AtomicUsize,
) -> std::io::Result<()> {
    let mut far = TcpStream::connect(target).await?;
    let (number, mut greeting) = receive(&mut far).await?;
    // Protocol, version up to its zero, thread, eight bytes of salt and a zero; then the abilities.
    let version = greeting.iter().position(|byte| *byte == 0).expect("the version ends");
    greeting[version + 1 + 4 + 8 + 1 + 1] |= CLIENT_SSL;
    send(&mut near, number, &greeting).await?;
    let (_, asked) = receive(&mut near).await?;
    assert!(asked.len() == 32 && asked[1] & CLIENT_SSL != 0, "the client does not ask for TLS");
    let mut near = acceptor.accept(near).await?;
    handshakes.fetch_add(1, Ordering::SeqCst);
    let (number, mut response) = receive(&mut near).await?;
    response[1] &= !CLIENT_SSL;
    send(&mut far, number - 1, &response).await?;
    loop {
        let (number, said) = receive(&mut far).await?;
        send(&mut near, number + 1, &said).await?;
        if matches!(said.first(), Some(0x00 | 0xff)) {
            break;
        }
        let (number, answer) = receive(&mut near).await?;
        send(&mut far, number - 1, &answer).await?;
    }
    copy_bidirectional(&mut near, &mut far).await.map(|_| ())
}

async fn redis(near: TcpStream, target: &str, acceptor: &TlsAcceptor, handshakes: &AtomicUsize) -> std::io::Result<()> {
    let mut near = acceptor.accept(near).await?;
    handshakes.fetch_add(1, Ordering::SeqCst);
    let mut far = TcpStream::connect(target).await?;
    copy_bidirectional(&mut near, &mut far).await.map(|_| ())
}

async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).await?;
    let mut content = vec![0; usize::from(head[0]) | (usize::from(head[1]) << 8) | (usize::from(head[2]) << 16)];
    stream.read_exact(&mut content).await?;
    Ok((head[3], content))
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), number: u8, content: &[u8]) -> std::io::Result<()> {
    let mut packet = u32::try_from(content.len()).expect("a packet is short").to_le_bytes();
    packet[3] = number;
    stream.write_all(&[&packet, content].concat()).await?;
    stream.flush().await
}
