//! How credentials look at rest, in the keychain's entry and in the file alike.
//!
//! An entry is known by its fields; what a connection does not have is not written. Private to [`super`], so that nothing
//! else can serialise a secret.

use backscroll_adapters::Secret;
use serde::{Deserialize, Serialize};

use super::{AyrshareKeys, Credentials, HookKeys, PageToken};

/// [`Credentials`] or [`HookKeys`].
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum AtRest {
    Ayrshare {
        api_key: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        profile_key: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        x_api_key: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        x_api_secret: Option<String>,
    },
    Meta {
        page_token: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        app_secret: Option<String>,
    },
    Hook {
        hook_path: String,
        hook_word: String,
    },
}

impl AtRest {
    pub(super) fn credentials(self) -> Option<Credentials> {
        match self {
            Self::Ayrshare { api_key, profile_key, x_api_key, x_api_secret } => {
                Some(Credentials::Ayrshare(AyrshareKeys {
                    api_key: Secret::new(api_key),
                    profile_key: profile_key.map(Secret::new),
                    x_keys: x_api_key.zip(x_api_secret).map(|(key, secret)| (Secret::new(key), Secret::new(secret))),
                }))
            }
            Self::Meta { page_token, app_secret } => Some(Credentials::Meta(PageToken {
                token: Secret::new(page_token),
                app_secret: app_secret.map(Secret::new),
            })),
            Self::Hook { .. } => None,
        }
    }

    pub(super) fn hook_keys(self) -> Option<HookKeys> {
        match self {
            Self::Hook { hook_path, hook_word } => {
                Some(HookKeys { path: Secret::new(hook_path), word: Secret::new(hook_word) })
            }
            Self::Ayrshare { .. } | Self::Meta { .. } => None,
        }
    }
}

impl From<&Credentials> for AtRest {
    fn from(credentials: &Credentials) -> Self {
        let raw = |s: &Secret| s.expose().to_owned();
        match credentials {
            Credentials::Ayrshare(c) => Self::Ayrshare {
                api_key: raw(&c.api_key),
                profile_key: c.profile_key.as_ref().map(raw),
                x_api_key: c.x_keys.as_ref().map(|(key, _)| raw(key)),
                x_api_secret: c.x_keys.as_ref().map(|(_, secret)| raw(secret)),
            },
            Credentials::Meta(c) => {
                Self::Meta { page_token: raw(&c.token), app_secret: c.app_secret.as_ref().map(raw) }
            }
        }
    }
}

impl From<&HookKeys> for AtRest {
    fn from(keys: &HookKeys) -> Self {
        Self::Hook { hook_path: keys.path.expose().to_owned(), hook_word: keys.word.expose().to_owned() }
    }
}
