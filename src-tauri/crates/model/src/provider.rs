//! Where people talk (`Platform`) and whose API we call (`Provider`), and what each can do.

use serde::{Deserialize, Serialize};
use specta::Type;

use crate::OutgoingKind;

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
    /// What files can be sent, and how.
    pub attach: AttachRules,
    /// A message can be reacted to.
    pub react: bool,
    /// A message can be quoted.
    pub quote: bool,
}

/// What files one platform takes through one provider. All zero: none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct AttachRules {
    /// Pictures that one message holds; 0: none can be sent.
    pub images: u8,
    /// Films, likewise.
    pub videos: u8,
    /// Sounds, likewise.
    pub audios: u8,
    /// Other files, likewise.
    pub files: u8,
    /// Files that one press of Send may hold; what does not fit one message becomes several.
    pub at_once: u8,
    /// What becomes of text beside files.
    pub text: TextBesideFiles,
}

/// What becomes of text that is sent together with files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum TextBesideFiles {
    /// A message of its own after the files: the platform would drop one of the two.
    OwnMessage,
    /// Stands in the message of the file, which cannot go without it (X through Ayrshare).
    Required,
}

impl AttachRules {
    /// The rules (`reference/ayrshare.md` 3.3, `reference/meta-graph.md` 6.2 and 6.6).
    ///
    /// Through Ayrshare each file of Messenger and Instagram is a message of its own although it takes several: Meta makes
    /// a message of each anyway, and the answer's one id would say nothing of the others.
    pub fn of(provider: Provider, platform: Platform) -> Self {
        let one = Self { images: 1, videos: 1, audios: 1, files: 1, at_once: 10, text: TextBesideFiles::OwnMessage };
        match (provider, platform) {
            (Provider::Ayrshare, Platform::X) => {
                Self { audios: 0, files: 0, at_once: 1, text: TextBesideFiles::Required, ..one }
            }
            (Provider::Meta, Platform::Instagram) => Self { images: 10, ..one },
            (Provider::Meta, Platform::X) => Self { images: 0, videos: 0, audios: 0, files: 0, at_once: 0, ..one },
            (Provider::Ayrshare | Provider::Meta, Platform::Messenger) | (Provider::Ayrshare, Platform::Instagram) => {
                one
            }
        }
    }

    /// How many files of a kind one message holds.
    pub fn per_message(self, kind: OutgoingKind) -> u8 {
        match kind {
            OutgoingKind::Image => self.images,
            OutgoingKind::Video => self.videos,
            OutgoingKind::Audio => self.audios,
            OutgoingKind::File => self.files,
        }
    }
}
