//! Baostock's protocol on a socket: log-in, checksums and lengths are checked, answers come in pages and compressed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows of K data in all: one full page and three rows.
pub(crate) const ROWS: usize = 2003;

/// The service on a free loopback port; it ends with the test binary.
pub(crate) struct Baostock {
    pub(crate) port: u16,
    /// How often somebody connected.
    pub(crate) connections: Arc<AtomicUsize>,
}

impl Baostock {
    /// The first connection is closed within the first answer to a query.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let first = count.fetch_add(1, Ordering::SeqCst) == 0;
                std::thread::spawn(move || serve(&stream, first));
            }
        });
        Self { port, connections }
    }
}

fn serve(stream: &TcpStream, breaks_off: bool) {
    let mut lines = BufReader::new(stream);
    let mut output = stream;
    let mut logged_in = false;
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
            return;
        }
        let answer = match read(&line) {
            None => plain("04", &["10004019", "bad message"]),
            Some((kind, fields)) if kind == "00" && fields[..3] == ["login", "anonymous", "123456"] => {
                logged_in = true;
                plain("01", &["0", "success", "login", "anonymous"])
            }
            Some(_) if !logged_in => plain("04", &["10001001", "用户未登录"]),
            Some((kind, fields)) if kind == "95" && fields[4] == "sh.600000" => k_data(&fields),
            Some((kind, _)) if kind == "95" => plain("04", &["10004011", "代码错误"]),
            Some(_) => plain("04", &["10004020", "bad type"]),
        };
        if breaks_off && logged_in && answer.len() > 200 {
            let _ = output.write_all(&answer[..100]);
            return;
        }
        if output.write_all(&answer).is_err() {
            return;
        }
    }
}

/// Kind and fields of a request whose length and checksum are right.
fn read(line: &[u8]) -> Option<(String, Vec<String>)> {
    let text = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (signed, checksum) = text.rsplit_once('\u{1}')?;
    let head: Vec<&str> = signed.get(..21)?.split('\u{1}').collect();
    let body = signed.get(21..)?;
    let right = head[0] == "00.9.40"
        && head[2].parse() == Ok(body.chars().count())
        && checksum.parse() == Ok(crc32(signed.as_bytes()));
    right.then(|| (head[1].to_owned(), body.split('\u{1}').map(str::to_owned).collect()))
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

fn plain(kind: &str, fields: &[&str]) -> Vec<u8> {
    let body = fields.join("\u{1}");
    format!("00.9.40\u{1}{kind}\u{1}{:010}{body}\u{1}0<![CDATA[]]>\n", body.len()).into_bytes()
}

/// One page of days of 28-day months, so that every one exists; the tenth is a suspended one.
fn k_data(asked: &[String]) -> Vec<u8> {
    let (page, size): (usize, usize) = (asked[2].parse().unwrap(), asked[3].parse().unwrap());
    let rows: Vec<Vec<String>> = ((page - 1) * size..ROWS.min(page * size))
        .map(|row| {
            let day = format!("{}-{:02}-{:02}", 1991 + row / 336, row % 336 / 28 + 1, row % 28 + 1);
            let value = |name: &str| match name {
                "date" => day.clone(),
                "code" => "sh.600000".to_owned(),
                "tradestatus" => if row == 9 { "0" } else { "1" }.to_owned(),
                _ if row == 9 => String::new(),
                "volume" => "18320712".to_owned(),
                _ => "6.6200000000".to_owned(),
            };
            asked[5].split(',').map(value).collect()
        })
        .collect();
    let data = if rows.is_empty() { String::new() } else { serde_json::json!({ "record": rows }).to_string() };
    let mut fields: Vec<&str> = vec!["0", "success"];
    fields.extend(asked[..4].iter().map(String::as_str));
    fields.push(&data);
    fields.extend(asked[4..].iter().map(String::as_str));
    let packed = miniz_oxide::deflate::compress_to_vec_zlib((fields.join("\u{1}") + "\u{1}").as_bytes(), 6);
    [format!("00.9.40\u{1}96\u{1}{:010}", packed.len()).as_bytes(), &packed, b"<![CDATA[]]>\n"].concat()
}
