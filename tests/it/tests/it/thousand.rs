//! A thousand sends, five hundred through each provider, texts and files, while everything on their way fails by chance,
//! webhooks bring echoes, some twice, some late, some never, and the program is quit and killed again and again. None is
//! lost, none is doubled, none is called what it is not, and nearly all that arrived without anybody being told come right
//! by themselves.
//!
//! The seed is printed, and `BACKSCROLL_IT_SEED` runs it again; `BACKSCROLL_IT_SENDS` asks for more or less than a
//! thousand. Ten thousand are for `cargo xtask test --full`.

mod deaths;
mod person;
mod told;
mod weather;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use backscroll_engine::AyrshareSecrets;
use backscroll_model::*;
use backscroll_simulator::{Chat, Network, ProfileId, Synthetic, WorldKind};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};

use crate::{
    chance::number,
    desk::Desk,
    graph::{PAGE, Shop},
    pictures,
    webhooks::{Hooked, with_app_secret},
    world::{Sim, World},
};

/// A request that hangs is given up after this, of the machine's time.
const PATIENCE: Duration = Duration::from_millis(400);
/// Some say this again and again.
const SAID_OFTEN: &str = "ok";
/// The user leaves a message alone for this long before they say what became of it.
const USERS_PATIENCE: i64 = 15 * MINUTE;
/// Customers write this often, so that windows stay open.
const WRITES_EVERY: i64 = 8 * 60 * MINUTE;
/// One in so many sends carries a file.
const FILE_IN: u32 = 5;
/// The program is quit, or killed, once in so many sends.
const QUIT_IN: u64 = 60;
const KILLED_IN: u64 = 150;

struct Run {
    desk: Desk,
    provider: Provider,
    connection: ConnectionId,
    chats: Vec<Chat>,
    rng: StdRng,
    written_at: i64,
    /// Files made so far; each is another one.
    files: u32,
    /// The last file, which is sent again now and then.
    again: Option<Vec<u8>>,
    /// Since when a message waits for the user's word.
    in_review: BTreeMap<MessageId, i64>,
    /// Of these the user had to say what became of them.
    decided: BTreeSet<MessageId>,
    /// Those of them that had arrived: which, when the user decided, and what was known by then.
    left_to_the_user: Vec<(MessageId, i64, SendProgress)>,
    /// What is not settled yet.
    open: BTreeSet<MessageId>,
}

