//! Uploaded files and the pictures of the world, served under `<base>/files/` (reference 7, 11.2).

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::ids;
use crate::world::FileRef;

/// An upload address is good for so long, once.
const UPLOAD_URL_MS: i64 = 30 * 60_000;

#[derive(Debug)]
struct Ticket {
    name: String,
    until: i64,
}

/// A file that somebody uploaded.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub mime: String,
    pub bytes: Bytes,
}

#[derive(Debug)]
pub(crate) struct Media {
    base: String,
    seed: u64,
    counter: u64,
    stored: BTreeMap<String, Stored>,
    /// Open upload addresses by token.
    tickets: BTreeMap<String, Ticket>,
}

impl Media {
    pub(crate) fn new(base: String, seed: u64) -> Self {
        Self { base, seed, counter: 0, stored: BTreeMap::new(), tickets: BTreeMap::new() }
    }

    pub(crate) fn own(&self, name: &str) -> String {
        format!("{}/files/{name}", self.base)
    }

    pub(crate) fn address(&self, file: &FileRef) -> String {
        match file {
            FileRef::Own(name) => self.own(name),
            FileRef::Url(url) => url.clone(),
        }
    }

    /// The file name in one of our own addresses.
    pub(crate) fn name_in<'a>(&self, url: &'a str) -> Option<&'a str> {
        url.strip_prefix(self.base.as_str())?.strip_prefix("/files/")
    }

    /// Whether this address is on our own origin: exempt from the https rule (reference 11.2).
    pub(crate) fn is_own(&self, url: &str) -> bool {
        url.strip_prefix(self.base.trim_end_matches("/api")).is_some_and(|rest| rest.starts_with('/'))
    }

    fn fresh(&mut self) -> String {
        self.counter += 1;
        ids::hex(self.seed, &format!("file/{}", self.counter), 10)
    }

    /// Keeps the bytes; gives the id (without extension).
    pub(crate) fn store(&mut self, extension: &str, mime: String, bytes: Bytes) -> String {
        let id = self.fresh();
        self.stored.insert(format!("{id}.{extension}"), Stored { mime, bytes });
        id
    }

    pub(crate) fn stored(&self, name: &str) -> Option<&Stored> {
        self.stored.get(name)
    }

    /// An upload address for a file of that extension: token and final name.
    pub(crate) fn open_upload(&mut self, now: i64, extension: &str) -> (String, String) {
        let name = format!("{}.{extension}", self.fresh());
        let token = self.fresh();
        self.tickets.insert(token.clone(), Ticket { name: name.clone(), until: now + UPLOAD_URL_MS });
        (token, name)
    }

    /// Takes the one PUT of an upload address; false when it is used up, expired or unknown.
    pub(crate) fn put(&mut self, now: i64, token: &str, mime: String, bytes: Bytes) -> bool {
        let Some(ticket) = self.tickets.remove(token).filter(|t| now < t.until) else { return false };
        self.stored.insert(ticket.name, Stored { mime, bytes });
        true
    }
}

/// The extension that a content type or a file name stands for.
pub(crate) fn extension(content_type: &str, file_name: &str) -> Option<String> {
    let from_name = file_name.rsplit_once('.').map(|(_, e)| e.to_ascii_lowercase());
    if let Some(extension) =
        from_name.filter(|e| (1..=5).contains(&e.len()) && e.bytes().all(|b| b.is_ascii_alphanumeric()))
    {
        return Some(extension);
    }
    let short = content_type.split(';').next().unwrap_or_default().trim();
    let short = short.rsplit_once('/').map_or(short, |(_, s)| s);
    match short {
        "" | "octet-stream" => None,
        "quicktime" => Some("mov".to_owned()),
        other if other.bytes().all(|b| b.is_ascii_alphanumeric()) => Some(other.to_owned()),
        _ => None,
    }
}

/// The content type of an extension.
pub(crate) fn mime(extension: &str) -> &'static str {
    match extension {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "bmp" => "image/bmp",
        "mp4" | "m4v" => "video/mp4",
        "mov" => "video/quicktime",
        "webm" => "video/webm",
        "avi" => "video/x-msvideo",
        "ogg" => "video/ogg",
        "aac" => "audio/aac",
        "wav" => "audio/wav",
        "m4a" => "audio/mp4",
        "mp3" => "audio/mpeg",
        "pdf" => "application/pdf",
        _ => "application/octet-stream",
    }
}
