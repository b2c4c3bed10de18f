#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use backscroll_model::{
    AttachmentSeen, Direction, IMPORTED, ImportedThread, Listing, MINUTE, MessageKind, ParticipantSeen, ReactionSeen,
};
use proptest::prelude::*;

use super::*;
use crate::{
    Arrival, gaps,
    test_support::{NOW, assert_walks, backfill, check, dump, live, page, seen, with_account},
};

const OLD: Timestamp = Timestamp(NOW.0 - 400 * 24 * 60 * MINUTE);

fn context() -> ApplyContext {
    ApplyContext { now: NOW, arrival: Arrival::Import, auto_response: None }
}

/// What is said: the minute and the milliseconds, by whom, what.
#[derive(Debug, Clone)]
struct Said {
    minute: i64,
    ms: i64,
    out: bool,
    text: &'static str,
}

fn said(minute: i64, ms: i64, out: bool, text: &'static str) -> Said {
    Said { minute, ms, out, text }
}

impl Said {
    fn at(&self) -> Timestamp {
        OLD.plus(self.minute * MINUTE + self.ms)
    }

    fn direction(&self) -> Direction {
        if self.out { Direction::Out } else { Direction::In }
    }

    /// As a provider tells it: in whole seconds.
    fn told(&self, number: usize) -> Event {
        let at = Timestamp(self.at().0 - self.at().0.rem_euclid(SECOND));
        Event::Message(Box::new(seen(&format!("m{number}"), self.direction(), at, self.text)))
    }

    /// As a download tells it.
    fn kept(&self) -> Event {
        let id = format!("{IMPORTED}{:016x}{:08x}", self.at().0, crc(self));
        Event::Message(Box::new(seen(&id, self.direction(), self.at(), self.text)))
    }
}

fn crc(said: &Said) -> u32 {
    said.text.bytes().fold(u32::from(said.out), |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)))
}

fn person(id: &str, name: &str) -> Event {
    Event::Participant(ParticipantSeen {
        remote_id: id.into(),
        name: Some(name.to_owned()),
        username: None,
        avatar_url: None,
    })
}

/// A thread of a download; newest first.
fn thread(key: &str, name: &str, said: &[Said]) -> ImportedPage {
    let id = format!("{IMPORTED}{key}");
    let mut events = vec![person(&id, name)];
    events.extend(said.iter().map(Said::kept));
    let times = said.iter().map(|said| said.at());
    let listing = times.clone().min().zip(times.max()).map(|(from, to)| Listing { from: Some(from), to });
    ImportedPage {
        thread: ImportedThread {
            key: key.to_owned(),
            name: Some(name.to_owned()),
            name_is_unique: true,
            ..ImportedThread::default()
        },
        events: ConversationEvents { remote_id: id.as_str().into(), events, listing, ..ConversationEvents::default() },
    }
}

fn bring(connection: &Connection, account: AccountId, pages: Vec<ImportedPage>) -> Applied {
    let applied = Importer::new(account).import(connection, pages, ("import:x".to_owned(), None), &context()).unwrap();
    check(connection);
    applied
}

/// What a provider tells: the person and the messages from `from` on, newest first.
fn told(said: &[Said], numbers: std::ops::Range<usize>) -> Page {
    let mut events = vec![person("5", "Inês")];
    events.extend(numbers.clone().map(|number| said[number].told(number)));
    let oldest = said[numbers.end - 1].at();
    let from = Timestamp(oldest.0 - oldest.0.rem_euclid(SECOND));
    page("t_1", events, Some(Listing { from: Some(from), to: said[numbers.start].at().plus(MINUTE) }))
}

fn history() -> Vec<Said> {
    vec![
        said(40, 120, false, "thank you"),
        said(30, 990, true, "ok"),
        said(30, 10, true, "ok"),
        said(29, 500, false, "so Friday?"),
        said(20, 0, true, "we do"),
        said(10, 333, false, "do you bake?"),
        said(0, 7, false, "hello"),
    ]
}

/// Without the local ids of participants and what only saves work.
fn all(connection: &Connection) -> Vec<String> {
    check(connection);
    dump(connection)
}

#[test]
fn a_download_twice_is_a_download_once() {
    let (connection, account) = with_account(Platform::Messenger);
    let first = bring(&connection, account, vec![thread("ines_1", "Inês", &history())]);
    assert_eq!(first.new, 7);
    let before = all(&connection);
    let again = bring(&connection, account, vec![thread("ines_1", "Inês", &history()[..4])]);
    let again = (again.new, bring(&connection, account, vec![thread("ines_1", "Inês", &history()[4..])]).new);
    assert_eq!(again, (0, 0));
    assert_eq!(all(&connection), before);
}

