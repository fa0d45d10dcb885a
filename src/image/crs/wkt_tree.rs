//! Well-known text (WKT 1: OGC 01-009; WKT 2: ISO 19162) as a tree of keywords.

use crate::error::{Error, Result};

/// A keyword with what its brackets hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// The keyword in upper case.
    pub(super) keyword: String,
    pub(super) items: Vec<Item>,
}

/// What brackets hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    Node(Node),
    Text(String),
    Number(f64),
    Word(String),
}

/// Brackets inside brackets; definitions have some ten.
const DEPTH: usize = 32;

impl Node {
    /// Reads a text.
    ///
    /// # Errors
    /// [`Error::Usage`] for a text that is not of this form.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut parser = Parser { rest: text };
        match parser.item(0)? {
            Item::Node(node) if parser.rest.trim().is_empty() => Ok(node),
            _ => Err(parser.wrong("one keyword with brackets")),
        }
    }

    /// The first node inside with one of these keywords.
    pub(super) fn child(&self, keywords: &[&str]) -> Option<&Self> {
        self.children().find(|node| keywords.contains(&node.keyword.as_str()))
    }

    /// The nodes inside.
    pub(super) fn children(&self) -> impl Iterator<Item = &Self> {
        self.items.iter().filter_map(|item| if let Item::Node(node) = item { Some(node) } else { None })
    }

    /// The first text inside.
    pub(super) fn name(&self) -> &str {
        self.items
            .iter()
            .find_map(|item| if let Item::Text(text) = item { Some(text.as_str()) } else { None })
            .unwrap_or("")
    }

    /// The numbers inside, in order.
    pub(super) fn numbers(&self) -> impl Iterator<Item = f64> {
        self.items.iter().filter_map(|item| if let Item::Number(number) = item { Some(*number) } else { None })
    }

    /// The code in the EPSG register that the node states of itself.
    pub(super) fn code(&self) -> Option<u32> {
        let id = self.children().find(|node| {
            matches!(node.keyword.as_str(), "ID" | "AUTHORITY") && node.name().eq_ignore_ascii_case("EPSG")
        })?;
        match id.items.get(1)? {
            Item::Number(number) => Some(*number as u32),
            Item::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }
}

struct Parser<'t> {
    rest: &'t str,
}

impl Parser<'_> {
    fn item(&mut self, depth: usize) -> Result<Item> {
        self.rest = self.rest.trim_start();
        if let Some(rest) = self.rest.strip_prefix('"') {
            return self.text(rest);
        }
        let end = self.rest.find(['[', ']', '(', ')', ',', '"']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        let word = word.trim_end();
        self.rest = rest;
        if !self.rest.starts_with(['[', '(']) {
            return match word.parse::<f64>() {
                _ if word.is_empty() => Err(self.wrong("a value")),
                Ok(number) if word.starts_with(|first: char| !first.is_alphabetic()) => Ok(Item::Number(number)),
                _ => Ok(Item::Word(word.to_owned())),
            };
        }
        if depth == DEPTH || word.is_empty() {
            return Err(self.wrong("a keyword before at most 32 brackets"));
        }
        let mut items = Vec::new();
        loop {
            self.rest = &self.rest[1..];
            items.push(self.item(depth + 1)?);
            self.rest = self.rest.trim_start();
            match self.rest.chars().next() {
                Some(',') => {}
                Some(']' | ')') => break,
                _ => return Err(self.wrong("a comma or a closing bracket")),
            }
        }
        self.rest = &self.rest[1..];
        Ok(Item::Node(Node { keyword: word.to_ascii_uppercase(), items }))
    }

    /// A text after its quotation mark; two marks stand for one.
    fn text(&mut self, mut rest: &str) -> Result<Item> {
        let mut text = String::new();
        loop {
            let Some((part, after)) = rest.split_once('"') else { return Err(self.wrong("a quotation mark")) };
            text.push_str(part);
            let Some(next) = after.strip_prefix('"') else {
                self.rest = &self.rest[self.rest.len() - after.len()..];
                return Ok(Item::Text(text));
            };
            text.push('"');
            rest = next;
        }
    }

    fn wrong(&self, allowed: &str) -> Error {
        Error::usage("crs: well-known text").found(shown(self.rest)).allowed(allowed.to_owned())
    }
}

/// A text in quotation marks.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// The beginning of a text, for messages: a definition may fill pages.
pub(super) fn shown(text: &str) -> String {
    let first: String = text.chars().take(60).collect();
    format!("{first:?}{}", if first.len() < text.len() { "…" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_becomes_a_tree() {
        let node =
            Node::parse(r#" GEOGCS["a ""b""", UNIT ("degree",1.5e-2), AXIS["x",EAST], AUTHORITY["EPSG","4326"]] "#)
                .unwrap();
        assert_eq!((node.name(), node.code()), ("a \"b\"", Some(4326)));
        let unit = node.child(&["ANGLEUNIT", "UNIT"]).unwrap();
        assert_eq!((unit.name(), unit.numbers().next()), ("degree", Some(0.015)));
        assert_eq!(node.children().nth(1).unwrap().items[1], Item::Word("EAST".to_owned()));
        assert_eq!(quoted(node.name()), r#""a ""b""""#);
    }

    #[test]
    fn damaged_texts_are_errors() {
        let deep = "A[".repeat(40) + "1" + &"]".repeat(40);
        for text in [
            "",
            "A",
            "A[",
            "A[]",
            "A[1",
            "A[\"b]",
            "A[1]]",
            "A[1,]",
            "[1]",
            "A[1] B[2]",
            "A[\"b\"c]",
            &deep,
            "é[",
            "A[é",
        ] {
            assert!(Node::parse(text).is_err(), "{text}");
        }
    }
}
