//! From an alert to a message: subject, text and HTML.

use data::{Alert, Error, Result};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};
use model::ErrorCode;

/// Reads `Name <user@host>` or `user@host`.
///
/// # Errors
/// `invalid_value` naming the key; control characters are refused before the library sees them.
pub(super) fn mailbox(key: &str, text: &str) -> Result<Mailbox> {
    let invalid = || {
        let shown: String = text.chars().flat_map(char::escape_default).take(100).collect();
        Error::permanent(ErrorCode::InvalidValue, format!("`{key}` holds `{shown}`, which is not a mail address"))
            .hint("Write it like `ops@example.com` or `Ops <ops@example.com>`.")
    };
    if text.chars().any(char::is_control) {
        return Err(invalid());
    }
    let text = text.trim();
    let (name, address) = match text.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"').trim(), address.trim()),
        None => ("", text),
    };
    let address: Address = address.parse().map_err(|_| invalid())?;
    Ok(Mailbox::new((!name.is_empty()).then(|| name.to_owned()), address))
}

/// The message; its id stays the same in every attempt.
pub(super) fn build(alert: &Alert, from: &Mailbox, to: &[Mailbox]) -> Result<Message> {
    let id: String = alert.id.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    let mut builder = Message::builder()
        .from(from.clone())
        .subject(subject(alert))
        .message_id(Some(format!("<{id}@{}>", from.email.domain())));
    for mailbox in to {
        builder = builder.to(mailbox.clone());
    }
    builder
        .multipart(MultiPart::alternative_plain_html(plain(alert), html(alert)))
        .map_err(|e| Error::permanent(ErrorCode::DeliveryFailed, format!("the mail cannot be written: {e}")))
}

fn subject(alert: &Alert) -> String {
    format!("[{}] {}", alert.severity.as_str(), title(alert))
}

/// The title in one line of at most 200 characters.
fn title(alert: &Alert) -> String {
    let title: String = alert.title.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    title.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn plain(alert: &Alert) -> String {
    let mut text = format!("{}\n\n{}\n", title(alert), alert.text);
    if !alert.fields.is_empty() {
        text.push('\n');
    }
    for (name, value) in &alert.fields {
        text.push_str(&format!("{name}: {value}\n"));
    }
    if let Some(link) = &alert.link {
        text.push_str(&format!("\n{link}\n"));
    }
    // NUL and the like are allowed in no text part.
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect()
}

fn html(alert: &Alert) -> String {
    let mut html = format!(
        "<!doctype html><html><body><h2>{}</h2><p style=\"white-space:pre-wrap\">{}</p>",
        escape(&title(alert)),
        escape(&alert.text)
    );
    if !alert.fields.is_empty() {
        html.push_str("<table>");
        for (name, value) in &alert.fields {
            html.push_str(&format!("<tr><th align=\"left\">{}</th><td>{}</td></tr>", escape(name), escape(value)));
        }
        html.push_str("</table>");
    }
    // Only web addresses become links; anything else a template made is not clickable.
    if let Some(link) = alert.link.as_ref().filter(|link| link.starts_with("https://") || link.starts_with("http://")) {
        html.push_str(&format!("<p><a href=\"{0}\">{0}</a></p>", escape(link)));
    }
    html.push_str("</body></html>");
    html
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            other if other.is_control() => {}
            other => escaped.push(other),
        }
    }
    escaped
}