#[test]
fn it_does_not_matter_whether_the_download_or_the_provider_came_first() {
    let said = history();
    // What the provider tells overlaps, or begins in the middle, or is all of it.
    for numbers in [0..7, 0..3, 1..2, 0..1, 2..7, 3..5] {
        let results: Vec<Vec<String>> = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
            .iter()
            .map(|order| {
                let (connection, account) = with_account(Platform::Messenger);
                for step in order {
                    match step {
                        0 => {
                            let pages = [told(&said, numbers.clone())];
                            apply::apply(&connection, account, &pages, &backfill()).unwrap();
                        }
                        1 => drop(bring(&connection, account, vec![thread("ines_1", "Inês", &said[..5])])),
                        _ => drop(bring(&connection, account, vec![thread("ines_1", "Inês", &said[3..])])),
                    }
                }
                all(&connection)
            })
            .collect();
        for result in &results {
            assert_eq!(result, &results[0], "{numbers:?}");
        }
        assert_eq!(results[0].iter().filter(|line| line.starts_with("\"message\"")).count(), 7, "{numbers:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_mixture_ends_in_the_same_messages(
        lines in prop::collection::vec((0..6_i64, 0..1_000_i64, any::<bool>(), 0..3_usize), 1..14),
        cut in (0..14_usize, 0..14_usize),
        order in Just(vec![0, 1, 2]).prop_shuffle(),
    ) {
        // Several in a minute, several alike, no two in the same millisecond; a second is enough to tell alike ones apart.
        let mut minute = 0;
        let mut lines: Vec<Said> = lines.iter().map(|(step, ms, out, text)| {
            minute += 1 + step;
            said(minute, *ms, *out, ["ok", "yes", "so"][*text])
        }).collect();
        lines.reverse();
        let said = lines;
        let (a, b) = (cut.0.min(cut.1).min(said.len() - 1), cut.0.max(cut.1).clamp(1, said.len()));
        let run = |order: &[i32]| {
            let (connection, account) = with_account(Platform::Messenger);
            for step in order {
                match step {
                    0 => drop(apply::apply(&connection, account, &[told(&said, a..b.max(a + 1))], &backfill()).unwrap()),
                    1 => drop(bring(&connection, account, vec![thread("ines_1", "Inês", &said[..b])])),
                    _ => drop(bring(&connection, account, vec![thread("ines_1", "Inês", &said[a..])])),
                }
            }
            all(&connection)
        };
        prop_assert_eq!(run(&order), run(&[0, 1, 2]));
    }
}

#[test]
fn what_a_download_brings_is_neither_unread_nor_news() {
    let (connection, account) = with_account(Platform::Messenger);
    let young = said(400 * 24 * 60 - 10, 0, false, "are you there?");
    bring(&connection, account, vec![thread("ines_1", "Inês", std::slice::from_ref(&young))]);
    let row = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(row("SELECT unread FROM conversation"), 0);
    assert_eq!(row("SELECT state FROM conversation"), 2, "done");
    assert_eq!(row("SELECT count(*) FROM message WHERE announce IS NOT NULL"), 0);
    // In an open conversation with something unread, too.
    let (connection, account) = with_account(Platform::Messenger);
    let now = [said(400 * 24 * 60 - 5, 0, false, "hello?")];
    apply::apply(&connection, account, &[told(&now, 0..1)], &live()).unwrap();
    bring(&connection, account, vec![thread("ines_1", "Inês", &[now[0].clone(), young])]);
    let row = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!((row("SELECT unread FROM conversation"), row("SELECT messages FROM conversation")), (1, 2));
    assert_eq!(row("SELECT count(*) FROM message WHERE announce IS NOT NULL"), 1);
}

#[test]
fn a_download_closes_the_gap_that_it_fills() {
    let said = history();
    for import_first in [false, true] {
        let (connection, account) = with_account(Platform::Messenger);
        let read = |numbers: std::ops::Range<usize>| {
            let mut page = told(&said, numbers.clone());
            page.conversations[0].listing.as_mut().unwrap().to = said[numbers.start].at();
            apply::apply(&connection, account, &[page], &backfill()).unwrap();
        };
        let import = || drop(bring(&connection, account, vec![thread("ines_1", "Inês", &said)]));
        if import_first {
            import();
        }
        read(5..7);
        read(0..2);
        let id = backscroll_model::ConversationId(
            connection.query_row("SELECT id FROM conversation", [], |row| row.get(0)).unwrap(),
        );
        if !import_first {
            assert_eq!(gaps(&connection, id).unwrap().len(), 2, "between the readings, and the beginning");
            import();
        }
        let left = gaps(&connection, id).unwrap();
        assert!(left.iter().all(|gap| gap.from.is_none()), "{left:?}");
        check(&connection);
    }
}

#[test]
fn ids_without_a_text_go_to_the_messages_of_the_download() {
    let said = history();
    let listed = |numbers: std::ops::Range<usize>| {
        let events = numbers
            .map(|n| Event::Listed {
                message: format!("m{n}").as_str().into(),
                at: Timestamp(said[n].at().0 - said[n].at().0.rem_euclid(SECOND)),
            })
            .collect();
        let mut listed = page("t_1", events, None);
        listed.conversations[0].ids = Some(Listing { from: None, to: said[0].at().plus(MINUTE) });
        listed
    };
    let mut results = Vec::new();
    for import_first in [false, true] {
        let (connection, account) = with_account(Platform::Messenger);
        apply::apply(&connection, account, &[told(&said, 0..2)], &backfill()).unwrap();
        let import = || drop(bring(&connection, account, vec![thread("ines_1", "Inês", &said)]));
        if import_first {
            import();
        }
        apply::apply(&connection, account, &[listed(2..7)], &backfill()).unwrap();
        check(&connection);
        if !import_first {
            import();
        }
        let left: i64 = connection.query_row("SELECT count(*) FROM placeholder", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "import first: {import_first}");
        let id = connection.query_row("SELECT id FROM conversation", [], |row| row.get(0)).unwrap();
        assert_eq!(gaps(&connection, backscroll_model::ConversationId(id)).unwrap(), []);
        results.push(all(&connection));
        // And when the text comes, it is that message.
        apply::apply(&connection, account, &[told(&said, 0..7)], &backfill()).unwrap();
        check(&connection);
        let count: i64 = connection
            .query_row("SELECT count(*) FROM message WHERE remote_id IS NOT NULL", [], |row| row.get(0))
            .unwrap();
        assert_eq!(count, 7);
    }
    assert_eq!(results[0], results[1]);
}

#[test]
fn two_people_of_one_name_stay_two_unless_their_messages_say_otherwise() {
    let (connection, account) = with_account(Platform::Messenger);
    let mut one = thread("ines_1", "Inês", &[said(1, 0, false, "I am the first")]);
    let mut other = thread("ines_2", "Inês", &[said(2, 0, false, "I am the second")]);
    (one.thread.name_is_unique, other.thread.name_is_unique) = (false, false);
    bring(&connection, account, vec![one.clone(), other.clone()]);
    let count = |connection: &Connection| -> i64 {
        connection.query_row("SELECT count(*) FROM conversation", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(count(&connection), 2);
    // The provider knows a third one of that name, and then the second.
    let of = |conversation: &str, id: &str, said: &Said| {
        page(conversation, vec![person(id, "Inês"), said.told(conversation.len())], None)
    };
    apply::apply(&connection, account, &[of("t_9", "9", &said(3, 0, false, "I am new"))], &live()).unwrap();
    assert_eq!(count(&connection), 3);
    apply::apply(&connection, account, &[of("t_22", "22", &said(2, 0, false, "I am the second"))], &live()).unwrap();
    assert_eq!(count(&connection), 3, "it is the second");
    check(&connection);
    // A download of later says nothing new.
    assert_eq!(bring(&connection, account, vec![one, other]).new, 0);
}

#[test]
fn ids_that_the_download_tells_find_the_conversation_under_any_name() {
    for import_first in [false, true] {
        let (connection, account) = with_account(Platform::X);
        let mut download = thread("5-9001", "Inês", &history());
        download.thread.name = None;
        download.thread.people = vec!["5".into()];
        let import = || drop(bring(&connection, account, vec![download.clone()]));
        if import_first {
            import();
        }
        let only = page(
            "t_1",
            vec![
                Event::Participant(ParticipantSeen {
                    name: Some("I. Ø.".to_owned()),
                    username: None,
                    avatar_url: None,
                    remote_id: "5".into(),
                }),
                history()[0].told(0),
            ],
            None,
        );
        apply::apply(&connection, account, &[only], &backfill()).unwrap();
        if !import_first {
            import();
        }
        let (count, name): (i64, String) = connection
            .query_row("SELECT count(*), max(name) FROM conversation", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!((count, name.as_str()), (1, "I. Ø."));
        let messages: i64 = connection.query_row("SELECT messages FROM conversation", [], |row| row.get(0)).unwrap();
        assert_eq!(messages, 7);
        check(&connection);
    }
}

#[test]
fn what_a_later_download_says_was_taken_back_leaves_a_tombstone_in_either_order() {
    let before = thread("ines_1", "Inês", &history()[..2]);
    let mut after = before.clone();
    let Some(Event::Message(gone)) = after.events.events.get_mut(1) else { return };
    (gone.kind, gone.text, gone.raw) = (MessageKind::Unsent, None, String::new());
    gone.remote_id = format!("{IMPORTED}0123456789abcdef01234567").as_str().into();
    let mut results = Vec::new();
    for pages in [[before.clone(), after.clone()], [after, before]] {
        let (connection, account) = with_account(Platform::Messenger);
        for page in pages {
            bring(&connection, account, vec![page]);
        }
        let found: i64 = connection
            .query_row("SELECT count(*) FROM message WHERE kind = 7 AND text IS NULL", [], |row| row.get(0))
            .unwrap();
        assert_eq!(found, 1);
        results.push(all(&connection));
    }
    assert_eq!(results[0], results[1]);
}

#[test]
fn reactions_and_files_of_two_downloads_are_put_together() {
    let with = |reactions: &[(&str, &str)], file: bool| {
        let mut page = thread("ines_1", "Inês", &history()[..1]);
        let Some(Event::Message(seen)) = page.events.events.get_mut(1) else { return page };
        seen.reactions =
            Some(reactions.iter().map(|(by, e)| ReactionSeen { by: (*by).into(), emoji: (*e).to_owned() }).collect());
        if file {
            seen.attachments = vec![AttachmentSeen { kind: MessageKind::Image, ..AttachmentSeen::default() }];
        }
        page
    };
    let (a, b) = (with(&[(IMPORTED_ME, "❤")], false), with(&[(IMPORTED_THEM, "😂")], true));
    let mut results = Vec::new();
    for pages in [[a.clone(), b.clone()], [b, a]] {
        let (connection, account) = with_account(Platform::Messenger);
        for page in pages {
            bring(&connection, account, vec![page]);
        }
        let by: Vec<String> = connection
            .prepare("SELECT by FROM reaction ORDER BY by")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(|by| by.unwrap())
            .collect();
        assert_eq!(by, ["9001", "import:ines_1"]);
        results.push(all(&connection).into_iter().filter(|line| !line.starts_with("raw")).collect::<Vec<_>>());
    }
    assert_eq!(results[0], results[1]);
}

#[test]
fn a_download_without_an_account_gets_one_once() {
    let (connection, _) = with_account(Platform::Messenger);
    let new = |platform: Platform, id: &str, name: &str| ImportAccount {
        platform,
        remote_id: id.into(),
        name: name.to_owned(),
        username: None,
    };
    let (known, made) =
        import_account(&connection, &new(Platform::Messenger, "import:a", "Corner Bakery"), NOW).unwrap();
    assert!(!made, "the connected account of that name");
    let (other, made) =
        import_account(&connection, &new(Platform::Instagram, "import:a", "Corner Bakery"), NOW).unwrap();
    assert!(made && other != known);
    assert_eq!(
        import_account(&connection, &new(Platform::Instagram, "import:a", "Renamed"), NOW).unwrap(),
        (other, false)
    );
    let (by_id, made) = import_account(&connection, &new(Platform::X, "900", "Corner Bakery"), NOW).unwrap();
    assert!(made);
    bring(&connection, by_id, vec![thread("ines_1", "Inês", &history())]);
}

#[test]
fn the_queries_walk_their_indexes() {
    let (connection, _) = with_account(Platform::Messenger);
    assert_walks(&connection, BY_CONVERSATION, "conversation_remote");
    assert_walks(&connection, BY_PERSON, "participant_remote");
    assert_walks(&connection, BY_NAME, "conversation_imported");
    assert_walks(&connection, BY_KEY, "PRIMARY KEY");
    assert_walks(&connection, SAME, "message_thread");
}
