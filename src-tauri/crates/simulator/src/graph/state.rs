//! The state of the Graph view: tokens, Pages, meters, knobs, and the details that rows of the world carry for it.
//!
//! Where what lies:
//! - people, conversations and messages: [`crate::world`]. [`Attachment::kind`](crate::world::Attachment) decides how Graph
//!   shows an attachment (see [`kind`]); [`Detail`] holds what is beside kind and address. `Message::{reply_to, unsupported,
//!   metadata}`, `Conversation::{graph_only, requests, opened_ms}` and `Person::flags` are for Graph alone.
//! - everything changes through [`crate::state::State`]'s acts (`receive`, `send`, `react`, `edit`, `unsend`, `read`), so
//!   both views, both caches and both webhooks hear of it.
//! - [`GraphState`] (in `State::graph`): who may ask, how often, and what the server does where Meta is silent.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::graph::acts::{GraphSendKnobs, SenderAction};
use crate::graph::hooks::GraphHooks;
use crate::graph::upload::Uploads;
use crate::ids;
use crate::platform::Platform;
use crate::world::{ProfileId, World};

/// The kinds of attachment that Graph tells apart; any other word is shown as an attachment without an address.
///
/// `image`, `video`, `audio`, `file` and `template` stand in `attachments`; `share`, `post`, `ig_post`, `reel`, `ig_reel`
/// and `product` in `shares`; `story_mention` and `ig_story` (an answer to a story) in `story`; `sticker` in one of three
/// places ([`GraphKnobs::sticker_form`]). `ephemeral` is never told: the message is unsupported.
pub(crate) mod kind {
    pub(crate) const IMAGE: &str = "image";
    pub(crate) const VIDEO: &str = "video";
    pub(crate) const AUDIO: &str = "audio";
    pub(crate) const FILE: &str = "file";
    pub(crate) const STICKER: &str = "sticker";
    /// A generic template: a card.
    pub(crate) const TEMPLATE: &str = "template";
    /// A product template.
    pub(crate) const PRODUCT: &str = "product";
    /// A plain link.
    pub(crate) const SHARE: &str = "share";
    /// The shares that name their type.
    pub(crate) const POSTS: [&str; 4] = ["post", "ig_post", "reel", "ig_reel"];
    pub(crate) const STORY_MENTION: &str = "story_mention";
    pub(crate) const STORY_REPLY: &str = "ig_story";
    pub(crate) const EPHEMERAL: &str = "ephemeral";
}

/// What Graph tells of an attachment beside its kind and address. All optional; what is missing is omitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Detail {
    /// Id of the post, reel, story, product or sticker.
    pub id: Option<String>,
    /// File name, or the name of a product.
    pub name: Option<String>,
    /// The declared type, when the file's own is not to be told.
    pub mime: Option<String>,
    /// Bytes; told for everything but images (reference 4.2).
    pub size: Option<u64>,
    pub title: Option<String>,
    pub subtitle: Option<String>,
    /// Where a link share or a card leads.
    pub link: Option<String>,
    /// Title of a card's button.
    pub button: Option<String>,
    /// `12.50 €`, of a product.
    pub price: Option<String>,
}

/// What is special about a person, seen through Graph (reference 8, 6.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the reference's flags, each on its own")]
pub struct PersonFlags {
    /// The profile answers 100/33.
    pub profile_denied: bool,
    /// The profile answers 230: consent is missing.
    pub no_consent: bool,
    /// The profile answers 2018218: an account of a phone number.
    pub phone_account: bool,
    /// The profile has no picture.
    pub no_picture: bool,
    /// Cannot be written to: sends answer 551/1545041.
    pub unreachable: bool,
    /// Has blocked the Page, and sends say so only by code 2.
    pub hidden_block: bool,
}

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Acts as the Page of this profile.
    Page(ProfileId),
    /// A person who manages all Pages.
    User,
    /// `{app-id}|{app-secret}`.
    App,
}

/// Whether a token still works, and with which error it does not (reference 1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// Works.
    Valid,
    /// 190/463, since this instant (UTC milliseconds).
    Expired {
        /// When it ended.
        since_ms: i64,
    },
    /// 190/458: the person removed the app.
    Revoked,
    /// 190/460.
    PasswordChanged,
    /// 190/492: the person lost the role on the Page.
    NoRole,
    /// 190/459.
    Checkpoint,
    /// 190 without a subcode.
    Garbage,
}

/// A token of the table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub kind: TokenKind,
    pub state: TokenState,
    pub scopes: BTreeSet<String>,
    pub issued_ms: i64,
    /// `None`: no fixed end (`expires_at: 0`).
    pub expires_ms: Option<i64>,
    /// About 90 days ahead (reference 1.4).
    pub data_access_ms: i64,
}

