//! `/{page}/conversations` and conversation nodes (reference 2, 3).
//!
//! Choices where Meta is silent: a conversation without messages is not listed; without `folder` all folders are; a hidden
//! Requests thread is hidden from `user_id` too, while its id still answers; a cursor survives threads that move.

use serde_json::{Map, Value, json};

use crate::graph::call::{Call, Caller};
use crate::graph::error::GraphError;
use crate::graph::fields::{self, Field, Shape, check, pick};
use crate::graph::messages::{PERSON, Thread, View};
use crate::graph::paging::{self, Address, Window};
use crate::graph::wire;
use crate::platform::Platform;
use crate::state::State;
use crate::world::{Direction, ProfileId};

const CONVERSATION: Shape = Shape {
    node: "UnifiedThread",
    known: &[
        "id",
        "updated_time",
        "participants",
        "messages",
        "is_owner",
        "unread_count",
        "message_count",
        "snippet",
        "can_reply",
        "senders",
        "former_participants",
        "folder",
        "is_subscribed",
        "link",
        "name",
        "scoped_thread_key",
        "wallpaper",
        "linked_group",
    ],
};

/// Requests idle for longer are left out (reference 2.6).
const REQUEST_IDLE_MS: i64 = 30 * 86_400_000;

/// The platform that a call names; Messenger when it names none.
pub(crate) fn platform(call: &Call) -> Result<Platform, GraphError> {
    match call.param("platform").unwrap_or("messenger").to_ascii_lowercase().as_str() {
        "messenger" => Ok(Platform::Facebook),
        "instagram" => Ok(Platform::Instagram),
        other => Err(GraphError::parameter(&format!(
            "Param platform must be one of {{MESSENGER, INSTAGRAM}} - got value \"{other}\"."
        ))),
    }
}

/// Whether this caller may read this platform of its Page at all.
pub(crate) fn may_read(
    state: &State,
    caller: &Caller,
    profile: ProfileId,
    platform: Platform,
) -> Result<(), GraphError> {
    let page = state.graph.page(profile).ok_or_else(|| GraphError::of(100, Some(33)))?;
    if !page.tasks.iter().any(|t| *t == "MESSAGING" || *t == "MODERATE") {
        return Err(GraphError::new(200, "(#200) The MESSAGING task on the Page is required"));
    }
    if platform == Platform::Instagram {
        caller.must_have("instagram_basic")?;
        caller.must_have("instagram_manage_messages")?;
        if !page.instagram {
            return Err(GraphError::of(100, Some(2_534_013)));
        }
        if !page.instagram_access {
            return Err(GraphError::of(200, Some(2_534_041)));
        }
    } else {
        caller.must_have("pages_messaging")?;
    }
    Ok(())
}

/// `GET /{page}/conversations`.
pub(crate) fn list(
    state: &mut State,
    now: i64,
    call: &Call,
    caller: &Caller,
    profile: ProfileId,
    platform: Platform,
) -> Result<Value, GraphError> {
    may_read(state, caller, profile, platform)?;
    let wanted = call.param("fields").map(fields::parse).transpose()?.unwrap_or_default();
    check(&wanted, &CONVERSATION, &state.graph.knobs, &call.version)?;
    let window = Window::read(state, call.param("limit"), call.param("after"), call.param("before"))?;
    too_much(state, &wanted, window.limit)?;
    let page_id = state.world.account(profile, Platform::Facebook).map(|a| a.id.clone()).unwrap_or_default();
    let kept = call.params.iter().filter(|(key, _)| !matches!(key.as_str(), "after" | "before" | "limit"));
    let address = Address {
        path: format!("{page_id}/conversations"),
        params: kept.map(|(key, value)| (key.as_str(), value.clone())).collect(),
        limit: window.limit,
    };
    let empty = state.graph.knobs.empty_pages > 0 && call.param("user_id").is_none();
    if empty {
        state.graph.knobs.empty_pages -= 1;
    }
    let state = &*state;
    let view = View { state, now, call, caller };
    let threads = view.listed(profile, platform);
    if empty {
        // Past the whole future: what follows is the page that was asked for.
        let asked = call.param("after").map_or_else(|| wire::cursor(state, i64::MAX, u64::MAX), str::to_owned);
        // The same place in another spelling: the cursor that was asked for would lead in a circle.
        let at = format!("{asked}ZD");
        return Ok(paging::empty_page((state, call, caller), &address, &at));
    }
    let mut cut = window.cut(threads, |(place, _)| *place);
    let mut data = Vec::new();
    for (_, thread) in &cut.rows {
        data.push(view.conversation(*thread, &wanted)?);
    }
    let mut ends = cut.rows.first().zip(cut.rows.last()).map(|((first, _), (last, _))| (*first, *last));
    if state.graph.knobs.repeat_next
        && let Some(ends) = &mut ends
    {
        // The cursor of this page once more.
        ends.1 = window.after.unwrap_or((i64::MAX, u64::MAX));
        cut.older = true;
    }
    Ok(paging::page((state, call, caller), &address, data, ends, (cut.older, cut.newer)))
}

