//! Builds downloads, and reads them.

use std::{
    fs::File,
    io::Write as _,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use backscroll_archive::{ArchiveError, Batch, Download, ReadReport};
use backscroll_model::{Event, ImportedPage, MessageSeen};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

/// A string as Meta writes it: each byte of the UTF-8 as a character.
pub fn broken(text: &str) -> String {
    text.bytes().map(char::from).collect()
}

/// A message of Meta's, at this many milliseconds.
pub fn message(sender: &str, at: i64, text: &str) -> Value {
    json!({
        "sender_name": broken(sender), "timestamp_ms": at, "content": broken(text),
        "is_geoblocked_for_viewer": false, "is_unsent_image_by_messenger_kid_parent": false
    })
}

/// A file of a thread of Meta's.
pub fn thread(people: &[&str], messages: &[Value]) -> Value {
    let participants: Vec<Value> = people.iter().map(|name| json!({ "name": broken(name) })).collect();
    json!({
        "participants": participants, "messages": messages, "title": broken(people[0]),
        "is_still_participant": true, "thread_path": "inbox/x", "magic_words": []
    })
}

/// A folder or zip under construction.
pub struct Builder {
    pub files: Vec<(String, Vec<u8>)>,
}

impl Builder {
    pub fn new() -> Self {
        Self { files: Vec::new() }
    }

    pub fn json(mut self, path: &str, value: &Value) -> Self {
        // Escaped as Meta escapes it.
        let text: String = value
            .to_string()
            .chars()
            .map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) })
            .collect();
        self.files.push((path.to_owned(), text.into_bytes()));
        self
    }

    pub fn file(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.push((path.to_owned(), bytes.into()));
        self
    }

    pub fn folder(&self, dir: &Path) -> PathBuf {
        for (path, bytes) in &self.files {
            let path = dir.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        dir.to_owned()
    }

    pub fn zip(&self, path: PathBuf) -> PathBuf {
        let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
        for (name, bytes) in &self.files {
            let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
            zip.start_file(name.as_str(), options).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap();
        path
    }
}

/// What came out of a download.
pub struct Read {
    pub pages: Vec<ImportedPage>,
    pub report: ReadReport,
    pub batches: Vec<Batch>,
}

impl Read {
    pub fn messages(&self) -> Vec<MessageSeen> {
        let events = self.pages.iter().flat_map(|page| &page.events.events);
        let messages = events.filter_map(|event| match event {
            Event::Message(seen) => Some((**seen).clone()),
            _ => None,
        });
        messages.collect()
    }

    pub fn texts(&self) -> Vec<String> {
        self.messages().into_iter().map(|seen| seen.text.unwrap_or_default()).collect()
    }

    pub fn reasons(&self) -> Vec<String> {
        self.report.reasons.iter().map(|r| format!("{} {:?} {}", r.file, r.reason, r.count)).collect()
    }
}

pub fn open(paths: &[PathBuf]) -> Result<Download, ArchiveError> {
    Download::open(paths, None)
}

/// Reads a download to its end.
pub fn read(paths: &[PathBuf], owner: Option<&str>) -> Result<Read, ArchiveError> {
    let mut download = open(paths)?;
    let owner = download.owner(owner, &[])?;
    let mut batches = Vec::new();
    let report = download.read(&owner, None, &mut |batch| {
        batches.push(batch);
        ControlFlow::Continue(())
    })?;
    let pages = batches.iter().flat_map(|batch: &Batch| batch.pages.clone()).collect();
    Ok(Read { pages, report, batches })
}
