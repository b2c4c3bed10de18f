//! The list of conversations (2.3): who they are with, whether they are archived, how far the other side has read.
//!
//! Proves nothing of messages. One that cannot be read is counted and named, and costs nothing but itself.

use std::collections::BTreeMap;

use backscroll_model::{ConversationEvents, Event, RemoteId, Skipped};
use serde_json::value::RawValue;

use super::person;
use crate::{ayrshare::wire, loose};

/// Normalises variant B: the union of ids and details, in the order of the ids.
pub(in crate::ayrshare) fn conversations(
    ids: &[Box<RawValue>],
    details: &[Box<RawValue>],
    archived: bool,
) -> (Vec<ConversationEvents>, Vec<Skipped>) {
    let mut skipped = Vec::new();
    let mut order: Vec<RemoteId> = Vec::new();
    let mut known: BTreeMap<RemoteId, Vec<Event>> = BTreeMap::new();
    for raw in ids {
        match loose::id(Some(raw)) {
            Some(id) if !known.contains_key(&id) => {
                known.insert(id.clone(), vec![Event::Archived(archived)]);
                order.push(id);
            }
            Some(_) => {}
            None => skipped.push(Skipped { what: "conversation".to_owned(), why: "no id".to_owned() }),
        }
    }
    for raw in details {
        let item: Option<wire::Conversation<'_>> = serde_json::from_str(raw.get()).ok();
        let Some((item, id)) = item.and_then(|item| loose::id(item.id).map(|id| (item, id))) else {
            skipped.push(Skipped { what: "conversation".to_owned(), why: "details without an id".to_owned() });
            continue;
        };
        if !known.contains_key(&id) {
            order.push(id.clone());
        }
        known.insert(id, facts(&item, archived));
    }
    let events = order.into_iter().filter_map(|remote_id| {
        let events = known.remove(&remote_id)?;
        Some(ConversationEvents { remote_id, events, ..ConversationEvents::default() })
    });
    (events.collect(), skipped)
}

fn facts(item: &wire::Conversation<'_>, archived: bool) -> Vec<Event> {
    let mut events = Vec::new();
    events.extend(person(&wire::Person::of(item.participant), None).map(Event::Participant));
    events.push(Event::Archived(match loose::text(item.status).as_deref() {
        Some("archived") => true,
        Some("active") => false,
        _ => archived,
    }));
    let watermark = wire::time(item.watermark).filter(|at| at.0 > 0);
    events.extend(watermark.map(Event::ReadUpTo));
    events
}
