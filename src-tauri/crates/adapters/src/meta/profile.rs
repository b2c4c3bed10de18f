//! Names and pictures of people (`reference/meta-graph.md` 8).
//!
//! Promises: a refusal is an empty answer whose reason is in the log, because most apps are refused most profiles and no
//! inbox may wait for one. Where the profile is refused, the list of participants gives at least the name (8.1, 8.2: it
//! needs no feature of its own). Only what concerns the token, the network or the pace is an error.
//!
//! Refuses: everything but name, handle and picture.

use backscroll_model::{ParticipantSeen, Platform, RemoteId};

use super::check::is_refusal;
use super::client::{Answer, Ask, Facts, Meta};
use super::wire::Object;
use crate::AdapterError;

/// What is known of a person.
#[derive(Debug, Default)]
pub(super) struct Profile {
    /// `None`: nothing.
    pub seen: Option<ParticipantSeen>,
    /// API calls made: 1, or 2 with the fallback.
    pub calls: u32,
    /// Of the last call.
    pub facts: Facts,
}

impl Meta {
    /// Asks for a person's profile, else for their name among the participants of the conversation.
    pub(super) async fn profile(&self, platform: Platform, person: &RemoteId) -> Result<Profile, AdapterError> {
        let fields = match platform {
            Platform::Messenger => "first_name,last_name,name,profile_pic",
            Platform::Instagram => "name,username,profile_pic",
            Platform::X => return Err(AdapterError::unsupported()),
        };
        let refused = match self.call(&Ask::get(&[person.as_str()], &[("fields", fields)])).await {
            Ok(answer) => {
                let seen = of_profile(person, &self.object(&answer)?);
                return Ok(Profile { seen, calls: 1, facts: answer.facts });
            }
            Err(refused) if is_refusal(&refused.error.kind) => refused.error,
            Err(refused) => return Err(refused.error),
        };
        tracing::debug!(code = refused.code, kind = ?refused.kind, ?platform, "a profile was refused");
        let fallback = self.participant(platform, person).await?;
        let (seen, facts) = fallback.map_or_else(Default::default, |answer| {
            let page = answer.list();
            let conversations = page.unwrap_or_default().items;
            let people = conversations.into_iter().flat_map(|raw| Object::of(Some(raw)).list("participants"));
            let seen = people.filter_map(|raw| of_participant(person, &Object::of(Some(raw)))).next();
            (seen, answer.facts)
        });
        Ok(Profile { seen, calls: 2, facts })
    }

    /// The participants of the conversation with one person; `None`: refused as well.
    async fn participant(&self, platform: Platform, person: &RemoteId) -> Result<Option<Answer>, AdapterError> {
        let page = self.page()?;
        let fields =
            if platform == Platform::Instagram { "participants{id,username}" } else { "participants{id,name}" };
        let query = [("platform", platform.as_str()), ("user_id", person.as_str()), ("fields", fields)];
        match self.call(&Ask::get(&[page.as_str(), "conversations"], &query)).await {
            Ok(answer) => Ok(Some(answer)),
            Err(refused) if is_refusal(&refused.error.kind) => Ok(None),
            Err(refused) => Err(refused.error),
        }
    }
}

/// A profile as Graph gives it; `None`: nothing in it is of use.
fn of_profile(person: &RemoteId, given: &Object<'_>) -> Option<ParticipantSeen> {
    let word = |name: &str| given.text(name).filter(|text| !text.trim().is_empty());
    let whole = || {
        let parts: Vec<String> = [word("first_name"), word("last_name")].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    seen(person, word("name").or_else(whole), word("username"), word("profile_pic"))
}

fn of_participant(person: &RemoteId, given: &Object<'_>) -> Option<ParticipantSeen> {
    // `user_id` stands beside `id` on some calls (2.3).
    [given.id("id"), given.id("user_id")].contains(&Some(person.clone())).then_some(())?;
    seen(person, given.text("name").filter(|name| !name.trim().is_empty()), given.text("username"), None)
}

fn seen(
    person: &RemoteId,
    name: Option<String>,
    username: Option<String>,
    avatar_url: Option<String>,
) -> Option<ParticipantSeen> {
    let username = username.map(|u| u.trim_start_matches('@').to_owned()).filter(|u| !u.is_empty());
    let anything = name.is_some() || username.is_some() || avatar_url.is_some();
    anything.then(|| ParticipantSeen { remote_id: person.clone(), name, username, avatar_url })
}
