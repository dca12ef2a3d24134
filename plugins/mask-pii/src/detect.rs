//! Personal data within a text: addresses of mail, numbers of cards, telephones and Chinese identity cards, IP addresses.
//!
//! Numbers count only where their check digits are right or their form leaves no doubt, and never within a longer word:
//! hiding an order's number would be as wrong as showing a card's.

use crate::config::Kind;

/// The text with the mark where something was found.
pub(crate) fn hide(text: &str, kinds: &[Kind], mark: &str) -> String {
    let bytes = text.as_bytes();
    let (mut hidden, mut kept, mut at) = (String::with_capacity(text.len()), 0, 0);
    while at < bytes.len() {
        let begins = at == 0 || !is_word(bytes[at - 1]);
        let end = if begins { find(text, at, kinds) } else { None };
        match end {
            Some(end) => {
                hidden.push_str(&text[kept..at]);
                hidden.push_str(mark);
                (kept, at) = (end, end);
            }
            None => at += 1,
        }
    }
    hidden.push_str(&text[kept..]);
    hidden
}

/// Where what begins at `at` ends.
fn find(text: &str, at: usize, kinds: &[Kind]) -> Option<usize> {
    let wants = |kind: Kind| kinds.contains(&kind);
    if wants(Kind::Email)
        && let Some(end) = email(text, at)
    {
        return Some(end);
    }
    if wants(Kind::Ipv4)
        && let Some(end) = ipv4(text.as_bytes(), at)
    {
        return Some(end);
    }
    number(text.as_bytes(), at, kinds)
}

/// Letters, digits, and bytes of other scripts' letters do not count: Chinese texts have no spaces around numbers.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn email(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let run = |from: usize, more: &[u8]| {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || more.contains(byte);
        from + bytes[from..].iter().take_while(|byte| is_part(byte)).count()
    };
    let name = run(at, b"._%+-");
    if name == at || name - at > 64 || bytes.get(name) != Some(&b'@') {
        return None;
    }
    let mut end = run(name + 1, b".-");
    while end > name && matches!(bytes[end - 1], b'.' | b'-') {
        end -= 1;
    }
    let domain = text.get(name + 1..end)?;
    let (before, last) = domain.rsplit_once('.')?;
    let real = !before.is_empty() && last.len() >= 2 && last.bytes().all(|byte| byte.is_ascii_alphabetic());
    real.then_some(end)
}

fn ipv4(bytes: &[u8], at: usize) -> Option<usize> {
    let mut end = at;
    for part in 0..4 {
        if part > 0 {
            (bytes.get(end) == Some(&b'.')).then_some(())?;
            end += 1;
        }
        let digits = bytes[end..].iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        let value: u32 = std::str::from_utf8(&bytes[end..end + digits]).ok()?.parse().ok()?;
        (digits <= 3 && value <= 255).then_some(())?;
        end += digits;
    }
    let longer = bytes.get(end).is_some_and(|byte| is_word(*byte))
        || (bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit));
    (!longer && (at == 0 || bytes[at - 1] != b'.')).then_some(end)
}

/// Groups of digits with single separators; the longest run of groups that is something counts.
fn number(bytes: &[u8], at: usize, kinds: &[Kind]) -> Option<usize> {
    let plus = bytes[at] == b'+';
    let mut place = at + usize::from(plus);
    let (mut digits, mut ends) = (Vec::new(), Vec::new());
    while digits.len() <= 19 {
        let group = bytes[place..].iter().take(20).take_while(|byte| byte.is_ascii_digit()).count();
        if group == 0 {
            break;
        }
        digits.extend_from_slice(&bytes[place..place + group]);
        place += group;
        ends.push((digits.len(), place));
        let separated =
            matches!(bytes.get(place), Some(b' ' | b'-')) && bytes.get(place + 1).is_some_and(u8::is_ascii_digit);
        if !separated {
            break;
        }
        place += 1;
    }
    let wants = |kind: Kind| kinds.contains(&kind);
    for (index, (length, end)) in ends.iter().enumerate().rev() {
        let digits = &digits[..*length];
        // The last character of an identity card's number may be an X.
        let marked = bytes.get(*end).is_some_and(|byte| matches!(byte, b'X' | b'x'));
        if wants(Kind::IdCn) && index == 0 && !plus {
            let number = if marked { [digits, b"X"].concat() } else { digits.to_vec() };
            let after = *end + usize::from(marked);
            if is_id_cn(&number) && !bytes.get(after).is_some_and(|byte| is_word(*byte)) {
                return Some(after);
            }
        }
        if bytes.get(*end).is_some_and(|byte| is_word(*byte)) {
            continue;
        }
        let card = wants(Kind::Card) && !plus && (13..=19).contains(length) && luhn(digits);
        let phone = wants(Kind::Phone) && is_phone(digits, plus);
        if card || phone {
            return Some(*end);
        }
    }
    None
}

/// With a country's code after `+`, or a Chinese mobile number.
fn is_phone(digits: &[u8], plus: bool) -> bool {
    if plus { (8..=15).contains(&digits.len()) } else { digits.len() == 11 && digits[0] == b'1' && digits[1] >= b'3' }
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| {
            let value = u32::from(digit - b'0') * if index % 2 == 1 { 2 } else { 1 };
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != b'0')
}

/// GB 11643: seventeen digits and a check character.
fn is_id_cn(number: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let [digits @ .., check] = number else { return false };
    if digits.len() != 17 || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    b"10X98765432"[(sum % 11) as usize] == check.to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[Kind] = &[Kind::Email, Kind::Card, Kind::Phone, Kind::IdCn, Kind::Ipv4];

    #[test]
    fn what_is_personal_is_hidden_wherever_it_stands() {
        for (text, expected) in [
            ("write to ann.b+c@mail.example.com.", "write to #."),
            ("<a@b.io>,c@d.org", "<#>,#"),
            // Numbers that card companies publish for tests.
            ("card 4111 1111 1111 1111, thanks", "card #, thanks"),
            ("5555-5555-5555-4444 or 378282246310005", "# or #"),
            ("4111 1111 1111 1111 12 items", "# 12 items"),
            ("call +49 151 23456789 now", "call # now"),
            ("电话13800000000。", "电话#。"),
            // The example of GB 11643.
            ("身份证11010519491231002X，", "身份证#，"),
            ("440524188001010014", "#"),
            ("from 10.0.0.255 to 192.168.1.1.", "from # to #."),
        ] {
            assert_eq!(hide(text, ALL, "#"), expected, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_it_stays() {
        for text in [
            "",
            "ü",
            "a@b",
            "@user and user@",
            "order 4111111111111112",
            "v1.2.3.4.5 and 1.2.3.256",
            "id_13800000000",
            "13800000000a",
            "0000000000000000",
            "11010519491231002Xa",
            "2024-01-02 09:31:00",
            "600000.SH 6.62 18320712",
        ] {
            assert_eq!(hide(text, ALL, "#"), text);
        }
    }

    #[test]
    fn only_what_is_asked_for_is_hidden() {
        assert_eq!(hide("a@b.io 10.0.0.1", &[Kind::Ipv4], "#"), "a@b.io #");
        assert_eq!(hide("4111111111111111", &[Kind::Email], "#"), "4111111111111111");
    }
}
