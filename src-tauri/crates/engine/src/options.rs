//! What an [`Inbox`](crate::Inbox) is opened with.

use std::{path::PathBuf, sync::Arc};

use backscroll_adapters::Secret;
use backscroll_model::{RemoteId, XHistory};
use serde::Deserialize;

use crate::Clock;

/// What an inbox is opened with.
#[derive(Clone)]
pub struct InboxOptions {
    /// The data folder; created 0700 if it is missing.
    pub data_dir: PathBuf,
    /// Where secrets live.
    pub secrets: SecretsMode,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Seed of jitter.
    pub seed: u64,
    /// The program (and its first arguments) that decodes images: this binary with `decode-image`.
    pub decoder: (PathBuf, Vec<String>),
    /// Only read: another process may own the data folder; nothing is written, no task runs.
    pub read_only: bool,
    /// The data folder of the demo: *Demo* stands in each notification's title.
    pub demo: bool,
}

/// Where secrets shall live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretsMode {
    /// The desktop's keychain; if none runs, the file, said aloud by [`SecretsPlace::FileBecauseNoKeychain`].
    Keychain,
    /// The explicit alternative: `secrets.json`, 0600, in the data folder.
    File,
}

/// Where secrets do live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub enum SecretsPlace {
    /// The desktop's keychain.
    Keychain,
    /// A file that the user asked for.
    File,
    /// A file, because no keychain runs: shown to the user.
    FileBecauseNoKeychain,
}

/// The secrets of one Page, as `account add` and the connect page give them.
#[derive(Debug, Clone)]
pub struct MetaSecrets {
    /// The token of a Page; a person's token offers its Pages instead.
    pub token: Secret,
    /// The secret of the app that the token belongs to, where that app demands signed calls.
    pub app_secret: Option<Secret>,
    /// A person's token: which of its Pages.
    pub page: Option<RemoteId>,
}

/// The secrets of one Ayrshare profile, as `account add` and the connect page give them.
#[derive(Debug, Clone)]
pub struct AyrshareSecrets {
    /// The API key of the Primary Profile.
    pub api_key: Secret,
    /// The Profile Key, to act as another profile.
    pub profile_key: Option<Secret>,
    /// X: consumer key of the user's developer app.
    pub x_api_key: Option<Secret>,
    /// X: its secret.
    pub x_api_secret: Option<Secret>,
    /// How much of X to read at the start; `None`: the user has not chosen, nothing of X is read.
    pub x_history: Option<XHistory>,
    /// X: stop at this much a month, US cents. 0: no limit.
    pub x_monthly_limit_cents: u32,
}
