//! A connection that reads results straight from the protocol's packets.
//!
//! The driver makes an owned value of every cell. A table of millions of rows is read here instead: each row stays where
//! it lies in the buffer until its values are in the batch. The packets around it are those of `mysql_common`, which the
//! driver uses too; here are only the socket, who is asked for what password, and one statement at a time.

mod handshake;

use super::config::SESSION;
use super::{Config, error};
use data::{Error, Result};
use model::ErrorCode;
use mysql_async::{Column, ServerError, Value};
use mysql_common::constants::{CapabilityFlags, Command, MAX_PAYLOAD_LEN};
use mysql_common::io::ParseBuf;
use mysql_common::packets::{ComStmtExecuteRequestBuilder, ErrPacket, StmtPacket};
use mysql_common::proto::MySerialize;
use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What is asked of the socket at once; packets of this size and less are never copied.
const BUFFER: usize = 256 << 10;

/// A statement that was prepared.
pub(super) struct Prepared {
    id: u32,
    pub(super) columns: Vec<Column>,
}

/// One connection, with at most one statement at work.
pub(super) struct Wire {
    config: Arc<Config>,
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
    /// What of the buffer was received and not taken yet.
    unread: Range<usize>,
    /// A payload that came in several packets.
    joined: Vec<u8>,
    sequence: u8,
    capabilities: CapabilityFlags,
    session: u32,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Where a payload lies.
pub(super) enum Payload {
    Buffered(Range<usize>),
    Joined,
}

impl Wire {
    /// A new connection to one of `addresses`, its session set up as the driver's are.
    ///
    /// # Errors
    /// `connection_failed` or `authentication_failed`.
    pub(super) async fn connect(config: &Arc<Config>, secret: Option<&str>, addresses: &[IpAddr]) -> Result<Self> {
        let mut wire = handshake::shake_hands(config, secret, addresses).await?;
        // A reader may wait for a slow sink, and the server must not take that for a dead one.
        wire.run(&format!("{SESSION}, SESSION net_write_timeout = 86400")).await?;
        Ok(wire)
    }

    /// The server's number of this session.
    pub(super) fn session(&self) -> u32 {
        self.session
    }

    /// Prepares a statement.
    ///
    /// # Errors
    /// What the server says, or `connection_failed`.
    pub(super) async fn prepare(&mut self, sql: &str) -> Result<Prepared> {
        self.command(Command::COM_STMT_PREPARE, sql.as_bytes()).await?;
        let answer = self.answer().await?;
        let statement: StmtPacket = ParseBuf(self.payload(&answer)).parse(()).map_err(|_| self.malformed())?;
        self.definitions(statement.num_params()).await?;
        let columns = self.definitions(statement.num_columns()).await?;
        Ok(Prepared { id: statement.statement_id(), columns })
    }

    /// Runs a prepared statement; its rows are then to be had from [`Wire::row`].
    ///
    /// # Errors
    /// What the server says, or `connection_failed`.
    pub(super) async fn execute(&mut self, statement: &Prepared, parameters: &[Value]) -> Result<()> {
        let (request, _) = ComStmtExecuteRequestBuilder::new(statement.id).build(parameters);
        let mut payload = Vec::new();
        request.serialize(&mut payload);
        self.send(&payload).await?;
        let answer = self.answer().await?;
        // Statements here select; an answer without columns would be of one that does not.
        if self.payload(&answer).first() == Some(&0) {
            return Err(self.malformed());
        }
        let columns = u16::try_from(statement.columns.len()).unwrap_or(u16::MAX);
        self.definitions(columns).await?;
        Ok(())
    }

    /// The next row's payload, or `None` after the last.
    ///
    /// # Errors
    /// What the server says, or `connection_failed`.
    pub(super) async fn row(&mut self) -> Result<Option<Payload>> {
        let packet = match self.buffered() {
            Some(range) => Payload::Buffered(range),
            None => self.packet().await?,
        };
        match self.payload(&packet).first() {
            Some(0x00) => Ok(Some(packet)),
            Some(0xFE) => Ok(None),
            Some(0xFF) => Err(self.refusal(&packet)),
            _ => Err(self.malformed()),
        }
    }

    /// The bytes of a payload.
    pub(super) fn payload(&self, payload: &Payload) -> &[u8] {
        match payload {
            Payload::Buffered(range) => &self.buffer[range.clone()],
            Payload::Joined => &self.joined,
        }
    }

    /// Says good-bye; what fails then is of no interest.
    pub(super) async fn close(mut self) {
        if self.command(Command::COM_QUIT, &[]).await.is_ok() {
            let _ = self.stream.shutdown().await;
        }
    }

    /// Runs a statement that answers without rows.
    async fn run(&mut self, sql: &str) -> Result<()> {
        self.command(Command::COM_QUERY, sql.as_bytes()).await?;
        self.answer().await?;
        Ok(())
    }

