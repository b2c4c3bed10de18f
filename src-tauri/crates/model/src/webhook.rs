//! The webhook receiver as its page shows it: where it listens, what is registered, what came and what was refused.
//!
//! Refuses: what a delivery said. Its page counts and names; content is in the history alone.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::{AccountId, ConnectionId, Provider, Timestamp};

/// A closed set whose members are words in the database and in JSON.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// Reads [`Self::as_str`] back.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }
    };
}

/// What the user chose for the receiver. Off by default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, Type)]
#[serde(default)]
pub struct WebhookSettings {
    /// It listens.
    pub on: bool,
    /// The port; `None`: a free one, which is kept from then on.
    pub port: Option<u16>,
    /// On all addresses of the computer instead of 127.0.0.1 alone: anybody in the network reaches it.
    pub everywhere: bool,
    /// Where a tunnel or relay of the user's takes deliveries: https, without the path of a connection.
    pub public_url: Option<String>,
}

/// What the page of the receiver shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct WebhookPage {
    /// What the user chose.
    pub settings: WebhookSettings,
    /// Where it listens, e.g. `http://127.0.0.1:4711`; `None`: it does not.
    pub listening: Option<String>,
    /// Why it does not listen although it should.
    pub problem: Option<WebhookProblem>,
    /// One address for each connection, while it is on.
    pub places: Vec<WebhookPlace>,
    /// The newest deliveries, newest first, at most 50.
    pub deliveries: Vec<Delivery>,
    /// How many there were of each outcome, ever.
    pub counts: Vec<DeliveryCount>,
}

/// Why the receiver does not listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum WebhookProblem {
    /// Another program has the port.
    PortTaken,
    /// The system does not let us have the port (below 1024).
    PortRefused,
    /// The keychain refused or is locked: without secrets nothing can be verified.
    Keychain,
    /// The history could not be read; what was open stays open, and it is tried again.
    History,
}

/// The address of one connection. Whoever knows it can knock; without the secret nobody is heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct WebhookPlace {
    /// Which.
    pub connection: ConnectionId,
    /// Whose deliveries it takes.
    pub provider: Provider,
    /// What the user or the provider calls the connection.
    pub name: String,
    /// Where a tunnel leads to.
    pub local_url: String,
    /// What the provider is told, if the public address is known.
    pub public_url: Option<String>,
    /// Deliveries can be verified. Graph: only with the secret of the app.
    pub verifiable: bool,
}

/// What came of asking the provider for deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum WebhookRegistration {
    /// It sends from now on.
    Done,
    /// Graph: the Page is subscribed; the address must be set in the App Dashboard, with the verify word.
    InDashboard,
}

/// Whether the provider has our address still, after the account was disconnected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum AddressLeft {
    /// It has none of ours that nobody here uses any more.
    No,
    /// It has: only its dashboard can change that (Graph, where the secret of the app is not known here).
    Yes,
    /// It did not say in time, or refused to be asked.
    Unknown,
}

/// What came of a delivery that was sent to ourselves, over the public address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WebhookTest {
    /// It came back as it was sent.
    CameBack {
        /// After so long, there and back.
        took_ms: u32,
    },
    /// It came back with a signature that does not fit: somebody on the way changes bodies or drops headers.
    WrongSignature,
    /// It did not come back.
    TimedOut {
        /// So long was waited.
        within_s: u32,
    },
    /// It did not come back, and the public address answered this.
    Refused {
        /// HTTP status.
        status: u16,
    },
    /// The public address does not answer.
    Unreachable,
}

/// What the provider has registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct RegisteredWebhook {
    /// The provider's word for what it sends: `messages`, `page`, `instagram`, `subscribed_apps`.
    pub what: String,
    /// Where to; `None`: it is an account that is subscribed, or the address is not told.
    pub url: Option<String>,
    /// It is the address of this connection here.
    pub ours: bool,
    /// It sends.
    pub active: bool,
}

/// One delivery that came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Delivery {
    /// When, by our clock.
    pub at: Timestamp,
    /// To whose address; `None`: to none, or it is gone.
    pub connection: Option<ConnectionId>,
    /// About which account, of several the first; `None`: not known.
    pub account: Option<AccountId>,
    /// What it told, of several the first; `None`: it was not read so far.
    pub what: Option<DeliveryKind>,
    /// How many things it told.
    pub items: u32,
    /// What came of it.
    pub outcome: DeliveryOutcome,
    /// From its arrival until it was in the history, or refused. Milliseconds.
    pub took_ms: u32,
}

