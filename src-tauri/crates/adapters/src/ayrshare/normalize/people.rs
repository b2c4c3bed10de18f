//! The people that a message, a conversation or a webhook shows: what is blank is not known.

use backscroll_model::{ParticipantSeen, RemoteId};

use crate::{ayrshare::wire, loose};

pub(in crate::ayrshare) fn person(details: &wire::Person<'_>, id: Option<RemoteId>) -> Option<ParticipantSeen> {
    Some(ParticipantSeen {
        remote_id: id.or_else(|| loose::id(details.id))?,
        name: loose::text(details.name).filter(|name| is_visible(name)),
        username: loose::text(details.username)
            .filter(|name| is_visible(name))
            .map(|name| name.trim_start_matches('@').to_owned()),
        avatar_url: details.avatar(),
    })
}

fn is_visible(name: &str) -> bool {
    !name.trim().is_empty()
}
