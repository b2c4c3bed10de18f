//! The three networks the simulated API knows, spelt as its paths spell them.
//!
//! Closed on purpose: a test that needs an unknown platform asks for one with [`crate::Fault::UnknownEnums`].

/// A network with direct messages. X is always spelt `twitter` on the wire (reference 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Platform {
    /// Facebook Messenger.
    Facebook,
    /// Instagram messaging.
    Instagram,
    /// X.
    Twitter,
}

impl Platform {
    /// All three, in the order in which the worlds are built.
    pub const ALL: [Self; 3] = [Self::Facebook, Self::Instagram, Self::Twitter];

    /// The spelling in paths and payloads.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Facebook => "facebook",
            Self::Instagram => "instagram",
            Self::Twitter => "twitter",
        }
    }

    /// The platform with this spelling, exactly.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.wire() == text)
    }

    /// How long a GET answer is served from the cache (reference 2.4).
    pub(crate) const fn cache_ms(self) -> i64 {
        match self {
            Self::Facebook | Self::Instagram => 60_000,
            Self::Twitter => 15_000,
        }
    }
}
