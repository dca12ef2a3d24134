//! Connecting: the socket, TLS, and the password as the server's plugin wants it.

use super::{BUFFER, Payload, Wire};
use crate::mysql::{Config, error};
use crate::tls::{self, Trust};
use data::{Error, Result};
use model::ErrorCode;
use mysql_common::constants::{CapabilityFlags, DEFAULT_MAX_ALLOWED_PACKET};
use mysql_common::crypto;
use mysql_common::io::ParseBuf;
use mysql_common::packets::{AuthPlugin, AuthSwitchRequest, HandshakePacket, HandshakeResponse, SslRequest};
use mysql_common::proto::MySerialize;
use rustls::pki_types::ServerName;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// utf8mb4_general_ci, which every server knows.
const UTF8MB4: u8 = 45;

/// Connects and signs in.
pub(super) async fn shake_hands(config: &Arc<Config>, secret: Option<&str>, addresses: &[IpAddr]) -> Result<Wire> {
    let unreachable = |failed: std::io::Error| error::unreachable(config, &failed.to_string());
    let addresses: Vec<SocketAddr> = addresses.iter().map(|address| (*address, config.port).into()).collect();
    let stream = TcpStream::connect(addresses.as_slice()).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    let mut wire = Wire {
        config: config.clone(),
        stream: Box::new(stream),
        buffer: vec![0; BUFFER],
        unread: 0..0,
        joined: Vec::new(),
        sequence: 0,
        capabilities: CapabilityFlags::empty(),
        session: 0,
    };
    let greeting = wire.answer().await?;
    let greeting: HandshakePacket<'_> = ParseBuf(wire.payload(&greeting)).parse(()).map_err(|_| wire.malformed())?;
    let greeting = greeting.into_owned();
    wire.session = greeting.connection_id();
    wire.capabilities = greeting.capabilities() & wanted(config);
    if config.tls {
        encrypt(&mut wire, config).await?;
    }
    let plugin = match greeting.auth_plugin() {
        Some(AuthPlugin::CachingSha2Password) => AuthPlugin::CachingSha2Password,
        _ => AuthPlugin::MysqlNativePassword,
    };
    let mut nonce = greeting.nonce();
    nonce.resize(20, 0);
    let password = plugin.gen_data(secret, &nonce);
    let answer = HandshakeResponse::new(
        password.as_deref(),
        // Any server with utf8mb4.
        (5, 5, 3),
        Some(config.user.as_bytes()),
        config.database.as_deref().map(str::as_bytes),
        Some(plugin.borrow()),
        wire.capabilities,
        None,
        u32::try_from(DEFAULT_MAX_ALLOWED_PACKET).unwrap_or(u32::MAX),
    );
    let mut payload = Vec::new();
    answer.serialize(&mut payload);
    wire.write(&payload).await?;
    authenticate(&mut wire, secret.unwrap_or_default(), plugin.into_owned(), nonce).await?;
    Ok(wire)
}

fn wanted(config: &Config) -> CapabilityFlags {
    let mut wanted = CapabilityFlags::CLIENT_PROTOCOL_41
        | CapabilityFlags::CLIENT_LONG_PASSWORD
        | CapabilityFlags::CLIENT_LONG_FLAG
        | CapabilityFlags::CLIENT_TRANSACTIONS
        | CapabilityFlags::CLIENT_SECURE_CONNECTION
        | CapabilityFlags::CLIENT_PLUGIN_AUTH
        | CapabilityFlags::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
        | CapabilityFlags::CLIENT_PS_MULTI_RESULTS
        | CapabilityFlags::CLIENT_DEPRECATE_EOF;
    if config.database.is_some() {
        wanted |= CapabilityFlags::CLIENT_CONNECT_WITH_DB;
    }
    if config.tls {
        wanted |= CapabilityFlags::CLIENT_SSL;
    }
    wanted
}

async fn encrypt(wire: &mut Wire, config: &Config) -> Result<()> {
    if !wire.capabilities.contains(CapabilityFlags::CLIENT_SSL) {
        return Err(error::without_tls(config));
    }
    let mut payload = Vec::new();
    let most = u32::try_from(DEFAULT_MAX_ALLOWED_PACKET).unwrap_or(u32::MAX);
    SslRequest::new(wire.capabilities, most, UTF8MB4).serialize(&mut payload);
    wire.write(&payload).await?;
    let trust = if config.tls_accept_invalid { Trust::Anything } else { Trust::AuthorityAndName };
    let client = tls::client(trust, config.tls_ca.as_deref(), true).map_err(|why| error::tls(config, &why))?;
    let name = ServerName::try_from(config.host.clone()).map_err(|why| error::tls(config, &why.to_string()))?;
    let plain = std::mem::replace(&mut wire.stream, Box::new(tokio::io::empty()));
    let secure = TlsConnector::from(Arc::new(client)).connect(name, plain).await;
    let failed =
        |why: std::io::Error| error::certificate(config, &why).unwrap_or_else(|| error::tls(config, &why.to_string()));
    wire.stream = Box::new(secure.map_err(failed)?);
    Ok(())
}

/// Answers whatever the server asks until it lets us in.
async fn authenticate(
    wire: &mut Wire,
    secret: &str,
    mut plugin: AuthPlugin<'static>,
    mut nonce: Vec<u8>,
) -> Result<()> {
    loop {
        let packet = wire.answer().await?;
        let payload = wire.payload(&packet);
        match payload {
            [0x00, ..] => return Ok(()),
            [0xFE, _, ..] => {
                let asked: AuthSwitchRequest<'_> = ParseBuf(payload).parse(()).map_err(|_| wire.malformed())?;
                nonce = asked.plugin_data().to_vec();
                plugin = asked.auth_plugin().into_owned();
                if !matches!(plugin, AuthPlugin::MysqlNativePassword | AuthPlugin::CachingSha2Password) {
                    let name = String::from_utf8_lossy(plugin.as_bytes()).into_owned();
                    let message = format!(
                        "`{}:{}` asks user `{}` for plugin `{name}`, which is not spoken",
                        wire.config.host, wire.config.port, wire.config.user
                    );
                    return Err(Error::permanent(ErrorCode::AuthenticationFailed, message)
                        .hint("Give the user `caching_sha2_password` or `mysql_native_password`."));
                }
                let answer = plugin.gen_data(Some(secret), &nonce);
                let answer = answer.as_deref().map(<[u8]>::to_vec).unwrap_or_default();
                wire.write(&answer).await?;
            }
            // The server knows the password's hash already; its OK follows.
            [0x01, 0x03] => {}
            [0x01, 0x04] if plugin == AuthPlugin::CachingSha2Password => whole_password(wire, secret, &nonce).await?,
            _ => return Err(wire.malformed()),
        }
    }
}

/// Sends the password itself: within TLS as it is, else under the server's public key.
async fn whole_password(wire: &mut Wire, secret: &str, nonce: &[u8]) -> Result<()> {
    let mut password = [secret.as_bytes(), &[0]].concat();
    if wire.config.tls {
        return wire.write(&password).await;
    }
    wire.write(&[0x02]).await?;
    let packet: Payload = wire.answer().await?;
    let Some((0x01, key)) = wire.payload(&packet).split_first().map(|(head, key)| (*head, key.to_vec())) else {
        return Err(wire.malformed());
    };
    for (byte, mask) in password.iter_mut().zip(nonce.iter().cycle()) {
        *byte ^= mask;
    }
    wire.write(&crypto::encrypt(&password, &key)).await
}
