//! Messages on their way out of a download: gathered into batches of the size of one transaction, with the place behind
//! which the reading goes on.
//!
//! Messages of one instant are put in order and numbered here, so they are held back until the next instant comes.

use std::{collections::BTreeMap, ops::ControlFlow};

use backscroll_model::{
    ConversationEvents, Direction, Event, IMPORTED, ImportedPage, ImportedThread, Listing, MessageKind, MessageSeen,
    RemoteId,
};
use sha2::{Digest as _, Sha256};

/// Messages of a batch.
pub const BATCH_MESSAGES: usize = 500;
/// Messages of one instant that are put in order; more have no time of their own.
const RUN: usize = 2_000;

/// A place in a download: what stands before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Threads before this one are done.
    pub thread: u64,
    /// And so many messages of it.
    pub messages: u64,
}

impl Place {
    /// As it is kept.
    pub fn to_text(self) -> String {
        format!("{}:{}", self.thread, self.messages)
    }

    /// What was kept; `None` if it is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (thread, messages) = text.split_once(':')?;
        Some(Self { thread: thread.parse().ok()?, messages: messages.parse().ok()? })
    }
}

/// A file of a message, inside the download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRef {
    /// The thread, as [`ImportedThread::key`] names it.
    pub thread: String,
    /// The message, as [`MessageSeen::remote_id`] names it.
    pub message: RemoteId,
    /// Which of its attachments.
    pub ordinal: usize,
    /// What it is.
    pub kind: MessageKind,
    /// Its name in the download.
    pub path: String,
}

/// What one transaction takes in.
#[derive(Debug, Default)]
pub struct Batch {
    /// Parts of threads.
    pub pages: Vec<ImportedPage>,
    /// Files of these messages.
    pub files: Vec<FileRef>,
    /// Where the reading stands after it.
    pub place: Place,
    /// Bytes of messages read so far, unpacked.
    pub bytes: u64,
    /// Of so many.
    pub total: u64,
    /// Messages in it.
    pub messages: u32,
}

/// A message before it is numbered.
pub(crate) struct Item {
    /// Whoever sent it, as the download says.
    pub(crate) sender: String,
    pub(crate) seen: MessageSeen,
    /// Name in the download by attachment.
    pub(crate) files: Vec<(usize, String)>,
}

/// Where batches go.
pub(crate) type Sink<'s> = dyn FnMut(Batch) -> ControlFlow<()> + 's;

/// Gathers messages into batches.
pub(crate) struct Gatherer<'s> {
    sink: &'s mut Sink<'s>,
    batch: Batch,
    thread: Option<Thread>,
    number: u64,
    from: Place,
    /// Bytes of files that are done.
    pub(crate) done_bytes: u64,
    total: u64,
    pub(crate) messages: u32,
    pub(crate) threads: u32,
    pub(crate) cancelled: bool,
}

struct Thread {
    about: ImportedThread,
    remote_id: RemoteId,
    /// What stands at the head of each part: the person.
    head: Vec<Event>,
    /// Newest first.
    ready: Vec<Event>,
    run: Vec<Item>,
    passed: u64,
    span: Option<(i64, i64)>,
    is_whole: bool,
    /// The ids are of the platform, not ours.
    has_ids: bool,
    files: Vec<FileRef>,
}

impl<'s> Gatherer<'s> {
    pub(crate) fn new(sink: &'s mut Sink<'s>, from: Option<Place>, total: u64) -> Self {
        Self {
            sink,
            batch: Batch::default(),
            thread: None,
            number: 0,
            from: from.unwrap_or_default(),
            done_bytes: 0,
            total,
            messages: 0,
            threads: 0,
            cancelled: false,
        }
    }

    /// Whether the next thread was done before, whole.
    pub(crate) fn is_done(&self) -> bool {
        self.number < self.from.thread
    }

    /// The next thread was done before.
    pub(crate) fn pass(&mut self) {
        self.number += 1;
    }

    /// A thread begins. `has_ids`: its messages carry the platform's.
    pub(crate) fn begin(&mut self, about: ImportedThread, remote_id: RemoteId, head: Vec<Event>, has_ids: bool) {
        self.thread = Some(Thread {
            about,
            remote_id,
            head,
            ready: Vec::new(),
            run: Vec::new(),
            passed: 0,
            span: None,
            is_whole: true,
            has_ids,
            files: Vec::new(),
        });
    }

    /// Something of it could not be read: it proves nothing about what is missing.
    pub(crate) fn is_torn(&mut self) {
        if let Some(thread) = &mut self.thread {
            thread.is_whole = false;
        }
    }

