//! Coverage by property: random histories, pauses and page sizes; after each reading every message is held or inside a
//! shown gap, and no gap covers one that is held.

use std::time::Duration;

use backscroll_simulator::{Chat, Fault, LedgerEntry, OlderRows};
use proptest::prelude::*;
use rusqlite::OptionalExtension as _;

use super::{proof, shop::Shop};
use crate::world::{Sim, holds};

#[derive(Debug, Clone)]
enum Act {
    /// So many messages, so far apart, the first of them so long after the last one.
    Burst {
        chat: usize,
        messages: u32,
        apart_ms: u64,
        ours: bool,
    },
    /// A message among the newest is taken back.
    Unsend {
        chat: usize,
        back: usize,
    },
    Pause {
        seconds: u64,
    },
    Read,
    /// A reading that breaks off at this call.
    Broken {
        call: u32,
    },
    Restart,
}

#[derive(Debug, Clone)]
struct Rules {
    platform: Sim,
    /// Messages of each conversation at the start.
    seeded: usize,
    largest_page: usize,
    /// Messenger gives details of so many only.
    messenger_details: Option<usize>,
    refuses_older: bool,
    unsent_rows: bool,
    empty_pages: u32,
}

fn rules() -> impl Strategy<Value = Rules> {
    (
        prop_oneof![Just(Sim::Instagram), Just(Sim::Facebook)],
        prop_oneof![Just(1), Just(19), Just(20), Just(21), 1..70_usize],
        prop_oneof![Just(100), 20..60_usize],
        prop_oneof![Just(None), Just(Some(20))],
        any::<bool>(),
        any::<bool>(),
        0..2_u32,
    )
        .prop_map(
            |(platform, seeded, largest_page, messenger_details, refuses_older, unsent_rows, empty_pages)| Rules {
                platform,
                seeded,
                largest_page,
                messenger_details,
                refuses_older: refuses_older && platform == Sim::Facebook,
                unsent_rows,
                empty_pages,
            },
        )
}

fn act() -> impl Strategy<Value = Act> {
    let apart = prop_oneof![Just(0), Just(40), Just(333), 0..4_000_u64, 0..90_000_u64];
    prop_oneof![
        5 => (0..3_usize, 1..45_u32, apart, any::<bool>())
            .prop_map(|(chat, messages, apart_ms, ours)| Act::Burst { chat, messages, apart_ms, ours }),
        1 => (0..3_usize, 0..25_usize).prop_map(|(chat, back)| Act::Unsend { chat, back }),
        2 => (1..900_u64).prop_map(|seconds| Act::Pause { seconds }),
        4 => Just(Act::Read),
        1 => (0..6_u32).prop_map(|call| Act::Broken { call }),
        1 => Just(Act::Restart),
    ]
}

async fn play(rules: Rules, acts: Vec<Act>) {
    let mut shop = Shop::new(Shop::kind(rules.platform, 3, rules.seeded)).await;
    shop.graph().set_knobs(|k| {
        k.max_limit = rules.largest_page;
        k.messenger_details = rules.messenger_details;
        k.older_rows = if rules.refuses_older { OlderRows::Refuse } else { OlderRows::Bare };
        k.unsent_rows = rules.unsent_rows;
        k.empty_pages = rules.empty_pages;
    });
    shop.connect().await;
    let chats = shop.chats(rules.platform);
    for act in acts {
        match act {
            Act::Burst { chat, messages, apart_ms, ours } => {
                for n in 0..messages {
                    shop.sim.advance(Duration::from_millis(apart_ms)).await;
                    let text = format!("Number {n}");
                    let chat = &chats[chat];
                    let written = if ours && n % 3 == 0 {
                        shop.graph().typed_in_inbox(chat, text.as_str())
                    } else {
                        shop.graph().receive(chat, text.as_str())
                    };
                    written.unwrap();
                }
            }
            Act::Unsend { chat, back } => unsend(&shop, &chats[chat], back),
            Act::Pause { seconds } => shop.sim.advance(Duration::from_secs(seconds)).await,
            Act::Read => {
                shop.sync_later().await;
                proof::check(&shop, &chats, true).await;
            }
            Act::Broken { call } => {
                shop.graph().on("GET", "").skip(call).fail(Fault::Reset);
                shop.sync().await;
                shop.sim.clear_faults();
                proof::check(&shop, &chats, false).await;
            }
            Act::Restart => shop.world.open().await,
        }
    }
    shop.sync_later().await;
    proof::check(&shop, &chats, true).await;
    at_the_end(&shop, &rules, &chats).await;
    // The process lives on for the next case.
    shop.world.close().await;
}

