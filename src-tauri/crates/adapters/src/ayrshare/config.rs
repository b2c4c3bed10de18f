//! What a connection to Ayrshare consists of.

use crate::{
    Secret,
    http::{BadApiBase, Limits},
};

/// The current base URL (`reference/ayrshare.md` 1.1).
pub const API_BASE: &str = "https://api.ayrshare.com/api";

/// Secrets and address of one profile.
#[derive(Debug, Clone)]
pub struct AyrshareConfig {
    /// Base URL; see [`validate_api_base`](crate::validate_api_base).
    pub api_base: String,
    /// The key of the Primary Profile.
    pub api_key: Secret,
    /// The User Profile to act as; `None`: the Primary Profile.
    pub profile_key: Option<Secret>,
    /// The user's own X app.
    pub x_keys: XKeys,
    /// Deadlines and caps.
    pub limits: Limits,
}

impl AyrshareConfig {
    /// The Primary Profile at Ayrshare's own address, without X.
    pub fn new(api_key: Secret) -> Self {
        Self {
            api_base: API_BASE.to_owned(),
            api_key,
            profile_key: None,
            x_keys: XKeys::Missing,
            limits: Limits::default(),
        }
    }
}

/// The keys of the user's own X developer app (`reference/ayrshare.md` 1.2): both or neither.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum XKeys {
    /// None were given: X cannot be used.
    #[default]
    Missing,
    /// Only the key: the secret is missing.
    SecretMissing,
    /// Only the secret: the key is missing.
    KeyMissing,
    /// Both.
    Given {
        /// Consumer key.
        key: Secret,
        /// Consumer secret.
        secret: Secret,
    },
}

impl XKeys {
    /// From two fields of a form; an empty one counts as not given.
    pub fn from_parts(key: Option<Secret>, secret: Option<Secret>) -> Self {
        match (key.filter(|k| !k.is_empty()), secret.filter(|s| !s.is_empty())) {
            (None, None) => Self::Missing,
            (Some(_), None) => Self::SecretMissing,
            (None, Some(_)) => Self::KeyMissing,
            (Some(key), Some(secret)) => Self::Given { key, secret },
        }
    }

    /// What is missing, in the words of the API; `None`: nothing.
    pub(super) fn lacking(&self) -> Option<&'static str> {
        match self {
            Self::Missing => Some("X-Twitter-OAuth1-Api-Key and X-Twitter-OAuth1-Api-Secret are missing"),
            Self::SecretMissing => Some("X-Twitter-OAuth1-Api-Secret is missing"),
            Self::KeyMissing => Some("X-Twitter-OAuth1-Api-Key is missing"),
            Self::Given { .. } => None,
        }
    }
}

/// Why a connection cannot even be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Neither https, nor http on loopback.
    #[error(transparent)]
    BadApiBase(#[from] BadApiBase),
    /// No API key was given.
    #[error("the API key is empty")]
    NoApiKey,
    /// Characters that no header can carry: what was pasted is not a key.
    #[error("{0} holds characters that no key has")]
    BadSecret(&'static str),
    /// The HTTP client cannot be built on this system.
    #[error("the HTTP client cannot be started on this system")]
    Client,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_given_x_keys_name_the_missing_half() {
        let given = || Some(Secret::new("x"));
        assert_eq!(XKeys::from_parts(given(), None), XKeys::SecretMissing);
        assert_eq!(XKeys::from_parts(Some(Secret::new(" ")), given()), XKeys::KeyMissing);
        assert_eq!(XKeys::from_parts(None, None), XKeys::Missing);
        assert_eq!(XKeys::from_parts(given(), given()).lacking(), None);
    }
}