impl Run {
    async fn begin(provider: Provider, seed: u64) -> Self {
        let platforms = match provider {
            Provider::Ayrshare => vec![Sim::Facebook, Sim::Instagram, Sim::Twitter],
            Provider::Meta => vec![Sim::Facebook, Sim::Instagram],
        };
        let kind = Synthetic { conversations: 24, messages_per_conversation: 2, platforms: platforms.clone() };
        let mut world = World::new(WorldKind::Synthetic(kind)).await;
        world.limits.send = PATIENCE;
        world.limits.idle = PATIENCE;
        if let Some(decoder) = pictures::decoder() {
            world.decoder = decoder;
        }
        world.open().await;
        world.sim.set_knobs(|k| k.facebook_window_ms = 7 * DAY);
        let shop = Shop { world };
        match provider {
            Provider::Ayrshare => {
                // No limit: what X costs is no matter of this test.
                let secrets = shop.world.secrets(ProfileId::PRIMARY);
                let secrets = AyrshareSecrets { x_history: Some(XHistory::All), x_monthly_limit_cents: 0, ..secrets };
                shop.inbox().connect_ayrshare(shop.world.api_base(), secrets, None).await.unwrap();
                shop.world.sync().await;
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
        let chats = platforms.into_iter().flat_map(|platform| match provider {
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
            files: 0,
            again: None,
            in_review: BTreeMap::new(),
            decided: BTreeSet::new(),
            left_to_the_user: Vec::new(),
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

    /// Sends a text, perhaps with a file before it; a closed window is opened by the customer.
    async fn send(&mut self, text: &str) -> bool {
        let chat = self.chats.choose(&mut self.rng).unwrap().clone();
        let row = self.desk.conversation(&chat).await.id;
        let is_x = chat.platform == Sim::Twitter;
        let files = match self.rng.random_range(0..FILE_IN) {
            // X takes no sound.
            0 if !is_x || pictures::decoder().is_some() => vec![self.attach(row, is_x).await],
            _ => Vec::new(),
        };
        let has_file = !files.is_empty();
        // Now and then a file alone, which X does not take.
        let text = if has_file && !is_x && self.rng.random_range(0..3) == 0 { "" } else { text };
        let request = SendRequest { text: text.to_owned(), files, ..SendRequest::default() };
        match self.desk.inbox().send(row, request).await {
            Ok(messages) => {
                for message in messages {
                    let said = message.text.clone().unwrap_or_else(|| self.file_of(message.id));
                    self.desk.acknowledged(&chat, &said, message.id);
                    self.open.insert(message.id);
                }
                true
            }
            Err(error) => {
                assert_eq!(error.code, ErrorCode::WindowClosed, "{error:?}");
                for file in self.desk.inbox().outgoing_files(row).await.unwrap() {
                    self.desk.inbox().remove_file(file.id).await.unwrap();
                }
                self.writes(&chat);
                false
            }
        }
    }

    /// A picture, or a sound where that is taken; now and then one that was sent before.
    async fn attach(&mut self, row: ConversationId, is_x: bool) -> OutgoingFileId {
        self.files += 1;
        let can_decode = pictures::decoder().is_some();
        let is_picture = can_decode && (is_x || self.rng.random_range(0..3) > 0);
        let made = if is_picture { pictures::picture(self.files) } else { pictures::sound(self.files) };
        let bytes = match &self.again {
            Some(again) if !is_x && self.rng.random_range(0..4) == 0 => again.clone(),
            _ => made,
        };
        self.again = Some(bytes.clone());
        let name = if bytes.starts_with(b"GIF") { "picture.gif" } else { "sound.wav" };
        let id = self.desk.inbox().attach_bytes(row, name.to_owned(), bytes).await.unwrap();
        let is_ready = async |desk: &Desk| {
            let files = desk.inbox().outgoing_files(row).await.unwrap();
            files.iter().all(|file| file.state != FileState::Preparing)
        };
        self.desk.until(async |_| is_ready(&self.desk).await).await;
        let files = self.desk.inbox().outgoing_files(row).await.unwrap();
        assert!(files.iter().all(|file| file.state == FileState::Ready), "{files:?}");
        id
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
}

async fn sends(provider: Provider, otherwise: u64) {
    let seed = number("BACKSCROLL_IT_SEED", rand::random::<u32>().into());
    let sends = number("BACKSCROLL_IT_SENDS", otherwise) / 2;
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
        if run.rng.random_range(0..QUIT_IN) == 0 {
            run.desk.restart().await;
        }
        if run.rng.random_range(0..KILLED_IN) == 0 {
            run.dies(&format!("Killed after {sent}")).await;
        }
    }
    run.desk.check();
    run.comes_to_rest().await;
    run.is_told_truly();
}

#[tokio::test]
async fn of_five_hundred_sends_through_ayrshare_none_is_lost_doubled_or_mislabelled() {
    sends(Provider::Ayrshare, 1_000).await;
}

#[tokio::test]
async fn of_five_hundred_sends_through_a_page_none_is_lost_doubled_or_mislabelled() {
    sends(Provider::Meta, 1_000).await;
}

#[tokio::test]
#[ignore = "ten times as many"]
async fn of_five_thousand_sends_through_ayrshare_none_is_lost_doubled_or_mislabelled() {
    sends(Provider::Ayrshare, 10_000).await;
}

#[tokio::test]
#[ignore = "ten times as many"]
async fn of_five_thousand_sends_through_a_page_none_is_lost_doubled_or_mislabelled() {
    sends(Provider::Meta, 10_000).await;
}
