//! Frames of the protocol: a head of 21 bytes, fields joined by 0x01, a checksum; answers may be compressed.

use plugin_sdk::{Connection, Error, Result};

/// Between fields.
pub(crate) const SEPARATOR: char = '\u{1}';
/// The protocol's version that this follows.
const VERSION: &str = "00.9.40";
const HEAD: usize = 21;
const END: &[u8] = b"<![CDATA[]]>\n";
/// Bytes of one answer, compressed and not.
const ANSWER: usize = 32 << 20;

/// A request's bytes.
pub(crate) fn request(kind: &str, fields: &[&str]) -> Vec<u8> {
    let body = fields.join("\u{1}");
    // The length counts characters here, not bytes.
    let text = format!("{VERSION}{SEPARATOR}{kind}{SEPARATOR}{:010}{body}", body.chars().count());
    let checksum = crc32(text.as_bytes());
    format!("{text}{SEPARATOR}{checksum}\n").into_bytes()
}

/// Reads one answer: its kind and its fields.
pub(crate) fn answer(connection: &mut Connection) -> Result<(String, Vec<String>)> {
    let head = connection.read_exact(HEAD)?;
    let head = std::str::from_utf8(&head).ok().filter(|head| head.is_char_boundary(8));
    let parts: Vec<&str> = head.unwrap_or_default().split(SEPARATOR).collect();
    let [_, kind, length] = parts.as_slice() else {
        return Err(Error::permanent("what answers does not speak Baostock's protocol"));
    };
    if !is_compressed(kind) {
        let mut bytes = connection.read_until(END, ANSWER)?;
        bytes.truncate(bytes.len() - END.len());
        return Ok(((*kind).to_owned(), split(&bytes)?));
    }
    // The end's bytes may stand within compressed ones by chance, so the length decides.
    let length = length.parse().ok().filter(|length| *length <= ANSWER);
    let length = length.ok_or_else(|| Error::permanent(format!("an answer is longer than {ANSWER} bytes")))?;
    let packed = connection.read_exact(length)?;
    if connection.read_exact(END.len())? != END {
        return Err(Error::permanent("an answer of Baostock does not end where it says"));
    }
    let bytes = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(&packed, ANSWER)
        .map_err(|error| Error::permanent(format!("an answer of Baostock cannot be unpacked: {error}")))?;
    Ok(((*kind).to_owned(), split(&bytes)?))
}

fn is_compressed(kind: &str) -> bool {
    matches!(kind, "96" | "99" | "9B" | "9D")
}

fn split(bytes: &[u8]) -> Result<Vec<String>> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::data("an answer of Baostock is not UTF-8"))?;
    Ok(text.split(SEPARATOR).map(str::to_owned).collect())
}

/// CRC-32 as zlib computes it; requests are short, so no table is worth its space.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    };
    !bytes.iter().fold(u32::MAX, step)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use plugin_sdk::testing::FakeHost;

    #[test]
    fn published_requests_are_met_byte_by_byte() {
        let login = request("00", &["login", "anonymous", "123456", "0"]);
        assert_eq!(login, b"00.9.40\x0100\x010000000024login\x01anonymous\x01123456\x010\x011790200140\n");
        let dates = request("33", &["query_trade_dates", "anonymous", "1", "2000", "2024-01-01", "2024-01-05"]);
        let expected = b"00.9.40\x0133\x010000000056query_trade_dates\x01anonymous\x011\x012000\x012024-01-01\x012024-01-05\x013341059716\n";
        assert_eq!(dates, expected);
    }

    #[test]
    fn the_length_of_a_request_counts_characters() {
        let frame = String::from_utf8(request("45", &["日本"])).unwrap();
        assert!(frame.contains("\u{1}0000000002日本"), "{frame}");
    }

    fn read(bytes: Vec<u8>) -> Result<(String, Vec<String>)> {
        let host = FakeHost::default().peer(move |_| bytes.clone()).host();
        let mut connection = host.connect("a", 1, None).unwrap();
        connection.write(b"go").unwrap();
        answer(&mut connection)
    }

    #[test]
    fn plain_and_packed_answers_are_read_to_their_ends() {
        let plain = "00.9.40\u{1}34\u{1}00000000050\u{1}success\u{1}日\u{1}<![CDATA[]]>\nmore";
        let (kind, fields) = read(plain.as_bytes().to_vec()).unwrap();
        assert_eq!(kind, "34");
        assert_eq!(fields, ["0", "success", "日", ""]);
        let packed =
            miniz_oxide::deflate::compress_to_vec_zlib("0\u{1}success\u{1}日<![CDATA[]]>\n\u{1}".as_bytes(), 6);
        let head = format!("00.9.40\u{1}96\u{1}{:010}", packed.len());
        let frame = [head.as_bytes(), &packed, END].concat();
        let (_, fields) = read(frame.clone()).unwrap();
        assert_eq!(fields, ["0", "success", "日<![CDATA[]]>\n", ""]);
        for broken in [frame[..30].to_vec(), b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), Vec::new()] {
            assert!(read(broken).is_err());
        }
        let lying = [b"00.9.40\x0196\x010000000002", &packed[..], END].concat();
        assert!(read(lying).unwrap_err().message.contains("does not end"));
        let huge = b"00.9.40\x0196\x019999999999".to_vec();
        assert!(read(huge).unwrap_err().message.contains("longer"));
    }
}
