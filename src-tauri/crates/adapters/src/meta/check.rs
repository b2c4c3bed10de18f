//! What a token gives access to, each permission tested and named (`reference/meta-graph.md` 1.4, 1.6).
//!
//! Promises: at most four calls for a Page's token. What `debug_token` tells is believed, unless a call is refused for want
//! of that very permission; where it is refused itself, the conversations of each platform speak, which are asked for in
//! any case. A person's token is no failure: its Pages are offered, and nothing is called ready.
//!
//! Refuses: guessing. A permission that neither Meta nor a call could tell of stays `None`.

use std::collections::BTreeMap;

use backscroll_model::text::clean_line;
use backscroll_model::{
    Counted, KeyCheck, MetaCheck, OfferedPage, PermissionCheck, Platform, PlatformCheck, PlatformState, ProfileCheck,
    RemoteId, Timestamp,
};

use super::client::{Answer, Ask, Meta, local};
use super::refusal::{self, Refusal};
use super::wire::Object;
use crate::loose;
use crate::{AdapterError, Kind, Retry, Secret};

/// The Page, and the Instagram account linked to it, in one call (1.4).
const ME: &str = "id,name,instagram_business_account{id,username,name}";
/// Names are cut here; no platform allows longer ones.
const NAME_CHARS: usize = 120;
/// Conversations that are counted: one page.
const COUNTED: &str = "100";
/// Pages of `/me/accounts` that are walked, 100 Pages each.
const ACCOUNT_PAGES: usize = 20;
/// The permissions of 1.6 with what they are for; `None`: for both platforms.
const PERMISSIONS: [(&str, Option<Platform>); 6] = [
    ("pages_messaging", Some(Platform::Messenger)),
    ("pages_read_engagement", Some(Platform::Messenger)),
    ("pages_manage_metadata", None),
    ("instagram_basic", Some(Platform::Instagram)),
    ("instagram_manage_messages", Some(Platform::Instagram)),
    ("business_management", Some(Platform::Instagram)),
];
/// What a person's token needs besides, to offer its Pages.
const LISTS_PAGES: &str = "pages_show_list";

/// What `debug_token` tells.
#[derive(Debug, Default)]
struct Token {
    is_person: bool,
    expires_at: Option<Timestamp>,
    data_access_until: Option<Timestamp>,
    /// `None`: it was refused. With the ids that a permission is limited to, if it is.
    scopes: Option<BTreeMap<String, Vec<RemoteId>>>,
}

impl Token {
    /// Whether a permission covers one of `ids`; `None`: not told.
    fn grants(&self, name: &str, ids: &[&RemoteId]) -> Option<bool> {
        let scopes = self.scopes.as_ref()?;
        Some(scopes.get(name).is_some_and(|only| only.is_empty() || only.iter().any(|id| ids.contains(&id))))
    }
}

/// A Page as `/me` shows it.
struct Page {
    id: RemoteId,
    name: String,
    instagram: Option<Linked>,
}

struct Linked {
    id: RemoteId,
    name: Option<String>,
    username: Option<String>,
}

/// What asking for the conversations of a platform brought.
enum Tried {
    Counted(Counted),
    /// Refused for a reason that concerns this platform.
    Refused(AdapterError),
    /// Not now: too many calls, or Graph failed. This says nothing of what is allowed.
    NotNow,
}

impl Meta {
    /// Checks the token of this connection.
    pub(super) async fn check_token(&self) -> Result<KeyCheck, AdapterError> {
        let me = match self.call(&Ask::get(&["me"], &[("fields", ME)])).await {
            Ok(answer) => Ok(answer),
            // A person has no such fields (100); a Page's token may lack the permission to read them.
            Err(refused) if matches!(refused.error.kind, Kind::Rejected | Kind::NotFound | Kind::Permission { .. }) => {
                Err(refused.error)
            }
            Err(refused) => return Err(refused.error),
        };
        let token = self.debug().await?;
        match me {
            Ok(answer) if !token.is_person => self.page_check(&self.page_of(&answer)?, &token).await,
            Ok(_) => self.person_check(&token).await,
            Err(_) if token.is_person => self.person_check(&token).await,
            Err(error) => self.person_check(&token).await.map_err(|_| error),
        }
    }

