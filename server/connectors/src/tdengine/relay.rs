//! A short way between the client library and the server, within this process.
//!
//! The library writes each frame in two parts and leaves Nagle's algorithm on, so that every request would wait some 40 ms
//! for an acknowledgment; and it does not notice that the server is gone. The relay acknowledges and sends at once, and
//! tells the library by a close frame when the server's end is closed. It takes one connection, over loopback, and ends
//! with it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// How long the library may take to come, and to go once the server has gone.
const PATIENCE: Duration = Duration::from_secs(5);
/// A WebSocket close frame without reason.
const CLOSE: [u8; 2] = [0x88, 0];

/// Connects to the server; tells the address at which the library reaches it.
pub(super) async fn open(server: SocketAddr) -> io::Result<SocketAddr> {
    let server = TcpStream::connect(server).await?;
    server.set_nodelay(true)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        if let Ok(Ok((client, _))) = tokio::time::timeout(PATIENCE, listener.accept()).await {
            // Nobody else can come.
            drop(listener);
            relay(client, server).await;
        }
    });
    Ok(address)
}

async fn relay(client: TcpStream, server: TcpStream) {
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let upwards = up(client_reads, server_writes);
    tokio::pin!(upwards);
    tokio::select! {
        () = &mut upwards => {}
        () = down(server_reads, client_writes) => {
            // The close frame is read only if the socket is not torn down with unread requests in it.
            let _ = tokio::time::timeout(PATIENCE, upwards).await;
        }
    }
}

/// Requests, until the library goes; when the server has gone they are read and dropped.
async fn up(mut client: OwnedReadHalf, mut server: OwnedWriteHalf) {
    let mut buffer = vec![0; 64 << 10];
    let mut gone = false;
    loop {
        acknowledge(&client);
        match client.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => gone = gone || server.write_all(&buffer[..count]).await.is_err(),
        }
    }
}

/// Answers, until the server goes.
async fn down(mut server: OwnedReadHalf, mut client: OwnedWriteHalf) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = server.read(&mut buffer).await {
        if client.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
    // The library may be gone, too.
    let _ = client.write_all(&CLOSE).await;
    let _ = client.shutdown().await;
}

/// The system forgets it after a while, so it is said before each read.
fn acknowledge(client: &OwnedReadHalf) {
    #[cfg(target_os = "linux")]
    {
        // Without it all works, only slower.
        let _ = client.as_ref().set_quickack(true);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = client;
}
