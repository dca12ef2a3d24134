//! Just enough Markdown to say an alert's text in another markup: bold, code and links, within one text.
//!
//! What does not close is text as it stands; nothing is lost.

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span<'a> {
    /// As it is.
    Text(&'a str),
    /// Between `**`.
    Bold(&'a str),
    /// Between backticks.
    Code(&'a str),
    /// `[label](address)`.
    Link(&'a str, &'a str),
}

/// The pieces of a text, in order.
#[must_use]
pub fn spans(text: &str) -> Vec<Span<'_>> {
    let mut spans = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(found) = text[at..].find(['*', '`', '[']) {
        at += found;
        match span_at(&text[at..]) {
            Some((span, length)) => {
                if start < at {
                    spans.push(Span::Text(&text[start..at]));
                }
                spans.push(span);
                at += length;
                start = at;
            }
            None => at += 1,
        }
    }
    if start < text.len() {
        spans.push(Span::Text(&text[start..]));
    }
    spans
}

/// The span that `text` begins with, and how many bytes it takes.
fn span_at(text: &str) -> Option<(Span<'_>, usize)> {
    let between = |mark: &str| {
        let inner = text.strip_prefix(mark)?;
        let inner = &inner[..inner.find(mark)?];
        (!inner.trim().is_empty() && !inner.contains('\n')).then_some((inner, inner.len() + 2 * mark.len()))
    };
    if let Some((inner, length)) = between("**") {
        return Some((Span::Bold(inner), length));
    }
    if let Some((inner, length)) = between("`") {
        return Some((Span::Code(inner), length));
    }
    let (label, rest) = text.strip_prefix('[')?.split_once("](")?;
    let address = &rest[..rest.find(')')?];
    let plain =
        !label.contains(['[', ']', '\n']) && (address.starts_with("http://") || address.starts_with("https://"));
    (plain && !address.contains(char::is_whitespace))
        .then_some((Span::Link(label, address), label.len() + address.len() + 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[Span<'_>]) {
        assert_eq!(spans(text), expected, "{text}");
    }

    #[test]
    fn what_closes_is_markup_and_what_does_not_is_text() {
        check("", &[]);
        check(
            "a **b** `c*` d",
            &[Span::Text("a "), Span::Bold("b"), Span::Text(" "), Span::Code("c*"), Span::Text(" d")],
        );
        check("[ü](https://a.example/x?y=1)!", &[Span::Link("ü", "https://a.example/x?y=1"), Span::Text("!")]);
        check("2 * 3 ** 4 ` [x] [y](javascript:1)", &[Span::Text("2 * 3 ** 4 ` [x] [y](javascript:1)")]);
        check("**a\nb**", &[Span::Text("**a\nb**")]);
        check("**** ``", &[Span::Text("**** ``")]);
    }
}
