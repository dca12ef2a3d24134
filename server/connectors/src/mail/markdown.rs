//! A little Markdown as HTML: paragraphs, lists, tables, `code`, **bold** and links to the web.
//!
//! Everything is escaped before anything becomes markup, so that no text of an alert is more than text.

use super::message::escape;

/// The text as HTML.
pub(super) fn to_html(text: &str) -> String {
    let mut html = String::new();
    let lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    while at < lines.len() {
        let count = lines[at..].iter().take_while(|line| kind(line) == kind(lines[at])).count();
        let block = &lines[at..at + count];
        match kind(lines[at]) {
            Kind::Blank => {}
            Kind::Table => table(block, &mut html),
            Kind::Item => {
                let items: String =
                    block.iter().map(|line| format!("<li>{}</li>", inline(&line.trim()[2..]))).collect();
                html.push_str(&format!("<ul>{items}</ul>"));
            }
            Kind::Text => {
                let lines: Vec<String> = block.iter().map(|line| inline(line)).collect();
                html.push_str(&format!("<p>{}</p>", lines.join("<br>")));
            }
        }
        at += count;
    }
    html
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    Table,
    Item,
    Text,
}

fn kind(line: &str) -> Kind {
    let line = line.trim();
    if line.is_empty() {
        Kind::Blank
    } else if line.len() > 1 && line.starts_with('|') && line.ends_with('|') {
        Kind::Table
    } else if line.starts_with("- ") || line.starts_with("* ") {
        Kind::Item
    } else {
        Kind::Text
    }
}

fn table(lines: &[&str], html: &mut String) {
    html.push_str("<table border=\"1\" cellpadding=\"4\" style=\"border-collapse:collapse\">");
    let is_rule = |line: &str| line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '));
    let has_head = lines.get(1).is_some_and(|line| is_rule(line.trim()));
    for (index, line) in lines.iter().enumerate().filter(|(index, _)| !(has_head && *index == 1)) {
        let tag = if has_head && index == 0 { "th" } else { "td" };
        html.push_str("<tr>");
        for cell in cells(line.trim()) {
            html.push_str(&format!("<{tag}>{}</{tag}>", inline(cell.trim())));
        }
        html.push_str("</tr>");
    }
    html.push_str("</table>");
}

/// The cells of a table's line; `\\|` is a bar within one.
fn cells(line: &str) -> Vec<String> {
    let inner = line.strip_prefix('|').unwrap_or(line);
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    let mut cells = vec![String::new()];
    let mut chars = inner.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' if chars.peek() == Some(&'|') => {
                chars.next();
                cells.last_mut().expect("there is one").push('|');
            }
            '|' => cells.push(String::new()),
            other => cells.last_mut().expect("there is one").push(other),
        }
    }
    cells
}

/// Escaped text with code, bold and links.
fn inline(text: &str) -> String {
    let mut html = String::new();
    // Every second part stands between backticks; a last one without its partner is text.
    let parts: Vec<&str> = text.split('`').collect();
    for (index, part) in parts.iter().enumerate() {
        match (index % 2 == 1, index + 1 < parts.len()) {
            (true, true) => html.push_str(&format!("<code>{}</code>", escape(part))),
            (true, false) => html.push_str(&format!("`{}", bold(part))),
            _ => html.push_str(&bold(part)),
        }
    }
    html
}

fn bold(text: &str) -> String {
    let parts: Vec<String> = text.split("**").map(links).collect();
    let mut html = String::new();
    for (index, part) in parts.iter().enumerate() {
        match (index % 2 == 1, index + 1 < parts.len()) {
            (true, true) => html.push_str(&format!("<b>{part}</b>")),
            (true, false) => html.push_str(&format!("**{part}")),
            _ => html.push_str(part),
        }
    }
    html
}

fn links(text: &str) -> String {
    let mut html = String::new();
    let mut rest = text;
    while let Some((before, label, target, after)) = link(rest) {
        html.push_str(&format!("{}<a href=\"{}\">{}</a>", escape(before), escape(target), escape(label)));
        rest = after;
    }
    html.push_str(&escape(rest));
    html
}

/// The first `[label](https://…)`: what is before, its label and target, what is after.
fn link(text: &str) -> Option<(&str, &str, &str, &str)> {
    let middle = text.find("](http")?;
    let start = text[..middle].rfind('[')?;
    let end = middle + text[middle..].find(')')?;
    let target = &text[middle + 2..end];
    let is_web = target.starts_with("https://") || target.starts_with("http://");
    (is_web && !target.contains(char::is_whitespace))
        .then(|| (&text[..start], &text[start + 1..middle], target, &text[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_html_and_markup_stays_text() {
        for (text, html) in [
            ("a\nb\n\nc", "<p>a<br>b</p><p>c</p>"),
            ("- one\n- `two`", "<ul><li>one</li><li><code>two</code></li></ul>"),
            ("**bold** and ** not", "<p><b>bold</b> and ** not</p>"),
            ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
            (
                "see [the <run>](https://x.example/?a=1&b=2).",
                "<p>see <a href=\"https://x.example/?a=1&amp;b=2\">the &lt;run&gt;</a>.</p>",
            ),
            ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
            ("[x](https://a\"onclick=b)", "<p><a href=\"https://a&quot;onclick=b\">x</a></p>"),
            ("`open", "<p>`open</p>"),
            ("", ""),
            ("|", "<p>|</p>"),
        ] {
            assert_eq!(to_html(text), html, "{text}");
        }
        let table = to_html("| a | b |\n| --- | --- |\n| 1\\|2 | <b> |");
        assert!(table.contains("<tr><th>a</th><th>b</th></tr><tr><td>1|2</td><td>&lt;b&gt;</td></tr>"), "{table}");
    }
}
