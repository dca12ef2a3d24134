//! `canvas`: what the editor draws around the steps, so that it travels with the document. Nothing else reads it.
//!
//! Notes and frames name steps that they belong to. A name that no step has is passed over by the editor and is no fault
//! here: a note must not keep a workflow from running.

use super::read::{Reader, join};
use crate::tree::{Content, Node};
use crate::{ErrorCode, StepId};

/// How many notes, and how many frames.
const MOST: usize = 200;
/// Bytes of a note's text.
const TEXT: usize = 10_000;
/// Bytes of a frame's title.
const TITLE: usize = 200;
/// How far from the middle something may lie.
const FAR: i64 = 1_000_000;
/// How wide or high a note may be.
const SIZE: std::ops::RangeInclusive<u32> = 40..=4_000;

impl Reader {
    /// Checks the shape; there is nothing that a run would need.
    pub(super) fn canvas(&mut self, node: &Node) {
        let pairs = self.map(node, "canvas", "Write `canvas: { notes: […], frames: […] }`, or leave it to the editor.");
        self.known_keys(pairs, "canvas", &["notes", "frames"]);
        for (key, node) in pairs {
            let path = join("canvas", &key.text);
            match key.text.as_str() {
                "notes" => self.each(node, &path, Self::note),
                "frames" => self.each(node, &path, Self::frame),
                _ => {}
            }
        }
    }

    fn each(&mut self, node: &Node, path: &str, read: fn(&mut Self, &Node, &str)) {
        let Some(items) = node.as_list() else {
            self.wrong_type(node, path, "a list", "Leave it to the editor, or write a list.");
            return;
        };
        if items.len() > MOST {
            let message = format!("`{path}` holds {} items, and may hold {MOST}", items.len());
            self.refuse(ErrorCode::InvalidValue, node.at, path, message, "Split the workflow.");
            return;
        }
        for (index, item) in items.iter().enumerate() {
            read(self, item, &format!("{path}.{index}"));
        }
    }

    fn note(&mut self, node: &Node, path: &str) {
        let pairs = self.map(node, path, "Write `{ text: …, x: 0, y: 0 }`.");
        self.known_keys(pairs, path, &["text", "beside", "x", "y", "width", "height"]);
        for (key, node) in pairs {
            let path = join(path, &key.text);
            match key.text.as_str() {
                "text" => self.short(node, &path, TEXT),
                "beside" => self.step_name(node, &path),
                "x" | "y" => self.coordinate(node, &path),
                "width" | "height" => drop(self.whole_number(node, &path, SIZE)),
                _ => {}
            }
        }
        if node.get("text").is_none() && !pairs.is_empty() {
            self.missing(node.at, path, "text", "the note", "Add `text: …`.");
        }
    }

    fn frame(&mut self, node: &Node, path: &str) {
        let pairs = self.map(node, path, "Write `{ title: …, steps: [rows, checked] }`.");
        self.known_keys(pairs, path, &["title", "steps"]);
        if let Some(title) = node.get("title") {
            self.short(title, &join(path, "title"), TITLE);
        }
        let path_of_steps = join(path, "steps");
        match node.get("steps") {
            Some(steps) => match steps.as_list() {
                Some(items) => {
                    for (index, item) in items.iter().enumerate() {
                        self.step_name(item, &format!("{path_of_steps}.{index}"));
                    }
                }
                None => self.wrong_type(steps, &path_of_steps, "a list", "List the steps that stand in the frame."),
            },
            None if pairs.is_empty() => {}
            None => self.missing(node.at, path, "steps", "the frame", "List the steps that stand in the frame."),
        }
    }

    fn short(&mut self, node: &Node, path: &str, most: usize) {
        let Some(text) = self.text(node, path, "Write some words.") else { return };
        if text.len() > most {
            let message = format!("`{path}` is {} bytes long, and may be {most}", text.len());
            self.refuse(ErrorCode::InvalidValue, node.at, path, message, "Shorten it.");
        }
    }

    fn step_name(&mut self, node: &Node, path: &str) {
        const HINT: &str = "Write the id of a step.";
        let Some(name) = self.text(node, path, HINT) else { return };
        if StepId::new(name).is_none() {
            let message = format!("`{}` cannot be the id of a step", super::read::shorten(name));
            self.refuse(ErrorCode::InvalidValue, node.at, path, message, HINT);
        }
    }

    fn coordinate(&mut self, node: &Node, path: &str) {
        let is_near = match &node.content {
            Content::Number(number) => number.as_i64().is_some_and(|number| (-FAR..=FAR).contains(&number)),
            _ => false,
        };
        if !is_near {
            let message = format!("`{path}` is not a whole number from -{FAR} to {FAR}");
            self.refuse(ErrorCode::InvalidValue, node.at, path, message, "Write a whole number.");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::document::read::read;
    use crate::tree::{Limits, parse};

    /// What is refused of a document with this section, as `path: code`.
    fn refused(canvas: &str) -> Vec<String> {
        let text = format!("name: drawn\nsteps:\n  - {{ id: rows, uses: fetch }}\ncanvas: {canvas}\n");
        let outline = read(&parse(&text, &Limits::default()).unwrap());
        let spell = |fault: &crate::Fault| format!("{}: {}", fault.path.as_deref().unwrap_or("-"), fault.code.as_str());
        outline.faults.iter().map(spell).collect()
    }

    #[test]
    fn notes_and_frames_are_taken_also_where_a_step_is_gone() {
        let sound = r#"{ notes: [{ text: "late on Mondays", beside: rows, x: -20, y: -140, width: 240, height: 90 }, { text: "" }], frames: [{ title: In, steps: [rows, gone] }] }"#;
        assert_eq!(refused(sound), Vec::<String>::new());
        assert_eq!(refused("{}"), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_note_and_no_frame_is_refused_where_it_stands() {
        assert_eq!(refused("drawn"), ["canvas: invalid_value"]);
        assert_eq!(refused("{ nodes: [] }"), ["canvas.nodes: unknown_key"]);
        assert_eq!(refused("{ notes: { text: a } }"), ["canvas.notes: invalid_value"]);
        assert_eq!(refused("{ notes: [{ x: 0 }] }"), ["canvas.notes.0: missing_key"]);
        assert_eq!(
            refused("{ notes: [{ text: [a], beside: Rows, x: 1.5, y: 2000000, width: 1, colour: red }] }"),
            [
                "canvas.notes.0.colour: unknown_key",
                "canvas.notes.0.text: invalid_value",
                "canvas.notes.0.beside: invalid_value",
                "canvas.notes.0.x: invalid_value",
                "canvas.notes.0.y: invalid_value",
                "canvas.notes.0.width: invalid_value",
            ]
        );
        assert_eq!(refused("{ frames: [{ title: In }, { steps: rows }] }").len(), 2);
        let many = format!("{{ frames: [{}] }}", vec!["{ steps: [rows] }"; 201].join(", "));
        assert_eq!(refused(&many), ["canvas.frames: invalid_value"]);
        let long = format!("{{ notes: [{{ text: {} }}] }}", "a".repeat(10_001));
        assert_eq!(refused(&long), ["canvas.notes.0.text: invalid_value"]);
    }
}
