//! What a connection to Graph consists of, and which versions are accepted for it.

use std::{collections::BTreeSet, fmt::Debug, sync::Arc};

use async_trait::async_trait;
use backscroll_model::{Platform, RemoteId};

use crate::{
    Secret,
    http::{BadApiBase, Limits},
};

/// Where Graph is, for Messenger and for Instagram accounts linked to a Page (`reference/meta-graph.md` 1.2).
pub const API_BASE: &str = "https://graph.facebook.com";
/// The version that the field lists were written for; it answers until July 2028 (1.1).
pub const VERSION: &str = "v25.0";

/// Secrets, address and identity of one Page.
#[derive(Debug, Clone)]
pub struct MetaConfig {
    /// The Page's token.
    pub page_token: Secret,
    /// The secret of the app that the token belongs to, if that app demands signed calls (1.4).
    pub app_secret: Option<Secret>,
    /// Address without a version; https, or http on loopback.
    pub api_base: String,
    /// Version of Graph, e.g. `v25.0`.
    pub version: String,
    /// Deadlines and caps.
    pub limits: Limits,
    /// The Page's id. `None` only before the first check: nothing can be read without it.
    pub page: Option<RemoteId>,
    /// The id of the linked Instagram account.
    pub instagram: Option<RemoteId>,
    /// Fields that this version of Graph is known to lack, as [`Meta::dropped_fields`](super::Meta::dropped_fields)
    /// told before.
    pub known_missing: BTreeSet<String>,
    /// What a check waits for before it lists conversations; `None`: nothing.
    pub pace: Option<Arc<dyn Pace>>,
}

/// The caller's count of what Graph allows each Page and platform (5.4). A check finds out only on its way which Page it
/// is about, so it cannot be counted before.
#[async_trait]
pub trait Pace: Debug + Send + Sync {
    /// Waits until a read may leave, and counts it; `false`: none may for longer than anybody should wait.
    async fn turn(&self, page: &RemoteId, platform: Platform) -> bool;
}

impl MetaConfig {
    /// A token at Meta's own address, of a Page that is not known yet.
    pub fn new(page_token: Secret) -> Self {
        Self {
            page_token,
            app_secret: None,
            api_base: API_BASE.to_owned(),
            version: VERSION.to_owned(),
            limits: Limits::default(),
            page: None,
            instagram: None,
            known_missing: BTreeSet::new(),
            pace: None,
        }
    }
}

/// Why a connection cannot even be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Neither https, nor http on loopback.
    #[error(transparent)]
    BadApiBase(#[from] BadApiBase),
    /// Not `v`, a number, a dot and a number.
    #[error("the version of Graph must look like v25.0")]
    BadVersion,
    /// No token was given.
    #[error("the Page token is empty")]
    NoToken,
    /// Characters that no header can carry: what was pasted is not a token.
    #[error("{0} holds characters that no token has")]
    BadSecret(&'static str),
    /// The HTTP client cannot be built on this system.
    #[error("the HTTP client cannot be started on this system")]
    Client,
}

/// Whether `version` is one that can stand in a path.
pub(super) fn is_version(version: &str) -> bool {
    let is_number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    version
        .strip_prefix('v')
        .and_then(|numbers| numbers.split_once('.'))
        .is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_version_stands_where_a_version_belongs() {
        for good in ["v25.0", "v9.1", VERSION] {
            assert!(is_version(good), "{good}");
        }
        for bad in ["", "25.0", "v25", "v25.", "v.0", "v25.0/me", "v25.0?x", "v-1.0", "v25.0 "] {
            assert!(!is_version(bad), "{bad}");
        }
    }
}