    /// The token of one of the Pages that a person's token offers (`/me/accounts`, 1.4).
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] if this token offers no such Page.
    pub async fn page_token_of(&self, page: &RemoteId) -> Result<Secret, AdapterError> {
        let mut found = None;
        self.walk_accounts("id,access_token", |account| {
            if account.id("id").as_ref() == Some(page) {
                found = account.text("access_token");
            }
            found.is_some()
        })
        .await?;
        let token = found.map(Secret::new).filter(|token| !token.is_empty());
        token.ok_or_else(|| local(Kind::NotFound, "this token offers no such Page"))
    }

    /// Asks about the token with the token itself. A refusal is no error: a Page's token may be refused this.
    async fn debug(&self) -> Result<Token, AdapterError> {
        let input = self.config.page_token.expose();
        let answer = match self.call(&Ask::get(&["debug_token"], &[("input_token", input)])).await {
            Ok(answer) => answer,
            Err(refused) if is_refusal(&refused.error.kind) => return Ok(Token::default()),
            Err(refused) => return Err(refused.error),
        };
        let told: Object<'_> = self.object(&answer)?;
        let data = told.object("data");
        if let (Some(false), Some(error)) = (loose::boolean(data.get("is_valid")), data.get("error")) {
            // A bad token is told in a 200 (1.4).
            let refusal = Refusal::inner(error);
            let kind = refusal.as_ref().map_or(Kind::TokenRevoked, |r| refusal::kind(200, Some(r), None));
            let said = refusal.as_ref().map(Refusal::said).unwrap_or_default();
            let error = AdapterError { code: refusal.map(|r| r.numbers()), ..self.nonsense(&said, answer.facts) };
            return Err(AdapterError { kind, ..error });
        }
        let instant = |name: &str| data.time(name).filter(|at| at.0 > 0);
        Ok(Token {
            is_person: data.text("type").is_some_and(|kind| kind != "PAGE"),
            expires_at: instant("expires_at"),
            data_access_until: instant("data_access_expires_at"),
            scopes: data.get("scopes").map(|_| scopes(&data)),
        })
    }

    async fn page_check(&self, page: &Page, token: &Token) -> Result<KeyCheck, AdapterError> {
        let messenger = self.count(Platform::Messenger, &page.id).await?;
        let instagram = match &page.instagram {
            Some(_) => Some(self.count(Platform::Instagram, &page.id).await?),
            None => None,
        };
        let permissions = permissions(page, token, &messenger, instagram.as_ref());
        let state = |tried: &Tried, platform| platform_state(tried, platform, &permissions);
        let messenger_row = PlatformCheck {
            platform: Platform::Messenger,
            state: state(&messenger, Platform::Messenger),
            remote_id: Some(page.id.clone()),
            name: Some(page.name.clone()),
            username: None,
            conversations: counted(&messenger),
        };
        let linked = page.instagram.as_ref();
        let instagram_row = PlatformCheck {
            platform: Platform::Instagram,
            state: instagram
                .as_ref()
                .map_or_else(|| without_instagram(&permissions), |tried| state(tried, Platform::Instagram)),
            remote_id: linked.map(|account| account.id.clone()),
            name: linked.and_then(|account| account.name.clone().or_else(|| account.username.clone())),
            username: linked.and_then(|account| account.username.clone()),
            conversations: instagram.as_ref().and_then(counted),
        };
        Ok(KeyCheck {
            profile: ProfileCheck {
                title: page.name.clone(),
                reference: Some(page.id.0.clone()),
                platforms: vec![messenger_row, instagram_row],
            },
            others: Vec::new(),
            meta: Some(MetaCheck { permissions, ..dates(token) }),
        })
    }

    /// A person's token: its Pages, and nothing ready.
    async fn person_check(&self, token: &Token) -> Result<KeyCheck, AdapterError> {
        let mut pages = Vec::new();
        let walked = self
            .walk_accounts("id,name,tasks", |account| {
                let id = account.id("id");
                let tasks: Vec<String> =
                    account.list("tasks").into_iter().filter_map(|raw| loose::text(Some(raw))).collect();
                pages.extend(id.map(|id| OfferedPage {
                    name: account.text("name").and_then(|n| clean_line(&n, NAME_CHARS)).unwrap_or_else(|| id.0.clone()),
                    may_message: tasks.iter().any(|task| task == "MESSAGING"),
                    id,
                }));
                false
            })
            .await;
        let may_list = match walked {
            Ok(()) => true,
            Err(error) if token.is_person && matches!(error.kind, Kind::Permission { .. }) => false,
            Err(error) => return Err(error),
        };
        let named = PERMISSIONS.into_iter().map(|(name, platform)| PermissionCheck {
            name: name.to_owned(),
            // Which Page will be meant is not known yet.
            granted: token.scopes.as_ref().map(|scopes| scopes.contains_key(name)),
            platform,
        });
        let lists = PermissionCheck { name: LISTS_PAGES.to_owned(), granted: Some(may_list), platform: None };
        let nothing = |platform| PlatformCheck {
            platform,
            state: PlatformState::NotLinked,
            remote_id: None,
            name: None,
            username: None,
            conversations: None,
        };
        Ok(KeyCheck {
            profile: ProfileCheck {
                title: String::new(),
                reference: None,
                platforms: [Platform::Messenger, Platform::Instagram].map(nothing).into(),
            },
            others: Vec::new(),
            meta: Some(MetaCheck { permissions: std::iter::once(lists).chain(named).collect(), pages, ..dates(token) }),
        })
    }

    /// Asks for the conversations of a platform, and counts the first page.
    async fn count(&self, platform: Platform, page: &RemoteId) -> Result<Tried, AdapterError> {
        if let Some(pace) = &self.config.pace
            && !pace.turn(page, platform).await
        {
            return Ok(Tried::NotNow);
        }
        let query = [("platform", platform.as_str()), ("fields", "id"), ("limit", COUNTED)];
        let answer = match self.call(&Ask::get(&[page.as_str(), "conversations"], &query)).await {
            Ok(answer) => answer,
            Err(refused) => {
                return match refused.error.kind {
                    Kind::RateLimited { .. } | Kind::Server | Kind::TooLarge => Ok(Tried::NotNow),
                    // The link between Page and Instagram, or a login behind it; the token itself has just worked.
                    Kind::Checkpoint if platform == Platform::Instagram => Ok(Tried::Refused(refused.error)),
                    ref kind if is_refusal(kind) => Ok(Tried::Refused(refused.error)),
                    _ => Err(refused.error),
                };
            }
        };
        let page = answer.list().ok_or_else(|| self.nonsense("conversations without a list", answer.facts))?;
        let count = u32::try_from(page.items.len()).unwrap_or(u32::MAX);
        Ok(Tried::Counted(Counted { count, at_least: page.after.is_some() || page.torn }))
    }

    /// Shows each Page of `/me/accounts` to `look`, until it has seen enough.
    async fn walk_accounts(&self, fields: &str, mut look: impl FnMut(&Object<'_>) -> bool) -> Result<(), AdapterError> {
        let mut after: Option<String> = None;
        for _ in 0..ACCOUNT_PAGES {
            let mut query = vec![("fields", fields), ("limit", "100")];
            query.extend(after.as_deref().map(|cursor| ("after", cursor)));
            let answer = self.call(&Ask::get(&["me", "accounts"], &query)).await?;
            let page = answer.list().ok_or_else(|| self.nonsense("accounts without a list", answer.facts))?;
            if page.items.iter().any(|raw| look(&Object::of(Some(raw)))) {
                return Ok(());
            }
            // A cursor that leads to where it was is no way on (2.5).
            if page.after.is_none() || page.after == after {
                break;
            }
            after = page.after;
        }
        Ok(())
    }

    fn page_of(&self, answer: &Answer) -> Result<Page, AdapterError> {
        let me = self.object(answer)?;
        let name = |object: &Object<'_>| object.text("name").and_then(|name| clean_line(&name, NAME_CHARS));
        let id = me.id("id").ok_or_else(|| self.nonsense("a Page without an id", answer.facts))?;
        let linked = me.object("instagram_business_account");
        let instagram = linked.id("id").map(|id| Linked {
            id,
            name: name(&linked),
            username: linked.text("username").and_then(|u| clean_line(u.trim_start_matches('@'), NAME_CHARS)),
        });
        Ok(Page { name: name(&me).unwrap_or_else(|| id.0.clone()), id, instagram })
    }

    /// The one object that an answer is.
    pub(super) fn object<'a>(&self, answer: &'a Answer) -> Result<Object<'a>, AdapterError> {
        answer.object().ok_or_else(|| self.nonsense("not an object", answer.facts))
    }
}

