//! The history as files that anybody can read: pages, lines of JSON, or a table, with the files of messages beside them
//! and a manifest of SHA-256 sums, which `sha256sum -c manifest.sha256` checks.
//!
//! Promises: nothing is written under its name before it is whole: each file is `<name>.part` until then, and the manifest
//! comes last, so a folder with a manifest is a whole export. What is given up or fails leaves no part behind. Only
//! files of ours are touched in the folder.
//!
//! Refuses: to fetch anything. Files without a copy are named with where the platform kept them.

mod csv;
mod html;
mod jsonl;
mod out;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use backscroll_model::{Conversation, ConversationId, ExportFormat, ExportReport, Message};
use jiff::tz::TimeZone;

use crate::Result;
use out::{Folder, Part};

/// The name of the manifest.
pub const MANIFEST: &str = "manifest.sha256";
/// The folder of the files of messages.
const MEDIA: &str = "media";

/// The conversation that is written.
pub(crate) struct Thread<'t> {
    conversation: &'t Conversation,
    /// What the account is called.
    account: &'t str,
    zone: &'t TimeZone,
}

/// A message that is written, with the names of its files in the export.
pub(crate) struct Line<'l> {
    message: &'l Message,
    /// By attachment; `None`: there is no copy.
    files: &'l [Option<String>],
}

/// An export under construction.
pub struct Exporter {
    folder: Folder,
    format: ExportFormat,
    zone: TimeZone,
    /// The one file of all conversations, or that of the present one.
    part: Option<Part>,
    thread: Option<(Conversation, String)>,
    /// The day of the last message that was written.
    day: Option<String>,
    /// For the page that names the others.
    index: Vec<html::Listed>,
    /// Files of messages by the name that they got.
    media: BTreeMap<String, String>,
    report: ExportReport,
}

impl Exporter {
    /// Begins an export into `dir`, which is made if only it itself is missing. `zone`: of the times in pages.
    ///
    /// # Errors
    ///
    /// `Io`.
    pub fn begin(dir: &Path, format: ExportFormat, zone: TimeZone) -> Result<Self> {
        let mut folder = Folder::open(dir)?;
        let part = match format {
            ExportFormat::Html => None,
            ExportFormat::Jsonl => Some(folder.part("messages.jsonl")?),
            ExportFormat::Csv => {
                let mut part = folder.part("messages.csv")?;
                csv::head(&mut part)?;
                Some(part)
            }
        };
        let report =
            ExportReport { conversations: 0, messages: 0, files: 0, missing: 0, kib: 0, manifest: MANIFEST.to_owned() };
        Ok(Self {
            folder,
            format,
            zone,
            part,
            thread: None,
            day: None,
            index: Vec::new(),
            media: BTreeMap::new(),
            report,
        })
    }

    /// The next conversation begins. `account`: what its account is called.
    ///
    /// # Errors
    ///
    /// `Io`.
    pub fn conversation(&mut self, conversation: &Conversation, account: &str) -> Result<()> {
        self.end_conversation()?;
        self.report.conversations += 1;
        self.day = None;
        if self.format == ExportFormat::Html {
            let mut part = self.folder.part(&page_of(conversation.id))?;
            html::head(&mut part, &Thread { conversation, account, zone: &self.zone })?;
            self.index.push(html::Listed::new(conversation, account, page_of(conversation.id)));
            self.part = Some(part);
        }
        self.thread = Some((conversation.clone(), account.to_owned()));
        Ok(())
    }

    /// Messages of the conversation, oldest first. `copy` gives the path of the copy of a file of ours and how its name
    /// ends (`jpg`), by what [`backscroll_model::MediaState::Ready`] calls it.
    ///
    /// # Errors
    ///
    /// `Io`.
    pub fn messages(&mut self, messages: &[Message], copy: &dyn Fn(&str) -> Option<(PathBuf, String)>) -> Result<()> {
        for message in messages {
            let files = message
                .attachments
                .iter()
                .map(|attachment| match &attachment.file {
                    backscroll_model::MediaState::Ready { path } => self.file(path, copy),
                    _ => Ok(None),
                })
                .collect::<Result<Vec<_>>>()?;
            self.report.files += count(files.iter().flatten());
            let is_file = |attachment: &&backscroll_model::Attachment| {
                use backscroll_model::MessageKind::{Audio, File, Image, Sticker, Video};
                matches!(attachment.kind, Image | Sticker | Video | Audio | File)
            };
            self.report.missing +=
                count(message.attachments.iter().filter(is_file)).saturating_sub(count(files.iter().flatten()));
            let (Some((conversation, account)), Some(part)) = (&self.thread, &mut self.part) else { return Ok(()) };
            let thread = Thread { conversation, account, zone: &self.zone };
            let line = Line { message, files: &files };
            match self.format {
                ExportFormat::Html => html::message(part, &thread, &line, &mut self.day)?,
                ExportFormat::Jsonl => jsonl::message(part, &thread, &line)?,
                ExportFormat::Csv => csv::message(part, &thread, &line)?,
            }
            self.report.messages += 1;
        }
        Ok(())
    }

    /// Copies a file once, whichever messages show it.
    fn file(&mut self, path: &str, copy: &dyn Fn(&str) -> Option<(PathBuf, String)>) -> Result<Option<String>> {
        if let Some(name) = self.media.get(path) {
            return Ok(Some(name.clone()));
        }
        let Some((from, ends)) = copy(path) else { return Ok(None) };
        let ends: String = ends.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
        let stem: String = path.chars().filter(char::is_ascii_alphanumeric).take(33).collect();
        let name = format!("{MEDIA}/{stem}.{}", if ends.is_empty() { "bin" } else { &ends });
        // It may have made room for others a moment ago: that is no reason to give up the rest.
        if !self.folder.copy(&from, &name)? {
            return Ok(None);
        }
        self.media.insert(path.to_owned(), name.clone());
        Ok(Some(name))
    }

    fn end_conversation(&mut self) -> Result<()> {
        if self.format == ExportFormat::Html
            && let Some(mut part) = self.part.take()
        {
            html::foot(&mut part)?;
            self.folder.finish(part)?;
        }
        Ok(())
    }

    /// Ends the export: the manifest is written, and everything is on the disk.
    ///
    /// # Errors
    ///
    /// `Io`.
    pub fn finish(mut self) -> Result<ExportReport> {
        self.end_conversation()?;
        if let Some(part) = self.part.take() {
            self.folder.finish(part)?;
        }
        if self.format == ExportFormat::Html {
            let mut part = self.folder.part("index.html")?;
            html::index(&mut part, &self.index)?;
            self.folder.finish(part)?;
        }
        let bytes = self.folder.manifest(MANIFEST)?;
        self.report.kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        Ok(self.report)
    }
}

fn page_of(id: ConversationId) -> String {
    format!("conversation-{id}.html")
}

fn count<T>(of: impl Iterator<Item = T>) -> u32 {
    u32::try_from(of.count()).unwrap_or(u32::MAX)
}

/// What the person of a conversation is called.
pub(crate) fn person(conversation: &Conversation) -> &str {
    let name = conversation.name.as_deref().or(conversation.username.as_deref());
    name.or(conversation.participant.as_ref().map(backscroll_model::RemoteId::as_str))
        .unwrap_or(conversation.remote_id.as_str())
}

/// The word of a kind, as everywhere in JSON.
pub(crate) fn word(kind: backscroll_model::MessageKind) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
