//! Uploaded files and the pictures of the world, served under `<base>/files/` (reference 7, 11.2).

use std::collections::BTreeMap;

use crate::blob::Blob;
use crate::ids;
use crate::world::FileRef;

/// An upload address is good for so long, once.
const UPLOAD_URL_MS: i64 = 30 * 60_000;
const DAY_MS: i64 = 86_400_000;
/// What came by `/media/upload` is kept so long.
const UPLOAD_LIFE_MS: i64 = 90 * DAY_MS;
/// What came by an upload address is kept so long.
const ACCESS_LIFE_MS: i64 = 30 * DAY_MS;

/// An upload address that is still to be used.
#[derive(Debug)]
pub(crate) struct Ticket {
    name: String,
    until: i64,
    /// The PUT must say the same.
    pub content_type: String,
}

/// A file that somebody uploaded, or that a network keeps with a message.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub mime: String,
    pub blob: Blob,
    /// It is gone from then on.
    until: i64,
    /// The HTTP request that brought it; 0: it belongs to a message.
    request: u64,
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

    fn fresh(&mut self) -> String {
        self.counter += 1;
        ids::hex(self.seed, &format!("file/{}", self.counter), 10)
    }

    /// Keeps what was uploaded for 90 days; gives the id (without extension).
    pub(crate) fn upload(&mut self, now: i64, request: u64, extension: &str, mime: String, blob: Blob) -> String {
        let id = self.fresh();
        let stored = Stored { mime, blob, until: now + UPLOAD_LIFE_MS, request };
        self.stored.insert(format!("{id}.{extension}"), stored);
        id
    }

    /// The network's own copy of what a message carries: it stays when the source is gone. Gives its name.
    pub(crate) fn keep(&mut self, extension: &str, mime: String, blob: Blob) -> String {
        let name = format!("{}.{extension}", self.fresh());
        self.stored.insert(name.clone(), Stored { mime, blob, until: i64::MAX, request: 0 });
        name
    }

    /// A file of that name, whether or not its time is over.
    pub(crate) fn stored(&self, name: &str) -> Option<&Stored> {
        self.stored.get(name)
    }

    /// A file of that name that can be fetched now.
    pub(crate) fn served(&self, now: i64, name: &str) -> Option<&Stored> {
        self.stored.get(name).filter(|s| now < s.until)
    }

    /// An upload address: its token, and the name that the file will have (without a dot if there is no extension).
    pub(crate) fn open_upload(&mut self, now: i64, extension: Option<&str>, content_type: &str) -> (String, String) {
        let name = match extension {
            Some(extension) => format!("{}.{extension}", self.fresh()),
            None => self.fresh(),
        };
        let token = self.fresh();
        let content_type = content_type.to_owned();
        self.tickets.insert(token.clone(), Ticket { name: name.clone(), until: now + UPLOAD_URL_MS, content_type });
        (token, name)
    }

    /// Takes an upload address, once; `None` when it is used up, expired or unknown. *Choice*: it is used up as soon as
    /// somebody begins to write to it, so a broken transfer needs a new one.
    pub(crate) fn begin(&mut self, now: i64, token: &str) -> Option<Ticket> {
        self.tickets.remove(token).filter(|t| now < t.until)
    }

    /// The file of an upload address has arrived.
    pub(crate) fn finish(&mut self, now: i64, request: u64, ticket: Ticket, blob: Blob) {
        let stored = Stored { mime: ticket.content_type, blob, until: now + ACCESS_LIFE_MS, request };
        self.stored.insert(ticket.name, stored);
    }

    /// What this request uploaded is lost, whatever its answer said.
    pub(crate) fn lose(&mut self, request: u64) {
        self.stored.retain(|_, s| s.request != request);
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