/// A refusal that concerns what was asked for, and neither the token, the network nor the pace.
pub(super) fn is_refusal(kind: &Kind) -> bool {
    match kind.retry() {
        Retry::Never => !matches!(kind, Kind::TooLarge),
        Retry::UserMustAct => {
            matches!(kind, Kind::Permission { .. } | Kind::MessageAccessOff | Kind::NotLinked)
        }
        Retry::Backoff | Retry::After(_) => false,
    }
}

fn dates(token: &Token) -> MetaCheck {
    MetaCheck { expires_at: token.expires_at, data_access_until: token.data_access_until, ..MetaCheck::default() }
}

/// Scope → the ids it is limited to (`granular_scopes`); none: all.
fn scopes(data: &Object<'_>) -> BTreeMap<String, Vec<RemoteId>> {
    let texts = data.list("scopes").into_iter().filter_map(|raw| loose::text(Some(raw)));
    let mut scopes: BTreeMap<String, Vec<RemoteId>> = texts.map(|name| (name, Vec::new())).collect();
    for raw in data.list("granular_scopes") {
        let granular = Object::of(Some(raw));
        let Some(only) = granular.text("scope").and_then(|name| scopes.get_mut(&name)) else { continue };
        only.extend(granular.list("target_ids").into_iter().filter_map(|raw| loose::id(Some(raw))));
    }
    scopes
}

