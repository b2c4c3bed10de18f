//! Who is who in a conversation (2.3, 10).

use backscroll_model::{Direction, ParticipantSeen, RemoteId};
use serde_json::value::RawValue;

use crate::meta::wire::Object;

/// Someone, as `participants`, `from` and `to` have them.
#[derive(Debug)]
pub(super) struct Person<'a> {
    pub id: RemoteId,
    /// Instagram's second id, on some calls (2.3).
    user_id: Option<RemoteId>,
    /// Names are read of participants only.
    members: Object<'a>,
}

impl<'a> Person<'a> {
    pub fn of(raw: &'a RawValue) -> Option<Self> {
        let members = Object::of(Some(raw));
        Some(Self { id: members.id("id")?, user_id: members.id("user_id"), members })
    }

    pub fn seen(&self) -> ParticipantSeen {
        let visible = |name: &str| self.members.text(name).filter(|text| !text.trim().is_empty());
        ParticipantSeen {
            remote_id: self.id.clone(),
            name: visible("name"),
            username: visible("username").map(|name| name.trim_start_matches('@').to_owned()),
            avatar_url: None,
        }
    }
}

/// Who is who in a conversation.
pub(super) struct Sides<'a> {
    ours: &'a [RemoteId],
    pub other: Option<RemoteId>,
}

impl<'a> Sides<'a> {
    /// Nobody is known but us.
    pub fn of(ours: &'a [RemoteId]) -> Self {
        Self { ours, other: None }
    }

    /// Of the messages of one conversation, where no participants are told: the other side is whom one of them is from
    /// and another is to, if it says both.
    pub fn among(ours: &'a [RemoteId], items: &[&RawValue]) -> Self {
        let mut sides = Self::of(ours);
        let proven = items.iter().find_map(|raw| {
            let item = Object::of(Some(raw));
            let from = item.get("from").and_then(Person::of);
            let mut to = item.list("to").into_iter().filter_map(Person::of);
            match from {
                Some(from) if sides.is_ours(&from) => to.find(|person| !sides.is_ours(person)),
                from => from.filter(|_| to.any(|person| sides.is_ours(&person))),
            }
        });
        sides.other = proven.map(|person| person.id);
        sides
    }

    pub fn is_ours(&self, person: &Person<'_>) -> bool {
        self.ours.contains(&person.id) || person.user_id.as_ref().is_some_and(|id| self.ours.contains(id))
    }

    fn is_other(&self, person: &Person<'_>) -> bool {
        self.other.as_ref() == Some(&person.id)
    }

    /// By `from.id`. A sender that is neither side is a person who answers for the business (10), unless `to` says
    /// that it wrote to the business.
    pub fn direction(&self, from: Option<&Person<'_>>, to: &[Person<'_>]) -> Direction {
        let to_us = to.iter().any(|person| self.is_ours(person));
        match from {
            Some(from) if self.is_ours(from) => Direction::Out,
            Some(from) if self.is_other(from) || to_us => Direction::In,
            Some(_) if self.other.is_some() => Direction::Out,
            Some(_) | None if to_us || to.is_empty() => Direction::In,
            Some(_) | None => Direction::Out,
        }
    }
}
