//! What a key gives access to (`GET /user`, 8.1), and User Profiles (8.2).

use backscroll_model::text::clean_line;
use backscroll_model::{KeyCheck, OtherProfile, Platform, PlatformCheck, PlatformState, ProfileCheck};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::client::{Answer, As, Ayrshare, path_word};
use super::wire;
use crate::http::Facts;
use crate::loose::{self, Raw};
use crate::{AdapterError, Kind, Retry, Secret};

/// Titles and names are cut here; no platform allows longer ones.
const NAME_CHARS: usize = 120;
/// Pages of `GET /profiles`, 5,000 profiles each.
const PROFILE_PAGES: usize = 10;

/// A profile that was just made. The key is shown only this once (8.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedProfile {
    /// Title, cleaned.
    pub title: String,
    /// `refId`.
    pub reference: Option<String>,
    /// The Profile Key: to be kept in the keychain at once.
    pub profile_key: Secret,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User<'a> {
    #[serde(borrow, default)]
    active_social_accounts: Raw<'a>,
    #[serde(borrow, default)]
    display_names: Raw<'a>,
    #[serde(borrow, default)]
    title: Raw<'a>,
    #[serde(borrow, default)]
    ref_id: Raw<'a>,
    #[serde(borrow, default)]
    messaging_enabled: Raw<'a>,
    #[serde(borrow, default)]
    suspended: Raw<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Linked<'a> {
    #[serde(borrow, default)]
    platform: Raw<'a>,
    #[serde(borrow, default)]
    id: Raw<'a>,
    #[serde(borrow, default)]
    user_id: Raw<'a>,
    #[serde(borrow, default)]
    display_name: Raw<'a>,
    #[serde(borrow, default)]
    page_name: Raw<'a>,
    #[serde(borrow, default)]
    username: Raw<'a>,
    #[serde(borrow, default)]
    messaging_active: Raw<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profiles<'a> {
    #[serde(borrow, default)]
    profiles: Raw<'a>,
    #[serde(borrow, default)]
    pagination: Raw<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pagination<'a> {
    #[serde(borrow, default)]
    has_more: Raw<'a>,
    #[serde(borrow, default)]
    next_cursor: Raw<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile<'a> {
    #[serde(borrow, default)]
    title: Raw<'a>,
    #[serde(borrow, default)]
    display_title: Raw<'a>,
    #[serde(borrow, default)]
    ref_id: Raw<'a>,
    #[serde(borrow, default)]
    profile_key: Raw<'a>,
}

impl Ayrshare {
    pub(super) async fn check_key(&self) -> Result<KeyCheck, AdapterError> {
        let answer = self.get_small("/user", &[], As::Connection).await?;
        let user: User<'_> = self.parsed(&answer)?;
        if loose::boolean(user.suspended) == Some(true) {
            return Err(self.error(Kind::Suspended, Some(200), "the profile is suspended", answer.facts));
        }
        let profile = self.profile_check(&user);
        let others = if self.acts_as_profile() { Vec::new() } else { self.other_profiles().await? };
        Ok(KeyCheck { profile, others, meta: None })
    }

    /// Makes a User Profile with messaging switched on. Needs the API key only; whatever profile this connection acts as
    /// stays out of it.
    ///
    /// # Errors
    ///
    /// [`Kind::TitleTaken`] among others. A success without a key is [`Kind::Decode`]: the profile exists then.
    pub async fn create_profile(&self, title: &str) -> Result<CreatedProfile, AdapterError> {
        let body = json!({ "title": title, "messagingActive": true });
        let answer = self.change(Method::POST, "/profiles", &body, None, As::Primary).await?;
        let made: Profile<'_> = self.parsed(&answer)?;
        let key = loose::text(made.profile_key)
            .ok_or_else(|| self.error(Kind::Decode, Some(200), "a new profile without its key", answer.facts))?;
        Ok(CreatedProfile {
            title: name(made.title).or_else(|| clean_line(title, NAME_CHARS)).unwrap_or_default(),
            reference: loose::text(made.ref_id),
            profile_key: Secret::new(key),
        })
    }

