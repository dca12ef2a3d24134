//! Cuts a text into what stands as it is and the expressions between `${{` and `}}`.

use super::Mistake;
use super::token;

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// Stands as it is.
    Text(&'a str),
    /// What is between `${{` and `}}`.
    Expression {
        /// The code.
        code: &'a str,
        /// Where the code begins in the text, in bytes.
        offset: usize,
    },
}

const OPEN: &str = "${{";

/// Cuts `text`; answers at least one part.
pub(super) fn split(text: &str) -> Result<Vec<Part<'_>>, Mistake> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut search = 0;
    while let Some(found) = text[search..].find(OPEN) {
        let open = search + found;
        if text[..open].ends_with('$') && open > from {
            // `$${{` is a literal `${{`: the first dollar goes.
            push_text(&mut parts, &text[from..open - 1]);
            push_text(&mut parts, OPEN);
            from = open + OPEN.len();
            search = from;
            continue;
        }
        push_text(&mut parts, &text[from..open]);
        let offset = open + OPEN.len();
        let (_, end) = token::cut(&text[offset..], true).map_err(|mistake| mistake.shift(offset))?;
        let Some(end) = end else {
            let hint = "Close it with `}}`, or write `$${{` for a literal `${{`.";
            return Err(Mistake::new("the expression after `${{` is not closed", hint, open));
        };
        parts.push(Part::Expression { code: &text[offset..offset + end], offset });
        from = offset + end + 2;
        search = from;
    }
    push_text(&mut parts, &text[from..]);
    if parts.is_empty() {
        parts.push(Part::Text(""));
    }
    Ok(parts)
}

fn push_text<'a>(parts: &mut Vec<Part<'a>>, text: &'a str) {
    if !text.is_empty() {
        parts.push(Part::Text(text));
    }
}
