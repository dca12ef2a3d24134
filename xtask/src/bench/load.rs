//! A closed loop of HTTP callers: each sends its next request when it has the answer to the last.
//!
//! One thread and one kept-alive connection per caller, and plain HTTP/1.1 over the socket, so that the driver takes
//! little of the machine it measures on.

use anyhow::{Context, Result, bail, ensure};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// What every caller sends.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// Loopback port.
    pub(super) port: u16,
    /// Path with query.
    pub(super) path: String,
    /// Further header lines, each `Name: value`.
    pub(super) headers: Vec<String>,
    /// JSON body.
    pub(super) body: String,
    /// What a good answer's body holds; an answer without it ends the measurement.
    pub(super) expect: &'static str,
}

/// How hard and how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    pub(super) callers: usize,
    /// Not measured.
    pub(super) warm_up: Duration,
    pub(super) measured: Duration,
}

/// What the callers saw.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Answers per second.
    pub(super) rate: f64,
    /// Time from the request to its answer, ascending.
    latencies: Vec<Duration>,
}

impl Seen {
    /// The latency that `share` of all answers do not exceed, in milliseconds.
    pub(super) fn percentile_ms(&self, share: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let index = (last as f64 * share).round() as usize;
        self.latencies.get(index).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
    }

    /// The mean latency in milliseconds.
    pub(super) fn mean_ms(&self) -> f64 {
        let sum: Duration = self.latencies.iter().sum();
        sum.as_secs_f64() * 1000.0 / (self.latencies.len().max(1) as f64)
    }
}

/// Runs the callers; the first wrong answer is an error.
pub(super) fn drive(request: &Request, load: Load) -> Result<Seen> {
    let start_line = Barrier::new(load.callers);
    let results: Vec<Result<Vec<Duration>>> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..load.callers)
            .map(|_| {
                scope.spawn(|| {
                    // A caller that cannot connect must not leave the others waiting.
                    let caller = Caller::connect(request);
                    start_line.wait();
                    caller?.call_for(load)
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join().expect("a caller does not panic")).collect()
    });
    let mut latencies = Vec::new();
    for result in results {
        latencies.extend(result?);
    }
    latencies.sort_unstable();
    ensure!(!latencies.is_empty(), "no answer came within {:?}", load.measured);
    Ok(Seen { rate: latencies.len() as f64 / load.measured.as_secs_f64(), latencies })
}

/// Sends one request on a connection of its own and gives the answer's body.
pub(super) fn call_once(request: &Request) -> Result<String> {
    let mut caller = Caller::connect(request)?;
    let body = caller.call()?;
    String::from_utf8(body).context("the answer is not UTF-8")
}

struct Caller<'a> {
    stream: BufReader<TcpStream>,
    message: Vec<u8>,
    expect: &'a [u8],
}

impl<'a> Caller<'a> {
    fn connect(request: &'a Request) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", request.port)).context("cannot connect")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let mut head = format!(
            "POST {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            request.path,
            request.port,
            request.body.len()
        );
        for header in &request.headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        let message = format!("{head}\r\n{}", request.body).into_bytes();
        Ok(Self { stream: BufReader::new(stream), message, expect: request.expect.as_bytes() })
    }

    /// Latencies of the calls that ended within the measured time.
    fn call_for(mut self, load: Load) -> Result<Vec<Duration>> {
        let begin = Instant::now() + load.warm_up;
        let end = begin + load.measured;
        let mut latencies = Vec::new();
        loop {
            let sent = Instant::now();
            if sent >= end {
                return Ok(latencies);
            }
            self.call()?;
            let now = Instant::now();
            if now >= begin && now < end {
                latencies.push(now - sent);
            }
        }
    }

    fn call(&mut self) -> Result<Vec<u8>> {
        self.stream.get_mut().write_all(&self.message)?;
        let (status, body) = self.read_answer()?;
        let holds_it = self.expect.is_empty() || body.windows(self.expect.len()).any(|part| part == self.expect);
        if !(200..300).contains(&status) || !holds_it {
            bail!("the server answered {status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(body)
    }

    fn read_answer(&mut self) -> Result<(u16, Vec<u8>)> {
        let mut line = String::new();
        self.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|word| word.parse().ok()).context("the answer is not HTTP")?;
        let (mut length, mut is_chunked) = (0, false);
        loop {
            self.read_line(&mut line)?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').context("a header line without `:`")?;
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                is_chunked = value.trim().eq_ignore_ascii_case("chunked");
            }
        }
        let mut body = vec![0; length];
        if !is_chunked {
            self.stream.read_exact(&mut body)?;
            return Ok((status, body));
        }
        loop {
            self.read_line(&mut line)?;
            let size = usize::from_str_radix(line.split(';').next().unwrap_or_default(), 16)?;
            let begin = body.len();
            body.resize(begin + size, 0);
            self.stream.read_exact(&mut body[begin..])?;
            self.read_line(&mut line)?;
            if size == 0 {
                return Ok((status, body));
            }
        }
    }

    fn read_line(&mut self, line: &mut String) -> Result<()> {
        line.clear();
        ensure!(self.stream.read_line(line)? > 0, "the server closed the connection");
        line.truncate(line.trim_end().len());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::net::TcpListener;

    fn check(answer: &'static str, expected: Result<&str, &str>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0_u8; 4096];
            let _ = stream.read(&mut head).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let request = Request { port, path: "/".into(), headers: Vec::new(), body: String::new(), expect: "succeeded" };
        let body = call_once(&request).map_err(|error| error.to_string());
        assert_eq!(body.as_deref().map_err(String::as_str), expected);
        server.join().unwrap();
    }

    #[test]
    fn answers_of_known_length_and_in_chunks_are_read() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsucceeded", Ok("succeeded"));
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsucc\r\n5\r\needed\r\n0\r\n\r\n",
            Ok("succeeded"),
        );
    }

    #[test]
    fn an_answer_that_tells_of_a_failure_ends_the_measurement() {
        check("HTTP/1.1 500 No\r\nContent-Length: 3\r\n\r\nbad", Err("the server answered 500: bad"));
        check("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nfailed", Err("the server answered 200: failed"));
        check("", Err("the server closed the connection"));
    }
}
