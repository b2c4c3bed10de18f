//! X's archive: `data/direct-messages.js` and `data/direct-messages-group.js` (with `-part1` and so on where they are
//! large), each an assignment `window.YTD.direct_messages.part0 = [ … ]`; media in `data/direct_messages_media/` under
//! `<message id>-<file>`; who it is of in `data/account.js`.
//!
//! Ids are those of the API. Persons have no names here. The archive goes back to the first message.

mod event;

use std::{collections::BTreeMap, ops::ControlFlow};

use backscroll_model::{Event, ImportSkip, ImportedThread, ParticipantSeen, RemoteId};
use serde_json::{Value, value::RawValue};

use crate::{
    ArchiveError, Result,
    batch::{Gatherer, Item},
    download::{Owner, Skips, choose},
    json::Object,
    source::{Entry, Source},
    stream::{self, Listener, Meter, Stop},
};

/// The account's own file is small.
const ACCOUNT_BYTES: u64 = 1 << 20;

/// What the archive holds.
pub(crate) struct Survey {
    files: Vec<Entry>,
    /// In how many conversations each person takes part; only where the archive does not say whose it is.
    people: BTreeMap<String, usize>,
    conversations: usize,
    account: Option<Account>,
    /// Names of files by the message that they are of.
    media: BTreeMap<String, Vec<String>>,
}

struct Account {
    id: String,
    username: Option<String>,
    name: Option<String>,
}

/// The files with messages: one to one first.
pub(crate) fn files(source: &Source) -> Vec<Entry> {
    let is_messages = |entry: &&Entry| {
        let name = entry.path.rsplit('/').next().unwrap_or_default();
        let Some(stem) = name.strip_suffix(".js") else { return false };
        let stem =
            stem.rsplit_once("-part").filter(|(_, n)| n.bytes().all(|b| b.is_ascii_digit())).map_or(stem, |s| s.0);
        matches!(stem, "direct-messages" | "direct-message" | "direct-messages-group" | "direct-message-group")
    };
    source.entries.iter().filter(is_messages).cloned().collect()
}

/// Reads whose archive it is.
pub(crate) fn survey(source: &mut Source, files: Vec<Entry>, skips: &mut Skips) -> Result<Survey> {
    let mut survey = Survey { files, people: BTreeMap::new(), conversations: 0, account: None, media: BTreeMap::new() };
    for entry in &source.entries {
        let Some((folder, file)) = entry.path.rsplit_once('/') else { continue };
        if !folder
            .rsplit('/')
            .next()
            .is_some_and(|folder| folder.starts_with("direct_message") && folder.ends_with("media"))
        {
            continue;
        }
        if let Some((message, _)) = file.split_once('-') {
            survey.media.entry(message.to_owned()).or_default().push(entry.path.clone());
        }
    }
    let account = source.entries.iter().find(|entry| entry.path.rsplit('/').next() == Some("account.js")).cloned();
    if let Some(entry) = account.filter(|entry| entry.size <= ACCOUNT_BYTES) {
        let mut text = String::new();
        let read = source.read(&entry).and_then(|mut reader| std::io::Read::read_to_string(&mut reader, &mut text));
        let json = text.find('[').and_then(|at| text.get(at..)).unwrap_or_default();
        let parsed = serde_json::Deserializer::from_str(json).into_iter::<Value>().next();
        match parsed {
            Some(Ok(value)) => survey.account = account_of(&value),
            _ if read.is_err() => skips.add(&entry.path, ImportSkip::Unreadable),
            _ => skips.add(&entry.path, ImportSkip::Broken),
        }
    }
    if survey.account.is_none() {
        for file in survey.files.clone() {
            let meter = Meter::new(file.packed);
            let mut people = People(&mut survey);
            if let Ok(reader) = source.read(&file) {
                // What is wrong with it is said when it is read.
                let _ = stream::wrapped(reader, &meter, "dmConversation", "messages", &mut people);
            }
        }
    }
    Ok(survey)
}

fn account_of(value: &Value) -> Option<Account> {
    let account = value.pointer("/0/account")?;
    let field = |name: &str| account.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Account { id: field("accountId")?, username: field("username"), name: field("accountDisplayName") })
}

/// Counts who takes part.
struct People<'s>(&'s mut Survey);

impl Listener for People<'_> {
    fn field(&mut self, name: &str, value: &RawValue) {
        let id: Option<String> = serde_json::from_str(value.get()).ok();
        if let Some((a, b)) = id.as_deref().filter(|_| name == "conversationId").and_then(|id| id.split_once('-')) {
            self.0.conversations += 1;
            for person in [a, b] {
                *self.0.people.entry(person.to_owned()).or_default() += 1;
            }
        }
    }

    fn element(&mut self, _: &RawValue) {}
}

