//! A table for spreadsheets: RFC 4180, with a mark of the byte order, without which Excel takes UTF-8 for something else.
//!
//! Promises: no cell is a formula. A spreadsheet runs what begins with `=`, `+`, `-` or `@`, also behind a tab or a line
//! break and in full width, whoever wrote it (OWASP, *CSV Injection*); such a cell begins with an apostrophe.

use std::io::{self, Write};

use backscroll_model::Direction;

use super::{Line, Thread, person};

const COLUMNS: [&str; 12] = [
    "conversation",
    "account",
    "platform",
    "person",
    "time",
    "direction",
    "kind",
    "text",
    "files",
    "links",
    "reactions",
    "id",
];

pub(super) fn head(out: &mut impl Write) -> io::Result<()> {
    out.write_all("\u{FEFF}".as_bytes())?;
    row(out, &COLUMNS.map(str::to_owned))
}

pub(super) fn message(out: &mut impl Write, thread: &Thread<'_>, line: &Line<'_>) -> io::Result<()> {
    let message = line.message;
    let links = message.attachments.iter().filter_map(|file| file.url.clone()).collect::<Vec<_>>().join("\n");
    let files = line.files.iter().flatten().cloned().collect::<Vec<_>>().join("\n");
    let reactions: Vec<&str> = message.reactions.iter().map(|reaction| reaction.emoji.as_str()).collect();
    row(
        out,
        &[
            message.conversation.to_string(),
            thread.account.to_owned(),
            thread.conversation.platform.as_str().to_owned(),
            person(thread.conversation).to_owned(),
            jiff::Timestamp::from_millisecond(message.at.0).map(|at| at.to_string()).unwrap_or_default(),
            match message.direction {
                Direction::In => "in".to_owned(),
                Direction::Out => "out".to_owned(),
            },
            super::word(message.kind),
            message.text.clone().unwrap_or_default(),
            files,
            links,
            reactions.join(" "),
            message.id.to_string(),
        ],
    )
}

fn row(out: &mut impl Write, cells: &[String]) -> io::Result<()> {
    for (number, cell) in cells.iter().enumerate() {
        if number > 0 {
            out.write_all(b",")?;
        }
        out.write_all(quoted(cell).as_bytes())?;
    }
    out.write_all(b"\r\n")
}

fn quoted(cell: &str) -> String {
    let mark = if is_formula(cell) { "'" } else { "" };
    if mark.is_empty() && !cell.contains([',', '"', '\n', '\r', '\'', ' ', '\t']) {
        return cell.to_owned();
    }
    format!("\"{mark}{}\"", cell.replace('"', "\"\""))
}

fn is_formula(cell: &str) -> bool {
    let first = cell.trim_start().chars().next();
    cell.starts_with(['\t', '\r', '\n'])
        || first.is_some_and(|c| matches!(c, '=' | '+' | '-' | '@' | '|' | '%' | '＝' | '＋' | '－' | '＠'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =HYPERLINK(\"http://x\")", "＝1", "|x", "\n@x"]
        {
            assert!(quoted(cell).starts_with("\"'"), "{cell}");
        }
        for cell in ["a=1", "1-1", "Tom, \"Jerry\"", "two\nlines", ""] {
            assert!(!quoted(cell).contains('\''), "{cell}");
        }
        assert_eq!(quoted("say \"hi\""), "\"say \"\"hi\"\"\"");
    }
}
