//! From an alert to a message: subject, text, HTML and attachments.

use super::markdown;
use data::{Alert, Error, Result};
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart};
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
    let forms = MultiPart::alternative_plain_html(plain(alert), html(alert));
    let body = alert.attachments.iter().fold(None, |mixed: Option<MultiPart>, attachment| {
        let part = Attachment::new(file_name(&attachment.name))
            .body(attachment.content.clone(), media_type(&attachment.media_type));
        let mixed = mixed.unwrap_or_else(|| MultiPart::mixed().multipart(forms.clone()));
        Some(mixed.singlepart(part))
    });
    builder
        .multipart(body.unwrap_or(forms))
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
    let mut text = format!("{}\n\n{}\n", title(alert), alert.plain.as_deref().unwrap_or(&alert.text));
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
    let text = markdown::to_html(&alert.text);
    let mut html = format!("<!doctype html><html><body><h2>{}</h2>{text}", escape(&title(alert)));
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

/// A file name of harmless characters only: it stands in a header.
fn file_name(name: &str) -> String {
    let name: String =
        name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')).take(100).collect();
    if name.is_empty() { "attachment".to_owned() } else { name }
}

/// The media type with UTF-8 as its charset; what is none is plain text.
fn media_type(text: &str) -> ContentType {
    let is_harmless = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '.' | '+'));
    let spelled = if is_harmless { format!("{text}; charset=utf-8") } else { String::new() };
    ContentType::parse(&spelled).unwrap_or(ContentType::TEXT_PLAIN)
}

/// The text with what HTML would read as markup escaped, without control characters.
pub(super) fn escape(text: &str) -> String {
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
