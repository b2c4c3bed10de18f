//! What goes to standard output: one JSON object a line, or a table for people.
//!
//! Promises: text of strangers cannot steer a terminal. In JSON the control and bidi characters are escaped, so the
//! text is still exact; in a table they are replaced.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
};

use backscroll_model::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

/// Collects rows and prints them.
pub struct Output {
    json: bool,
    rows: Vec<Vec<String>>,
}

impl Output {
    /// Nothing printed yet.
    pub fn new(json: bool) -> Self {
        Self { json, rows: Vec::new() }
    }

    /// Whether JSON is wanted.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// One object: printed at once as JSON, or kept as a row of the table.
    pub fn object(&mut self, object: &impl Serialize, cells: impl FnOnce() -> Vec<String>) -> anyhow::Result<()> {
        if self.json {
            let line = terminal_safe_json(&serde_json::to_string(object)?);
            let mut out = io::stdout().lock();
            writeln!(out, "{line}")?;
            out.flush()?;
        } else {
            self.rows.push(cells());
        }
        Ok(())
    }

    /// Prints the table of the rows so far, its columns as wide as their widest cell.
    pub fn flush(&mut self) -> anyhow::Result<()> {
        let table = table(&self.rows);
        self.rows.clear();
        let mut out = io::stdout().lock();
        out.write_all(table.as_bytes())?;
        out.flush()?;
        Ok(())
    }
}

/// Columns two spaces apart. A line break in the last cell goes on under its column.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|r| r.get(column)).map(|cell| cell.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        let mut indent = 0;
        for (cell, wide) in row.iter().zip(&widths) {
            indent = line.width();
            let pad = wide.saturating_sub(cell.width());
            let _ = write!(line, "{cell}{:pad$}  ", "");
        }
        let _ = writeln!(out, "{}", line.trim_end().replace('\n', &format!("\n{:indent$}", "")));
    }
    out
}

/// Escapes what a terminal could take as a command; inside JSON it can only stand in strings.
fn terminal_safe_json(line: &str) -> String {
    escape_if(
        line,
        |c| c.is_control() || reorders(c),
        |out, c| {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        },
    )
}

/// Text of a stranger for a person's eyes: line breaks stay, every other control or bidi character becomes `�`.
pub fn readable(text: &str) -> String {
    escape_if(
        &text.replace("\r\n", "\n"),
        |c| (c.is_control() && c != '\n') || reorders(c),
        |out, c| {
            out.push(if c == '\t' { ' ' } else { '\u{FFFD}' });
        },
    )
}

fn escape_if(text: &str, bad: impl Fn(char) -> bool, replace: impl Fn(&mut String, char)) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if bad(c) { replace(&mut out, c) } else { out.push(c) }
    }
    out
}

/// Characters that reorder what stands around them. All are below U+10000, so one `\u` escape holds each.
fn reorders(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Local time for a person's eyes: `2026-11-21 14:02`.
pub fn local_time(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map(|at| at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_steer_the_terminal() {
        let text = "a\u{1b}[2J\u{9b}31m\u{202e}b\r\nc\td";
        assert_eq!(readable(text), "a\u{FFFD}[2J\u{FFFD}31m\u{FFFD}b\nc d");
    }

    #[test]
    fn json_is_exact_and_harmless() {
        let text = "a\u{1b}[2J\u{9b}31m\u{202e}\u{7f}b\n";
        let line = terminal_safe_json(&serde_json::json!({ "text": text }).to_string());
        assert!(!line.chars().any(|c| c.is_control() || reorders(c)), "{line}");
        let back: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        assert_eq!(back, serde_json::json!({ "text": text }));
    }

    #[test]
    fn columns_stand_under_each_other_in_every_script() {
        let rows = [vec!["山本".to_owned(), "x".to_owned()], vec!["Ada".to_owned(), "two\nlines".to_owned()]];
        assert_eq!(table(&rows), "山本  x\nAda   two\n      lines\n");
    }
}