    /// Switches messaging on or off for the profile of `profile_key`. `title` goes along because the documentation
    /// requires it.
    ///
    /// # Errors
    ///
    /// See [`Kind`].
    pub async fn set_messaging_active(
        &self,
        profile_key: &Secret,
        title: &str,
        active: bool,
    ) -> Result<(), AdapterError> {
        let body = json!({ "title": title, "messagingActive": active });
        self.change(Method::PATCH, "/profiles", &body, None, As::Profile(profile_key)).await.map(drop)
    }

    fn profile_check(&self, user: &User<'_>) -> ProfileCheck {
        let active: Vec<String> =
            wire::list(user.active_social_accounts).into_iter().filter_map(|raw| loose::text(Some(raw))).collect();
        let linked: Vec<Linked<'_>> =
            wire::list(user.display_names).into_iter().filter_map(|raw| serde_json::from_str(raw.get()).ok()).collect();
        let platforms = Platform::ALL.into_iter().map(|platform| {
            let word = path_word(platform);
            let account = linked.iter().find(|account| loose::text(account.platform).as_deref() == Some(word));
            let is_linked = active.iter().any(|name| name == word);
            PlatformCheck {
                platform,
                state: self.platform_state(platform, is_linked, user, account),
                remote_id: account.and_then(|a| loose::id(a.id).or_else(|| loose::id(a.user_id))),
                name: account.and_then(|a| [a.page_name, a.display_name, a.username].into_iter().find_map(name)),
                username: account.and_then(|a| name(a.username)).map(|n| n.trim_start_matches('@').to_owned()),
                conversations: None,
            }
        });
        ProfileCheck {
            title: name(user.title).unwrap_or_default(),
            reference: loose::text(user.ref_id),
            platforms: platforms.collect(),
        }
    }

    /// The start-up check of 8.1, in its order. `messagingEnabled` is newer than the rest: absent, it is no obstacle.
    fn platform_state(
        &self,
        platform: Platform,
        is_linked: bool,
        user: &User<'_>,
        account: Option<&Linked<'_>>,
    ) -> PlatformState {
        let is_active = account.and_then(|a| loose::boolean(a.messaging_active)) == Some(true);
        if !is_linked {
            PlatformState::NotLinked
        } else if loose::boolean(user.messaging_enabled) == Some(false) {
            PlatformState::MessagingOff
        } else if !is_active {
            PlatformState::LinkAgain
        } else if platform == Platform::X && self.x_lacks().is_some() {
            PlatformState::XKeysMissing
        } else {
            PlatformState::Ready
        }
    }

    /// The User Profiles under the key. A plan without profiles refuses the question; the key is good all the same.
    async fn other_profiles(&self) -> Result<Vec<OtherProfile>, AdapterError> {
        let mut others = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..PROFILE_PAGES {
            let query: Vec<(&str, &str)> = cursor.as_deref().map(|cursor| ("cursor", cursor)).into_iter().collect();
            let answer = match self.get_small("/profiles", &query, As::Primary).await {
                Ok(answer) => answer,
                Err(error) if matches!(error.kind.retry(), Retry::Never | Retry::UserMustAct) => return Ok(others),
                Err(error) => return Err(error),
            };
            let page: Profiles<'_> = self.parsed(&answer)?;
            others.extend(wire::list(page.profiles).into_iter().filter_map(|raw| {
                let profile: Profile<'_> = serde_json::from_str(raw.get()).ok()?;
                let reference = loose::text(profile.ref_id)?;
                let title = name(profile.display_title).or_else(|| name(profile.title));
                Some(OtherProfile { title: title.unwrap_or_else(|| reference.clone()), reference, connected: false })
            }));
            let pagination: Option<Pagination<'_>> =
                page.pagination.and_then(|raw| serde_json::from_str(raw.get()).ok());
            cursor = pagination
                .filter(|p| loose::boolean(p.has_more) != Some(false))
                .and_then(|p| loose::text(p.next_cursor));
            if cursor.is_none() {
                break;
            }
        }
        Ok(others)
    }

    pub(super) fn parsed<'a, T: Deserialize<'a>>(&self, answer: &'a Answer) -> Result<T, AdapterError> {
        let Answer { body, facts } = answer;
        serde_json::from_slice(body).map_err(|error| {
            let said = super::body::not_json(&error);
            self.error(Kind::Decode, Some(200), &said, Facts { quota: None, ..*facts })
        })
    }
}

fn name(raw: Raw<'_>) -> Option<String> {
    clean_line(&loose::text(raw)?, NAME_CHARS)
}
