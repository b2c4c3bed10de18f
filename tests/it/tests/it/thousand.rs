//! A thousand sends, five hundred through each provider, while everything on their way fails by chance and webhooks bring
//! echoes, some twice, some late, some never. None is lost, none is doubled, none is called what it is not, and nearly all
//! that arrived without anybody being told come right by themselves.
//!
//! The seed is printed, and `BACKSCROLL_IT_SEED` runs it again; `BACKSCROLL_IT_SENDS` asks for more than a thousand.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use backscroll_adapters::Secret;
use backscroll_model::*;
use backscroll_simulator::{Chat, Cut, Echo, Fault, LedgerEntry, Network, ProfileId, Synthetic, WorldKind};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

use crate::{
    chance::number,
    desk::Desk,
    graph::{PAGE, Shop},
    invariants,
    webhooks::{Hooked, with_app_secret},
    world::{Sim, World},
};

const PLATFORMS: [Sim; 2] = [Sim::Facebook, Sim::Instagram];
/// A request that hangs is given up after this, of the machine's time.
const PATIENCE: Duration = Duration::from_millis(400);
/// Some say this again and again.
const SAID_OFTEN: &str = "ok";
/// The user leaves a message alone for this long before they say what became of it.
const USERS_PATIENCE: i64 = 15 * MINUTE;
/// Customers write this often, so that windows stay open.
const WRITES_EVERY: i64 = 8 * 60 * MINUTE;

/// Message, remote id, text, our reference, and whether nobody knew of one of its attempts.
type SentRow = (i64, Option<String>, Option<String>, String, bool);

struct Run {
    desk: Desk,
    provider: Provider,
    connection: ConnectionId,
    chats: Vec<Chat>,
    rng: StdRng,
    written_at: i64,
    /// Since when a message waits for the user's word.
    in_review: BTreeMap<MessageId, i64>,
    /// Of these the user had to say what became of them.
    decided: BTreeSet<MessageId>,
    /// How many of those had arrived.
    left_to_the_user: usize,
    /// What is not settled yet.
    open: BTreeSet<MessageId>,
}

impl Run {
    async fn begin(provider: Provider, seed: u64) -> Self {
        let kind = Synthetic { conversations: 24, messages_per_conversation: 2, platforms: PLATFORMS.to_vec() };
        let mut world = World::new(WorldKind::Synthetic(kind)).await;
        world.limits.send = PATIENCE;
        world.limits.idle = PATIENCE;
        world.open().await;
        world.sim.set_knobs(|k| k.facebook_window_ms = 7 * DAY);
        let shop = Shop { world };
        match provider {
            Provider::Ayrshare => {
                shop.world.connect_and_sync().await;
            }
            Provider::Meta => {
                let base = Some(shop.graph().api_base());
                let connected = shop.inbox().connect_meta(base, with_app_secret(&shop), None);
                shop.driven(connected).await.unwrap();
                shop.sync().await;
            }
        }
        let hooked = Hooked::running(shop).await;
        hooked.register().await;
        let (connection, desk) = (hooked.connection, Desk::of(hooked.shop.world));
        let graph = desk.sim.graph();
        let chats = PLATFORMS.into_iter().flat_map(|platform| match provider {
            Provider::Ayrshare => desk.sim.chats(ProfileId::PRIMARY, platform),
            Provider::Meta => graph.chats(PAGE, platform),
        });
        let mut run = Self {
            chats: chats.collect(),
            desk,
            provider,
            connection,
            rng: StdRng::seed_from_u64(seed),
            written_at: 0,
            in_review: BTreeMap::new(),
            decided: BTreeSet::new(),
            left_to_the_user: 0,
            open: BTreeSet::new(),
        };
        run.customers_write().await;
        run
    }

    fn now(&self) -> i64 {
        self.desk.sim.clock().now_ms()
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        *all.choose(&mut self.rng).unwrap()
    }