    /// So many definitions of columns, and the packet that ends them with servers of old.
    async fn definitions(&mut self, count: u16) -> Result<Vec<Column>> {
        let mut columns = Vec::with_capacity(count.into());
        for _ in 0..count {
            let packet = self.packet().await?;
            columns.push(ParseBuf(self.payload(&packet)).parse(()).map_err(|_| self.malformed())?);
        }
        if count > 0 && !self.capabilities.contains(CapabilityFlags::CLIENT_DEPRECATE_EOF) {
            self.packet().await?;
        }
        Ok(columns)
    }

    /// The next packet, where it is no error.
    async fn answer(&mut self) -> Result<Payload> {
        let packet = self.packet().await?;
        if self.payload(&packet).first() == Some(&0xFF) { Err(self.refusal(&packet)) } else { Ok(packet) }
    }

    async fn command(&mut self, command: Command, argument: &[u8]) -> Result<()> {
        let mut payload = Vec::with_capacity(argument.len() + 1);
        payload.push(command as u8);
        payload.extend_from_slice(argument);
        self.send(&payload).await
    }

    /// Sends a command: the numbers of packets begin anew.
    async fn send(&mut self, payload: &[u8]) -> Result<()> {
        self.sequence = 0;
        self.write(payload).await
    }

    /// Sends a payload as the next packet.
    async fn write(&mut self, payload: &[u8]) -> Result<()> {
        if payload.len() >= MAX_PAYLOAD_LEN {
            return Err(Error::permanent(ErrorCode::InvalidSql, "the statement is longer than 16 MB"));
        }
        let mut packet = Vec::with_capacity(payload.len() + 4);
        let length = u32::try_from(payload.len()).expect("it is below 2^24");
        packet.extend_from_slice(&(length | u32::from(self.sequence) << 24).to_le_bytes());
        packet.extend_from_slice(payload);
        self.sequence = self.sequence.wrapping_add(1);
        let written = async {
            self.stream.write_all(&packet).await?;
            self.stream.flush().await
        };
        written.await.map_err(|failed| error::broken(&self.config, &failed))
    }

    /// The next packet, taken, where all of it was received and nothing follows that belongs to it.
    #[inline]
    fn buffered(&mut self) -> Option<Range<usize>> {
        let (head, rest) = self.buffer[self.unread.clone()].split_first_chunk::<4>()?;
        let length = (u32::from_le_bytes(*head) & 0x00FF_FFFF) as usize;
        if length >= MAX_PAYLOAD_LEN || rest.len() < length {
            return None;
        }
        let start = self.unread.start + 4;
        self.unread.start = start + length;
        self.sequence = head[3].wrapping_add(1);
        Some(start..start + length)
    }

    async fn packet(&mut self) -> Result<Payload> {
        self.joined.clear();
        loop {
            if let Some(range) = self.buffered() {
                if self.joined.is_empty() {
                    return Ok(Payload::Buffered(range));
                }
                self.joined.extend_from_slice(&self.buffer[range]);
                return Ok(Payload::Joined);
            }
            let head = self.buffer[self.unread.clone()].first_chunk::<4>();
            let wanted = head.map_or(4, |head| 4 + (u32::from_le_bytes(*head) & 0x00FF_FFFF) as usize);
            if self.unread.len() >= wanted {
                // A packet of the greatest length: what follows belongs to the same payload.
                let start = self.unread.start + 4;
                self.joined.extend_from_slice(&self.buffer[start..start + MAX_PAYLOAD_LEN]);
                self.unread.start = start + MAX_PAYLOAD_LEN;
            } else {
                self.fill(wanted).await?;
            }
        }
    }

    /// Receives more, with room for `wanted` bytes in one piece.
    async fn fill(&mut self, wanted: usize) -> Result<()> {
        if self.unread.is_empty() {
            self.unread = 0..0;
            self.buffer.truncate(BUFFER);
        }
        if self.buffer.len() < self.unread.start + wanted || self.unread.end == self.buffer.len() {
            self.buffer.copy_within(self.unread.clone(), 0);
            self.unread = 0..self.unread.len();
            let size = self.buffer.len().max(wanted.next_multiple_of(BUFFER));
            self.buffer.resize(size, 0);
        }
        let received = self.stream.read(&mut self.buffer[self.unread.end..]).await;
        match received {
            Ok(0) => Err(error::lost(&self.config, "the server closed it")),
            Ok(count) => {
                self.unread.end += count;
                Ok(())
            }
            Err(failed) => Err(error::broken(&self.config, &failed)),
        }
    }

    /// What the server says in an error packet.
    fn refusal(&self, packet: &Payload) -> Error {
        let parsed: std::io::Result<ErrPacket<'_>> = ParseBuf(self.payload(packet)).parse(self.capabilities);
        match parsed {
            Ok(ErrPacket::Error(said)) => {
                let state = said.sql_state_ref().map(|state| state.as_str().into_owned()).unwrap_or_default();
                let said = ServerError { code: said.error_code(), message: said.message_str().into_owned(), state };
                error::server(&self.config, &said)
            }
            _ => self.malformed(),
        }
    }

    fn malformed(&self) -> Error {
        error::unreachable(&self.config, "it sent what the protocol does not know")
    }
}
