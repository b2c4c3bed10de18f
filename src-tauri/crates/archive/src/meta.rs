//! Meta's download of a Page, a profile or an Instagram account, in JSON.
//!
//! Below any folder: `messages/<box>/<thread>/message_1.json` (newest messages) up to `message_<n>.json` (oldest), since
//! 2023 under `your_facebook_activity/` or `your_instagram_activity/`; boxes are `inbox`, `archived_threads`,
//! `filtered_threads`, `message_requests`, `e2ee_cutover`. Messenger's download of encrypted chats has one file a thread,
//! `<name>_<number>.json`, beside a folder `media`; its fields are `senderName`, `text`, `timestamp`.
//!
//! Nothing of it is documented, and it says neither who "we" are nor any id of a message. A name that is on every thread
//! is ours; see [`Survey::owner`].

mod message;

use std::{collections::BTreeMap, ops::ControlFlow};

use backscroll_model::{Event, ImportSkip, ImportedThread, ParticipantSeen, Platform, RemoteId};
use serde_json::{Value, value::RawValue};

use crate::{
    ArchiveError, Result,
    batch::Gatherer,
    download::{Owner, Skips, choose},
    json::{Object, text},
    repair::repaired,
    source::{Entry, Source},
    stream::{self, Listener, Meter, Stop},
};

/// Files that name the owner, wherever they lie.
const PROFILES: [&str; 4] =
    ["profile_information.json", "personal_information.json", "instagram_profile_information.json", "profile.json"];
/// A profile is small.
const PROFILE_BYTES: u64 = 4 << 20;

/// A thread, as its names show it.
pub(crate) struct Folder {
    key: String,
    /// Number and file, the newest messages first.
    files: Vec<(u32, Entry)>,
}

/// A thread, as its head shows it.
struct Thread {
    key: String,
    files: Vec<Entry>,
    people: Vec<String>,
    title: Option<String>,
}

/// What the download holds.
pub(crate) struct Survey {
    threads: Vec<Thread>,
    /// In how many threads each person takes part.
    people: BTreeMap<String, usize>,
    /// Names that stand in the profile.
    told: Vec<String>,
    username: Option<String>,
    /// The folder that names of files inside the download begin behind.
    pub(crate) root: String,
}

