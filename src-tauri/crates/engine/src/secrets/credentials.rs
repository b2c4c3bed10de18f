//! What a connection signs its calls with, and what guards the address of its webhooks.
//!
//! Every part of it is a [`Secret`], which no log shows; none of it can be serialised but through `AtRest`.

use backscroll_adapters::Secret;

/// The credentials of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credentials {
    Ayrshare(AyrshareKeys),
    Meta(PageToken),
}

/// What a connection to Ayrshare signs its calls with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AyrshareKeys {
    pub(crate) api_key: Secret,
    pub(crate) profile_key: Option<Secret>,
    pub(crate) x_keys: Option<(Secret, Secret)>,
}

/// What a connection to Graph signs its calls with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageToken {
    pub(crate) token: Secret,
    pub(crate) app_secret: Option<Secret>,
}

impl Credentials {
    /// Those of Ayrshare, if they are.
    pub(crate) fn ayrshare(self) -> Option<AyrshareKeys> {
        match self {
            Self::Ayrshare(keys) => Some(keys),
            Self::Meta(_) => None,
        }
    }

    /// Those of Graph, if they are.
    pub(crate) fn meta(self) -> Option<PageToken> {
        match self {
            Self::Meta(token) => Some(token),
            Self::Ayrshare(_) => None,
        }
    }
}

/// What guards the address that a connection's webhooks go to; made by us, kept with its credentials and forgotten with
/// them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HookKeys {
    /// The last part of the address, which nobody can guess.
    pub(crate) path: Secret,
    /// Graph: the verify token of the handshake. Ayrshare: what it signs with.
    pub(crate) word: Secret,
}

impl HookKeys {
    /// New ones, of the system's randomness.
    pub(crate) fn new() -> Self {
        let random = || Secret::new(hex::encode(rand::random::<[u8; 24]>()));
        Self { path: random(), word: random() }
    }
}