    /// The next message of the thread, newest first. `bytes`: read of the present file.
    pub(crate) fn message(&mut self, item: Item, bytes: u64) -> ControlFlow<()> {
        let Some(thread) = &mut self.thread else { return ControlFlow::Continue(()) };
        let at = item.seen.at;
        let goes_on = thread.run.first().is_some_and(|first| first.seen.at == at) && thread.run.len() < RUN;
        if !goes_on {
            self.settle(bytes)?;
        }
        if let Some(thread) = &mut self.thread {
            let (from, to) = thread.span.unwrap_or((at.0, at.0));
            thread.span = Some((from.min(at.0), to.max(at.0)));
            thread.run.push(item);
        }
        ControlFlow::Continue(())
    }

    /// Numbers the messages of one instant and puts them into the batch.
    fn settle(&mut self, bytes: u64) -> ControlFlow<()> {
        let Some(thread) = &mut self.thread else { return ControlFlow::Continue(()) };
        let count = thread.run.len();
        let skip = self.number == self.from.thread && thread.passed < self.from.messages;
        thread.passed += count as u64;
        if skip {
            thread.run.clear();
            return ControlFlow::Continue(());
        }
        let mut alike: BTreeMap<(String, Option<String>), u32> = BTreeMap::new();
        for (place, item) in thread.run.drain(..).enumerate() {
            let Item { sender, mut seen, files } = item;
            seen.tie = u16::try_from(count - 1 - place).unwrap_or(u16::MAX);
            if !thread.has_ids {
                let ordinal = alike.entry((sender.clone(), seen.text.clone())).or_default();
                seen.remote_id = key(&sender, &seen, *ordinal);
                *ordinal += 1;
            }
            for (ordinal, path) in files {
                let kind = seen.attachments.get(ordinal).map_or(MessageKind::File, |file| file.kind);
                let (key, message) = (thread.about.key.clone(), seen.remote_id.clone());
                thread.files.push(FileRef { thread: key, message, ordinal, kind, path });
            }
            thread.ready.push(Event::Message(Box::new(seen)));
            self.batch.messages += 1;
            self.messages += 1;
        }
        if self.batch.messages as usize >= BATCH_MESSAGES {
            self.part(None);
            return self.flush(bytes);
        }
        ControlFlow::Continue(())
    }

    /// The thread ends. `complete`: it goes back to the very first message.
    pub(crate) fn end(&mut self, complete: bool, bytes: u64) -> ControlFlow<()> {
        self.settle(bytes)?;
        if let Some(thread) = &self.thread {
            let listing = thread.span.filter(|_| thread.is_whole).map(|(from, to)| Listing {
                from: (!complete).then_some(backscroll_model::Timestamp(from)),
                to: backscroll_model::Timestamp(to),
            });
            self.threads += 1;
            self.part(listing);
        }
        self.thread = None;
        self.number += 1;
        // Many small threads would be as many pages.
        if self.batch.messages as usize >= BATCH_MESSAGES || self.batch.pages.len() >= BATCH_MESSAGES {
            return self.flush(bytes);
        }
        ControlFlow::Continue(())
    }

    /// What is ready of the thread becomes a page.
    fn part(&mut self, listing: Option<Listing>) {
        let Some(thread) = &mut self.thread else { return };
        if thread.ready.is_empty() && listing.is_none() {
            return;
        }
        let mut events = thread.head.clone();
        events.append(&mut thread.ready);
        self.batch.files.append(&mut thread.files);
        self.batch.pages.push(ImportedPage {
            thread: thread.about.clone(),
            events: ConversationEvents {
                remote_id: thread.remote_id.clone(),
                events,
                listing,
                ..ConversationEvents::default()
            },
        });
    }

    /// Hands the batch over.
    pub(crate) fn flush(&mut self, bytes: u64) -> ControlFlow<()> {
        let passed = self.thread.as_ref().map_or(0, |thread| thread.passed);
        self.batch.place = Place { thread: self.number, messages: passed };
        self.batch.bytes = self.done_bytes + bytes;
        self.batch.total = self.total;
        let flow = (self.sink)(std::mem::take(&mut self.batch));
        self.cancelled |= flow.is_break();
        flow
    }
}

/// What tells a message of a thread from all others of it, however often and in whichever download it comes.
fn key(sender: &str, seen: &MessageSeen, ordinal: u32) -> RemoteId {
    let mut hash = Sha256::new();
    hash.update(seen.at.0.to_le_bytes());
    hash.update([u8::from(seen.direction == Direction::Out)]);
    for text in [sender, seen.text.as_deref().unwrap_or_default()] {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.update(ordinal.to_le_bytes());
    let digest = hash.finalize();
    RemoteId(format!("{IMPORTED}{}", hex::encode(digest.get(..12).unwrap_or_default())))
}
