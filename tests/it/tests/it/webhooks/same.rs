//! After the reads, webhooks have changed nothing but what only they tell.

use super::*;
use std::{collections::BTreeMap, time::Duration};

use backscroll_simulator::ProfileId;
use proptest::prelude::*;

use crate::world::holds;

/// What happens at the shop.
#[derive(Debug, Clone)]
enum Act {
    Writes(usize, u8),
    Answers(usize),
    Reacts(usize, &'static str),
    Passes(u8),
    Jumbles(bool),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..4_usize, 1..5_u8).prop_map(|(chat, count)| Act::Writes(chat, count)),
        2 => (0..4_usize).prop_map(Act::Answers),
        1 => ((0..4_usize), prop_oneof![Just("❤️"), Just("👍")]).prop_map(|(chat, emoji)| Act::Reacts(chat, emoji)),
        3 => (1..40_u8).prop_map(Act::Passes),
        1 => any::<bool>().prop_map(Act::Jumbles),
    ]
}

/// The messages of each conversation: all that a reading tells of them, in their order.
type History = BTreeMap<String, Vec<(String, String, Option<String>, i64, Vec<String>)>>;

async fn play(acts: &[Act], with_webhooks: bool) -> (History, u32) {
    let mut hooked = if with_webhooks {
        Hooked::at_graph(WorldKind::Small).await
    } else {
        let shop = Shop::new(WorldKind::Small).await;
        let base = Some(shop.graph().api_base());
        let secrets = with_app_secret(&shop);
        shop.inbox().connect_meta(base, secrets, None).await.unwrap();
        shop.sync().await;
        let hooked = Hooked::running(shop).await;
        hooked.advance(10).await;
        hooked
    };
    // Both begin at the same instant, so that the simulator gives both the same ids.
    let start = crate::world::START + 600_000;
    let rest = (start - hooked.sim.clock().now_ms()).max(0).unsigned_abs();
    hooked.advance(rest / 1_000).await;
    let chats: Vec<Chat> =
        [Sim::Facebook, Sim::Instagram].into_iter().flat_map(|p| hooked.graph().chats(ProfileId::PRIMARY, p)).collect();
    let mut last: BTreeMap<usize, String> = BTreeMap::new();
    for act in acts {
        match act {
            Act::Writes(chat, count) => {
                for n in 0..*count {
                    let id = hooked.graph().receive(&chats[chat % chats.len()], format!("Line {n}").as_str()).unwrap();
                    last.insert(chat % chats.len(), id);
                }
            }
            Act::Answers(chat) => {
                hooked.graph().typed_in_inbox(&chats[chat % chats.len()], "An answer").unwrap();
            }
            Act::Reacts(chat, emoji) => {
                if let Some(id) = last.get(&(chat % chats.len())) {
                    hooked.sim.react(&chats[chat % chats.len()], id, emoji).unwrap();
                }
            }
            Act::Passes(seconds) => hooked.advance(u64::from(*seconds)).await,
            Act::Jumbles(on) => hooked.graph().set_hook_knobs(|k| (k.out_of_order, k.twice) = (*on, *on)),
        }
    }
    hooked.graph().set_hook_knobs(|k| k.out_of_order = false);
    hooked.graph().release_webhooks(true);
    hooked.advance(120).await;
    let mut history = History::new();
    for chat in &chats {
        let row = hooked.conversation(chat).await;
        let thread = hooked.thread(row.id).await;
        let lines = thread.into_iter().map(|m| {
            let reactions = m.reactions.iter().map(|r| format!("{} {}", r.by, r.emoji)).collect();
            let id = m.remote_id.map(|id| id.0).unwrap_or_default();
            // Webhooks tell milliseconds, readings seconds.
            (id, format!("{:?} {:?}", m.direction, m.kind), m.text, m.at.0.div_euclid(1_000), reactions)
        });
        let mut lines: Vec<_> = lines.collect();
        // Within one second the order is whichever of the two is known.
        lines.sort_by(|a, b| (a.3, &a.0).cmp(&(b.3, &b.0)));
        history.insert(chat.conversation.clone(), lines);
    }
    hooked.assert_sound();
    let taken = hooked.count(DeliveryOutcome::TakenIn).await + hooked.count(DeliveryOutcome::Late).await;
    // The process lives on for the next case.
    hooked.shop.world.close().await;
    (history, taken)
}

#[test]
fn after_the_reads_the_messages_are_the_same_as_without_webhooks() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config =
        ProptestConfig { cases: 6, max_shrink_iters: 40, failure_persistence: None, ..ProptestConfig::default() };
    let acts = prop::collection::vec(act(), 4..20);
    holds("after_the_reads_the_messages_are_the_same_as_without_webhooks", config, &acts, |acts| {
        let (without, none) = runtime.block_on(play(&acts, false));
        let (with, taken) = runtime.block_on(play(&acts, true));
        prop_assert_eq!(none, 0);
        let happened = acts.iter().any(|a| matches!(a, Act::Writes(..) | Act::Answers(_)));
        prop_assert_eq!(taken > 0, happened);
        prop_assert_eq!(with, without);
        Ok(())
    });
}

#[tokio::test]
async fn a_webhook_proves_nothing_complete() {
    let hooked = Hooked::at_graph(WorldKind::Small).await;
    let chat = hooked.first(Sim::Instagram);
    let row = hooked.conversation(&chat).await.id;
    let gaps = hooked.inbox().gaps(Some(row)).await.unwrap();
    // Thirty messages of which the webhooks of all but the last are lost.
    hooked.inbox().stop().await;
    for n in 0..30 {
        hooked.sim.advance(Duration::from_secs(2)).await;
        hooked.graph().receive(&chat, format!("Lost {n}").as_str()).unwrap();
    }
    hooked.sim.settle().await;
    hooked.graph().on("GET", "").always().fail(backscroll_simulator::Fault::http(500));
    hooked.inbox().start().await;
    hooked.settle().await;
    hooked.sim.advance(Duration::from_secs(2)).await;
    let id = hooked.graph().receive(&chat, "Not lost").unwrap();
    hooked.delivered().await;
    assert!(hooked.message(&chat, &id).await.is_some());
    let now = hooked.inbox().gaps(Some(row)).await.unwrap();
    assert!(now.len() >= gaps.len(), "{now:?}");
    hooked.sim.clear_faults();
    hooked.advance(400).await;
    // Eleven of the thirty-one are beyond the twenty: a gap, and nothing of it is hidden by the webhook.
    let held = hooked.texts(&chat).await.iter().filter(|t| t.starts_with("Lost")).count();
    let gaps = hooked.inbox().gaps(Some(row)).await.unwrap();
    assert!(held == 30 || gaps.iter().any(|g| g.count.is_none_or(|c| c > 0)), "{held} held, {gaps:?}");
}
