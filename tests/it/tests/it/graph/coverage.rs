//! Coverage by property: random histories, pauses and page sizes; after each reading every message is held or inside a
//! shown gap, and no gap covers one that is held.

use std::time::Duration;

use backscroll_simulator::{Chat, Fault, OlderRows};
use proptest::prelude::*;

use super::{proof, shop::Shop};
use crate::world::Sim;

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
    // An empty list proves nothing, but it was walked.
    let unlisted = "SELECT count(*) FROM conversation c WHERE unlisted = 1 AND NOT EXISTS
        (SELECT 1 FROM cursor k WHERE k.account = c.account AND k.name = 'ids:' || c.remote_id AND k.value = 'end')";
    let unlisted: i64 = db.query_row(unlisted, [], |r| r.get(0)).unwrap();
    assert_eq!(unlisted, 0, "every list of ids was walked to its end");
    let gaps = shop.inbox().gaps(None).await.unwrap();
    assert!(gaps.iter().all(|gap| gap.count.is_some()), "{gaps:?} are not counted");
    // The row of an unsent message at the end of a page cannot be told from one whose text is not given.
    if rules.platform == Sim::Facebook && rules.messenger_details.is_none() && !rules.unsent_rows {
        assert!(gaps.is_empty(), "Messenger gives everything: {gaps:?}");
    }
    for chat in chats {
        let kept = proof::Kept::of(&db, chat);
        for entry in shop.graph().truth(chat).unwrap() {
            let is_known = kept.messages.contains_key(&entry.id) || kept.placeholders.contains_key(&entry.id);
            assert!(is_known || entry.unsent, "{entry:?} is neither held nor known to be missing");
        }
    }
}

fn cases() -> u32 {
    std::env::var("BACKSCROLL_IT_CASES").ok().map_or(24, |n| n.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn every_message_is_held_or_inside_a_shown_gap(rules in rules(), acts in prop::collection::vec(act(), 1..14)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(rules, acts));
    }
}