/// The threads of the download by their key.
pub(crate) fn threads(source: &Source) -> BTreeMap<String, Folder> {
    let mut found: BTreeMap<String, Folder> = BTreeMap::new();
    for entry in &source.entries {
        if let Some((thread, number)) = thread_of(&entry.path) {
            let folder =
                found.entry(thread.to_owned()).or_insert_with(|| Folder { key: thread.to_owned(), files: Vec::new() });
            folder.files.push((number, entry.clone()));
        }
    }
    if found.is_empty() {
        // The encrypted chats of Messenger, which stand by themselves.
        for entry in source.entries.iter().filter(|entry| entry.path.matches('/').count() <= 2) {
            let name = entry.path.rsplit('/').next().unwrap_or_default();
            let Some(stem) = name.strip_suffix(".json") else { continue };
            let is_thread =
                stem.rsplit_once('_').is_some_and(|(_, number)| is_number(number)) || is_message(name).is_some();
            if is_thread && !PROFILES.contains(&name) {
                let files = vec![(0, entry.clone())];
                found.insert(entry.path.clone(), Folder { key: stem.to_owned(), files });
            }
        }
    }
    found
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_message(name: &str) -> Option<u32> {
    name.strip_prefix("message_")?.strip_suffix(".json")?.parse().ok()
}

/// The folder of the thread, which keeps its name when the thread is moved to another box.
fn thread_of(path: &str) -> Option<(&str, u32)> {
    let mut parts = path.rsplit('/');
    let number = is_message(parts.next()?)?;
    let (thread, _box, messages) = (parts.next()?, parts.next()?, parts.next()?);
    (messages == "messages").then_some((thread, number))
}

/// Whether the messages are there as HTML.
pub(crate) fn is_html(source: &Source) -> bool {
    source.entries.iter().any(|entry| {
        let mut parts = entry.path.rsplit('/');
        let name = parts.next().unwrap_or_default();
        let is_thread = name.starts_with("message_") && name.ends_with(".html");
        is_thread || matches!(name, "your_messages.html" | "chats.html" | "start_here.html")
    })
}

/// Facebook or Instagram, by what else is there and by what the user's files are called.
pub(crate) fn platform(source: &Source) -> Option<Platform> {
    let paths = source.entries.iter().map(|entry| entry.path.as_str());
    for path in paths.chain(source.names.iter().map(String::as_str)) {
        let path = path.to_ascii_lowercase();
        let of = |words: &[&str]| words.iter().any(|word| path.contains(word));
        if of(&["your_instagram_activity", "instagram-", "instagram_", "followers_and_following"]) {
            return Some(Platform::Instagram);
        }
        if of(&["your_facebook_activity", "facebook-", "facebook_", "/e2ee_cutover/", "profile_information/"]) {
            return Some(Platform::Messenger);
        }
    }
    None
}

/// What stands at the head of a thread.
#[derive(Default)]
struct Head {
    people: Vec<String>,
    title: Option<String>,
    meter: Option<std::rc::Rc<Meter>>,
}

impl Listener for Head {
    fn field(&mut self, name: &str, value: &RawValue) {
        match name {
            "participants" => {
                let people: Vec<Value> = serde_json::from_str(value.get()).unwrap_or_default();
                self.people = people.iter().filter_map(participant).collect();
            }
            "title" | "threadName" => {
                self.title = serde_json::from_str::<String>(value.get()).ok().map(|name| repaired(&name).into_owned());
            }
            _ => {}
        }
    }

    fn element(&mut self, _: &RawValue) {
        // The head stands before the messages in every download; the title behind them is the other person's name.
        if let Some(meter) = self.meter.as_ref().filter(|_| !self.people.is_empty()) {
            meter.stop(Stop::Cancelled);
        }
    }
}

fn participant(value: &Value) -> Option<String> {
    let name = value.as_str().or_else(|| value.as_object().and_then(|person| text(person, &["name"])))?;
    Some(repaired(name).into_owned()).filter(|name| !name.trim().is_empty())
}

/// Reads who takes part in each thread.
pub(crate) fn survey(source: &mut Source, folders: BTreeMap<String, Folder>, skips: &mut Skips) -> Result<Survey> {
    let mut survey =
        Survey { threads: Vec::new(), people: BTreeMap::new(), told: Vec::new(), username: None, root: String::new() };
    for mut folder in folders.into_values() {
        folder.files.sort_by_key(|(number, _)| *number);
        let files: Vec<Entry> = folder.files.into_iter().map(|(_, entry)| entry).collect();
        let mut head = Head::default();
        for entry in &files {
            let meter = Meter::new(entry.packed);
            head.meter = Some(std::rc::Rc::clone(&meter));
            let read = match source.read(entry) {
                Ok(reader) => stream::object(reader, &meter, "messages", &mut head),
                Err(_) => Err(Stop::Unreadable),
            };
            if !head.people.is_empty() || matches!(read, Err(Stop::Bomb | Stop::TooLarge)) {
                break;
            }
        }
        head.people.sort();
        head.people.dedup();
        for person in &head.people {
            *survey.people.entry(person.clone()).or_default() += 1;
        }
        let Head { people, title, .. } = head;
        survey.threads.push(Thread { key: folder.key, files, people, title });
    }
    if let Some(entry) = survey.threads.first().and_then(|thread| thread.files.first()) {
        let at = ["your_facebook_activity/", "your_instagram_activity/", "messages/"];
        let root = at.iter().find_map(|part| entry.path.find(part)).unwrap_or_default();
        survey.root = entry.path.get(..root).unwrap_or_default().to_owned();
    }
    let profiles: Vec<Entry> = source
        .entries
        .iter()
        .filter(|entry| PROFILES.iter().any(|name| entry.path.rsplit('/').next() == Some(*name)))
        .filter(|entry| entry.size <= PROFILE_BYTES)
        .cloned()
        .collect();
    for entry in profiles {
        let read = source.read(&entry).map(serde_json::from_reader::<_, Value>);
        match read {
            Ok(Ok(value)) => survey.profile(&value),
            Ok(Err(_)) => skips.add(&entry.path, ImportSkip::Broken),
            Err(_) => skips.add(&entry.path, ImportSkip::Unreadable),
        }
    }
    Ok(survey)
}

impl Survey {
    /// Bytes of all messages, unpacked.
    pub(crate) fn bytes(&self) -> u64 {
        self.threads.iter().flat_map(|thread| &thread.files).map(|file| file.size).sum()
    }

    /// `profile_v2.name.full_name` at Facebook, `profile_user[0].string_map_data.Name.value` at Instagram.
    fn profile(&mut self, value: &Value) {
        for path in ["/profile_v2/name/full_name", "/profile/name/full_name", "/page/name", "/profile_v2/name"] {
            let name = value.pointer(path).and_then(Value::as_str);
            self.told.extend(name.map(|name| repaired(name).into_owned()));
        }
        let fields = value.pointer("/profile_user/0/string_map_data").and_then(Value::as_object);
        for (name, field) in fields.into_iter().flatten() {
            let Some(said) = field.get("value").and_then(Value::as_str).filter(|said| !said.is_empty()) else {
                continue;
            };
            match name.as_str() {
                "Name" => self.told.insert(0, repaired(said).into_owned()),
                "Username" => {
                    self.username = Some(said.to_owned());
                    self.told.push(said.to_owned());
                }
                _ => {}
            }
        }
    }

    pub(crate) fn owner(&self, named: Option<&str>, hints: &[String]) -> Result<Owner> {
        if self.people.is_empty() {
            return Err(ArchiveError::NotADownload);
        }
        let threads = self.threads.iter().filter(|thread| !thread.people.is_empty()).count();
        let name = choose(&self.people, threads, named, &self.told, hints)?;
        Ok(Owner { name: name.to_owned(), id: None, username: self.username.clone(), shown: name.to_owned() })
    }
}

/// Reads the messages of all threads.
pub(crate) fn read(
    survey: &Survey,
    source: &mut Source,
    owner: &Owner,
    gatherer: &mut Gatherer<'_>,
    skips: &mut Skips,
) -> ControlFlow<()> {
    let mut names: BTreeMap<String, u32> = BTreeMap::new();
    for thread in &survey.threads {
        *names.entry(thread.name(owner).unwrap_or_default()).or_default() += 1;
    }
    for thread in &survey.threads {
        let bytes: u64 = thread.files.iter().map(|file| file.size).sum();
        if gatherer.is_done() {
            gatherer.pass();
            gatherer.done_bytes += bytes;
            continue;
        }
        let name = thread.name(owner);
        let is_unique = name.as_ref().is_some_and(|name| names.get(name) == Some(&1));
        thread.begin(name, is_unique, gatherer);
        for file in &thread.files {
            read_file(file, source, owner, gatherer, skips)?;
            gatherer.done_bytes += file.size;
        }
        gatherer.end(false, 0)?;
    }
    ControlFlow::Continue(())
}

fn read_file(
    file: &Entry,
    source: &mut Source,
    owner: &Owner,
    gatherer: &mut Gatherer<'_>,
    skips: &mut Skips,
) -> ControlFlow<()> {
    let meter = Meter::new(file.packed);
    let mut listener = Messages { file: &file.path, owner, gatherer, skips, meter: &meter };
    let read = match source.read(file) {
        Ok(reader) => stream::object(reader, &meter, "messages", &mut listener),
        Err(_) => Err(Stop::Unreadable),
    };
    let Err(why) = read else { return ControlFlow::Continue(()) };
    gatherer.is_torn();
    skips.stopped(&file.path, why);
    if why == Stop::Cancelled { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

impl Thread {
    /// The person on the other side, or the title of a group.
    fn name(&self, owner: &Owner) -> Option<String> {
        let mut others = self.people.iter().filter(|name| **name != owner.name);
        match (others.next(), others.next()) {
            (Some(other), None) => Some(other.clone()),
            (first, _) => self.title.clone().or_else(|| first.cloned()),
        }
    }

    fn begin(&self, name: Option<String>, name_is_unique: bool, gatherer: &mut Gatherer<'_>) {
        // The number behind the name is Facebook's id of the thread, at times of the person.
        let number = self.key.rsplit_once('_').map(|(_, number)| number).filter(|number| is_number(number));
        let remote_id = RemoteId(format!("{}{}", backscroll_model::IMPORTED, self.key));
        let about = ImportedThread {
            key: self.key.clone(),
            conversations: number.map(|n| [RemoteId(format!("t_{n}")), n.into()]).into_iter().flatten().collect(),
            people: number.map(RemoteId::from).into_iter().collect(),
            name: name.clone(),
            name_is_unique,
        };
        let person = ParticipantSeen { remote_id: remote_id.clone(), name, username: None, avatar_url: None };
        gatherer.begin(about, remote_id, vec![Event::Participant(person)], false);
    }
}

/// Takes the messages of one file.
struct Messages<'m, 's> {
    file: &'m str,
    owner: &'m Owner,
    gatherer: &'m mut Gatherer<'s>,
    skips: &'m mut Skips,
    meter: &'m Meter,
}

impl Listener for Messages<'_, '_> {
    fn field(&mut self, _: &str, _: &RawValue) {}

    fn element(&mut self, value: &RawValue) {
        let parsed: Option<Object> = serde_json::from_str(value.get()).ok();
        let Some(item) = parsed.and_then(|object| message::item(&object, value.get(), self.owner)) else {
            self.skips.add(self.file, ImportSkip::Incomplete);
            self.gatherer.is_torn();
            return;
        };
        if self.gatherer.message(item, self.meter.bytes()).is_break() {
            self.meter.stop(Stop::Cancelled);
        }
    }
}