/// Each permission: what a call proved, else what the token tells, else unknown.
fn permissions(page: &Page, token: &Token, messenger: &Tried, instagram: Option<&Tried>) -> Vec<PermissionCheck> {
    let ids: Vec<&RemoteId> = std::iter::once(&page.id).chain(page.instagram.as_ref().map(|i| &i.id)).collect();
    let denied = |tried: &Tried, name: &str| matches!(tried, Tried::Refused(AdapterError { kind: Kind::Permission { name: Some(named) }, .. }) if named == name);
    let one = |(name, platform): (&str, Option<Platform>)| {
        let tried: Vec<&Tried> = match platform {
            Some(Platform::Instagram) => instagram.into_iter().collect(),
            Some(_) => vec![messenger],
            None => std::iter::once(messenger).chain(instagram).collect(),
        };
        let told = match name {
            // Its targets are businesses, which are not known here.
            "business_management" => token.scopes.as_ref().map(|scopes| scopes.contains_key(name)),
            _ => token.grants(name, &ids),
        };
        // Listing conversations needs all of them but this one, a dependency only (1.6).
        let proven = name != "business_management" && tried.iter().any(|t| matches!(t, Tried::Counted(_)));
        let granted = if tried.iter().any(|t| denied(t, name)) { Some(false) } else { told.or(proven.then_some(true)) };
        PermissionCheck { name: name.to_owned(), granted, platform }
    };
    PERMISSIONS.into_iter().map(one).collect()
}

fn platform_state(tried: &Tried, platform: Platform, permissions: &[PermissionCheck]) -> PlatformState {
    let lacks = |name: &str| permissions.iter().any(|p| p.name == name && p.granted == Some(false));
    let needed = if platform == Platform::Instagram { "instagram_manage_messages" } else { "pages_messaging" };
    match tried {
        Tried::Refused(error) => match &error.kind {
            Kind::MessageAccessOff if error.code.as_deref().is_some_and(|code| code.contains("36103")) => {
                PlatformState::NotEligible
            }
            Kind::MessageAccessOff => PlatformState::MessageAccessOff,
            Kind::NotLinked => PlatformState::NotLinked,
            Kind::Checkpoint => PlatformState::LinkAgain,
            _ => PlatformState::PermissionMissing,
        },
        // Reading works; sending needs this one too.
        Tried::Counted(_) | Tried::NotNow if lacks(needed) => PlatformState::PermissionMissing,
        Tried::Counted(_) | Tried::NotNow => PlatformState::Ready,
    }
}

/// No account was told. Without `instagram_basic` Graph does not tell of one.
fn without_instagram(permissions: &[PermissionCheck]) -> PlatformState {
    let hidden = permissions.iter().any(|p| p.name == "instagram_basic" && p.granted == Some(false));
    if hidden { PlatformState::PermissionMissing } else { PlatformState::NotLinked }
}

fn counted(tried: &Tried) -> Option<Counted> {
    match tried {
        Tried::Counted(counted) => Some(*counted),
        Tried::Refused(_) | Tried::NotNow => None,
    }
}
