//! Plain connections (capability `tcp`): for protocols that are not HTTP.

use crate::{Error, Host, Result};

/// An open connection. Dropping it closes it.
pub struct Connection {
    #[cfg(target_arch = "wasm32")]
    inner: crate::bindings::sluice::plugin::tcp::Connection,
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) inner: crate::testing::FakeConnection,
    buffer: Vec<u8>,
}

impl Host {
    /// Connects to a host and port (capability `tcp`); the time-out is in milliseconds, none is the host's limit.
    ///
    /// # Errors
    /// `denied` where they were not granted, `transient` where they cannot be reached.
    pub fn connect(&self, host: &str, port: u16, timeout_ms: Option<u32>) -> Result<Connection> {
        #[cfg(target_arch = "wasm32")]
        let inner = crate::bindings::sluice::plugin::tcp::connect(host, port, timeout_ms)?;
        #[cfg(not(target_arch = "wasm32"))]
        let inner = self.fake.connect(host, port, timeout_ms)?;
        Ok(Connection { inner, buffer: Vec::new() })
    }
}

impl Connection {
    /// Writes all bytes.
    ///
    /// # Errors
    /// `transient` when the connection breaks.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        #[cfg(target_arch = "wasm32")]
        return self.inner.write(bytes).map_err(Error::from);
        #[cfg(not(target_arch = "wasm32"))]
        self.inner.write(bytes)
    }

    /// Exactly that many bytes.
    ///
    /// # Errors
    /// `transient` when the connection breaks or ends before.
    pub fn read_exact(&mut self, length: usize) -> Result<Vec<u8>> {
        while self.buffer.len() < length {
            self.fill()?;
        }
        let rest = self.buffer.split_off(length);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    /// Everything up to and with the first `mark`, at most `limit` bytes.
    ///
    /// # Errors
    /// As for [`Connection::read_exact`]; `permanent` where the mark does not come within the limit.
    pub fn read_until(&mut self, mark: &[u8], limit: usize) -> Result<Vec<u8>> {
        let mut searched = 0;
        loop {
            let found = self.buffer.get(searched..).unwrap_or_default().windows(mark.len()).position(|it| it == mark);
            if let Some(at) = found {
                return self.read_exact(searched + at + mark.len());
            }
            if self.buffer.len() > limit {
                return Err(Error::permanent(format!("an answer is longer than {limit} bytes")));
            }
            searched = (self.buffer.len() + 1).saturating_sub(mark.len());
            self.fill()?;
        }
    }

    fn fill(&mut self) -> Result<()> {
        #[cfg(target_arch = "wasm32")]
        let bytes = self.inner.read(256 << 10).map_err(Error::from)?;
        #[cfg(not(target_arch = "wasm32"))]
        let bytes = self.inner.read(256 << 10)?;
        if bytes.is_empty() {
            return Err(Error::transient("the other side closed the connection within an answer"));
        }
        self.buffer.extend(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::ErrorKind;
    use crate::testing::FakeHost;

    #[test]
    fn answers_are_cut_wherever_their_pieces_end() {
        let host = FakeHost::default().peer(|_| b"abcEND12345rest".to_vec()).host();
        let mut connection = host.connect("a.example", 9, None).expect("the fake connects");
        connection.write(b"go").expect("the fake listens");
        assert_eq!(connection.read_until(b"END", 100).expect("it comes"), b"abcEND");
        assert_eq!(connection.read_exact(5).expect("it comes"), b"12345");
        let error = connection.read_until(b"END", 100).expect_err("it ends");
        assert_eq!(error.kind, ErrorKind::Transient);
        connection.write(b"go").expect("the fake listens");
        assert_eq!(connection.read_until(b"NONE", 3).expect_err("too long").kind, ErrorKind::Permanent);
    }
}