    fn writes(&self, chat: &Chat) {
        let text = format!("Customer at {}", self.now());
        match self.provider {
            Provider::Ayrshare => self.desk.sim.inbound(chat, text.as_str()).unwrap(),
            Provider::Meta => self.desk.sim.graph().receive(chat, text.as_str()).unwrap(),
        };
    }

    async fn customers_write(&mut self) {
        self.written_at = self.now();
        for chat in &self.chats {
            self.writes(chat);
        }
        self.desk.advance(90).await;
    }

    fn on_send(&self, skip: u32, fault: Fault) {
        match self.provider {
            Provider::Ayrshare => self.desk.sim.on("POST", "/messages/").skip(skip).fail(fault),
            Provider::Meta => self.desk.sim.graph().on("POST", "/messages").skip(skip).fail(fault),
        }
    }

    fn on_read(&self, times: u32, fault: Fault) {
        match self.provider {
            Provider::Ayrshare => self.desk.sim.on("GET", "/messages/").times(times).fail(fault),
            Provider::Meta => self.desk.sim.graph().on("GET", "").times(times).fail(fault),
        }
    }

    /// What a request may meet.
    fn fault(&mut self) -> Fault {
        // Says nothing of the outcome, so it may happen before or after the message was delivered.
        let unclear = [
            Fault::Reset,
            Fault::HalfOpen,
            Fault::http(500),
            Fault::http(503),
            Fault::Html { http: 200 },
            Fault::Empty,
            Fault::Garbage { bytes: 2_000 },
            Fault::Redirect { http: 307, to: "/api/messages/facebook".to_owned() },
            Fault::Redirect { http: 301, to: "https://elsewhere.example.test/".to_owned() },
        ];
        let said = |message: &str| Fault::Status { http: 400, code: 107, message: message.to_owned() };
        let clear = match self.provider {
            Provider::Ayrshare => [
                Fault::RateLimited { retry_after_s: Some(40) },
                Fault::RateLimited { retry_after_s: None },
                Fault::http(401),
                said("(#551) This person isn't available right now."),
                said("(#613) Calls to this API have exceeded the rate limit."),
            ],
            Provider::Meta => [
                Fault::graph(4, None),
                Fault::graph(613, None),
                Fault::graph(190, Some(463)),
                Fault::graph(551, None),
                Fault::graph(190, None),
            ],
        };
        let (from, to) = (self.rng.random_range(1..30), self.rng.random_range(0..40));
        match self.rng.random_range(0..10) {
            0..4 => Fault::applied(unclear.choose(&mut self.rng).unwrap().clone()),
            4..6 => unclear.choose(&mut self.rng).unwrap().clone(),
            6 => Fault::CutBody { after: to, how: self.one_of(&[Cut::Reset, Cut::Close]) },
            7 => Fault::without_id(),
            8 => Fault::Delay { ms: from },
            _ => clear.choose(&mut self.rng).unwrap().clone(),
        }
    }

    fn echoes_go_astray(&mut self) {
        let late = Echo::Late { ms: self.one_of(&[2_000, 90_000, 600_000]) };
        let (times, echo) = (self.rng.random_range(1..4), self.one_of(&[Echo::Lost, Echo::Twice, late]));
        match self.provider {
            Provider::Ayrshare => self.desk.sim.echoes(times, echo),
            Provider::Meta => self.desk.sim.graph().echoes(times, echo),
        }
    }

    async fn send(&mut self, text: &str) -> bool {
        let chat = self.chats.choose(&mut self.rng).unwrap().clone();
        let row = self.desk.conversation(&chat).await.id;
        match self.desk.inbox().send_text(row, text.to_owned()).await {
            Ok(message) => {
                self.desk.acknowledged(&chat, text, message.id);
                self.open.insert(message.id);
                true
            }
            Err(error) => {
                assert_eq!(error.code, ErrorCode::WindowClosed, "{error:?}");
                self.writes(&chat);
                false
            }
        }
    }