/// Everything the demo's tokens may do.
pub(crate) const SCOPES: [&str; 9] = [
    "business_management",
    "instagram_basic",
    "instagram_manage_comments",
    "instagram_manage_messages",
    "pages_manage_metadata",
    "pages_messaging",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_show_list",
];

/// A profile of the world as a Page. Its id is the profile's Messenger account id, its IGID the Instagram account's id.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Page {
    pub profile: ProfileId,
    pub category: (&'static str, &'static str),
    /// The Instagram account is linked to the Page.
    pub instagram: bool,
    /// The owner allows message access (off: 200/2534041).
    pub instagram_access: bool,
    pub tasks: Vec<&'static str>,
}

/// The app that all tokens belong to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct App {
    pub id: String,
    pub secret: String,
    pub name: &'static str,
}

/// Percent of an allowance (reference 5.3). At 100 in any of the three the calls are throttled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter {
    /// Calls.
    pub call_count: u32,
    /// Processor time.
    pub total_cputime: u32,
    /// Time.
    pub total_time: u32,
    /// Minutes until calls work again; 0: not blocked.
    pub regain_minutes: u32,
}

impl Meter {
    /// All three figures the same.
    #[must_use]
    pub const fn percent(percent: u32) -> Self {
        Self { call_count: percent, total_cputime: percent, total_time: percent, regain_minutes: 0 }
    }

    pub(crate) const fn full(self) -> bool {
        self.call_count >= 100 || self.total_cputime >= 100 || self.total_time >= 100
    }
}

/// How a sticker looks in a read (the shape after August 2026 is unconfirmed, reference 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StickerForm {
    /// `sticker`: a URL beside an empty text.
    Url,
    /// An attachment with `type: "sticker"`.
    Attachment,
    /// `image_data.render_as_sticker`.
    Rendered,
}

/// How `reactions` look (reference 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReactionsForm {
    /// `{data: […]}`.
    Data,
    /// `[…]`.
    Array,
    /// The first reaction alone.
    Bare,
}

/// What a listing with details does with rows past the newest 20 (reference 3, unconfirmed).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OlderRows {
    /// `{id, created_time}`.
    Bare,
    /// The whole call answers 9000001.
    Refuse,
}

/// What the server does where Meta's behaviour is unconfirmed, or where a test wants another limit. Change it with
/// [`crate::Graph::set_knobs`].
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub struct GraphKnobs {
    /// Conversation reads a second per Page and platform (2); `None`: as many as you like.
    pub reads_per_second: Option<usize>,
    /// Page size of a list without `limit`.
    pub default_limit: usize,
    /// Larger limits are cut to this.
    pub max_limit: usize,
    /// `limit` × nested `limit` above this is too much data (500, code 1); `None`: nothing is.
    pub max_data: Option<usize>,
    /// So many more pages of conversations come empty, with a `next`.
    pub empty_pages: u32,
    /// `next` of a page of conversations leads to the same page again.
    pub repeat_next: bool,
    /// How many messages of an Instagram conversation have details.
    pub instagram_details: usize,
    /// The same for Messenger; `None`: all.
    pub messenger_details: Option<usize>,
    /// What a listing does past that number.
    pub older_rows: OlderRows,
    /// Unsent messages stay in listings, as empty rows.
    pub unsent_rows: bool,
    /// How stickers look.
    pub sticker_form: StickerForm,
    /// How reactions look.
    pub reactions_form: ReactionsForm,
    /// Instagram conversations have `unread_count`, `message_count`, `snippet` and `can_reply` too.
    pub instagram_counts: bool,
    /// `?ids=` leaves out what cannot be read, instead of failing as a whole.
    pub ids_partial: bool,
    /// Calls without a right `appsecret_proof` are refused.
    pub require_proof: bool,
    /// Field names that this server does not know: `reactions`, or `v26.0:reactions` for one version.
    pub unknown_fields: BTreeSet<String>,
    /// `from.name` of what the business wrote: a person who works there (reference 10).
    pub agent_name: Option<String>,
    /// Error texts are in another language.
    pub foreign_errors: bool,
    /// HTTP status of 9000001 (400).
    pub deleted_status: u16,
    /// HTTP status of throttling (400).
    pub throttled_status: u16,
    /// HTTP status of token errors (400).
    pub token_status: u16,
    /// Milliseconds of the machine's time that every answer takes, as a far server would.
    pub latency_ms: u64,
    /// How long the address of a photo lives, milliseconds.
    pub photo_life_ms: i64,
    /// How long the address of any other file lives, milliseconds.
    pub file_life_ms: i64,
}

