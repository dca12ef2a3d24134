//! Names of subtables: from a template such as `k1d_{code}`, or from all tags.

use plugin_sdk::{Error, Result, sign};

/// The longest name of a table, in bytes.
const LONGEST: usize = 192;

/// How names are made of tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// Index of the tag, and its name.
    Tag(usize, String),
}

impl Template {
    /// Reads a template that names some of these tags.
    pub(crate) fn parse(text: &str, tags: &[String]) -> Result<Self> {
        let wrong = |why: &str| Error::config("subtable", format!("`{text}` {why}; write it like `k1d_{{code}}`"));
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let (name, behind) = after.split_once('}').ok_or_else(|| wrong("has a brace that does not close"))?;
            let tag = tags.iter().position(|tag| tag == name);
            let tag = tag.ok_or_else(|| wrong(&format!("names `{name}`, which is none of the tags")))?;
            parts.extend([Part::Text(before.to_owned()), Part::Tag(tag, name.to_owned())]);
            rest = behind;
        }
        if parts.is_empty() || rest.contains('}') {
            return Err(wrong("names no tag"));
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    /// The name for these tags; the tag that is null where one is.
    pub(crate) fn name(&self, tags: &[Option<String>]) -> Result<String, String> {
        let mut name = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => name.push_str(text),
                Part::Tag(index, tag) => match tags.get(*index).and_then(Option::as_ref) {
                    Some(value) => name.push_str(value),
                    None => return Err(format!("tag `{tag}` is null, and the subtable is named by it")),
                },
            }
        }
        Ok(cleaned(&name))
    }
}

/// A name from all tags.
pub(crate) fn from_tags(supertable: &str, tags: &[Option<String>]) -> String {
    let mut bytes = Vec::new();
    for tag in tags {
        // Lengths keep ("ab", "c") and ("a", "bc") apart, and a null from an empty text.
        let length = tag.as_ref().map_or(u64::MAX, |tag| tag.len() as u64);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(tag.as_deref().unwrap_or_default().as_bytes());
    }
    cleaned(&format!("{supertable}_{}", digest(&bytes)))
}

/// In lower case, of letters, digits and `_`, not beginning with a digit, not too long: a name that needs no quotes.
fn cleaned(name: &str) -> String {
    let lower = name.to_lowercase();
    let mut clean: String =
        lower.chars().map(|char| if char.is_ascii_lowercase() || char.is_ascii_digit() { char } else { '_' }).collect();
    if clean.is_empty() || clean.starts_with(|char: char| char.is_ascii_digit()) {
        clean.insert(0, '_');
    }
    // Beyond ASCII different names would be spelled alike; a digest keeps them apart.
    if !name.is_ascii() || clean.len() > LONGEST {
        clean.truncate(LONGEST - 17);
        clean.push('_');
        clean.push_str(&digest(name.as_bytes()));
    }
    clean
}

fn digest(bytes: &[u8]) -> String {
    sign::hex(&sign::sha256(bytes)[..8])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn name(template: &str, values: &[&str]) -> String {
        let tags: Vec<String> = ["code", "exchange"].map(str::to_owned).into();
        let values: Vec<Option<String>> = values.iter().map(|value| Some((*value).to_owned())).collect();
        Template::parse(template, &tags).unwrap().name(&values).unwrap()
    }

    #[test]
    fn names_need_no_quotes_and_stay_apart() {
        assert_eq!(name("k1d_{code}", &["600000.SH"]), "k1d_600000_sh");
        assert_eq!(name("{code}", &["600000"]), "_600000");
        assert_eq!(name("{exchange}_{code}", &["X", "y z"]), "y_z_x");
        assert_ne!(name("t_{code}", &["浦发"]), name("t_{code}", &["平安"]));
        let long = |end: &str| name("t_{code}", &[&format!("{}{end}", "x".repeat(300))]);
        assert!(long("a").len() == LONGEST && long("a") != long("b"));
        let tags = |values: [&str; 2]| values.map(|value| Some(value.to_owned()));
        assert_ne!(from_tags("s", &tags(["ab", "c"])), from_tags("s", &tags(["a", "bc"])));
        assert_ne!(from_tags("s", &[None]), from_tags("s", &[Some(String::new())]));
        assert_eq!(from_tags("kline", &tags(["a", "b"])).len(), "kline_".len() + 16);
    }

    #[test]
    fn a_template_names_tags_and_a_null_has_no_name() {
        let tags = vec!["code".to_owned()];
        for wrong in ["t", "t_{", "t_}", "t_{}", "t_{close}", "{code}}"] {
            assert_eq!(Template::parse(wrong, &tags).unwrap_err().field.as_deref(), Some("subtable"), "{wrong}");
        }
        let template = Template::parse("t_{code}", &tags).unwrap();
        assert!(template.name(&[None]).unwrap_err().contains("tag `code` is null"));
    }
}
