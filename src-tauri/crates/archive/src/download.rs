//! A download: what it is, whose it is, and its messages.

use std::{collections::BTreeMap, ops::ControlFlow, path::PathBuf};

use backscroll_model::{ImportSkip, ImportSkipped, Platform, text::clean_line};

use crate::{
    ArchiveError, Result,
    batch::{Batch, Gatherer, Place},
    meta,
    source::Source,
    stream::Stop,
    x,
};

/// Reasons that are kept by name; all are counted.
const NAMED: usize = 200;
/// Names of files are cut here.
const NAME_CHARS: usize = 160;

/// What a download holds.
pub(crate) enum Kind {
    Meta(meta::Survey),
    X(x::Survey),
}

/// Whose download it is, as it names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The name in the download by which their messages are known; X: their id.
    pub name: String,
    /// The platform's id, where the download tells it.
    pub id: Option<String>,
    /// `@handle` without the `@`, where the download tells it.
    pub username: Option<String>,
    /// What to call them.
    pub shown: String,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadReport {
    /// Threads read to their end.
    pub threads: u32,
    /// Messages read.
    pub messages: u32,
    /// Items left out.
    pub skipped: u32,
    /// What they were.
    pub reasons: Vec<ImportSkipped>,
    /// Whoever took the batches had enough.
    pub cancelled: bool,
}

/// A download that was opened: its list of files and its threads are known.
pub struct Download {
    source: Source,
    kind: Kind,
    platform: Platform,
    skips: Skips,
}

impl Download {
    /// Opens what a person downloaded: folders, zips or single files that belong together. Reads whose threads there are,
    /// and no messages. `platform`: what it is said to be, where the files themselves do not tell Facebook from Instagram.
    ///
    /// # Errors
    ///
    /// `Missing`, `NotADownload`, `Html`, `Damaged`, `Bomb`, `Io`.
    pub fn open(paths: &[PathBuf], platform: Option<Platform>) -> Result<Self> {
        let mut source = Source::open(paths)?;
        let mut skips = Skips::default();
        for skipped in std::mem::take(&mut source.skipped) {
            skips.add(&skipped.file, skipped.reason);
        }
        let x_files = x::files(&source);
        let meta_threads = meta::threads(&source);
        if !x_files.is_empty() && !meta_threads.is_empty() {
            return Err(ArchiveError::Mixed);
        }
        if !x_files.is_empty() {
            let survey = x::survey(&mut source, x_files, &mut skips)?;
            return Ok(Self { source, kind: Kind::X(survey), platform: Platform::X, skips });
        }
        if meta_threads.is_empty() {
            return Err(if meta::is_html(&source) { ArchiveError::Html } else { ArchiveError::NotADownload });
        }
        let told = meta::platform(&source);
        let platform = told.or(platform.filter(|p| *p != Platform::X)).unwrap_or(Platform::Messenger);
        let survey = meta::survey(&mut source, meta_threads, &mut skips)?;
        Ok(Self { source, kind: Kind::Meta(survey), platform, skips })
    }

    /// Of which platform it is.
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// Tells this set of files from others: the same one goes on where it stopped.
    pub fn fingerprint(&self) -> String {
        self.source.fingerprint()
    }

    /// Whose it is: whoever is named, else whom the download names, else one of `hints`, else the only person who takes
    /// part in every thread.
    ///
    /// # Errors
    ///
    /// `OwnerUnknown`, with the people among whom to choose.
    pub fn owner(&self, named: Option<&str>, hints: &[String]) -> Result<Owner> {
        match &self.kind {
            Kind::Meta(survey) => survey.owner(named, hints),
            Kind::X(survey) => survey.owner(named, hints),
        }
    }

    /// Reads all messages and hands them over in batches, newest first within a thread, until `sink` has enough.
    /// `from`: a batch of an earlier reading of the same files; what stands before it is passed over.
    ///
    /// # Errors
    ///
    /// `Io` if the files vanish altogether; everything else is in the report.
    pub fn read(
        &mut self,
        owner: &Owner,
        from: Option<Place>,
        sink: &mut dyn FnMut(Batch) -> ControlFlow<()>,
    ) -> Result<ReadReport> {
        let mut skips = self.skips.clone();
        let total = match &self.kind {
            Kind::Meta(survey) => survey.bytes(),
            Kind::X(survey) => survey.bytes(),
        };
        let mut sink = |batch| sink(batch);
        let mut gatherer = Gatherer::new(&mut sink, from, total);
        let flow = match &self.kind {
            Kind::Meta(survey) => meta::read(survey, &mut self.source, owner, &mut gatherer, &mut skips),
            Kind::X(survey) => x::read(survey, &mut self.source, owner, &mut gatherer, &mut skips),
        };
        if flow.is_continue() && !gatherer.cancelled {
            let _ = gatherer.flush(0);
        }
        Ok(ReadReport {
            threads: gatherer.threads,
            messages: gatherer.messages,
            cancelled: gatherer.cancelled,
            skipped: skips.count,
            reasons: skips.named(),
        })
    }