fn unsend(shop: &Shop, chat: &Chat, back: usize) {
    let truth = shop.graph().truth(chat).unwrap();
    if let Some(message) = truth.iter().rev().nth(back) {
        shop.sim.unsend(chat, &message.id).unwrap();
    }
}

/// What must be true once everything that can be asked for was asked for.
async fn at_the_end(shop: &Shop, rules: &Rules, chats: &[Chat]) {
    let db = crate::invariants::snapshot(shop.data());
    let gaps = shop.inbox().gaps(None).await.unwrap();
    assert!(gaps.iter().all(|gap| gap.count.is_some()), "{gaps:?} are not counted");
    let gives_everything = rules.platform == Sim::Facebook && rules.messenger_details.is_none();
    let mut missing = 0;
    let mut unsent_rows = 0;
    for chat in chats {
        let kept = proof::Kept::of(&db, chat);
        let truth = shop.graph().truth(chat).unwrap();
        for entry in truth.iter().filter(|entry| !entry.unsent) {
            let is_held = kept.messages.contains_key(&entry.id);
            assert!(is_held || !gives_everything, "Messenger gives everything, and {entry:?} is not held");
            assert!(is_held || kept.placeholders.contains_key(&entry.id), "{entry:?} is not known to be missing");
        }
        let row = shop.try_conversation(chat).await;
        let gaps = gaps.iter().filter(|gap| row.as_ref().is_some_and(|row| row.id == gap.conversation));
        missing += gaps.filter_map(|gap| gap.count).sum::<u32>() as usize;
        if rules.unsent_rows {
            unsent_rows += truth.iter().filter(|entry| entry.unsent && !kept.messages.contains_key(&entry.id)).count();
        }
        walked_to_its_end(&db, chat, &truth);
    }
    // The row of an unsent message at the end of a page cannot be told from one whose text is not given.
    assert!(missing <= unsent_rows || !gives_everything, "Messenger gives everything: {gaps:?}");
}

/// No time is left of which nothing was listed, unless the list was walked to its end and there is nothing to be listed.
fn walked_to_its_end(db: &rusqlite::Connection, chat: &Chat, truth: &[LedgerEntry]) {
    let row = db.query_row(
        "SELECT c.unlisted, k.value FROM conversation c
         LEFT JOIN cursor k ON k.account = c.account AND k.name = 'ids:' || c.remote_id WHERE c.remote_id = ?1",
        [&chat.conversation],
        |row| Ok((row.get::<_, bool>(0)?, row.get::<_, Option<String>>(1)?)),
    );
    let Some((true, cursor)) = row.optional().unwrap() else { return };
    assert_eq!(cursor.as_deref(), Some("end"), "the list of {chat:?} was not walked to its end");
    let spans: Vec<(Option<i64>, i64)> = db
        .prepare(
            "SELECT s.from_at, s.to_at FROM conversation c JOIN
             (SELECT * FROM stretch UNION ALL SELECT * FROM listed) s ON s.conversation = c.id WHERE c.remote_id = ?1",
        )
        .unwrap()
        .query_map([&chat.conversation], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let newest = spans.iter().map(|(_, to)| *to).max().unwrap_or(i64::MAX);
    let is_left = |entry: &&LedgerEntry| {
        let at = proof::second(entry.at_ms);
        !entry.unsent && at < newest && !spans.iter().any(|(from, to)| from.is_none_or(|from| from <= at) && at <= *to)
    };
    assert_eq!(truth.iter().find(is_left), None, "{chat:?} was said to end above this");
}

fn cases() -> u32 {
    std::env::var("BACKSCROLL_IT_CASES").ok().map_or(24, |n| n.parse().unwrap())
}

#[test]
fn every_message_is_held_or_inside_a_shown_gap() {
    let config = ProptestConfig {
        cases: cases(),
        max_shrink_iters: 60,
        source_file: Some(file!()),
        ..ProptestConfig::default()
    };
    let history = (rules(), prop::collection::vec(act(), 1..14));
    holds("every_message_is_held_or_inside_a_shown_gap", config, &history, |(rules, acts)| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(rules, acts));
        Ok(())
    });
}