/// How often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct DeliveryCount {
    /// What.
    pub outcome: DeliveryOutcome,
    /// How many, ever.
    pub count: u32,
    /// The last time, by our clock.
    pub last_at: Timestamp,
}

words! {
    /// What a delivery tells.
    DeliveryKind {
        /// The person wrote.
        Message = "message",
        /// The business wrote, here or elsewhere.
        Echo = "echo",
        /// A message was taken back.
        Unsent = "unsent",
        /// A text was changed.
        Edited = "edited",
        /// A reaction came or went.
        Reaction = "reaction",
        /// The person has read.
        Read = "read",
        /// Messages reached the person's device.
        Delivered = "delivered",
        /// The person pressed a button.
        Postback = "postback",
        /// The person came by a link or an ad.
        Referral = "referral",
        /// The person opted in to something.
        OptIn = "opt_in",
        /// The thread went from one app to another.
        Handover = "handover",
        /// The platform warned, blocked or unblocked the business.
        Policy = "policy",
        /// An account was linked or unlinked at the provider.
        Linked = "linked",
        /// The provider asks whether the address is ours.
        Handshake = "handshake",
        /// Nothing that we know.
        Other = "other",
    }
}

words! {
    /// What came of a delivery. The first five are well; all others are refusals, after which nothing else happens.
    DeliveryOutcome {
        /// In the history.
        TakenIn = "taken_in",
        /// In the history, although something newer had come before it.
        Late = "late",
        /// Nothing that the history keeps; the conversation was read where it may look different now.
        Hint = "hint",
        /// About a person who is not known yet: their conversation is read first, then it is taken in.
        NewPerson = "new_person",
        /// The handshake was answered.
        ShookHands = "shook_hands",
        /// It came again.
        Duplicate = "duplicate",
        /// It is too old, or its time stamp is too far off: somebody may have kept it to send it again.
        Replayed = "replayed",
        /// Its signature is missing or wrong.
        Forged = "forged",
        /// It cannot be verified: the secret of the app is not known.
        NoSecret = "no_secret",
        /// Larger than 1 MB.
        Oversized = "oversized",
        /// Its sender was too slow.
        Slow = "slow",
        /// Not JSON, or not what the provider's documentation describes.
        Garbage = "garbage",
        /// About an account that is not here.
        UnknownAccount = "unknown_account",
        /// About an account that was disconnected.
        Disconnected = "disconnected",
        /// To an address that is none of ours.
        UnknownAddress = "unknown_address",
        /// Too many at once: the sender was asked to come again.
        Busy = "busy",
        /// The handshake came with the wrong word.
        WrongWord = "wrong_word",
        /// The history could not be written.
        NotKept = "not_kept",
        /// About a person whose conversation could not be read for 48 hours: given up, and lost but for what a read brings.
        NoConversation = "no_conversation",
        /// By our clock it is too old, but that clock could not be compared with the provider's yet: the sender was asked
        /// to come again.
        ClockUnsure = "clock_unsure",
    }
}

impl DeliveryOutcome {
    /// Whether it did what it came for.
    pub fn is_well(self) -> bool {
        matches!(self, Self::TakenIn | Self::Late | Self::Hint | Self::NewPerson | Self::ShookHands)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_words_of_json_are_the_words_of_the_database() {
        for one in DeliveryOutcome::ALL {
            assert_eq!(serde_json::to_value(one).unwrap(), one.as_str());
            assert_eq!(DeliveryOutcome::parse(one.as_str()), Some(*one));
        }
        for one in DeliveryKind::ALL {
            assert_eq!(serde_json::to_value(one).unwrap(), one.as_str());
            assert_eq!(DeliveryKind::parse(one.as_str()), Some(*one));
        }
    }

    #[test]
    fn the_receiver_is_off_and_on_loopback_unless_the_user_says_otherwise() {
        let settings: WebhookSettings = serde_json::from_str("{}").unwrap();
        assert!(!settings.on && !settings.everywhere);
    }
}