    /// A key that was refused by chance is given again.
    async fn mend(&self) {
        let accounts = self.desk.inbox().accounts().await.unwrap();
        if accounts.iter().all(|account| account.health.heals_itself()) {
            return;
        }
        let inbox = self.desk.inbox();
        let mended = async {
            match self.provider {
                Provider::Ayrshare => {
                    let key = Secret::new(self.desk.sim.api_key());
                    inbox.reconnect_ayrshare(self.connection, Some(key), None, None).await.map(drop)
                }
                Provider::Meta => {
                    let token = Secret::new(self.desk.sim.graph().page_token(PAGE));
                    inbox.reconnect_meta(self.connection, Some(token), None).await.map(drop)
                }
            }
        };
        // It may meet the weather, too; then it is mended the next time. A check at Graph waits up to ten seconds for its
        // turn on each platform.
        let (_, ()) = tokio::join!(mended, self.desk.advance(25));
    }

    /// What a person does about messages that are stuck.
    async fn tidy_up(&mut self, patience: i64) {
        let now = self.now();
        let mut has_discarded = false;
        for id in self.open.clone() {
            let progress = self.desk.progress(id).await;
            if progress.state != SendState::NeedsReview {
                self.in_review.remove(&id);
            }
            let decision = match (progress.state, &progress.reason) {
                (SendState::Accepted | SendState::Settled, _) => {
                    self.open.remove(&id);
                    continue;
                }
                (SendState::NeedsReview, _) => {
                    let since = *self.in_review.entry(id).or_insert(now);
                    if now - since < patience {
                        continue;
                    }
                    self.one_of(&[SendDecision::SendAgain, SendDecision::ItArrived, SendDecision::Discard])
                }
                (SendState::Failed, _) => self.one_of(&[SendDecision::Retry, SendDecision::Discard]),
                (SendState::Queued, Some(SendReason::Stale { .. })) => SendDecision::SendNow,
                _ => continue,
            };
            let had_arrived = self.has_arrived(id);
            match self.desk.inbox().decide(id, decision).await {
                Ok(()) => {
                    self.desk.decided(id, decision);
                    if progress.state == SendState::NeedsReview && self.decided.insert(id) {
                        self.left_to_the_user += usize::from(had_arrived);
                    }
                    if decision == SendDecision::Discard {
                        self.open.remove(&id);
                        has_discarded = true;
                    }
                }
                // An echo, or the task, was faster.
                Err(error) => assert_eq!(error.code, ErrorCode::TooLate, "{decision:?} of {progress:?}"),
            }
        }
        if has_discarded {
            // The row of what was sent in the same 16 seconds would bear its id, and the two could not be told apart here.
            self.desk.advance(17).await;
        }
    }

    /// Whether it is told from all others by its words, and is in the ledger.
    fn has_arrived(&self, id: MessageId) -> bool {
        let intent = self.desk.intents().into_iter().find(|intent| intent.message == id.0).unwrap();
        intent.text != SAID_OFTEN && self.desk.delivered().contains(&intent.text)
    }

    async fn step(&mut self) {
        match self.rng.random_range(0..12) {
            0..4 => {
                let (skip, fault) = (self.rng.random_range(0..3), self.fault());
                self.on_send(skip, fault);
            }
            4 => {
                let fault = [Fault::Reset, Fault::http(500), Fault::Garbage { bytes: 500 }, Fault::Html { http: 200 }];
                let (times, fault) = (self.rng.random_range(1..4), fault.choose(&mut self.rng).unwrap().clone());
                self.on_read(times, fault);
            }
            5 => {
                let chat = self.chats.choose(&mut self.rng).unwrap().clone();
                self.writes(&chat);
            }
            6 if self.rng.random_range(0..3) == 0 => {
                self.desk.sim.set_network(Network::Refused).unwrap();
                let for_s = self.rng.random_range(2..90);
                self.desk.advance(for_s).await;
                self.desk.sim.set_network(Network::Up).unwrap();
            }
            7 => self.echoes_go_astray(),
            8 => {
                let lag = self.one_of(&[0, 0, 5_000, 600_000]);
                self.desk.sim.set_knobs(|k| k.echo_lag_ms = lag);
            }
            _ => {
                let seconds = self.rng.random_range(1..90);
                self.desk.advance(seconds).await;
            }
        }
    }

