//! What must hold at the end of every test, whatever went wrong in it (`reliability.md`, invariants), checked against
//! the simulator's ledger: what was truly delivered and truly written.
//!
//! The database is read as a file, not through the engine: a mistake of the engine must not hide itself.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Once,
};

use backscroll_model::SendState;
use backscroll_simulator::{Direction, LedgerEntry, Origin, ProfileId, Simulator};
use rusqlite::{Connection, OpenFlags, backup::Backup};

use crate::world::Sim;

/// `attempt.outcome` of what is not known.
pub const AMBIGUOUS: i64 = 3;

/// Something that the user sent and that was acknowledged.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Its message row.
    pub message: i64,
    /// The platform's id of the conversation.
    pub conversation: String,
    pub text: String,
    /// How often the user said *Send again*.
    pub again: usize,
    /// The user took it away.
    pub discarded: bool,
}

/// A consistent copy in memory of what is on the disk, the write-ahead log included.
pub fn snapshot(folder: &Path) -> Connection {
    let file = Connection::open_with_flags(folder.join("backscroll.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut copy = Connection::open_in_memory().unwrap();
    Backup::new(&file, &mut copy).unwrap().run_to_completion(10_000, std::time::Duration::ZERO, None).unwrap();
    copy
}

/// What stands for the words of a message that is nothing but a file with this hash.
pub fn words_of_file(hash: &str) -> String {
    format!("file {hash}")
}

/// What a message says, or which file it is.
pub fn words_of(entry: &LedgerEntry) -> Option<String> {
    entry.text.clone().or_else(|| Some(words_of_file(entry.files.first()?.sha256.as_ref()?)))
}

/// I1 to I4.
pub fn outbox(db: &Connection, ledger: &[LedgerEntry], intents: &[Intent]) {
    #[derive(Default)]
    struct Group {
        intents: usize,
        again: usize,
        failed: usize,
        accepted: Vec<String>,
    }
    let mut groups: BTreeMap<(&str, &str), Group> = BTreeMap::new();
    for intent in intents {
        let group = groups.entry((&intent.conversation, &intent.text)).or_default();
        group.intents += 1;
        group.again += intent.again;
        let states: Vec<(i64, Option<String>)> = db
            .prepare("SELECT p.state, m.remote_id FROM part p JOIN message m ON m.id = p.message WHERE m.id = ?1")
            .unwrap()
            .query_map([intent.message], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        if intent.discarded {
            // A discard after *Send again* says nothing about the attempt before it.
            assert!(states.is_empty(), "{intent:?} was taken away and is still shown");
            continue;
        }
        assert_eq!(states.len(), 1, "I2: {intent:?} is in exactly one state: {states:?}");
        let (code, remote_id) = &states[0];
        let state = SendState::ALL[usize::try_from(*code).unwrap()];
        match state {
            SendState::Accepted => group.accepted.push(remote_id.clone().expect("I3: accepted has the platform's id")),
            SendState::Failed => group.failed += 1,
            _ => {}
        }
    }
    // Of a press of Send that became several messages each is one here.
    let intents_held: i64 = db.query_row("SELECT count(*) FROM part", [], |r| r.get(0)).unwrap();
    assert!(intents_held >= i64::try_from(intents.len()).unwrap(), "I2: an acknowledged intent is gone");

    let mut delivered: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    let sent: Vec<_> =
        ledger.iter().filter(|e| matches!(e.origin, Origin::Request(_))).map(|e| (e, words_of(e))).collect();
    for (entry, said) in &sent {
        let key = (entry.conversation.as_str(), said.as_deref().unwrap_or_default());
        assert!(groups.contains_key(&key), "nobody asked for {entry:?}");
        delivered.entry(key).or_default().push(&entry.id);
    }
    for (key, group) in groups {
        let there = delivered.remove(&key).unwrap_or_default();
        assert!(there.len() <= group.intents + group.again, "I1: {key:?} was delivered {} times", there.len());
        for id in &group.accepted {
            assert_eq!(there.iter().filter(|t| *t == id).count(), 1, "I3: {key:?} is accepted as {id}, not {there:?}");
        }
        assert_eq!(group.accepted.iter().collect::<BTreeSet<_>>().len(), group.accepted.len(), "I3: one id twice");
        assert!(
            there.len() <= group.intents + group.again - group.failed,
            "I4: {key:?}: {} of {} failed and yet {} arrived",
            group.failed,
            group.intents,
            there.len()
        );
    }
}

/// I5, after a last read in fair weather: what the customers of these accounts wrote is held once, in its conversation,
/// in the platform's order, or inside a gap that is shown.
pub fn history(db: &Connection, sim: &Simulator, platforms: &[Sim]) {
    let ledger = sim.ledger();
    for platform in platforms {
        let name = match platform {
            Sim::Facebook => "messenger",
            Sim::Instagram => "instagram",
            Sim::Twitter => "x",
        };
        for chat in sim.chats(ProfileId::PRIMARY, *platform) {
            let written: Vec<&LedgerEntry> = ledger
                .iter()
                .filter(|e| e.platform == *platform && e.conversation == chat.conversation)
                .filter(|e| e.direction == Direction::Received && e.readable)
                .collect();
            let held: Vec<String> = db
                .prepare(
                    "SELECT m.remote_id FROM message m JOIN conversation c ON c.id = m.conversation
                     JOIN account a ON a.id = c.account
                     WHERE a.platform = ?1 AND c.remote_id = ?2 AND m.direction = 0 ORDER BY m.at, m.tie, m.id",
                )
                .unwrap()
                .query_map((name, &chat.conversation), |row| row.get(0))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap();
            let stretches: Vec<(Option<i64>, i64)> = db
                .prepare(
                    "SELECT s.from_at, s.to_at FROM stretch s JOIN conversation c ON c.id = s.conversation
                     WHERE c.remote_id = ?1 ORDER BY s.to_at",
                )
                .unwrap()
                .query_map([&chat.conversation], |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap();
            let known: BTreeSet<&str> = held.iter().map(String::as_str).collect();
            assert_eq!(known.len(), held.len(), "I5: a message is held twice in {chat:?}");
            for entry in &written {
                let covered =
                    stretches.iter().any(|(from, to)| from.is_none_or(|f| f <= entry.at_ms) && entry.at_ms <= *to);
                let before_a_stretch = stretches.iter().any(|(from, _)| from.is_some_and(|f| entry.at_ms < f));
                assert!(
                    known.contains(entry.id.as_str()) || (!covered && before_a_stretch),
                    "I5: {entry:?} is neither held nor inside a gap"
                );
            }
            let expected: Vec<&str> = written.iter().map(|e| e.id.as_str()).filter(|id| known.contains(id)).collect();
            let wanted: BTreeSet<&str> = expected.iter().copied().collect();
            let order: Vec<&str> = held.iter().map(String::as_str).filter(|id| wanted.contains(id)).collect();
            assert_eq!(order, expected, "I5: the platform's order in {chat:?}: {:?}", places(db, &chat.conversation));
        }
    }
}

/// Where the messages of a conversation stand, to understand a wrong order.
fn places(db: &Connection, conversation: &str) -> Vec<(String, i64, i64, i64)> {
    db.prepare(
        "SELECT ifnull(m.remote_id, ''), m.at, m.tie, m.flags FROM message m JOIN conversation c ON c.id = m.conversation
         WHERE c.remote_id = ?1 AND m.direction = 0 ORDER BY m.at, m.tie, m.id",
    )
    .unwrap()
    .query_map([conversation], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
    .unwrap()
    .collect::<Result<_, _>>()
    .unwrap()
}

/// I7, and the numbers that repeat what other rows say.
pub fn sound(db: &Connection) {
    let strings = |sql: &str| -> Vec<String> {
        db.prepare(sql).unwrap().query_map([], |r| r.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let ids = |sql: &str| -> BTreeSet<i64> {
        db.prepare(sql).unwrap().query_map([], |r| r.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    assert_eq!(strings("PRAGMA integrity_check"), ["ok"], "I7");
    assert!(strings("SELECT \"table\" FROM pragma_foreign_key_check").is_empty(), "I7: foreign keys");
    db.execute("INSERT INTO message_search (message_search) VALUES ('integrity-check')", []).expect("I7: the index");
    let indexed = ids("SELECT id FROM message_search_docsize");
    let texts = ids("SELECT id FROM message WHERE text IS NOT NULL");
    assert_eq!(indexed, texts, "I7: the index has exactly the messages");
    let wrong = "SELECT c.id FROM conversation c
        WHERE c.messages <> (SELECT count(*) FROM message m WHERE m.conversation = c.id)";
    assert!(ids(wrong).is_empty(), "conversations that count their messages wrongly");
    let wrong = "SELECT k.account FROM counter k
        WHERE k.messages <> (SELECT count(*) FROM message m WHERE m.account = k.account)
           OR k.unread <> (SELECT count(*) FROM conversation c WHERE c.account = k.account AND state = 0 AND unread > 0)";
    assert!(ids(wrong).is_empty(), "accounts that count wrongly");
}

/// I9: no secret is in any file of the data folder but the one that the user asked for.
pub fn secret(folder: &Path, sim: &Simulator) {
    let (x_key, x_secret) = sim.x_keys();
    let mut secrets = vec![sim.api_key(), x_key, x_secret];
    secrets.extend(sim.profiles().into_iter().filter_map(|p| p.key));
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.file_name().is_some_and(|n| n == "secrets.json") {
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            for secret in &secrets {
                let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
                assert!(!found, "I9: {} holds a secret", path.display());
            }
        }
    }
}

thread_local! {
    static PANICS: Cell<usize> = const { Cell::new(0) };
}

/// From now on panics of this thread are counted, those of the engine's tasks included.
pub fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.set(PANICS.get() + 1);
            before(info);
        }));
    });
}

/// I10.
pub fn calm() {
    assert_eq!(PANICS.get(), 0, "I10: a task panicked");
}

/// Everything that can be said about a folder whatever happened to it.
pub fn whole(folder: &Path, sim: &Simulator, intents: &[Intent]) {
    let db = snapshot(folder);
    outbox(&db, &sim.ledger(), intents);
    sound(&db);
    secret(folder, sim);
    calm();
}
