//! The program dies without warning (SIGKILL) in the middle of a walk at Graph, and is started again: nothing is lost,
//! nothing is doubled, and what is missing is shown.
//!
//! It dies at a call that is never answered, so each call of a walk can be the last one; or at random.

use std::{collections::BTreeSet, time::Duration};

use backscroll_model::*;
use backscroll_simulator::{Chat, Fault, Hold};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::json;

use super::{proof, shop::Shop};
use crate::{
    crash::Worker,
    invariants,
    world::{Sim, comes_true},
};

/// Graph's two reads a second would make minutes of each walk.
const SPEED: u32 = 10;

/// A Page whose engine is elsewhere, its own inbox closed.
struct Scene {
    shop: Shop,
    chats: Vec<Chat>,
    /// Of what was held once, nothing may go.
    held: BTreeSet<String>,
}

impl Scene {
    async fn set(platform: Sim, conversations: usize, messages: usize) -> Self {
        let mut shop = Shop::new(Shop::kind(platform, conversations, messages)).await;
        // The simulator's clock stands still.
        shop.graph().set_knobs(|k| (k.reads_per_second, k.messenger_details) = (None, Some(20)));
        shop.connect().await;
        shop.world.close().await;
        let chats = shop.chats(platform);
        Self { shop, chats, held: BTreeSet::new() }
    }

    async fn worker(&self) -> Worker {
        // No start is before the end of the run before it.
        self.shop.sim.advance(Duration::from_secs(1_800)).await;
        Worker::start_fast(&self.shop, SPEED).await
    }

    /// Some write a little, one of them more than Graph gives.
    fn news(&self, round: usize) {
        let count = self.chats.len();
        for n in 0..3 {
            let chat = &self.chats[(round * 5 + n) % count];
            self.shop.graph().receive(chat, format!("News {n} of {round}").as_str()).unwrap();
        }
        for n in 0..25 {
            let chat = &self.chats[round % count];
            self.shop.graph().receive(chat, format!("Line {n} of {round}").as_str()).unwrap();
        }
    }

    /// Reads until this many calls were made, and dies before the last one is answered. Whether it came to that.
    async fn dies_at(&self, call: u32) -> bool {
        let mut worker = self.worker().await;
        self.shop.sim.clear_requests();
        self.shop.graph().on("GET", "").skip(call).fail(Fault::Hold(Hold::new()));
        worker.ask(&json!({ "do": "sync" }));
        let is_reached = async || self.shop.sim.requests().len() > call as usize;
        let has_died = tokio::select! {
            () = comes_true("the walk ends, or comes to its call", is_reached) => true,
            answer = worker.answer() => answer.is_none(),
        };
        worker.kill();
        self.shop.sim.clear_faults();
        has_died
    }

    /// What the dead left behind. `settled`: everything was read since.
    async fn check(&mut self, settled: bool) {
        let db = invariants::snapshot(self.shop.data());
        let mut held = BTreeSet::new();
        for chat in &self.chats {
            let kept = proof::Kept::of(&db, chat);
            let rows = "SELECT count(*) FROM message m JOIN conversation c ON c.id = m.conversation
                WHERE c.remote_id = ?1";
            let rows: i64 = db.query_row(rows, [&chat.conversation], |r| r.get(0)).unwrap();
            assert_eq!(usize::try_from(rows), Ok(kept.messages.len()), "a message of {chat:?} is doubled");
            held.extend(kept.messages.into_keys());
        }
        assert_eq!(self.held.difference(&held).next(), None, "something is lost");
        self.held = held;
        self.shop.world.open().await;
        proof::check(&self.shop, &self.chats, settled).await;
        if !settled {
            self.shop.world.close().await;
        }
    }

    async fn comes_to_its_end(&mut self) {
        self.shop.sim.advance(Duration::from_secs(1_800)).await;
        self.shop.world.open().await;
        self.shop.sync_later().await;
        assert!(self.shop.inbox().accounts().await.unwrap().iter().all(|a| a.backfill == Backfill::Done));
        self.check(true).await;
        let gaps = self.shop.inbox().gaps(None).await.unwrap();
        assert!(gaps.iter().all(|gap| gap.count.is_some()), "{gaps:?} are not counted");
    }
}

#[tokio::test]
async fn killed_at_any_call_of_a_first_reading_it_is_complete_in_the_end() {
    for platform in [Sim::Instagram, Sim::Facebook] {
        let mut scene = Scene::set(platform, 25, 30).await;
        for call in [0, 1, 2, 3, 4, 7, 12, 20, 33] {
            assert!(scene.dies_at(call).await || call > 12, "{call}");
            scene.check(false).await;
        }
        scene.comes_to_its_end().await;
    }
}

#[tokio::test]
async fn killed_at_any_call_of_a_walk_through_news_nothing_is_skipped() {
    for platform in [Sim::Instagram, Sim::Facebook] {
        let mut scene = Scene::set(platform, 25, 3).await;
        let mut worker = scene.worker().await;
        worker.does(json!({ "do": "sync" })).await;
        worker.kill();
        for call in 0..9 {
            scene.news(call);
            let call = u32::try_from(call).unwrap();
            assert!(scene.dies_at(call).await || call > 3, "{call}");
            scene.check(false).await;
        }
        scene.comes_to_its_end().await;
    }
}

#[tokio::test]
async fn killed_at_random_in_walks_at_graph_nothing_is_lost_and_nothing_is_doubled() {
    let number = |name: &str, otherwise: u64| std::env::var(name).ok().map_or(otherwise, |n| n.parse().unwrap());
    let seed = number("BACKSCROLL_IT_SEED", rand::random::<u32>().into());
    let kills = number("BACKSCROLL_IT_KILLS", 10);
    println!("BACKSCROLL_IT_SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let platform = if seed % 2 == 0 { Sim::Instagram } else { Sim::Facebook };
    let mut scene = Scene::set(platform, 25, 12).await;
    for round in 0..kills {
        if round > 0 && rng.random_range(0..4) > 0 {
            scene.news(rng.random_range(0..25));
        }
        let mut worker = scene.worker().await;
        worker.ask(&json!({ "do": if rng.random_range(0..2) == 0 { "sync" } else { "start" } }));
        // Not a wait for anything: the instant of death is what is random.
        tokio::time::sleep(Duration::from_millis(rng.random_range(5..400))).await;
        worker.kill();
        scene.check(false).await;
    }
    scene.comes_to_its_end().await;
}