    async fn comes_to_rest(&mut self) {
        self.desk.sim.set_network(Network::Up).unwrap();
        self.desk.sim.clear_faults();
        self.desk.sim.set_knobs(|k| k.echo_lag_ms = 0);
        for round in 0..16 {
            self.mend().await;
            self.desk.inbox().sync_soon();
            self.desk.advance(420).await;
            // What comes right by itself has had its time.
            self.tidy_up(if round < 4 { USERS_PATIENCE } else { 0 }).await;
            if self.open.is_empty() {
                break;
            }
        }
        self.desk.inbox().sync_soon();
        self.desk.check_all().await;
        if let Some(id) = self.open.first() {
            panic!("{:?} for ever", self.desk.progress(*id).await);
        }
    }

    /// Nothing is called what it is not: a message is the one that its sending planted, and of those which arrived without
    /// a word nearly all are known to have.
    async fn is_told_truly(&self) {
        let ledger: BTreeMap<String, LedgerEntry> =
            self.desk.sim.delivered().into_iter().map(|entry| (entry.id.clone(), entry)).collect();
        let db = invariants::snapshot(self.desk.data());
        let rows: Vec<SentRow> = db
            .prepare(
                "SELECT m.id, m.remote_id, m.text, p.client_ref,
                    EXISTS (SELECT 1 FROM attempt t WHERE t.part = p.id AND t.outcome = ?1)
                 FROM part p JOIN message m ON m.id = p.message",
            )
            .unwrap()
            .query_map([invariants::AMBIGUOUS], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let mut resolved = 0;
        for (id, remote_id, text, client_ref, was_unclear) in &rows {
            let entry = remote_id.as_ref().and_then(|id| ledger.get(id));
            if let Some(entry) = entry {
                assert_eq!(&entry.text, text, "another message's id");
                if let Some(planted) = &entry.metadata {
                    assert_eq!(planted, client_ref, "the id of another message of the same words");
                }
            }
            let is_one = *was_unclear && text.as_deref() != Some(SAID_OFTEN) && entry.is_some();
            resolved += usize::from(is_one && !self.decided.contains(&MessageId(*id)));
        }
        let unconfirmed = resolved + self.left_to_the_user;
        println!("{unconfirmed} arrived without a word, {resolved} of them were found without the user");
        assert!(resolved * 100 >= unconfirmed * 98, "{resolved} of {unconfirmed}");
    }
}

async fn thousand(provider: Provider) {
    let seed = number("BACKSCROLL_IT_SEED", rand::random::<u32>().into());
    let sends = number("BACKSCROLL_IT_SENDS", 1_000) / 2;
    println!("BACKSCROLL_IT_SEED={seed}");
    let mut run = Run::begin(provider, seed).await;
    let mut sent = 0;
    while sent < sends {
        let text = if run.rng.random_range(0..8) == 0 { SAID_OFTEN.to_owned() } else { format!("Message {sent}") };
        sent += u64::from(run.send(&text).await);
        run.step().await;
        if sent % 8 == 0 {
            run.mend().await;
            run.tidy_up(USERS_PATIENCE).await;
        }
        if run.now() - run.written_at > WRITES_EVERY {
            run.customers_write().await;
        }
    }
    run.desk.check();
    run.comes_to_rest().await;
    run.is_told_truly().await;
}

#[tokio::test]
async fn of_five_hundred_sends_through_ayrshare_none_is_lost_doubled_or_mislabelled() {
    thousand(Provider::Ayrshare).await;
}

#[tokio::test]
#[ignore = "open: an order of a chat (seed 11), 3 of 90 left to the user (seed 1474545630), one stop at 344 sends"]
async fn of_five_hundred_sends_through_a_page_none_is_lost_doubled_or_mislabelled() {
    thousand(Provider::Meta).await;
}