/// More than the server is willing to gather in one go (reference 2.4; the number is a choice).
fn too_much(state: &State, wanted: &[Field], limit: usize) -> Result<(), GraphError> {
    let Some(most) = state.graph.knobs.max_data else { return Ok(()) };
    let Some(messages) = wanted.iter().find(|f| f.name == "messages") else { return Ok(()) };
    let nested = paging::limit(messages.modifier("limit"), &state.graph.knobs)?;
    if limit * nested > most { Err(GraphError::of(1, None)) } else { Ok(()) }
}

impl<'a> View<'a> {
    /// The conversations of a list with their places, most recent first.
    fn listed(&self, profile: ProfileId, platform: Platform) -> Vec<((i64, u64), Thread<'a>)> {
        let Some(account) = self.state.world.account(profile, platform) else { return Vec::new() };
        let one = self.call.param("user_id");
        let folder = self.call.param("folder").map(str::to_ascii_lowercase);
        let mut out: Vec<_> = account
            .conversations
            .iter()
            .filter(|c| one.is_none_or(|person| c.person.id == person))
            .filter(|c| match folder.as_deref() {
                None => true,
                Some("inbox") => !c.requests,
                Some("other" | "pending" | "requests") => c.requests,
                Some(_) => false,
            })
            .filter_map(|conversation| {
                let thread = Thread { platform, account, conversation };
                let place = thread.last(self.now)?;
                let idle =
                    conversation.requests && platform == Platform::Instagram && self.now - place.0 > REQUEST_IDLE_MS;
                (!idle).then_some((place, thread))
            })
            .collect();
        out.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
        out
    }

    /// A conversation with the wanted fields; by default its id and time.
    pub(crate) fn conversation(&self, thread: Thread<'_>, wanted: &[Field]) -> Result<Value, GraphError> {
        check(wanted, &CONVERSATION, &self.state.graph.knobs, &self.call.version)?;
        let mut out = Map::from_iter([("id".to_owned(), json!(thread.conversation.id))]);
        let updated = || thread.last(self.now).map(|(at, _)| json!(wire::time(at)));
        if wanted.is_empty() {
            out.extend(updated().map(|t| ("updated_time".to_owned(), t)));
            return Ok(Value::Object(out));
        }
        for field in wanted {
            let value = match field.name.as_str() {
                "updated_time" => updated(),
                "participants" => {
                    let both = json!({ "data": [thread.person(), thread.business(self.state)] });
                    Some(pick(both, &field.sub, &PERSON)?)
                }
                "messages" => {
                    let window = Window::read(
                        self.state,
                        field.modifier("limit"),
                        field.modifier("after"),
                        field.modifier("before"),
                    )?;
                    let page = self.messages(thread, &field.sub, &window)?;
                    let empty = page.get("data").and_then(Value::as_array).is_none_or(Vec::is_empty);
                    (!empty).then_some(page)
                }
                name => self.fact(thread, name),
            };
            if let Some(value) = value {
                out.insert(field.name.clone(), value);
            }
        }
        Ok(Value::Object(out))
    }

    /// The fields that are sure for Messenger only (reference 2.2).
    fn fact(&self, thread: Thread<'_>, name: &str) -> Option<Value> {
        if thread.platform == Platform::Instagram && !self.state.graph.knobs.instagram_counts {
            return None;
        }
        let conversation = thread.conversation;
        let visible = || conversation.messages.iter().filter(|m| !m.unsent && m.visible_from <= self.now);
        match name {
            "unread_count" => {
                let unread =
                    |m: &&crate::world::Message| m.direction == Direction::Received && m.at > conversation.opened_ms;
                Some(json!(visible().filter(unread).count()))
            }
            "message_count" => Some(json!(visible().count())),
            "snippet" => visible().next_back()?.text.as_ref().map(|t| json!(t)),
            "can_reply" => Some(json!(!conversation.person.flags.unreachable)),
            "senders" => {
                let wrote = |direction| visible().any(|m| m.direction == direction);
                let mut who = Vec::new();
                who.extend(wrote(Direction::Received).then(|| thread.person()));
                who.extend(wrote(Direction::Sent).then(|| thread.business(self.state)));
                Some(json!({ "data": who }))
            }
            "folder" => Some(json!(if conversation.requests { "pending" } else { "inbox" })),
            "is_subscribed" => Some(json!(true)),
            "link" => Some(json!(format!("/{}/inbox/{}/", thread.account.id, conversation.id))),
            "scoped_thread_key" => Some(json!(conversation.id)),
            _ => None,
        }
    }
}
