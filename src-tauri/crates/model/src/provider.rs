//! Where people talk (`Platform`) and whose API we call (`Provider`), and what each can do.

use serde::{Deserialize, Serialize};
use specta::Type;

/// Where people talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Facebook Messenger.
    Messenger,
    /// Instagram Direct.
    Instagram,
    /// X (once Twitter).
    X,
}

impl Platform {
    /// All platforms, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Messenger, Self::Instagram, Self::X];

    /// The word in the database, in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Messenger => "messenger",
            Self::Instagram => "instagram",
            Self::X => "x",
        }
    }

    /// Reads [`Self::as_str`] back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == word)
    }

    /// What a person reads: a brand name, the same in every language.
    pub fn brand(self) -> &'static str {
        match self {
            Self::Messenger => "Messenger",
            Self::Instagram => "Instagram",
            Self::X => "X",
        }
    }

    /// The longest text that the platform takes (`ux.md`, composer; `reference/ayrshare.md` 3.3).
    pub fn text_limit(self) -> TextLimit {
        match self {
            Self::Messenger => TextLimit { max: 2_000, unit: TextUnit::Characters },
            Self::Instagram => TextLimit { max: 1_000, unit: TextUnit::Bytes },
            Self::X => TextLimit { max: 10_000, unit: TextUnit::Characters },
        }
    }
}

/// How much text fits one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct TextLimit {
    /// The most that fits, in `unit`.
    pub max: u32,
    /// What is counted.
    pub unit: TextUnit,
}

/// What a text limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum TextUnit {
    /// Unicode scalar values.
    Characters,
    /// Bytes of UTF-8.
    Bytes,
}

impl TextLimit {
    /// The size of `text` in this limit's unit.
    pub fn size(self, text: &str) -> usize {
        match self.unit {
            TextUnit::Characters => text.chars().count(),
            TextUnit::Bytes => text.len(),
        }
    }

    /// Whether `text` fits.
    pub fn fits(self, text: &str) -> bool {
        self.size(text) <= self.max as usize
    }
}

/// Whose API we call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// The Ayrshare Messaging API: Messenger, Instagram and X.
    Ayrshare,
    /// Meta's Graph API, with the token of a Page, for Messenger and Instagram.
    Meta,
}

impl Provider {
    /// All providers, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::Ayrshare, Self::Meta];

    /// The word in the database, in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ayrshare => "ayrshare",
            Self::Meta => "meta",
        }
    }

    /// Reads [`Self::as_str`] back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == word)
    }
}

/// What a provider can do on a platform. The UI hides what it cannot (`reference/ayrshare.md` 12.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Capabilities {
    /// Conversations can be moved to the provider's archive and back.
    pub archive: bool,
    /// Automatic replies can be read and changed.
    pub auto_response: bool,
    /// Reads of the other side are reported.
    pub read_receipts: bool,
    /// Reading costs the user money per message (X).
    pub billed_reads: bool,
    /// Messaging can be switched on for the profile (Ayrshare: one that is reached by its Profile Key).
    pub switches_messaging: bool,
    /// The longest text.
    pub text_limit: TextLimit,
}
