//! Where the reference says "unconfirmed", the server can be switched: the client must work with either outcome.
//!
//! The defaults are section 11's. Nothing here changes a documented fact.

/// What the server does where Ayrshare's behaviour is unknown. Change it with [`crate::Simulator::set_knobs`].
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub struct Knobs {
    /// How many of the seeded messages of a Facebook or Instagram conversation can be read (reference 2.5: 20).
    pub history_cap: usize,
    /// How late an X message becomes visible, milliseconds (default 0; the real one is up to 180,000).
    pub x_lag_ms: i64,
    /// How late a message sent through the API shows in a GET, milliseconds (default 0): a late echo.
    pub echo_lag_ms: i64,
    /// An inbound message makes an archived conversation active again.
    pub inbound_reactivates: bool,
    /// An inbound message drops the cached answers of its platform.
    pub inbound_drops_cache: bool,
    /// Absent fields of a message are sent as `null`.
    pub nulls: bool,
    /// The last page of X carries `meta.pagination.next: null` instead of nothing.
    pub last_page_null: bool,
    /// X messages carry `conversationId` also in the unfiltered answer (asserted only when filtered).
    pub x_mixed_conversation_id: bool,
    /// Text and media of one send become one message instead of n + 1.
    pub one_message_per_send: bool,
    /// How long after the person's last message Facebook accepts an answer, milliseconds (24 h; 7 d with a human-agent tag).
    pub facebook_window_ms: i64,
    /// The same for Instagram (7 d).
    pub instagram_window_ms: i64,
    /// Requests per profile in five minutes.
    pub rate_limit: u32,
    /// What a send answers when it became several messages (reference 3.2, unknown).
    pub answer: SendAnswer,
    /// Several images of one send become one Instagram message of up to ten, as Meta itself can; else one message each.
    pub instagram_album: bool,
    /// Text and media in one Instagram send: only the text arrives, and the answer is a success, as at Meta itself.
    pub instagram_drops_media: bool,
    /// The text of a send leaves before its media are fetched: when one of them cannot be had, the answer is an error
    /// although the text, and the media before it, have arrived.
    pub media_in_turn: bool,
    /// Conversations in which one profile may write within a billing cycle (1,000; reference 3.5); `None`: any number.
    pub conversation_quota: Option<usize>,
    /// Sends that X takes from one account in 15 minutes (the network's own 200, reference 3.4). `None` by default,
    /// because how Ayrshare tells of it is unknown.
    pub x_sends: Option<usize>,
    /// How the `accessUrl` of a large upload looks (unknown).
    pub access_url: AccessUrl,
    /// The largest file that an upload address takes, bytes (5 GB).
    pub upload_url_limit: u64,
    /// `mediaUrl` with an array is taken as `mediaUrls` (reference 10, quirk 3).
    pub lenient_media_url: bool,
    /// HTTP status of an answer with code 419 (X keys missing).
    pub x_keys_status: u16,
    /// GET answers are compressed for clients that accept gzip.
    pub gzip: bool,
    /// Numbers that stand in for the unknown ones.
    pub codes: Codes,
}

/// How a send that became several messages is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SendAnswer {
    /// `messageId` of the first, which is the text if there is one.
    First,
    /// `messageIds`.
    Ids,
    /// `messages: [{messageId}]`.
    Messages,
    /// A list of the objects that single sends answer.
    List,
    /// A success that names no message.
    Nameless,
}

/// How the address of a large upload looks; only a plain one can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessUrl {
    /// Ends in the extension of the file.
    Plain,
    /// Ends without an extension.
    NoExtension,
    /// Has a query behind the extension.
    Query,
}

/// Stand-ins for Ayrshare's unknown error numbers; a test shifts them to show that the client does not depend on them.
#[derive(Clone, Debug, PartialEq)]
pub struct Codes {
    /// Invalid API key.
    pub key: u32,
    /// Unknown Profile Key.
    pub profile_key: u32,
    /// The profile is suspended.
    pub suspended: u32,
    /// Too many requests.
    pub rate_limit: u32,
    /// Facebook refused.
    pub facebook: u32,
    /// Instagram refused.
    pub instagram: u32,
    /// X refused.
    pub twitter: u32,
    /// The quota of active conversations is full.
    pub quota: u32,
}

impl Default for Knobs {
    fn default() -> Self {
        const HOUR: i64 = 3_600_000;
        Self {
            history_cap: 20,
            x_lag_ms: 0,
            echo_lag_ms: 0,
            inbound_reactivates: true,
            inbound_drops_cache: false,
            nulls: false,
            last_page_null: false,
            x_mixed_conversation_id: true,
            one_message_per_send: false,
            facebook_window_ms: 24 * HOUR,
            instagram_window_ms: 7 * 24 * HOUR,
            rate_limit: 300,
            answer: SendAnswer::First,
            instagram_album: false,
            instagram_drops_media: false,
            media_in_turn: false,
            conversation_quota: Some(1_000),
            x_sends: None,
            access_url: AccessUrl::Plain,
            upload_url_limit: 5_000_000_000,
            lenient_media_url: false,
            x_keys_status: 419,
            gzip: true,
            codes: Codes::default(),
        }
    }
}

impl Default for Codes {
    fn default() -> Self {
        Self {
            key: 102,
            profile_key: 144,
            suspended: 168,
            rate_limit: 106,
            facebook: 107,
            instagram: 138,
            twitter: 272,
            quota: 363,
        }
    }
}