    /// The files of its messages, to be read while the messages are.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn files(&self, paths: &[PathBuf]) -> Result<Files> {
        let root = match &self.kind {
            Kind::Meta(survey) => survey.root.clone(),
            Kind::X(_) => String::new(),
        };
        Ok(Files { source: Source::open(paths)?, root })
    }
}

/// The files of the messages of a download.
pub struct Files {
    source: Source,
    /// What may stand before the name that a message tells.
    root: String,
}

impl Files {
    /// Reads a file, at most `most` bytes; `None`: it is not in the download, or larger.
    ///
    /// # Errors
    ///
    /// Those of the disk and of the zip.
    pub fn read(&mut self, path: &str, most: u64) -> std::io::Result<Option<Vec<u8>>> {
        let entry = self.source.find(path).or_else(|| self.source.find(&format!("{}{path}", self.root)));
        let Some(entry) = entry.filter(|entry| entry.size <= most).cloned() else { return Ok(None) };
        // What a zip says of sizes is not believed before it is read.
        let mut bytes = Vec::with_capacity(usize::try_from(entry.size.min(1 << 20)).unwrap_or_default());
        std::io::Read::read_to_end(&mut self.source.read(&entry)?, &mut bytes)?;
        Ok(Some(bytes))
    }
}

/// What was left out so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Skips {
    count: u32,
    by: BTreeMap<(String, ImportSkip), u32>,
}

impl Skips {
    pub(crate) fn add(&mut self, file: &str, reason: ImportSkip) {
        self.count = self.count.saturating_add(1);
        let file = clean_line(file, NAME_CHARS).unwrap_or_default();
        if self.by.len() < NAMED || self.by.contains_key(&(file.clone(), reason)) {
            *self.by.entry((file, reason)).or_default() += 1;
        }
    }

    /// The rest of a file that ended early.
    pub(crate) fn stopped(&mut self, file: &str, why: Stop) {
        let reason = match why {
            Stop::Cancelled => return,
            Stop::TooLarge => ImportSkip::TooLarge,
            Stop::Bomb => ImportSkip::Bomb,
            Stop::Html => ImportSkip::Html,
            Stop::Broken => ImportSkip::Broken,
            Stop::Unreadable => ImportSkip::Unreadable,
        };
        self.add(file, reason);
    }

    fn named(&self) -> Vec<ImportSkipped> {
        let named = self.by.iter();
        named
            .map(|((file, reason), count)| ImportSkipped { file: file.clone(), reason: *reason, count: *count })
            .collect()
    }
}

/// Finds the owner among the people of a download. `told`: whom the download names. `often`: in how many threads each
/// takes part, of so many.
pub(crate) fn choose<'p>(
    people: &'p BTreeMap<String, usize>,
    threads: usize,
    named: Option<&str>,
    told: &[String],
    hints: &[String],
) -> Result<&'p str> {
    let find = |wanted: &str| {
        let same = |person: &&String| person.to_lowercase() == wanted.trim().to_lowercase();
        people.keys().find(|person| person.as_str() == wanted).or_else(|| people.keys().find(same)).map(String::as_str)
    };
    let unknown = || {
        let mut all: Vec<(&String, &usize)> = people.iter().collect();
        all.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let people = all.into_iter().take(10).filter_map(|(name, _)| clean_line(name, 80)).collect();
        ArchiveError::OwnerUnknown { people }
    };
    if let Some(named) = named {
        return find(named).ok_or_else(unknown);
    }
    if let Some(found) = told.iter().chain(hints).find_map(|name| find(name)) {
        return Ok(found);
    }
    let mut always = people.iter().filter(|(_, count)| **count == threads && threads > 1);
    match (always.next(), always.next()) {
        (Some((only, _)), None) => Ok(only),
        _ => Err(unknown()),
    }
}