impl Survey {
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    pub(crate) fn owner(&self, named: Option<&str>, hints: &[String]) -> Result<Owner> {
        if let Some(account) = &self.account {
            let is_named = |named: &str| {
                let named = named.trim().trim_start_matches('@').to_lowercase();
                [Some(&account.id), account.username.as_ref(), account.name.as_ref()]
                    .into_iter()
                    .flatten()
                    .any(|name| name.to_lowercase() == named)
            };
            if named.is_some_and(|named| !is_named(named)) {
                let people = account.username.iter().chain([&account.id]).cloned().collect();
                return Err(ArchiveError::OwnerUnknown { people });
            }
            let shown = account.name.as_ref().or(account.username.as_ref()).unwrap_or(&account.id);
            return Ok(Owner {
                name: account.id.clone(),
                id: Some(account.id.clone()),
                username: account.username.clone(),
                shown: shown.clone(),
            });
        }
        let id = choose(&self.people, self.conversations, named, &[], hints)?.to_owned();
        Ok(Owner { name: id.clone(), id: Some(id.clone()), username: None, shown: id })
    }
}

/// Reads the messages of all conversations.
pub(crate) fn read(
    survey: &Survey,
    source: &mut Source,
    owner: &Owner,
    gatherer: &mut Gatherer<'_>,
    skips: &mut Skips,
) -> ControlFlow<()> {
    for file in &survey.files {
        let meter = Meter::new(file.packed);
        let mut listener =
            Messages { survey, file: &file.path, owner, gatherer, skips, meter: &meter, conversation: None };
        let read = match source.read(file) {
            Ok(reader) => stream::wrapped(reader, &meter, "dmConversation", "messages", &mut listener),
            Err(_) => Err(Stop::Unreadable),
        };
        if let Err(why) = read {
            // What was read of the conversation in which it broke stays, and proves nothing.
            listener.torn_end();
            skips.stopped(&file.path, why);
            if why == Stop::Cancelled {
                return ControlFlow::Break(());
            }
        }
        gatherer.done_bytes += file.size;
    }
    ControlFlow::Continue(())
}

/// Takes the messages of one file.
struct Messages<'m, 's> {
    survey: &'m Survey,
    file: &'m str,
    owner: &'m Owner,
    gatherer: &'m mut Gatherer<'s>,
    skips: &'m mut Skips,
    meter: &'m Meter,
    conversation: Option<Conversation>,
}

enum Conversation {
    /// It was read before.
    Done,
    Open,
}

impl Messages<'_, '_> {
    fn begin(&mut self, id: &str) {
        if self.gatherer.is_done() {
            self.conversation = Some(Conversation::Done);
            return;
        }
        self.conversation = Some(Conversation::Open);
        let remote_id = RemoteId::from(id);
        let other = id.split_once('-').map(|(a, b)| if a == self.owner.name { b } else { a });
        // A group has no person: it stands for itself.
        let person = RemoteId::from(other.unwrap_or(id));
        let about = ImportedThread {
            key: id.to_owned(),
            conversations: vec![remote_id.clone()],
            people: other.map(RemoteId::from).into_iter().collect(),
            name: None,
            name_is_unique: false,
        };
        let person = ParticipantSeen { remote_id: person, name: None, username: None, avatar_url: None };
        self.gatherer.begin(about, remote_id, vec![Event::Participant(person)], true);
    }

    fn take(&mut self, item: Item) {
        if self.gatherer.message(item, self.meter.bytes()).is_break() {
            self.meter.stop(Stop::Cancelled);
        }
    }

    fn torn_end(&mut self) {
        if let Some(Conversation::Open) = self.conversation.take() {
            self.gatherer.is_torn();
            if !self.gatherer.cancelled {
                let _ = self.gatherer.end(true, self.meter.bytes());
            }
        }
    }
}

impl Listener for Messages<'_, '_> {
    fn field(&mut self, name: &str, value: &RawValue) {
        if name == "conversationId"
            && let Ok(id) = serde_json::from_str::<String>(value.get())
            && !id.is_empty()
        {
            self.begin(&id);
        }
    }

    fn element(&mut self, value: &RawValue) {
        match self.conversation {
            Some(Conversation::Open) => {}
            Some(Conversation::Done) => return,
            None => return self.skips.add(self.file, ImportSkip::Nobody),
        }
        let parsed: Option<Object> = serde_json::from_str(value.get()).ok();
        match parsed.as_ref().map(|object| event::item(object, value.get(), self.owner, &self.survey.media)) {
            Some(event::Told::Message(item)) => self.take(*item),
            Some(event::Told::Notice) => self.skips.add(self.file, ImportSkip::Notice),
            Some(event::Told::Nothing) | None => {
                self.skips.add(self.file, ImportSkip::Incomplete);
                self.gatherer.is_torn();
            }
        }
    }

    fn end(&mut self) {
        match self.conversation.take() {
            Some(Conversation::Open) => {
                let flow = self.gatherer.end(true, self.meter.bytes());
                if flow.is_break() {
                    self.meter.stop(Stop::Cancelled);
                }
            }
            Some(Conversation::Done) => self.gatherer.pass(),
            None => {}
        }
    }
}