impl Default for GraphKnobs {
    fn default() -> Self {
        const HOUR: i64 = 3_600_000;
        Self {
            reads_per_second: Some(2),
            default_limit: 25,
            max_limit: 100,
            max_data: Some(500),
            empty_pages: 0,
            repeat_next: false,
            instagram_details: 20,
            messenger_details: None,
            older_rows: OlderRows::Bare,
            unsent_rows: false,
            sticker_form: StickerForm::Url,
            reactions_form: ReactionsForm::Data,
            instagram_counts: false,
            ids_partial: false,
            require_proof: false,
            unknown_fields: BTreeSet::new(),
            agent_name: None,
            foreign_errors: false,
            deleted_status: 400,
            throttled_status: 400,
            token_status: 400,
            latency_ms: 0,
            photo_life_ms: 108 * HOUR,
            file_life_ms: 35 * HOUR,
        }
    }
}

/// The state of the Graph view.
#[derive(Debug)]
pub(crate) struct GraphState {
    pub app: App,
    /// The person behind the user token.
    pub user: (String, &'static str),
    pub pages: Vec<Page>,
    pub tokens: BTreeMap<String, Token>,
    pub knobs: GraphKnobs,
    /// Business meters, by Page and platform.
    pub meters: BTreeMap<(ProfileId, Platform), Meter>,
    /// The meter of user and app tokens.
    pub app_meter: Meter,
    /// The instants of the last conversation reads, for the limit per second.
    pub paced: BTreeMap<(ProfileId, Platform), VecDeque<i64>>,
    /// The instants of the last sends; `true`: those with sound or film.
    pub sent: BTreeMap<(ProfileId, Platform, bool), VecDeque<i64>>,
    /// Calls per Page and platform; items of a batch and ids of a multi-get count one by one.
    pub calls: BTreeMap<(ProfileId, Option<Platform>), u64>,
    /// How many tokens and trace ids were made.
    pub issued: u64,
    /// How sends are judged.
    pub send: GraphSendKnobs,
    /// Files uploaded for later.
    pub uploads: Uploads,
    /// Accepted sender actions.
    pub actions: Vec<SenderAction>,
    /// Webhooks.
    pub hooks: GraphHooks,
}

impl GraphState {
    pub(crate) fn new(world: &World) -> Self {
        let (seed, now) = (world.seed, world.start_ms);
        let app = App {
            id: ids::user(seed, Platform::Facebook, "graph/app"),
            secret: ids::hex(seed, "graph/app-secret", 16),
            name: "Harbour Inbox",
        };
        let pages: Vec<Page> = (0..world.profiles.len())
            .map(|index| Page {
                profile: ProfileId(index),
                category: if index == 2 { ("192803624072087", "Bicycle repair") } else { ("2252", "Bakery") },
                // The third shop has no Instagram account on its Page.
                instagram: index != 2,
                instagram_access: true,
                tasks: vec!["ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE", "MANAGE"],
            })
            .collect();
        let mut tokens = BTreeMap::new();
        let token = |kind, expires_ms| Token {
            kind,
            state: TokenState::Valid,
            scopes: SCOPES.iter().map(|&s| s.to_owned()).collect(),
            issued_ms: now - 3_600_000,
            expires_ms,
            data_access_ms: now + 90 * 86_400_000,
        };
        for page in &pages {
            tokens.insert(page_token(seed, page.profile), token(TokenKind::Page(page.profile), None));
        }
        tokens.insert(user_token(seed, 0), token(TokenKind::User, Some(now + 60 * 86_400_000)));
        tokens.insert(format!("{}|{}", app.id, app.secret), token(TokenKind::App, None));
        Self {
            app,
            user: (ids::user(seed, Platform::Facebook, "graph/user"), "Robin Ashby"),
            pages,
            tokens,
            knobs: GraphKnobs::default(),
            meters: BTreeMap::new(),
            app_meter: Meter::default(),
            paced: BTreeMap::new(),
            sent: BTreeMap::new(),
            calls: BTreeMap::new(),
            issued: 0,
            send: GraphSendKnobs::default(),
            uploads: Uploads::default(),
            actions: Vec::new(),
            hooks: GraphHooks::default(),
        }
    }

    pub(crate) fn page(&self, profile: ProfileId) -> Option<&Page> {
        self.pages.iter().find(|p| p.profile == profile)
    }

    pub(crate) fn page_mut(&mut self, profile: ProfileId) -> Option<&mut Page> {
        self.pages.iter_mut().find(|p| p.profile == profile)
    }
}

/// The Page token of a profile.
pub(crate) fn page_token(seed: u64, profile: ProfileId) -> String {
    format!("EAAPage{}", ids::hex(seed, &format!("graph/page-token/{}", profile.index()), 40))
}

/// The `n`-th user token.
pub(crate) fn user_token(seed: u64, n: u64) -> String {
    format!("EAAUser{}", ids::hex(seed, &format!("graph/user-token/{n}"), 40))
}
